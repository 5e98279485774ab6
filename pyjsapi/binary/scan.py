"""A fast pass over function bodies that stops only where something of interest stands.

Transformations that leave most instructions alone copy bytes instead of decoding. A regular expression made from
the table of instructions runs over everything else: between two stops Python does nothing.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from enum import IntEnum
from functools import cache
from typing import Final

from pyjsapi.binary.body import BinaryCode
from pyjsapi.binary.code import decode_instrs
from pyjsapi.binary.leb128 import read_unsigned
from pyjsapi.binary.reader import Reader
from pyjsapi.binary.types import (
    ABS_HEAP_TYPE_OF,
    EMPTY,
    EXACT,
    REF,
    REF_NULL,
    VAL_TYPE_OF,
    value_type,
)
from pyjsapi.syntax.errors import DecodeError
from pyjsapi.syntax.instructions import BY_CODE, BY_MNEMONIC, OPS, Imm, Op
from pyjsapi.syntax.instructions_atomic import ORDERINGS
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import CONT, F32, F64, I32, I64, NOCONT, V128, Exact, RefType, ValType

_LEB: Final = rb"[\x80-\xff]*+[\x00-\x7f]"
_HEAP: Final = re.escape(bytes((EXACT,))) + b"?+" + _LEB
"""A heap type: the mark of an exact one, as one byte alone, is none."""
_MEMARG: Final = b"(?:[\\x00-\\x0f]|[\\x40-\\x4f]" + _LEB + b")" + _LEB
"""A memarg that says no ordering."""
_REFS: Final = b"[" + re.escape(bytes((REF_NULL, REF))) + b"]"

_PATTERNS: Final[dict[Imm, bytes]] = {
    Imm.NONE: b"",
    Imm.ZERO: rb"\x00",
    Imm.BLOCK: b"(?:" + _REFS + _HEAP + b"|" + _LEB + b")",
    Imm.CAST: b"." + _LEB + _HEAP * 2,
    Imm.F32: b".{4}",
    Imm.F64: b".{8}",
    Imm.V128: b".{16}",
    Imm.LANE: b".",
    Imm.LANES16: b".{16}",
    **dict.fromkeys(
        (
            Imm.LABEL, Imm.FUNC, Imm.TYPE, Imm.LOCAL, Imm.GLOBAL, Imm.TABLE, Imm.ELEM, Imm.DATA, Imm.TAG, Imm.I32,
            Imm.I64,
        ),
        _LEB,
    ),
    **dict.fromkeys((Imm.HEAP, Imm.REF, Imm.REF_NULL), _HEAP),
    **dict.fromkeys(
        (
            Imm.TYPE_TABLE, Imm.TABLE_TABLE, Imm.ELEM_TABLE, Imm.TYPE_FIELD, Imm.TYPE_COUNT, Imm.TYPE_DATA,
            Imm.TYPE_ELEM, Imm.TYPE_TYPE, Imm.TYPE_TAG,
        ),
        _LEB * 2,
    ),
}  # fmt: skip
"""Immediates that a regular expression can pass over. Those of the other kinds are decoded."""

_NUMBERS: Final = [type_.code for type_ in (I32, I64, F32, F64, V128)]
_MEMARGS: Final = (Imm.MEMARG, Imm.MEMARG_LANE)
_STOPS: Final = frozenset(
    (*_MEMARGS, Imm.MEM, Imm.MEM_MEM, Imm.DATA_MEM, Imm.DATA, Imm.TYPE_DATA, Imm.FUNC)
)
_LOOP: Final = BY_MNEMONIC["loop"]
_OPENS: Final = frozenset(BY_MNEMONIC[name] for name in ("block", "if", "try"))
_END: Final = BY_MNEMONIC["end"]
_TRY_TABLE: Final = BY_MNEMONIC["try_table"]
_DELEGATE: Final = BY_MNEMONIC["delegate"]
_REF_FUNC: Final = BY_MNEMONIC["ref.func"]


class _Group(IntEnum):
    CALL = 1
    MEMARG = 2
    LOOP = 3
    OPEN = 4
    END = 5
    OTHER = 6


class Stop:
    """An instruction at which the scan stopped: one that names a function, a memory or a data segment."""

    __slots__ = ("end", "instr", "line", "loops", "pos")

    def __init__(self, pos: int, end: int, instr: Instr, loops: int, line: int) -> None:
        self.pos = pos
        self.end = end
        self.instr = instr
        self.loops = loops
        """Number of loops that the instruction stands in."""
        self.line = line
        """A position before it where an instruction begins; no block begins or ends between the two."""

    def __repr__(self) -> str:
        return f"Stop({self.pos}, {self.end}, {self.instr}, {self.loops})"


def scan(code: BinaryCode, also: frozenset[Op] = frozenset()) -> Iterator[Stop]:
    """The instructions of a function that name a function, a memory or a data segment, and those of ``also``, in order.

    None of ``also`` opens or ends a block. Positions are offsets in ``code.data``. Raises `DecodeError` for a
    malformed body, as far as it is noticed.
    """
    data, end = code.data, code.end
    calls: dict[bytes, Instr] = {}
    memargs: dict[bytes, Instr] = {}
    loops: list[int] = []
    depth = 0
    pos = line = body_start(code)
    match = _pattern(also).match
    while True:
        found = match(data, pos, end)
        if found is None:
            raise DecodeError("malformed function body", pos)
        group = found.lastindex
        if group == _Group.MEMARG:
            text = found[_Group.MEMARG]
            instr = memargs.get(text)
            if instr is None:
                (instr,), _ = decode_instrs(text, 0, len(text), count=1)
                memargs[text] = instr
            pos = found.end()
            yield Stop(found.start(_Group.MEMARG), pos, instr, depth, line)
        elif group == _Group.CALL:
            text = found[_Group.CALL]
            instr = calls.get(text)
            if instr is None:
                index, _ = read_unsigned(text, 1, 32)
                instr = calls[text] = (BY_CODE[text[0]], index)
            pos = found.end()
            yield Stop(found.start(_Group.CALL), pos, instr, depth, line)
            line = pos
        elif group == _Group.OPEN:
            loops.append(0)
            pos = line = found.end()
        elif group == _Group.END:
            pos = line = found.end()
            if not loops:
                break
            depth -= loops.pop()
        elif group == _Group.LOOP:
            loops.append(1)
            depth += 1
            pos = line = found.end()
        else:
            start = found.start(_Group.OTHER)
            (instr,), pos = decode_instrs(data, start, end, count=1)
            op = instr[0]
            if op is _TRY_TABLE:
                loops.append(0)
            elif op.imm in _STOPS or op in also:
                yield Stop(start, pos, instr, depth, line)
            if op.imm not in _MEMARGS:
                line = pos
    if pos != end:
        raise DecodeError("function body ends before its size", pos)


def uses_only(code: BinaryCode, ops: frozenset[Op]) -> bool:
    """Whether a function's instructions are all among some, and no block's type is an index or a reference type."""
    data, end = code.data, code.end
    pos = body_start(code)
    match = _only_pattern(ops).match
    while True:
        found = match(data, pos, end)
        pos = pos if found is None else found.end()
        if pos == end:
            return True
        op = BY_CODE.get(data[pos])
        if op not in ops or op is None or op.imm in _PATTERNS:
            return False
        _, pos = decode_instrs(data, pos, end, count=1)


def has_only(
    data: bytes,
    pos: int,
    end: int,
    ops: frozenset[Op],
    most_operands: int,
    refs: Container[int] = frozenset(),
) -> bool:
    """Whether instructions are all among some, name no types but those that there are, none takes a count of operands
    above ``most_operands``, and references are to functions among ``refs``. What they do to each other is left out.

    ``False`` also where the bytes from ``pos`` to ``end`` are seen to be malformed.
    """
    match = _known_pattern(ops).match
    try:
        while True:
            pos = _end_of(match(data, pos, end), pos)
            if pos >= end:
                return pos == end
            (instr,), pos = decode_instrs(data, pos, end, count=1)
            op = instr[0]
            if op not in ops or (op.imm is Imm.TYPE_COUNT and instr[2] > most_operands):
                return False
            if op is _REF_FUNC and instr[1] not in refs:
                return False
            if _has_flagged(instr):
                return False
    except (DecodeError, IndexError):
        return False


def _has_flagged(instr: Instr) -> bool:
    """Whether an instruction names a type of a feature that is off by default."""
    for immediate in instr[1:]:
        for type_ in immediate if isinstance(immediate, tuple) else (immediate,):
            heap = type_.heap if isinstance(type_, RefType) else type_
            if heap is CONT or heap is NOCONT or isinstance(heap, Exact):
                return True
    return False


def _end_of(found: re.Match[bytes] | None, pos: int) -> int:
    return pos if found is None else found.end()


def beginnings(ops: Iterable[Op]) -> list[bytes]:
    """Bytes of which one stands wherever one of some instructions with a prefix does, and perhaps elsewhere.

    Their opcodes are below 128; a longer encoding of such a number has a bit more.
    """
    return [bytes((op.prefix, op.opcode | more)) for op in ops for more in (0, 0x80)]


def body_start(code: BinaryCode) -> int:
    """Offset of the first instruction, after the locals."""
    return local_groups(code)[1]


def local_groups(code: BinaryCode) -> tuple[list[tuple[int, ValType]], int]:
    """The groups of locals (count, type), and the offset of the first instruction."""
    reader = Reader(code.data, code.start)
    groups = [(reader.u32(), value_type(reader)) for _ in range(reader.length())]
    return groups, reader.pos


def _head(op: Op) -> bytes:
    if not op.prefix:
        return re.escape(bytes((op.opcode,)))
    # Opcodes after a prefix take up to two bytes.
    opcode = op.opcode
    encoded = bytes((opcode,)) if opcode < 0x80 else bytes((opcode & 0x7F | 0x80, opcode >> 7))
    return re.escape(bytes((op.prefix,)) + encoded)


def _one_of(codes: Iterable[int]) -> bytes:
    return b"[" + b"".join(re.escape(bytes((code,))) for code in codes) + b"]"


def _any_of(ops: list[Op]) -> bytes:
    return _one_of(op.opcode for op in ops)


@cache
def _only_pattern(ops: frozenset[Op]) -> re.Pattern[bytes]:
    simple = _one_of((EMPTY, *_NUMBERS))
    immediates = {
        **_PATTERNS,
        Imm.BLOCK: simple,
        Imm.MEM: _LEB,
        Imm.MEM_MEM: _LEB * 2,
        Imm.MEMARG: _MEMARG,
        Imm.MEMARG_LANE: _MEMARG + b".",
    }
    return _passing(ops, immediates)


def _passing(ops: frozenset[Op], immediates: Mapping[Imm, bytes]) -> re.Pattern[bytes]:
    """What passes over instructions with immediates of some kinds."""
    by_imm: dict[tuple[bool, bytes], list[Op]] = {}
    for op in ops:
        if op.imm in immediates and op not in ORDERINGS:
            by_imm.setdefault((bool(op.prefix), immediates[op.imm]), []).append(op)
    options = []
    for (prefixed, imm), found in by_imm.items():
        heads = b"(?:" + b"|".join(map(_head, found)) + b")" if prefixed else _any_of(found)
        options.append((prefixed, imm != _LEB, len(imm), heads + imm))
    # The frequent ones first: one byte, and an index or a number.
    options.sort()
    return re.compile(b"(?:" + b"|".join(text for *_, text in options) + b")*+", re.DOTALL)


_FLAGGED: Final = {CONT.code, NOCONT.code}
_INDEX: Final = rb"(?:[\x00-\x3f]|[\x80-\xff]++[\x00-\x7f])"
"""A signed LEB that is not negative, or longer than it need be."""


@cache
def _known_pattern(ops: frozenset[Op]) -> re.Pattern[bytes]:
    # Types of features that are off by default are for whoever looks closer.
    heap = b"(?:" + _one_of(ABS_HEAP_TYPE_OF.keys() - _FLAGGED) + b"|" + _INDEX + b")"
    types = _one_of((EMPTY, *(VAL_TYPE_OF.keys() - _FLAGGED)))
    immediates = {
        **_PATTERNS,
        Imm.BLOCK: b"(?:" + types + b"|" + _INDEX + b"|" + _REFS + heap + b")",
        Imm.MEM: _LEB,
        Imm.MEM_MEM: _LEB * 2,
        Imm.DATA_MEM: _LEB * 2,
        Imm.MEMARG: _MEMARG,
        Imm.MEMARG_LANE: _MEMARG + b".",
        Imm.HEAP: heap,
        Imm.REF: heap,
        Imm.REF_NULL: heap,
    }
    del immediates[Imm.CAST], immediates[Imm.TYPE_COUNT]
    return _passing(ops - {_REF_FUNC}, immediates)


@cache
def _pattern(also: frozenset[Op]) -> re.Pattern[bytes]:
    wanted = {_LOOP, *_OPENS, _END, _TRY_TABLE, _DELEGATE, *also}
    dull = [
        op
        for op in BY_CODE.values()
        if op.imm in _PATTERNS and op.imm not in _STOPS and op not in wanted
    ]
    by_imm: dict[bytes, list[Op]] = {}
    for op in dull:
        if not op.prefix:
            by_imm.setdefault(_PATTERNS[op.imm], []).append(op)
    skip = [_any_of(ops) + imm + (b"" if imm else b"++") for imm, ops in by_imm.items()]
    # The short and frequent ones first.
    skip.sort(key=lambda text: (b"++" not in text, _LEB not in text, len(text)))
    prefixed: dict[int, dict[bytes, list[bytes]]] = {}
    for op in dull:
        if op.prefix:
            rest = _head(op)[len(re.escape(bytes((op.prefix,)))) :]
            prefixed.setdefault(op.prefix, {}).setdefault(_PATTERNS[op.imm], []).append(rest)
    for prefix, kinds in prefixed.items():
        options = [b"(?:" + b"|".join(heads) + b")" + imm for imm, heads in kinds.items()]
        skip.append(re.escape(bytes((prefix,))) + b"(?:" + b"|".join(options) + b")")
    memargs = _any_of([op for op in OPS if op.imm is Imm.MEMARG and not op.prefix])
    calls = _any_of([op for op in OPS if op.imm is Imm.FUNC])
    opens = _any_of([op for op in OPS if op in _OPENS])
    groups = (
        b"(" + calls + _LEB + b")",
        b"(" + memargs + b"[\\x00-\\x3f]" + _LEB + b")",
        b"(" + _head(_LOOP) + _PATTERNS[Imm.BLOCK] + b")",
        b"(" + opens + _PATTERNS[Imm.BLOCK] + b")",
        b"(" + _head(_END) + b"|" + _head(_DELEGATE) + _LEB + b")",
        b"(.)",
    )
    return re.compile(b"(?:" + b"|".join(skip) + b")*+(?:" + b"|".join(groups) + b")", re.DOTALL)
