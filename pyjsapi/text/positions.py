"""Where in a text the parts of the module stand that was made from it.

Found when it is asked for, by going over the text again: assembling pays nothing for it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple

from pyjsapi.binary.body import BinaryCode
from pyjsapi.binary.decoder import decode_module
from pyjsapi.binary.encode_instrs import encode_instr
from pyjsapi.binary.scan import body_start
from pyjsapi.syntax.errors import ParseError, ValidationError
from pyjsapi.syntax.module import Func
from pyjsapi.syntax.origins import Origin, origin_of
from pyjsapi.text.convert import encode_parsed
from pyjsapi.text.field_marks import Field, field_at
from pyjsapi.text.fields import ModuleParser
from pyjsapi.text.lexer import Source


class Position(NamedTuple):
    """A place in a text, both from 1."""

    line: int
    column: int


class Positions:
    """Positions in one text, for the module that it makes."""

    def __init__(self, text: str, data: bytes, *, names: bool = True) -> None:
        """Raises `ParseError`, and `ValueError` if ``data`` is not what the text makes."""
        source = Source(text)
        parser = ModuleParser(source)
        parser.parse()
        if encode_parsed(parser, names=names) != data:
            raise ValueError("the module was not made from this text")
        self._source: Final = source
        self._offsets: Final = array("Q", source.offsets())
        self._data: Final = data
        self._items: Final[dict[tuple[str, int], Field]] = {}
        self._func_names: Final = parser.names.funcs
        self._imported: Final = len(parser.module.func_typeidxs) - len(parser.module.funcs)
        self._codes: list[BinaryCode] | None = None
        self._decoded: dict[int, dict[int, int]] = {}
        self._find_items()

    def instruction(self, offset: int) -> Position | None:
        """Where the instruction stands that begins at a byte offset of the module, within a function.

        ``None`` if none begins there.
        """
        if self._codes is None:
            self._codes = _codes(decode_module(self._data).funcs)
        position = bisect_right(self._codes, offset, key=lambda code: code.start) - 1
        if position < 0:
            return None
        offsets = self._decoded.get(position)
        if offsets is None:
            offsets = self._decoded[position] = dict(_instruction_offsets(self._codes[position]))
        index = offsets.get(offset)
        field = self._items.get(("func", position))
        if index is None or field is None or len(field.marks) != len(offsets):
            return None
        return self._position(field.marks[index])

    def locate(self, error: ValidationError) -> None:
        """Give an error its line and column, and the name of its function."""
        if error.funcidx is not None:
            position = error.funcidx - self._imported
            field = self._items.get(("func", position))
            if error.func_name is None:
                error.func_name = self._func_names.get(error.funcidx)
        elif error.item is not None:
            field = self._items.get(error.item)
        else:
            return
        if field is not None:
            at = self._offsets[self._token_of(error, field)]
            place = self._source.error_at("", at)
            error.line, error.column, error.source_line = (
                place.line,
                place.column,
                place.source_line,
            )

    def _token_of(self, error: ValidationError, field: Field) -> int:
        index = error.instruction
        if index is None:
            return field.start
        if error.item is not None and error.item[0] == "elem":
            # It has several expressions, and the error does not say which.
            found = [at for at in field.marks if self._source.tokens[at] == error.mnemonic]
            return found[0] if len(found) == 1 else field.start
        return field.marks[index] if index < len(field.marks) else field.start

    def _position(self, token: int) -> Position:
        error = self._source.error_at("", self._offsets[token])
        return Position(error.line, error.column)

    def _find_items(self) -> None:
        tokens = self._source.tokens
        at = 0
        if tokens[0] == "(" and tokens[1] == "module":
            at = 3 if tokens[2][:1] == "$" else 2
        counts: dict[str, int] = {}

        def note(section: str, field: Field) -> None:
            position = counts.get(section, 0)
            counts[section] = position + 1
            self._items[section, position] = field

        while tokens[at] == "(":
            field = field_at(tokens, at)
            for section in _sections(tokens, at):
                note(section, field)
            at = field.end + 1


def positions(data: bytes) -> Positions | None:
    """The positions of a module that `wat2wasm` made lately; ``None`` for others."""
    origin = origin_of(data)
    if origin is None:
        return None
    if _last and _last[0][0] == (origin, len(data)):
        return _last[0][1]
    try:
        found = Positions(origin.text, data, names=origin.names)
    except (ParseError, ValueError):
        return None
    _last[:] = [((origin, len(data)), found)]
    return found


_last: Final[list[tuple[tuple[Origin, int], Positions]]] = []
"""What was asked for last: errors come one after another from the same module."""


def _codes(funcs: list[Func]) -> list[BinaryCode]:
    return [func.code for func in funcs if isinstance(func.code, BinaryCode)]


def _instruction_offsets(code: BinaryCode) -> Iterator[tuple[int, int]]:
    """The byte offset of every instruction of a function, with its position in the body."""
    offset = body_start(code)
    for index, instr in enumerate(code.load().body):
        yield offset, index
        # The bytes come from the encoder.
        offset += len(encode_instr(instr))


_SEGMENTS: Final = {"table": "elem", "memory": "data"}


def _sections(tokens: list[str], start: int) -> Iterator[str]:
    """The sections in which a field has an item."""
    keyword = tokens[start + 1]
    if keyword == "import":
        i = start + 3
        while tokens[i] == "(" and tokens[i + 1] == "item":
            yield keyword
            i = _after(tokens, i)
        if i > start + 3:
            return
    if keyword not in ("func", "table", "memory", "global", "tag"):
        yield "type" if keyword == "rec" else keyword
        return
    i = start + 2
    if tokens[i][:1] == "$":
        i += 1
    while tokens[i : i + 2] == ["(", "export"]:
        yield "export"
        i += 4
    if tokens[i : i + 2] == ["(", "import"]:
        yield "import"
        return
    yield keyword
    segment = _SEGMENTS.get(keyword)
    if segment is not None and _has_form(tokens, i, segment):
        yield segment


def _after(tokens: list[str], i: int) -> int:
    """What comes after the form that begins here."""
    depth = 0
    while True:
        depth += (tokens[i] == "(") - (tokens[i] == ")")
        i += 1
        if not depth:
            return i


def _has_form(tokens: list[str], i: int, keyword: str) -> bool:
    """Whether a form stands between here and the end of the field."""
    depth = 1
    while depth:
        if tokens[i] == "(":
            if depth == 1 and tokens[i + 1] == keyword:
                return True
            depth += 1
        elif tokens[i] == ")":
            depth -= 1
        i += 1
    return False
