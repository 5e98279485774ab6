"""The instruction table: rows are unique and their signatures make sense."""

from __future__ import annotations

import dataclasses

import pytest

from pyjsapi.syntax.features import Features
from pyjsapi.syntax.instructions import (
    AT,
    BY_CODE,
    BY_MNEMONIC,
    OPS,
    PREFIXES,
    SECOND_ROWS,
    SELECT_TYPED,
    Imm,
    Op,
)
from pyjsapi.syntax.instructions_atomic import ACQREL, ORDERINGS, SEQCST
from pyjsapi.syntax.types import F32, F64, I32, I64

TYPES = {"i32": I32, "i64": I64, "f32": F32, "f64": F64}
COMPARISONS = {"eqz", "eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"} | {
    "lt", "gt", "le", "ge",
}  # fmt: skip


def test_opcodes_are_unique() -> None:
    assert len(BY_CODE) == len(OPS) - len(ORDERINGS)
    assert len({(op.prefix, op.opcode) for op in OPS}) == len(BY_CODE)


def test_rows_with_an_ordering_are_those_that_they_refine_otherwise() -> None:
    refined = [*ACQREL.items(), *SEQCST.items()]
    assert {row for _, row in refined} == set(ORDERINGS)
    assert len(refined) == len(ORDERINGS)
    for op, row in refined:
        for name in ("mnemonic", "family", "code", "imm", "params", "results", "width"):
            assert getattr(op, name) == getattr(row, name)
        assert (op.feature, row.feature) == ("threads", "acquire_release")
    assert set(ACQREL) == set(SEQCST) | {BY_MNEMONIC["atomic.fence"]}


def test_mnemonics_are_unique_but_for_four_and_orderings() -> None:
    rows = [op for op in OPS if op not in ORDERINGS]
    mnemonics = [op.mnemonic for op in rows]
    twice = {name for name in mnemonics if mnemonics.count(name) > 1}
    assert twice == {"select", "ref.test", "ref.cast", "ref.cast_desc_eq"}
    assert {op.mnemonic for op in SECOND_ROWS - set(ORDERINGS)} == twice
    assert BY_MNEMONIC["select"].imm is Imm.NONE
    assert SELECT_TYPED.imm is Imm.TYPES
    assert len(BY_MNEMONIC) == len(rows) - 4


def test_prefixes_are_no_opcodes() -> None:
    assert {0xFB, 0xFC, 0xFD, 0xFE} == PREFIXES
    assert not any(op.opcode in PREFIXES for op in OPS if not op.prefix)
    assert all(0 <= op.opcode < 0x100 for op in OPS if op.prefix != 0xFD)


def test_features_are_fields() -> None:
    fields = {field.name for field in dataclasses.fields(Features)}
    assert {op.feature for op in OPS} - {""} <= fields


def test_every_kind_of_immediate_is_used() -> None:
    assert {op.imm for op in OPS} == set(Imm)


SCALAR_OPS = [op for op in OPS if op.prefix not in (0xFD, 0xFE)]


@pytest.mark.parametrize("op", SCALAR_OPS, ids=lambda op: f"{op}-{op.code:x}")
def test_rows_agree_with_their_mnemonic(op: Op) -> None:
    assert op.instr == (op,)
    assert op.mnemonic.endswith(op.family)
    assert (op.params is None) == (op.results is None)
    if op.params is None or op.results is None:
        return
    head = op.mnemonic.split(".")[0]
    if op.imm is Imm.MEMARG:
        type_ = TYPES[head]
        size = op.family.removeprefix("load").removeprefix("store").split("_")[0]
        assert op.width == (int(size) if size else type_.bits)
        assert 8 <= op.width <= type_.bits
        if op.family.startswith("load"):
            assert (op.params, op.results) == ((AT,), (type_,))
        else:
            assert (op.params, op.results) == ((AT, type_), ())
        return
    assert op.width == 0
    if head in TYPES:
        result = I32 if op.family in COMPARISONS else TYPES[head]
        halves = 2 if op.feature == "wide_arithmetic" else 1
        assert op.results == (result,) * halves
    for source, type_ in TYPES.items():
        if f"_{source}" in op.family:  # conversions name their operand
            assert op.params == (type_,)


def test_unary_and_binary_instructions_take_their_own_type() -> None:
    for op in OPS:
        head = op.mnemonic.split(".")[0]
        if head not in TYPES or op.imm is not Imm.NONE or not op.params:
            continue
        if any(f"_{source}" in op.family for source in TYPES):
            continue
        assert set(op.params) == {TYPES[head]}, op
        halves = 2 if op.family in ("add128", "sub128") else 1
        assert halves <= len(op.params) <= 2 * halves


def test_the_table_is_complete_without_vectors() -> None:
    assert len([op for op in OPS if op.feature == ""]) == 172
    assert len([op for op in SCALAR_OPS if op.imm is Imm.MEMARG]) == 23
    assert len([op for op in OPS if op.prefix == 0xFC]) == 23
