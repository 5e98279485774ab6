"""Rewriting of function bodies: bytes are copied, and only what a lowered module must do otherwise is replaced."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TypeAlias, overload

from pyjsapi.binary.body import BinaryCode
from pyjsapi.binary.encode_instrs import encode_instr
from pyjsapi.binary.encode_types import value_type
from pyjsapi.binary.encoder import EncodedCode
from pyjsapi.binary.leb128 import unsigned
from pyjsapi.binary.scan import Stop, local_groups
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import FuncType, ValType
from pyjsapi.validation.limits import Limits


@dataclass(frozen=True, slots=True)
class Added:
    """A call of a function that is added to the module; its index is known when all imports are."""

    position: int


Payload: TypeAlias = "bytes | Stop | Added"
"""Bytes that stand already; an instruction that names a function of the original; a call of an added function."""


@dataclass(slots=True)
class Edit:
    """What replaces the bytes ``pos`` to ``end`` of the original module."""

    pos: int
    end: int
    payload: list[Payload]


class LocalTypes(Sequence[ValType]):
    """Types of locals by index, without a list of all of them: there may be very many."""

    def __init__(self, params: Sequence[ValType], groups: Sequence[tuple[int, ValType]]) -> None:
        self._types = [*params, *[type_ for _, type_ in groups]]
        self._ends = list(accumulate([1] * len(params) + [count for count, _ in groups]))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> ValType: ...
    @overload
    def __getitem__(self, index: slice) -> list[ValType]: ...
    def __getitem__(self, index: int | slice) -> ValType | list[ValType]:
        if isinstance(index, slice):
            return [self[k] for k in range(len(self))[index]]
        if index < len(self._types) and self._ends[index] == index + 1:
            return self._types[index]
        return self._types[bisect_right(self._ends, index)]


class Locals:
    """The locals of a function, with those that its new body needs more."""

    def __init__(self, code: BinaryCode, type_: FuncType) -> None:
        self.params = type_.params
        self.groups, self.start = local_groups(code)
        self.count = len(type_.params) + sum([count for count, _ in self.groups])
        self.more: list[ValType] = []
        self._slots: dict[tuple[ValType, int], int] = {}

    def take(self, types: tuple[ValType, ...]) -> list[int]:
        """Locals of these types, different ones; the next call may give the same again."""
        seen: dict[ValType, int] = {}
        taken = []
        for type_ in types:
            nth = seen.get(type_, 0)
            seen[type_] = nth + 1
            key = (type_, nth)
            if key not in self._slots:
                self._slots[key] = self.count + len(self.more)
                self.more.append(type_)
            taken.append(self._slots[key])
        return taken

    def types(self) -> LocalTypes:
        """The types of the original's locals, by index."""
        return LocalTypes(self.params, self.groups)

    def encode(self) -> bytes:
        """The locals as a function's code begins with them."""
        groups = [*self.groups, *[(1, type_) for type_ in self.more]]
        encoded = [unsigned(count) + value_type(type_) for count, type_ in groups]
        return unsigned(len(groups)) + b"".join(encoded)


@dataclass(slots=True)
class Body:
    """A function of the original module with what changes in it."""

    code: BinaryCode
    typeidx: int
    edits: list[Edit] = field(default_factory=list)
    locals: Locals | None = None
    """Set when the locals change."""
    names_data: bool = False


def beyond_limits(body: Body, code: EncodedCode) -> str | None:
    """How a function exceeds the limits of the JS API, which it did not before; ``None`` where it does not."""
    limits = Limits()
    locals_ = 0 if body.locals is None else body.locals.count + len(body.locals.more)
    if locals_ <= limits.locals and len(code.data) <= limits.body_size:
        return None
    return (
        f"{locals_} locals and {len(code.data)} bytes; engines allow "
        f"{limits.locals} and {limits.body_size}"
    )


def encode_all(instrs: list[Instr]) -> bytes:
    """Instructions as bytes."""
    return b"".join(map(encode_instr, instrs))


_CALL = BY_MNEMONIC["call"]


def call(index: int) -> bytes:
    """A call of a function."""
    return encode_instr((_CALL, index))


def assemble(
    body: Body,
    function: Callable[[int], int],
    added: Callable[[int], int],
    offsets: list[tuple[int, int]] | None = None,
) -> EncodedCode:
    """The new code. ``function`` maps function indices of the original, ``added`` positions of added functions.

    ``offsets`` gets, for each stretch of bytes that is copied, its offset in the old code and in the new one.
    """
    code = body.code
    data = code.data
    out = bytearray()
    last = code.start
    if body.locals is not None and body.locals.more:
        out += body.locals.encode()
        last = body.locals.start
    for edit in body.edits:
        if offsets is not None:
            offsets.append((last - code.start, len(out)))
        out += data[last : edit.pos]
        for part in edit.payload:
            if isinstance(part, bytes):
                out += part
            elif isinstance(part, Stop):
                op, index = part.instr
                out += encode_instr((op, function(index)))
            else:
                out += call(added(part.position))
        last = edit.end
    if offsets is not None:
        offsets.append((last - code.start, len(out)))
    out += data[last : code.end]
    return EncodedCode(bytes(out), body.names_data)
