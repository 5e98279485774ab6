"""Parser of scripts (specification repository, ``interpreter/README.md``, "Scripts").

A script is cut into commands by its parentheses first; each command is parsed when it is met, so that one which
this version cannot read fails alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from pyjsapi.syntax.instructions import BY_MNEMONIC, Imm
from pyjsapi.text.convert import encode_parsed, wat2wasm
from pyjsapi.text.cursor import Cursor
from pyjsapi.text.fields import ModuleParser
from pyjsapi.text.lexer import Source, decode_source
from pyjsapi.text.numbers import LANE_TYPES, VECTOR_BITS
from pyjsapi.wast.values import (
    Const,
    Either,
    HostPattern,
    HostRef,
    Literal,
    NanPattern,
    NullPattern,
    Pattern,
    RefPattern,
    VectorPattern,
)

_CONSTS: Final = {
    mnemonic: op
    for mnemonic, op in BY_MNEMONIC.items()
    if op.imm in (Imm.I32, Imm.I64, Imm.F32, Imm.F64, Imm.V128)
}
_NANS: Final = {"nan:canonical": True, "nan:arithmetic": False}
_HOST_REFS: Final = ("ref.extern", "ref.host")
_REFS: Final = (
    "ref.func", "ref.extern", "ref.any", "ref.eq", "ref.i31", "ref.struct", "ref.array", "ref.exn",
)  # fmt: skip
_FIELDS: Final = (
    "type rec import export func table memory global tag data elem start".split()
)  # what a script that is a single module without "(module" begins with


@dataclass(frozen=True, slots=True)
class ModuleSource:
    """A module in a script: its text (``text``), its bytes, or quoted text."""

    kind: str
    """"text", "binary" or "quote"."""
    content: bytes
    """The bytes, or the quoted text."""
    source: Source
    start: int
    """Position of the first token after ``module`` and the identifier, for a text."""
    end: int

    def encode(self) -> bytes:
        """The module in the binary format. Raises `ParseError`."""
        if self.kind == "binary":
            return self.content
        if self.kind == "quote":
            return wat2wasm(decode_source(self.content))
        parser = ModuleParser(self.source, self.start)
        parser.fields()
        if parser.i != self.end:
            raise parser.unexpected()
        return encode_parsed(parser, names=True)


@dataclass(frozen=True, slots=True)
class DefineModule:
    """``(module …)``: define a module and, except for ``(module definition …)``, instantiate it."""

    name: str | None
    module: ModuleSource
    instantiate: bool


@dataclass(frozen=True, slots=True)
class InstantiateModule:
    """``(module instance $i? $m?)``"""

    name: str | None
    module: str | None


@dataclass(frozen=True, slots=True)
class Register:
    """``(register "name" $i?)``"""

    module_name: str
    instance: str | None


@dataclass(frozen=True, slots=True)
class Invoke:
    """``(invoke $i? "name" literal*)``"""

    instance: str | None
    name: str
    arguments: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Get:
    """``(get $i? "name")``"""

    instance: str | None
    name: str


Action: TypeAlias = "Invoke | Get"


@dataclass(frozen=True, slots=True)
class AssertReturn:
    """``(assert_return action pattern*)``"""

    action: Action
    patterns: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class AssertFails:
    """The assertions that an action or a module fails in a way, with a message that begins so."""

    keyword: str
    subject: Action | ModuleSource | InstantiateModule
    message: str


@dataclass(frozen=True, slots=True)
class Thread:
    """``(thread $t (shared (module $m))* command*)`` (threads proposal)"""

    name: str
    shared: tuple[str, ...]
    commands: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """``(wait $t)``"""

    name: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """``input``, ``output`` and ``script``"""


Command: TypeAlias = (
    "DefineModule | InstantiateModule | Register | Action | AssertReturn | AssertFails "
    "| Thread | Wait | Ignored"
)


@dataclass(frozen=True, slots=True)
class Form:
    """A command in a script, not yet parsed."""

    line: int
    keyword: str
    source: Source
    start: int
    end: int
    inline: bool = False
    """Whether the whole script is a module without the form around it."""

    @property
    def is_assertion(self) -> bool:
        """Whether the command is one that passes or fails."""
        return self.keyword.startswith("assert_")

    def parse(self) -> Command:
        """The command. Raises `ParseError`."""
        if self.inline:
            return DefineModule(
                None, ModuleSource("text", b"", self.source, self.start, self.end), True
            )
        return _CommandParser(self.source, self.start).command(self.end)


def read_script(text: str) -> Iterator[Form]:
    """The commands of a script. Raises `ParseError` where parentheses do not match."""
    source = Source(text)
    tokens = source.tokens
    if tokens[0] == "(" and tokens[1] in _FIELDS:
        yield Form(1, "module", source, 0, tokens.index(""), inline=True)
        return
    yield from _forms(source, 0, tokens.index(""))


def _forms(source: Source, i: int, end: int) -> Iterator[Form]:
    """The commands between two positions."""
    tokens = source.tokens
    offsets = source.offsets()
    line, counted = 1, 0
    while i < end:
        start, depth = i, 0
        while True:
            if tokens[i] == "(":
                depth += 1
            elif tokens[i] == ")":
                depth -= 1
            elif tokens[i] == "" or depth == 0:
                raise source.unexpected(i)
            i += 1
            if depth <= 0:
                break
        if depth < 0:
            raise source.unexpected(start)
        line += source.text.count("\n", counted, offsets[start])
        counted = offsets[start]
        yield Form(line, tokens[start + 1], source, start, i)


class _CommandParser(Cursor):
    def command(self, end: int) -> Command:
        if self.at_form("module"):
            return self._module_command(end)
        self.expect("(")
        keyword = self.tokens[self.i]
        command: Command
        if keyword in ("invoke", "get"):
            self.i -= 1
            return self._action()
        self.i += 1
        if keyword == "register":
            command = Register(self.name(), self.identifier())
        elif keyword == "assert_return":
            action = self._action()
            command = AssertReturn(action, self._patterns())
        elif keyword == "assert_exception":
            command = AssertFails(keyword, self._action(), "")
        elif keyword.startswith("assert_"):
            command = self._assert_fails(keyword)
        elif keyword == "thread":
            return self._thread(end)
        elif keyword == "wait":
            command = Wait(self._required_identifier())
        elif keyword in ("input", "output", "script"):
            return Ignored()
        else:
            raise self.unexpected(self.i - 1, "a command")
        self.expect(")")
        return command

    def _thread(self, end: int) -> Thread:
        """``(thread …)``, which ends before the token at ``end``."""
        name = self._required_identifier()
        shared = []
        while self.accept_form("shared"):
            if not self.accept_form("module"):
                raise self.unexpected(wanted="a module")
            shared.append(self._required_identifier())
            self.expect(")")
            self.expect(")")
        return Thread(name, tuple(shared), tuple(_forms(self.source, self.i, end - 1)))

    def _required_identifier(self) -> str:
        identifier = self.identifier()
        if identifier is None:
            raise self.unexpected(wanted="an identifier")
        return identifier

    def _assert_fails(self, keyword: str) -> AssertFails:
        subject: Action | ModuleSource | InstantiateModule
        if self.at_form("module"):
            command = self._module_command(self._end_of_form())
            subject = command.module if isinstance(command, DefineModule) else command
        else:
            subject = self._action()
        return AssertFails(keyword, subject, self.name())

    def _end_of_form(self) -> int:
        depth, i = 0, self.i
        while True:
            depth += (self.tokens[i] == "(") - (self.tokens[i] == ")")
            i += 1
            if depth == 0:
                return i

    def _module_command(self, end: int) -> DefineModule | InstantiateModule:
        """``(module …)``, which ends before the token at ``end``."""
        self.i += 2
        if self.accept("instance"):
            first, second = self.identifier(), self.identifier()
            self.expect(")")
            return InstantiateModule(first, second) if second else InstantiateModule(None, first)
        instantiate = not self.accept("definition")
        name = self.identifier()
        kind = self.tokens[self.i]
        if kind in ("binary", "quote"):
            self.i += 1
            module = ModuleSource(kind, self.strings(), self.source, self.i, self.i)
        else:
            module = ModuleSource("text", b"", self.source, self.i, end - 1)
            self.i = end - 1
        self.expect(")")
        return DefineModule(name, module, instantiate)

    def _action(self) -> Action:
        if self.accept_form("get"):
            get = Get(self.identifier(), self.name())
            self.expect(")")
            return get
        if not self.accept_form("invoke"):
            raise self.unexpected(wanted="an action")
        instance, name = self.identifier(), self.name()
        arguments = []
        while not self.accept(")"):
            at = self.i
            argument = self._pattern()
            if not isinstance(argument, Const | NullPattern | HostPattern):
                raise self.unexpected(at + 1, "an argument")
            arguments.append(argument)
        return Invoke(instance, name, tuple(arguments))

    def _patterns(self) -> tuple[Pattern, ...]:
        patterns = []
        while self.tokens[self.i] == "(":
            patterns.append(self._pattern())
        return tuple(patterns)

    def _pattern(self) -> Pattern:
        self.expect("(")
        keyword = self.tokens[self.i]
        self.i += 1
        pattern: Pattern
        if keyword in _CONSTS:
            pattern = self._const(keyword)
        elif keyword == "ref.null":
            if self.tokens[self.i] != ")":
                self.i += 1
            pattern = NullPattern()
        elif keyword in _HOST_REFS and self.at_nat():
            pattern = HostPattern(HostRef(self.nat(32)))
        elif keyword == "either":
            pattern = Either(self._patterns())
        elif keyword in _REFS:
            pattern = RefPattern(keyword)
        elif keyword == "ref":
            pattern = RefPattern("ref.any")
        else:
            raise self.unexpected(self.i - 1, "a value")
        self.expect(")")
        return pattern

    def _const(self, keyword: str) -> Const | NanPattern | VectorPattern:
        op = _CONSTS[keyword]
        if op.imm is Imm.V128:
            return self._vector()
        canonical = _NANS.get(self.tokens[self.i])
        if canonical is not None and op.imm in (Imm.F32, Imm.F64):
            self.i += 1
            return NanPattern(op.imm, canonical)
        return Const(op.imm, self.literal_bits(op.imm))

    def _vector(self) -> Const | VectorPattern:
        start = self.i
        shape = self.shape()
        lane_kind = {"f32x4": Imm.F32, "f64x2": Imm.F64}.get(shape)
        lanes: list[int | NanPattern] = []
        while self.tokens[self.i] != ")":
            canonical = _NANS.get(self.tokens[self.i])
            if canonical is not None and lane_kind is not None:
                self.i += 1
                lanes.append(NanPattern(lane_kind, canonical))
            else:
                lanes.append(self.lane_literal(shape))
        if not any(isinstance(lane, NanPattern) for lane in lanes):
            self.i = start
            return Const(Imm.V128, self.vector_literal())
        bits = LANE_TYPES[shape][1]
        if len(lanes) * bits != VECTOR_BITS:
            raise self.error(f"wrong number of lane literals: {len(lanes)}", start)
        return VectorPattern(bits, tuple(lanes))
