"""Encoding of instructions (core: "Binary Format: Instructions"), the inverse of :mod:`pyjsapi.binary.code`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pyjsapi.binary.code import (
    CAST_NULLABLE,
    CAST_TARGET_NULLABLE,
    MEMARG_HAS_INDEX,
    MEMARG_HAS_ORDERING,
    acqrel_byte,
)
from pyjsapi.binary.encode_types import block_type, heap_type, value_type
from pyjsapi.binary.leb128 import signed, unsigned
from pyjsapi.syntax.instructions import OPS, Imm, Op
from pyjsapi.syntax.instructions_atomic import ORDERABLE, ORDERINGS
from pyjsapi.syntax.instructions_exceptions import CATCH_KINDS
from pyjsapi.syntax.instructions_stack import ON_LABEL, ON_SWITCH
from pyjsapi.syntax.module import Expr, Instr

_HEAD: Final[dict[Op, bytes]] = {
    op: bytes((op.prefix,)) + unsigned(op.opcode) if op.prefix else bytes((op.opcode,))
    for op in OPS
}
"""Opcodes."""


def _index(instr: Instr) -> bytes:
    return unsigned(instr[1])


def _indices(instr: Instr) -> bytes:
    return unsigned(instr[1]) + unsigned(instr[2])


def _labels(instr: Instr) -> bytes:
    labels = instr[1]
    return unsigned(len(labels)) + b"".join(map(unsigned, labels)) + unsigned(instr[2])


def _types(instr: Instr) -> bytes:
    return unsigned(len(instr[1])) + b"".join(map(value_type, instr[1]))


def _memarg(instr: Instr) -> bytes:
    _, memidx, align, offset, *_ = instr
    if not 0 <= align < MEMARG_HAS_INDEX:
        raise ValueError(f"{instr}: the alignment 2**{align} cannot be encoded")
    if memidx == 0:
        return unsigned(align) + unsigned(offset)
    return unsigned(align | MEMARG_HAS_INDEX) + unsigned(memidx) + unsigned(offset)


def _ordered_fence(instr: Instr) -> bytes:
    return bytes((acqrel_byte(instr[0]),))


def _orderable(instr: Instr) -> bytes:
    """The memarg of an atomic access, with its ordering if it says one."""
    op, memidx, align, offset = instr
    if not 0 <= align < MEMARG_HAS_ORDERING:
        raise ValueError(f"{instr}: the alignment 2**{align} cannot be encoded")
    ordering = ORDERINGS.get(op)
    flags = align | (MEMARG_HAS_INDEX if memidx else 0)
    out = unsigned(flags | (MEMARG_HAS_ORDERING if ordering else 0))
    if memidx:
        out += unsigned(memidx)
    if ordering:
        out += bytes((acqrel_byte(op) if ordering == "acqrel" else 0,))
    return out + unsigned(offset)


def _memarg_lane(instr: Instr) -> bytes:
    return _memarg(instr) + bytes(instr[4:])


def _heap(instr: Instr) -> bytes:
    return heap_type(instr[1])


def _cast(instr: Instr) -> bytes:
    _, label, source, target = instr
    flags = CAST_NULLABLE if source.nullable else 0
    flags |= CAST_TARGET_NULLABLE if target.nullable else 0
    return bytes((flags,)) + unsigned(label) + heap_type(source.heap) + heap_type(target.heap)


def _try_table(instr: Instr) -> bytes:
    _, type_, catches = instr
    out = block_type(type_) + unsigned(len(catches))
    for kind, tagidx, label in catches:
        out += bytes((CATCH_KINDS.index(kind),))
        out += (b"" if tagidx is None else unsigned(tagidx)) + unsigned(label)
    return out


def _with_clauses(instr: Instr) -> bytes:
    _, *indices, clauses = instr
    out = b"".join(map(unsigned, indices)) + unsigned(len(clauses))
    for tagidx, label in clauses:
        out += bytes((ON_SWITCH if label is None else ON_LABEL,)) + unsigned(tagidx)
        out += b"" if label is None else unsigned(label)
    return out


def _as_signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


_IMMEDIATES: Final[dict[Imm, Callable[[Instr], bytes]]] = {
    Imm.NONE: lambda instr: b"",
    Imm.BLOCK: lambda instr: block_type(instr[1]),
    Imm.LABEL: _index,
    Imm.LABELS: _labels,
    Imm.FUNC: _index,
    Imm.TYPE: _index,
    Imm.TYPE_TABLE: _indices,
    Imm.TYPES: _types,
    Imm.LOCAL: _index,
    Imm.GLOBAL: _index,
    Imm.TABLE: _index,
    Imm.TABLE_TABLE: _indices,
    Imm.ELEM: _index,
    Imm.ELEM_TABLE: _indices,
    Imm.MEM: _index,
    Imm.MEM_MEM: _indices,
    Imm.MEMARG: _memarg,
    Imm.DATA: _index,
    Imm.DATA_MEM: _indices,
    Imm.TAG: _index,
    Imm.TRY_TABLE: _try_table,
    Imm.HEAP: _heap,
    Imm.I32: lambda instr: signed(_as_signed(instr[1], 32)),
    Imm.I64: lambda instr: signed(_as_signed(instr[1], 64)),
    Imm.F32: lambda instr: int.to_bytes(instr[1], 4, "little"),
    Imm.F64: lambda instr: int.to_bytes(instr[1], 8, "little"),
    Imm.V128: lambda instr: int.to_bytes(instr[1], 16, "little"),
    Imm.LANE: lambda instr: bytes(instr[1:]),
    Imm.LANES16: lambda instr: bytes(instr[1]),
    Imm.MEMARG_LANE: _memarg_lane,
    Imm.ZERO: lambda instr: b"\0",
    Imm.TYPE_FIELD: _indices,
    Imm.TYPE_COUNT: _indices,
    Imm.TYPE_DATA: _indices,
    Imm.TYPE_ELEM: _indices,
    Imm.TYPE_TYPE: _indices,
    Imm.REF: _heap,
    Imm.REF_NULL: _heap,
    Imm.CAST: _cast,
    Imm.TYPE_TAG: _indices,
    Imm.TYPE_ON: _with_clauses,
    Imm.TYPE_TAG_ON: _with_clauses,
}


def _encoder(op: Op) -> Callable[[Instr], bytes]:
    if op.imm is Imm.MEMARG and (op in ORDERABLE or op in ORDERINGS):
        return _orderable
    return _ordered_fence if op in ORDERINGS else _IMMEDIATES[op.imm]


_ENCODE: Final = {op: (_HEAD[op], _encoder(op)) for op in OPS if op.imm is not Imm.NONE}
_SIMPLE: Final = {op: _HEAD[op] for op in OPS if op.imm is Imm.NONE}
_NAMES_DATA: Final = frozenset(
    op for op in OPS if op.imm in (Imm.DATA, Imm.DATA_MEM, Imm.TYPE_DATA)
)


def encode_instr(instr: Instr) -> bytes:
    """An instruction: opcode and immediates."""
    op: Op = instr[0]
    head = _SIMPLE.get(op)
    if head is not None:
        return head
    head, encode = _ENCODE[op]
    return head + encode(instr)


def instrs_into(out: bytearray, instrs: Expr) -> bool:
    """Append instructions to ``out``; gives whether any of them names a data segment."""
    names_data = False
    for instr in instrs:
        op: Op = instr[0]
        head = _SIMPLE.get(op)
        if head is None:
            head, encode = _ENCODE[op]
            out += head
            out += encode(instr)
            if op in _NAMES_DATA:
                names_data = True
        else:
            out += head
    return names_data


def encode_expr(expr: Expr) -> bytes:
    """An expression; its last instruction is ``end``."""
    return b"".join(map(encode_instr, expr))
