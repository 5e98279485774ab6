"""Every abbreviation gives the same module as what it abbreviates."""

from __future__ import annotations

import pytest

from pyjsapi.text import wat2wasm


def same(short: str, long: str) -> None:
    assert wat2wasm(short, names=False) == wat2wasm(long, names=False)


FIELDS = {
    "module without parentheses": ("(func) (memory 1)", "(module (func) (memory 1))"),
    "inline import of a function": (
        '(func $f (import "a" "b") (param i32) (result i64))',
        '(import "a" "b" (func $f (param i32) (result i64)))',
    ),
    "inline import of a table": (
        '(table (import "a" "b") 1 2 funcref)',
        '(import "a" "b" (table 1 2 funcref))',
    ),
    "inline import of a memory": (
        '(memory (import "a" "b") i64 1 2)',
        '(import "a" "b" (memory i64 1 2))',
    ),
    "inline import of a global": (
        '(global (import "a" "b") (mut i32))',
        '(import "a" "b" (global (mut i32)))',
    ),
    "inline exports": (
        '(func $f (export "a") (export "b") (nop)) (memory $m (export "c") 1)',
        '(func $f (nop)) (memory $m 1) (export "a" (func $f)) (export "b" (func $f)) (export "c" (memory $m))',
    ),
    "inline export of an import": (
        '(global $g (export "x") (import "a" "b") i32)',
        '(import "a" "b" (global $g i32)) (export "x" (global $g))',
    ),
    "exports count imports and definitions": (
        '(import "a" "b" (memory 1)) (memory (export "m") 2) (memory (export "n") 3)',
        '(import "a" "b" (memory 1)) (memory 2) (memory 3) (export "m" (memory 1)) (export "n" (memory 2))',
    ),
    "implicit types come after explicit ones": (
        "(func (param i64)) (type (func (result f32))) (func (param i64)) (func (result f32))",
        "(type (func (result f32))) (type (func (param i64))) (func (type 1)) (func (type 1)) (func (type 0))",
    ),
    "several parameters and results in one form": (
        "(func (param i32 i64) (param $x f32) (result i32 i64) (unreachable))",
        "(func (param i32) (param i64) (param f32) (result i32) (result i64) (unreachable))",
    ),
    "locals": (
        "(func (local i32 i32) (local $a i64) (local i64) (local.set $a (i64.const 0)))",
        "(func (local i32) (local i32) (local i64) (local i64) (local.set 2 (i64.const 0)))",
    ),
    "named local after parameters that stand in the type only": (
        "(type $t (func (param i32 i32))) (func (type $t) (local $x i64) (drop (local.get $x)))",
        "(type $t (func (param i32 i32))) (func (type $t) (local i64) (drop (local.get 2)))",
    ),
    "memory with data": (
        '(memory $m (data "abc" "d"))',
        '(memory $m 1 1) (data (memory $m) (i32.const 0) "abcd")',
    ),
    "empty memory with data": (
        "(memory (data))",
        '(memory 0 0) (data (memory 0) (i32.const 0) "")',
    ),
    "64-bit memory with data": (
        '(memory i64 (data "abc"))',
        '(memory i64 1 1) (data (i64.const 0) "abc")',
    ),
    "second memory with data": (
        '(memory 1) (memory $m (export "m") (data "x"))',
        '(memory 1) (memory 1 1) (data (memory 1) (i32.const 0) "x") (export "m" (memory 1))',
    ),
    "segment identifiers count segments of memories": (
        '(memory (data "a")) (data $d "b") (func (data.drop $d))',
        '(memory 1 1) (data (i32.const 0) "a") (data "b") (func (data.drop 1))',
    ),
    "table with functions": (
        "(func $f) (table funcref (elem $f 0))",
        "(func $f) (table 2 2 funcref) (elem (table 0) (i32.const 0) func $f $f)",
    ),
    "table with expressions": (
        "(func $f) (table (ref null func) (elem (ref.func $f) (item ref.null func)))",
        "(func $f) (table 2 2 funcref)"
        "(elem (table 0) (offset i32.const 0) funcref (item ref.func 0) (item ref.null func))",
    ),
    "64-bit table with functions": (
        "(func $f) (table i64 funcref (elem $f))",
        "(func $f) (table i64 1 1 funcref) (elem (i64.const 0) func $f)",
    ),
    "data offset": (
        '(memory 1) (data (i32.const 4) "a" "" "b")',
        '(memory 1) (data (memory 0) (offset (i32.const 4)) "ab")',
    ),
    "a data segment's identifier is its own": (
        '(memory 1) (memory $m 1) (data $m "x")',
        '(memory 1) (memory 1) (data "x")',
    ),
    "element segment of functions": (
        "(table 1 funcref) (func $f) (elem (i32.const 0) $f)",
        "(table 1 funcref) (func $f) (elem (table 0) (offset i32.const 0) func $f)",
    ),
    "segments of version 1.0 with a bare index": (
        '(table 1 funcref) (func $f) (elem 0 (i32.const 0) $f) (memory 1) (data 0 (i32.const 0) "a")',
        '(table 1 funcref) (func $f) (elem (i32.const 0) $f) (memory 1) (data (i32.const 0) "a")',
    ),
    "declarative segment": (
        "(func $f) (elem declare func $f)",
        "(func $f) (elem $e declare func 0)",
    ),
    "recursion group of one": (
        "(type $t (sub final (func (param i32))))",
        "(type (func (param i32)))",
    ),
    "reference types": (
        "(func (param funcref externref nullfuncref))",
        "(func (param (ref null func) (ref null extern) (ref null nofunc)))",
    ),
    "address type": ("(memory 1) (table 1 funcref)", "(memory i32 1) (table i32 1 funcref)"),
}


@pytest.mark.parametrize("case", FIELDS)
def test_fields(case: str) -> None:
    same(*FIELDS[case])


INSTRUCTIONS = {
    "folded": ("(i32.add (i32.const 1) (i32.const 2)) drop", "i32.const 1 i32.const 2 i32.add drop"),
    "folded without operands": ("i32.const 1 (drop)", "i32.const 1 drop"),
    "folded block": (
        "(block $a (result i32) (br $a (i32.const 1))) drop",
        "block (result i32) i32.const 1 br 0 end drop",
    ),
    "folded loop": ("(loop $a br $a)", "loop br 0 end"),
    "folded if": (
        "(if (result i32) (i32.const 1) (then (i32.const 2)) (else (i32.const 3))) drop",
        "i32.const 1 if (result i32) i32.const 2 else i32.const 3 end drop",
    ),
    "folded if without else": ("(if (i32.const 1) (then nop))", "i32.const 1 if nop end"),
    "folded if with its condition before": ("i32.const 1 (if (then))", "i32.const 1 if end"),
    "folded if with two operands": (
        "(if (param i32) (i32.const 7) (i32.const 1) (then drop) (else (drop)))",
        "i32.const 7 i32.const 1 if (param i32) drop else drop end",
    ),
    "condition outside the if's label": (
        "(block $a (if $a (block (result i32) (br $a)) (then (br $a))))",
        "block block (result i32) br 1 end if br 0 end end",
    ),
    "labels may be repeated at the end": (
        "block $a i32.const 0 if $b else $b end $b end $a",
        "block i32.const 0 if else end end",
    ),
    "inner label shadows": (
        "block $a block $a br $a end br $a end br 0",
        "block block br 0 end br 0 end br 0",
    ),
    "br_table": ("(block $a (br_table 0 $a 1 (i32.const 0)))", "block i32.const 0 br_table 0 0 1 end"),
    "block type by index": (
        "i32.const 0 (block (type $ii)) drop",
        "i32.const 0 (block (param i32) (result i32)) drop",
    ),
    "table index": (
        "(call_indirect (type $ii) (i32.const 0) (i32.const 0)) drop",
        "(call_indirect 0 (param i32) (result i32) (i32.const 0) (i32.const 0)) drop",
    ),
    "table instructions": (
        "(table.get (i32.const 0)) drop (table.size) drop (table.copy (i32.const 0) (i32.const 0) (i32.const 0))",
        "(table.get $t (i32.const 0)) drop (table.size 0) drop i32.const 0 i32.const 0 i32.const 0 table.copy $t 0",
    ),
    "table.init": (
        "(table.init $e (i32.const 0) (i32.const 0) (i32.const 0))",
        "(table.init 0 0 (i32.const 0) (i32.const 0) (i32.const 0))",
    ),
    "memory index": (
        "(i32.load (i32.const 0)) drop memory.size drop (memory.grow (i32.const 0)) drop",
        "(i32.load $m (i32.const 0)) drop memory.size 0 drop (memory.grow $m (i32.const 0)) drop",
    ),
    "memory.copy": (
        "(memory.copy (i32.const 0) (i32.const 0) (i32.const 0))",
        "(memory.copy $m 0 (i32.const 0) (i32.const 0) (i32.const 0))",
    ),
    "memory.init": (
        "(memory.init $d (i32.const 0) (i32.const 0) (i32.const 0))",
        "(memory.init $m 0 (i32.const 0) (i32.const 0) (i32.const 0))",
    ),
    "memory.init of the second memory": (
        "(memory.init $n $d (i32.const 0) (i32.const 0) (i32.const 0))",
        "(memory.init 1 0 (i32.const 0) (i32.const 0) (i32.const 0))",
    ),
    "alignment and offset": (
        "(i64.load16_u $n offset=0x10 (i32.const 0)) drop",
        "(i64.load16_u 1 offset=16 align=2 (i32.const 0)) drop",
    ),
    "typed select": (
        "(select (result i32) (i32.const 1) (i32.const 2) (i32.const 3)) drop",
        "i32.const 1 i32.const 2 i32.const 3 select (result) (result i32) drop",
    ),
    "numbers": (
        "i32.const -1 drop i64.const 1_000 drop f32.const 0x1p0 drop f64.const -nan drop",
        "i32.const 0xffff_ffff drop i64.const +0x3e8 drop f32.const 1 drop f64.const -nan:0x8000000000000 drop",
    ),
    "quoted identifiers": ('(local.set $"x" (local.get $x))', r'(local.set $"\78" (local.get 0))'),
    "annotations": ('((@a) nop (@"b c" (x)))', "nop"),
}  # fmt: skip


@pytest.mark.parametrize("case", INSTRUCTIONS)
def test_instructions(case: str) -> None:
    module = """
        (type $ii (func (param i32) (result i32))) (func (local $x i32) {})
        (table $t 1 funcref) (elem $e func) (memory $m 1) (memory $n 1) (data $d "")
    """
    short, long = INSTRUCTIONS[case]
    same(module.format(short), module.format(long))


def test_fields_may_come_in_any_order_after_the_imports() -> None:
    same(
        '(export "f" (func $f)) (start $f) (elem (i32.const 0) $f) (func $f) (table $t 1 funcref) (type (func))',
        '(type (func)) (func $f) (table $t 1 funcref) (export "f" (func $f)) (start $f) (elem (i32.const 0) $f)',
    )


def test_a_table_may_have_an_initial_value() -> None:
    same(
        "(func $f) (table 2 (ref func) (ref.func $f))",
        "(func $f) (table i32 2 (ref func) ref.func 0)",
    )


def test_an_empty_else_is_encoded_as_written() -> None:
    binary = wat2wasm("(func i32.const 0 if else end)", names=False)
    assert binary.count(b"\x04\x40\x05\x0b") == 1
