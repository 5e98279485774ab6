"""``memory.copy`` between memories that live in different modules.

Up to 32 bytes are read into locals and written with one call, longer runs in blocks of 64 bytes, and from
`JAVASCRIPT_FROM` bytes on a JavaScript function of the linker copies them at once. What may overlap, because both
memories are imported, is never copied in blocks. A write that reaches the end comes first, so that a copy which
does not fit traps before it has changed anything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from pyjsapi.lowering import sequences
from pyjsapi.lowering.accesses import far_access
from pyjsapi.lowering.parts import Parts
from pyjsapi.lowering.sequences import Place
from pyjsapi.rewriting.instrs import END, const, get, instr
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import I32, I64, FuncType, NumType

JAVASCRIPT_FROM: Final = 768
"""Bytes from which on a call of JavaScript costs less than calls of helpers."""
_AT_ONCE: Final = 32
"""Bytes that one call writes, whatever their number."""
_BLOCK: Final = 64
"""Bytes that one call writes of a longer run."""

# Locals of the copying function.
_TO, _FROM, _COUNT = 0, 1, 2
_VALUES: Final = {8: (3, 4, 5, 6, 7, 8, 9, 10), 4: (11, 12), 1: (11, 12, 13)}
_MORE_LOCALS: Final = (*[I64] * 8, I32, I32, I32)

_LOADS: Final = {8: "i64.load", 4: "i32.load", 1: "i32.load8_u"}
_STORES: Final = {8: "i64.store", 4: "i32.store", 1: "i32.store8"}
_TYPES: Final = {8: I64, 4: I32, 1: I32}

_Base: TypeAlias = Callable[[int], list[Instr]]
"""The instructions that make a base address in the memory whose start the given local holds."""
_Piece: TypeAlias = tuple[int, int]
"""What is copied at once: the number of a base address, and an offset to it."""


def cross_copy(parts: Parts, to: int, from_: int, type_: FuncType) -> int:
    """The position among the added functions of one that copies between two memories."""
    key = ("memory.copy", to, from_)
    known = parts.main.has(key)
    if known is not None:
        return known
    copier = _Copier(parts, to, from_)
    if type_.params == (I32, I32, I32):
        return parts.main.add(key, type_, _MORE_LOCALS, copier.body())
    return parts.main.add(key, type_, (), [*copier.checks(type_), *copier.javascript(type_)])


class _Copier:
    def __init__(self, parts: Parts, to: int, from_: int) -> None:
        self.parts = parts
        self.layout = layout = parts.layout
        self.to, self.from_ = to, from_
        self.destination, self.source = layout.place(to), layout.place(from_)
        self.may_overlap = (
            layout.uses[to].import_ is not None and layout.uses[from_].import_ is not None
        )

    def body(self) -> list[Instr]:
        type_ = FuncType((I32, I32, I32), ())
        many = [*get(_COUNT), const(I32, _AT_ONCE), instr("i32.gt_u")]
        wraps = [
            *_end(_TO), *get(_TO), instr("i32.lt_u"),
            *_end(_FROM), *get(_FROM), instr("i32.lt_u"), instr("i32.or"),
        ]  # fmt: skip
        in_one_go = [*self.javascript(type_), instr("return")]
        if self.may_overlap:
            long: list[Instr] = in_one_go
        else:
            blocks = [*get(_COUNT), const(I32, _BLOCK), instr("i32.ge_u")]
            long = [
                *get(_COUNT), const(I32, JAVASCRIPT_FROM), instr("i32.ge_u"),
                instr("if", None), *in_one_go, END,
                *blocks, instr("if", None), instr("loop", None),
                *self._block(_BLOCK), *blocks, instr("br_if", 0), END, END,
                *many, instr("if", None), *self._block(_AT_ONCE), END,
            ]  # fmt: skip
        return [
            *many, *wraps, instr("i32.or"), *get(_COUNT), instr("i32.eqz"), instr("i32.or"),
            instr("if", None), *self.checks(type_), END,
            *many, instr("if", None), *long, END,
            *self._check_regions(type_),
            *self._at_least(17, 8, (_start, _end_less(16)), ((0, 0), (0, 8), (1, 0), (1, 8))),
            *self._at_least(8, 8, (_start, _end_less(8)), ((0, 0), (1, 0))),
            *self._at_least(4, 4, (_start, _end_less(4)), ((0, 0), (1, 0))),
            *self._at_least(1, 1, (_start, _middle, _end_less(1)), ((0, 0), (1, 0), (2, 0))),
        ]  # fmt: skip

    def _block(self, size: int) -> list[Instr]:
        pieces = tuple([(0, offset) for offset in range(0, size, 8)])
        return [*self._move(8, (_start,), pieces), *_advance(size)]

    def _at_least(
        self, count: int, width: int, bases: tuple[_Base, ...], pieces: tuple[_Piece, ...]
    ) -> list[Instr]:
        return [
            *get(_COUNT), const(I32, count), instr("i32.ge_u"),
            instr("if", None), *self._move(width, bases, pieces), instr("return"), END,
        ]  # fmt: skip

    def _check_regions(self, type_: FuncType) -> list[Instr]:
        """Accesses to regions of the main module's memory are not checked one by one."""
        here = [
            (self.to, self.destination, _TO),
            (self.from_, self.source, _FROM),
        ]
        return [
            i
            for memory, place, start in here
            if memory not in self.layout.helper_of and not place.whole
            for i in self._check(memory, place, start, type_)
        ]

    def checks(self, type_: FuncType) -> list[Instr]:
        """Trap unless both ranges lie within their memories."""
        return [
            *self._check(self.to, self.destination, _TO, type_),
            *self._check(self.from_, self.source, _FROM, type_),
        ]

    def _check(self, memory: int, place: Place, start: int, type_: FuncType) -> list[Instr]:
        count = type_.params[2]
        if not isinstance(count, NumType):
            raise TypeError("a count is a number")
        if memory not in self.layout.helper_of:
            return sequences.check_range(place, start, _COUNT, count)
        check = FuncType((place.addrtype, count), ())
        body = sequences.check_range(place, 0, 1, count)
        return [*get(start, _COUNT), self.parts.far(memory, ("check", memory, count), check, body)]

    def javascript(self, type_: FuncType) -> list[Instr]:
        """A call of the linker's function that copies between two memories, within their bounds."""
        places = (self.to, self.destination), (self.from_, self.source)
        sources = [self.parts.memory_source(memory) for memory, _ in places]
        at = [I64 if place.whole and place.addrtype is I64 else I32 for _, place in places]
        inner = FuncType((*at, type_.params[2]), ())
        function = self.parts.main.import_function(["copy", *sources], inner)
        operands = sequences.address(self.destination, _TO) + sequences.address(self.source, _FROM)
        return [*operands, *get(_COUNT), instr("call", function)]

    def _move(
        self, width: int, bases: tuple[_Base, ...], pieces: tuple[_Piece, ...]
    ) -> list[Instr]:
        """Read all pieces, then write them, the last one first."""
        values = _VALUES[width]
        out: list[Instr] = []
        for (base, offset), value in zip(pieces, values, strict=False):
            out += [*bases[base](_FROM), self._load(width, offset), instr("local.set", value)]
        if self.to in self.layout.helper_of:
            for base_of in bases:
                out += base_of(_TO)
            return [*out, *get(*values[: len(pieces)]), self._put(width, len(bases), pieces)]
        for (base, offset), value in reversed(list(zip(pieces, values, strict=False))):
            store = instr(_STORES[width], 0, 0, offset + self.destination.base)
            out += [*bases[base](_TO), *get(value), store]
        return out

    def _load(self, width: int, offset: int) -> Instr:
        if self.from_ in self.layout.helper_of:
            return far_access(self.parts, instr(_LOADS[width], self.from_, 0, offset))
        return instr(_LOADS[width], 0, 0, offset + self.source.base)

    def _put(self, width: int, bases: int, pieces: tuple[_Piece, ...]) -> Instr:
        type_ = FuncType((I32,) * bases + (_TYPES[width],) * len(pieces), ())
        body: list[Instr] = []
        for value, (base, offset) in reversed(list(enumerate(pieces, bases))):
            store = instr(_STORES[width], 0, 0, offset)
            body += sequences.access(self.destination, store, (base, value))
        return self.parts.far(self.to, ("put", self.to, width, pieces), type_, body)


def _start(local: int) -> list[Instr]:
    return get(local)


def _end(local: int) -> list[Instr]:
    return [*get(local), *get(_COUNT), instr("i32.add")]


def _end_less(count: int) -> _Base:
    return lambda local: [*_end(local), const(I32, count), instr("i32.sub")]


def _middle(local: int) -> list[Instr]:
    return [*get(local), *get(_COUNT), const(I32, 1), instr("i32.shr_u"), instr("i32.add")]


def _advance(count: int) -> list[Instr]:
    out: list[Instr] = []
    for local, mnemonic in (_TO, "i32.add"), (_FROM, "i32.add"), (_COUNT, "i32.sub"):
        out += [*get(local), const(I32, count), instr(mnemonic), instr("local.set", local)]
    return out
