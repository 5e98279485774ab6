"""The rows of vector instructions: all of them, with the signatures that their mnemonics promise."""

from __future__ import annotations

import re

import pytest

from pyjsapi.syntax.instructions import AT, OPS, Imm, Op
from pyjsapi.syntax.types import F32, F64, I32, I64, V128

VECTOR_OPS = [op for op in OPS if op.prefix == 0xFD]
LANE_TYPES = {"i8x16": I32, "i16x8": I32, "i32x4": I32, "i64x2": I64, "f32x4": F32, "f64x2": F64}
THREE_OPERANDS = {"bitselect", "relaxed_laneselect", "relaxed_madd", "relaxed_nmadd"} | {
    "relaxed_dot_i8x16_i7x16_add_s"
}
ONE_OPERAND = re.compile(
    r"not|neg|abs|popcnt|sqrt|ceil|floor|trunc|nearest|(extend|extadd|convert|promote|demote)_.*"
    r"|(trunc_sat|relaxed_trunc)_.*|any_true|all_true|bitmask"
)


def test_there_are_236_vector_instructions_and_20_relaxed_ones() -> None:
    assert len([op for op in VECTOR_OPS if op.feature == "simd"]) == 236
    assert len([op for op in VECTOR_OPS if op.feature == "relaxed_simd"]) == 20
    assert all(("relaxed" in op.mnemonic) == (op.feature == "relaxed_simd") for op in VECTOR_OPS)
    assert all((op.opcode >= 0x100) == (op.feature == "relaxed_simd") for op in VECTOR_OPS)
    assert max(op.opcode for op in VECTOR_OPS) == 0x113


def _width(family: str) -> int:
    sizes = re.match(r"(?:load|store)(\d+)?(?:x(\d+))?", family)
    assert sizes is not None
    return int(sizes[1] or 128) * int(sizes[2] or 1)


@pytest.mark.parametrize("op", VECTOR_OPS, ids=str)
def test_vector_rows_agree_with_their_mnemonic(op: Op) -> None:
    head, _, family = op.mnemonic.partition(".")
    if op.imm in (Imm.MEMARG, Imm.MEMARG_LANE):
        assert head == "v128"
        assert op.width == _width(family)
        assert (op.imm is Imm.MEMARG_LANE) == family.endswith("_lane")
        loads = family.startswith("load")
        takes_vector = not loads or op.imm is Imm.MEMARG_LANE
        assert op.params == ((AT, V128) if takes_vector else (AT,))
        assert op.results == ((V128,) if loads else ())
        return
    assert op.width == 0
    if family == "const":
        assert (op.imm, op.params, op.results) == (Imm.V128, (), (V128,))
    elif family == "splat":
        assert (op.params, op.results) == ((LANE_TYPES[head],), (V128,))
    elif family.startswith("extract_lane"):
        assert (op.imm, op.params, op.results) == (Imm.LANE, (V128,), (LANE_TYPES[head],))
    elif family == "replace_lane":
        assert (op.imm, op.results) == (Imm.LANE, (V128,))
        assert op.params == (V128, LANE_TYPES[head])
    elif family in ("shl", "shr_s", "shr_u"):
        assert (op.params, op.results) == ((V128, I32), (V128,))
    else:
        count = 3 if family in THREE_OPERANDS else 1 if ONE_OPERAND.fullmatch(family) else 2
        assert op.params == (V128,) * count
        is_test = family in ("any_true", "all_true", "bitmask")
        assert op.results == ((I32,) if is_test else (V128,))
        assert op.imm is (Imm.LANES16 if family == "shuffle" else Imm.NONE)
