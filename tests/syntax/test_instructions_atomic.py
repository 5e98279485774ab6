"""The rows of atomic instructions agree with their mnemonics."""

from __future__ import annotations

import re

import pytest

from pyjsapi.syntax.instructions import AT, Imm, Op
from pyjsapi.syntax.instructions_atomic import ATOMIC_OPS, ORDERINGS, SEQCST
from pyjsapi.syntax.types import I32, I64

ACCESS = re.compile(r"(i32|i64)\.atomic\.(load|store|rmw)(8|16|32)?(?:\.(\w+?))?(_u)?")


def test_opcodes_are_those_of_the_proposal() -> None:
    assert [op.opcode for op in ATOMIC_OPS if op not in ORDERINGS] == [
        *range(4),
        *range(0x10, 0x4F),
        4,
    ]
    named = {op.mnemonic: op.opcode for op in ATOMIC_OPS}
    assert named["atomic.fence"] == 3
    assert named["i64.atomic.load32_u"] == 0x16
    assert named["i64.atomic.store32"] == 0x1D
    families = ("add", "sub", "and", "or", "xor", "xchg", "cmpxchg")
    for i, family in enumerate(families):
        assert named[f"i32.atomic.rmw.{family}"] == 0x1E + 7 * i
        assert named[f"i64.atomic.rmw32.{family}_u"] == 0x24 + 7 * i


@pytest.mark.parametrize("op", [*SEQCST], ids=str)
def test_accesses_agree_with_their_mnemonic(op: Op) -> None:
    match = ACCESS.fullmatch(op.mnemonic)
    assert match is not None
    head, kind, narrow, combine, unsigned = match.groups()
    type_ = I32 if head == "i32" else I64
    assert op.imm is Imm.MEMARG
    assert op.feature == "threads"
    assert op.width == (int(narrow) if narrow else type_.bits)
    assert bool(unsigned) == (narrow is not None and kind != "store")
    operands = {"load": 0, "store": 1}.get(kind, 2 if combine == "cmpxchg" else 1)
    assert op.params == (AT, *[type_] * operands)
    assert op.results == (() if kind == "store" else (type_,))


def test_waiting_and_notifying() -> None:
    notify, wait32, wait64, fence = ATOMIC_OPS[:4]
    assert (notify.params, notify.results, notify.width) == ((AT, I32), (I32,), 32)
    assert (wait32.params, wait32.results, wait32.width) == ((AT, I32, I64), (I32,), 32)
    assert (wait64.params, wait64.results, wait64.width) == ((AT, I64, I64), (I32,), 64)
    assert (fence.params, fence.results, fence.imm) == ((), (), Imm.ZERO)
