"""Rows of the instruction table for atomic memory accesses (threads proposal, "Atomic Memory Instructions").

An access, or a fence, whose ordering is written down (acquire-release proposal) has a row of its own beside the one
that it refines: what it does is the same, as everything here is sequentially consistent.

:mod:`pyjsapi.syntax.instructions` makes them part of the one table.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.syntax.op import Imm, Op, row

_PREFIX: Final = 0xFE
_ORDERED: Final = "acquire_release"


def _atomic(opcode: int, mnemonic: str, imm: Imm = Imm.MEMARG, *, sig: str, width: int = 0) -> Op:
    return row(opcode, mnemonic, imm, prefix=_PREFIX, sig=sig, width=width, feature="threads")


# fmt: off
_UNORDERED: Final[tuple[Op, ...]] = (
    _atomic(0x00, "memory.atomic.notify", sig="at i32 -> i32", width=32),
    _atomic(0x01, "memory.atomic.wait32", sig="at i32 i64 -> i32", width=32),
    _atomic(0x02, "memory.atomic.wait64", sig="at i64 i64 -> i32", width=64),
    _atomic(0x03, "atomic.fence", Imm.ZERO, sig="->"),
    _atomic(0x10, "i32.atomic.load", sig="at -> i32", width=32),
    _atomic(0x11, "i64.atomic.load", sig="at -> i64", width=64),
    _atomic(0x12, "i32.atomic.load8_u", sig="at -> i32", width=8),
    _atomic(0x13, "i32.atomic.load16_u", sig="at -> i32", width=16),
    _atomic(0x14, "i64.atomic.load8_u", sig="at -> i64", width=8),
    _atomic(0x15, "i64.atomic.load16_u", sig="at -> i64", width=16),
    _atomic(0x16, "i64.atomic.load32_u", sig="at -> i64", width=32),
    _atomic(0x17, "i32.atomic.store", sig="at i32 ->", width=32),
    _atomic(0x18, "i64.atomic.store", sig="at i64 ->", width=64),
    _atomic(0x19, "i32.atomic.store8", sig="at i32 ->", width=8),
    _atomic(0x1A, "i32.atomic.store16", sig="at i32 ->", width=16),
    _atomic(0x1B, "i64.atomic.store8", sig="at i64 ->", width=8),
    _atomic(0x1C, "i64.atomic.store16", sig="at i64 ->", width=16),
    _atomic(0x1D, "i64.atomic.store32", sig="at i64 ->", width=32),
    _atomic(0x1E, "i32.atomic.rmw.add", sig="at i32 -> i32", width=32),
    _atomic(0x1F, "i64.atomic.rmw.add", sig="at i64 -> i64", width=64),
    _atomic(0x20, "i32.atomic.rmw8.add_u", sig="at i32 -> i32", width=8),
    _atomic(0x21, "i32.atomic.rmw16.add_u", sig="at i32 -> i32", width=16),
    _atomic(0x22, "i64.atomic.rmw8.add_u", sig="at i64 -> i64", width=8),
    _atomic(0x23, "i64.atomic.rmw16.add_u", sig="at i64 -> i64", width=16),
    _atomic(0x24, "i64.atomic.rmw32.add_u", sig="at i64 -> i64", width=32),
    _atomic(0x25, "i32.atomic.rmw.sub", sig="at i32 -> i32", width=32),
    _atomic(0x26, "i64.atomic.rmw.sub", sig="at i64 -> i64", width=64),
    _atomic(0x27, "i32.atomic.rmw8.sub_u", sig="at i32 -> i32", width=8),
    _atomic(0x28, "i32.atomic.rmw16.sub_u", sig="at i32 -> i32", width=16),
    _atomic(0x29, "i64.atomic.rmw8.sub_u", sig="at i64 -> i64", width=8),
    _atomic(0x2A, "i64.atomic.rmw16.sub_u", sig="at i64 -> i64", width=16),
    _atomic(0x2B, "i64.atomic.rmw32.sub_u", sig="at i64 -> i64", width=32),
    _atomic(0x2C, "i32.atomic.rmw.and", sig="at i32 -> i32", width=32),
    _atomic(0x2D, "i64.atomic.rmw.and", sig="at i64 -> i64", width=64),
    _atomic(0x2E, "i32.atomic.rmw8.and_u", sig="at i32 -> i32", width=8),
    _atomic(0x2F, "i32.atomic.rmw16.and_u", sig="at i32 -> i32", width=16),
    _atomic(0x30, "i64.atomic.rmw8.and_u", sig="at i64 -> i64", width=8),
    _atomic(0x31, "i64.atomic.rmw16.and_u", sig="at i64 -> i64", width=16),
    _atomic(0x32, "i64.atomic.rmw32.and_u", sig="at i64 -> i64", width=32),
    _atomic(0x33, "i32.atomic.rmw.or", sig="at i32 -> i32", width=32),
    _atomic(0x34, "i64.atomic.rmw.or", sig="at i64 -> i64", width=64),
    _atomic(0x35, "i32.atomic.rmw8.or_u", sig="at i32 -> i32", width=8),
    _atomic(0x36, "i32.atomic.rmw16.or_u", sig="at i32 -> i32", width=16),
    _atomic(0x37, "i64.atomic.rmw8.or_u", sig="at i64 -> i64", width=8),
    _atomic(0x38, "i64.atomic.rmw16.or_u", sig="at i64 -> i64", width=16),
    _atomic(0x39, "i64.atomic.rmw32.or_u", sig="at i64 -> i64", width=32),
    _atomic(0x3A, "i32.atomic.rmw.xor", sig="at i32 -> i32", width=32),
    _atomic(0x3B, "i64.atomic.rmw.xor", sig="at i64 -> i64", width=64),
    _atomic(0x3C, "i32.atomic.rmw8.xor_u", sig="at i32 -> i32", width=8),
    _atomic(0x3D, "i32.atomic.rmw16.xor_u", sig="at i32 -> i32", width=16),
    _atomic(0x3E, "i64.atomic.rmw8.xor_u", sig="at i64 -> i64", width=8),
    _atomic(0x3F, "i64.atomic.rmw16.xor_u", sig="at i64 -> i64", width=16),
    _atomic(0x40, "i64.atomic.rmw32.xor_u", sig="at i64 -> i64", width=32),
    _atomic(0x41, "i32.atomic.rmw.xchg", sig="at i32 -> i32", width=32),
    _atomic(0x42, "i64.atomic.rmw.xchg", sig="at i64 -> i64", width=64),
    _atomic(0x43, "i32.atomic.rmw8.xchg_u", sig="at i32 -> i32", width=8),
    _atomic(0x44, "i32.atomic.rmw16.xchg_u", sig="at i32 -> i32", width=16),
    _atomic(0x45, "i64.atomic.rmw8.xchg_u", sig="at i64 -> i64", width=8),
    _atomic(0x46, "i64.atomic.rmw16.xchg_u", sig="at i64 -> i64", width=16),
    _atomic(0x47, "i64.atomic.rmw32.xchg_u", sig="at i64 -> i64", width=32),
    _atomic(0x48, "i32.atomic.rmw.cmpxchg", sig="at i32 i32 -> i32", width=32),
    _atomic(0x49, "i64.atomic.rmw.cmpxchg", sig="at i64 i64 -> i64", width=64),
    _atomic(0x4A, "i32.atomic.rmw8.cmpxchg_u", sig="at i32 i32 -> i32", width=8),
    _atomic(0x4B, "i32.atomic.rmw16.cmpxchg_u", sig="at i32 i32 -> i32", width=16),
    _atomic(0x4C, "i64.atomic.rmw8.cmpxchg_u", sig="at i64 i64 -> i64", width=8),
    _atomic(0x4D, "i64.atomic.rmw16.cmpxchg_u", sig="at i64 i64 -> i64", width=16),
    _atomic(0x4E, "i64.atomic.rmw32.cmpxchg_u", sig="at i64 i64 -> i64", width=32),
)
# fmt: on


def _ordered(op: Op) -> Op:
    made = Op(op.prefix, op.opcode, op.mnemonic, op.imm, None, op.width, _ORDERED)
    made.params, made.results = op.params, op.results
    return made


ORDERABLE: Final = frozenset(
    op for op in _UNORDERED if op.imm is Imm.ZERO or not op.mnemonic.startswith("memory.")
)
"""The accesses that can say their ordering, and the fence."""
ACQREL: Final[dict[Op, Op]] = {op: _ordered(op) for op in _UNORDERED if op in ORDERABLE}
"""The rows of acquire-release accesses, by those that they refine."""
SEQCST: Final[dict[Op, Op]] = {
    op: _ordered(op) for op in _UNORDERED if op in ORDERABLE and op.imm is Imm.MEMARG
}
"""The rows of accesses that say that they are sequentially consistent, likewise. A fence says it without them."""
ORDERINGS: Final[dict[Op, str]] = {
    **dict.fromkeys(ACQREL.values(), "acqrel"),
    **dict.fromkeys(SEQCST.values(), "seqcst"),
}
"""What the text says of the rows that have an ordering."""
PAUSE: Final = row(0x04, "pause", prefix=_PREFIX, sig="->", feature=_ORDERED)
"""A hint to the processor that the thread waits in a loop."""

ATOMIC_OPS: Final = (*_UNORDERED, *ACQREL.values(), *SEQCST.values(), PAUSE)
