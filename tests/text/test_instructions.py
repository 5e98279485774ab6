"""Instructions as the parser gives them, their immediates in the order that the table states."""

from __future__ import annotations

from typing import Any

import pytest

from pyjsapi.syntax.instructions import BY_MNEMONIC, OPS, SELECT_TYPED, Imm
from pyjsapi.syntax.instructions_atomic import ORDERINGS
from pyjsapi.syntax.op import Op
from pyjsapi.syntax.types import ANY, EQ, FUNC, I31, I32, I64, ref_type
from pyjsapi.text import parse_module

_MODULE = """
    (type $t0 (func)) (type $t1 (func (param i32) (result i32 i32)))
    (type $s (struct (field $a i32) (field $b (mut i8)))) (type $a (array i8))
    (func $f (local $x i32) (local $y i32) block $l {} end)
    (func $g) (table $t 0 funcref) (table $u 0 funcref) (memory $m 0) (memory $n 0)
    (global $p i32 i32.const 0) (global $q i32 i32.const 0)
    (tag $b) (tag $c) (elem $e func) (elem $e2 func) (data $d "") (data $d2 "")
"""

_IMMEDIATES: dict[Imm, list[tuple[str, tuple[Any, ...]]]] = {
    Imm.NONE: [("", ())],
    Imm.BLOCK: [
        ("end", (None,)),
        ("(result i64) end", (I64,)),
        ("(type $t1) end", (1,)),
        ("(param) (result) end", (None,)),
        ("(param i32) (result i32 i32) end", (1,)),
        ("(result (ref null $t0)) end", (ref_type(True, 0),)),
    ],
    Imm.LABEL: [("$l", (0,)), ("1", (1,))],
    Imm.LABELS: [("$l", ((), 0)), ("0 $l 1", ((0, 0), 1))],
    Imm.FUNC: [("$g", (1,)), ("0", (0,))],
    Imm.TYPE: [("$t1", (1,))],
    Imm.TYPE_TABLE: [
        ("$u (type $t1)", (1, 1)),
        ("(type $t1)", (1, 0)),
        ("1", (0, 1)),
        ("", (0, 0)),
        ("(param i32) (result i32) (result i32)", (1, 0)),
        ("(type 1) (param i32) (result i32 i32)", (1, 0)),
    ],
    Imm.TYPES: [("(result i32)", ((I32,),)), ("(result i32) (result i64)", ((I32, I64),))],
    Imm.LOCAL: [("$y", (1,))],
    Imm.GLOBAL: [("$q", (1,))],
    Imm.TABLE: [("$u", (1,)), ("", (0,))],
    Imm.TABLE_TABLE: [("$u $t", (1, 0)), ("", (0, 0))],
    Imm.ELEM: [("$e2", (1,))],
    Imm.ELEM_TABLE: [("$u $e2", (1, 1)), ("$e2", (1, 0)), ("0 1", (1, 0))],
    Imm.MEM: [("$n", (1,)), ("", (0,))],
    Imm.MEM_MEM: [("$n $m", (1, 0)), ("", (0, 0))],
    Imm.MEMARG: [
        ("align=1", (0, 0, 0)),
        ("$n align=1", (1, 0, 0)),
        ("1 offset=5 align=1", (1, 0, 5)),
        ("offset=0xffff_ffff_ffff_ffff align=0x1", (0, 0, 2**64 - 1)),
        ("align=4294967296", (0, 32, 0)),
    ],
    Imm.TAG: [("$c", (1,)), ("0", (0,))],
    Imm.TRY_TABLE: [
        ("end", (None, ())),
        ("(result i64) (catch $c $l) end", (I64, (("catch", 1, 0),))),
        (
            "(catch_ref $b 1) (catch_all_ref $l) (catch_all 0) end",
            (None, (("catch_ref", 0, 1), ("catch_all_ref", None, 0), ("catch_all", None, 0))),
        ),
    ],
    Imm.DATA: [("$d2", (1,))],
    Imm.DATA_MEM: [("$n $d2", (1, 1)), ("$d2", (1, 0)), ("0 1", (1, 0))],
    Imm.HEAP: [("func", (FUNC,)), ("$t1", (1,))],
    Imm.I32: [("-1", (0xFFFFFFFF,))],
    Imm.I64: [("-1", (0xFFFFFFFFFFFFFFFF,))],
    Imm.F32: [("1.5", (0x3FC00000,))],
    Imm.F64: [("1.5", (0x3FF8000000000000,))],
    Imm.V128: [("i64x2 1 -1", (0xFFFFFFFF_FFFFFFFF_00000000_00000001,))],
    Imm.LANE: [("0x0f", (15,)), ("255", (255,))],
    Imm.LANES16: [(" ".join(map(str, range(16, 32))), (tuple(range(16, 32)),))],
    Imm.MEMARG_LANE: [
        ("align=1 3", (0, 0, 0, 3)),
        ("$n align=1 3", (1, 0, 0, 3)),
        ("1 offset=5 align=1 3", (1, 0, 5, 3)),
    ],
    Imm.ZERO: [("", ())],
    Imm.TYPE_FIELD: [("$s $b", (2, 1)), ("2 0", (2, 0)), ("0 7", (0, 7))],
    Imm.TYPE_COUNT: [("$a 0x10", (3, 16))],
    Imm.TYPE_DATA: [("$a $d2", (3, 1))],
    Imm.TYPE_ELEM: [("$a $e2", (3, 1))],
    Imm.TYPE_TYPE: [("$a 4", (3, 4))],
    Imm.TYPE_TAG: [("$a $c", (3, 1))],
    Imm.TYPE_ON: [("$a", (3, ())), ("4 (on $c $l) (on 0 switch)", (4, ((1, 0), (0, None))))],
    Imm.TYPE_TAG_ON: [("$a $c (on $c 1)", (3, 1, ((1, 1),)))],
    Imm.REF: [("(ref $s)", (2,)), ("(ref eq)", (EQ,))],
    Imm.REF_NULL: [("(ref null $s)", (2,)), ("eqref", (EQ,)), ("(ref null i31)", (I31,))],
    Imm.CAST: [
        ("$l anyref (ref $s)", (0, ref_type(True, ANY), ref_type(False, 2))),
        ("1 (ref eq) i31ref", (1, ref_type(False, EQ), ref_type(True, I31))),
    ],
}


_DIVIDING = ("else", "end", "catch", "catch_all", "delegate")


@pytest.mark.parametrize("op", [op for op in OPS if op.mnemonic not in _DIVIDING], ids=str)
def test_every_row_of_the_table_is_parsed_with_its_immediates(op: Any) -> None:
    for text, immediates in _IMMEDIATES[op.imm]:
        module = parse_module(_MODULE.format(f"{op.mnemonic} {text} {ORDERINGS.get(op, '')}"))
        assert module.funcs[0].code.load().body[1] == (op, *immediates)


@pytest.mark.parametrize("op", [op for op in OPS if op.imm is Imm.MEMARG], ids=str)
def test_the_alignment_is_natural_by_default(op: Op) -> None:
    text = f"(func {op.mnemonic} {ORDERINGS.get(op, '')})"
    body = parse_module(text).funcs[0].code.load().body
    assert body[0] == (op, 0, {8: 0, 16: 1, 32: 2, 64: 3, 128: 4}[op.width], 0)


def test_select_with_and_without_types_are_two_rows() -> None:
    body = parse_module("(func select select (result i32))").funcs[0].code.load().body
    assert [instr[0] for instr in body[:2]] == [BY_MNEMONIC["select"], SELECT_TYPED]


def test_the_data_count_is_set_where_an_instruction_needs_it() -> None:
    assert parse_module('(data $d "x") (func (data.drop $d))').data_count == 1
    assert parse_module('(data $d "x") (func)').data_count is None


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("(block ", ")"),
        ("block ", " end"),
        ("(i32.eqz ", ")"),
        ("i32.const 0 if ", " end"),
        ("(if (i32.const 0) (then ", "))"),
        ("(if (i32.const 0) (then) (else ", "))"),
        ("(; ", " ;)"),
        ("(@a ", ")"),
    ],
)
def test_nesting_has_no_limit(opening: str, closing: str) -> None:
    depth = 100_000
    text = f"(func {opening * depth}(i32.const 1){closing * depth})"
    body = parse_module(text).funcs[0].code.load().body
    assert body[-1] == BY_MNEMONIC["end"].instr
    if opening[1] in "bi":
        assert len(body) > depth
