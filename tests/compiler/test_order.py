"""Evaluation order: what Python would evaluate in another order, or leave out, than WebAssembly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.syntax.errors import Trap

PRELUDE = """(memory 1) (global $g (mut i32) (i32.const 1)) (global $h (mut i64) (i64.const 1))
  (type $ii (func (param i32) (result i32)))
  (table funcref (elem $bump $bump))
  (func $bump (type $ii)
    (global.set $g (i32.add (i32.mul (global.get $g) (i32.const 10)) (local.get 0)))
    (i32.store (i32.const 0) (global.get $g))
    (global.get $g))"""


def evaluate(wasm: Callable[..., Any], body: str, *arguments: int) -> Any:
    return wasm(
        f'(module {PRELUDE} (func (export "f") (param i32) (result i32) (local i32) {body}))'
    )("f", *arguments)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # operands from left to right
        ("(i32.sub (call $bump (i32.const 2)) (call $bump (i32.const 3)))", 12 - 123 & 0xFFFF_FFFF),
        ("(i32.add (global.get $g) (call $bump (i32.const 2)))", 13),
        ("(i32.add (i32.load (i32.const 0)) (call $bump (i32.const 2)))", 12),
        # a pending load, then a pending call, then an assignment that settles only the call
        ("(i32.add (i32.load (i32.const 0)) (i32.add (call $bump (i32.const 2))"
         " (local.tee 1 (i32.const 5))))", 17),
        ("(i32.add (global.get $g) (i32.add (call $bump (i32.const 2))"
         " (local.tee 1 (i32.const 5))))", 18),
        # store: the address before the value
        ("(i32.store (call $bump (i32.const 2)) (global.get $g)) (i32.load (i32.const 12))", 12),
        ("(i32.store (global.get $g) (call $bump (i32.const 2))) (i32.load align=1 (i32.const 1))", 12),
        ("(i32.store8 (call $bump (i32.const 2)) (call $bump (i32.const 3)))"
         " (i32.load8_u (i32.const 12))", 123),
        ("(f32.store (call $bump (i32.const 2)) (f32.convert_i32_u (global.get $g)))"
         " (i32.trunc_f32_u (f32.load (i32.const 12)))", 12),
        # an f32 store whose index mentions the temporary that its value goes to
        ("(f32.store offset=4 (i32.add (local.get 1) (i32.shl (i32.and (if (result i32) (local.get 0)"
         " (then (local.set 1 (i32.const 8)) (i32.const 3)) (else (i32.const 5))) (i32.const 63))"
         " (i32.const 2))) (f32.sqrt (f32.convert_i32_u (local.get 0))))"
         " (i32.trunc_f32_u (f32.mul (f32.load (i32.const 16)) (f32.const 100)))", 264),
        # select: both operands, then the condition
        ("(select (call $bump (i32.const 2)) (call $bump (i32.const 3)) (i32.const 1))", 12),
        ("(select (global.get $g) (i32.const 5) (call $bump (i32.const 2)))", 1),
        ("(drop (select (call $bump (i32.const 2)) (call $bump (i32.const 3)) (i32.const 1)))"
         " (global.get $g)", 123),
        # call_indirect: the arguments before the index
        ("(call_indirect (type $ii) (global.get $g) (i32.gt_u (call $bump (i32.const 2))"
         " (i32.const 100)))", 121),
        ("(call_indirect (type $ii) (call $bump (i32.const 2)) (i32.eq (global.get $g)"
         " (i32.const 12)))", 132),
        # a value read before a local changes
        ("(i32.sub (local.get 0) (local.tee 0 (i32.const 100)))", 7 - 100 & 0xFFFF_FFFF),
        ("(local.get 0) (local.set 0 (i32.const 100)) (i32.sub (local.get 0))", 7 - 100 & 0xFFFF_FFFF),
        # values that wait below an if, a loop, a branch
        ("(global.get $g) (if (local.get 0) (then (drop (call $bump (i32.const 2)))))"
         " (i32.add (global.get $g))", 13),
        ("(i32.rotl (local.get 0) (i32.const 3)) (if (local.get 0) (then"
         " (local.set 0 (i32.const 1)) (local.set 1 (i32.rotl (local.get 0) (i32.const 5)))))"
         " (i32.add (local.get 1))", 56 + 32),
        ("(block (result i32) (i32.load (i32.const 0)) (drop (br_if 0 (call $bump (i32.const 2))"
         " (i32.eqz (call $bump (i32.const 3))))) (i32.add (global.get $g)))", 123),
        # results of an inner block do not overwrite operands that still wait
        ("(i32.sub (block (result i32) (br_if 0 (i32.const 50) (local.get 0)))"
         " (block (result i32) (br_if 0 (i32.const 8) (local.get 0))))", 42),
        ("(i32.sub (i32.add (i32.const 0) (if (result i32) (local.get 0) (then (local.set 1"
         " (i32.const 3)) (i32.const 50)) (else (i32.const 1)))) (if (result i32) (local.get 0)"
         " (then (local.set 1 (i32.const 3)) (i32.const 8)) (else (i32.const 1))))", 42),
    ],
)  # fmt: skip
def test_order(wasm: Callable[..., Any], body: str, expected: int) -> None:
    assert evaluate(wasm, body, 7) == expected


@pytest.mark.parametrize(
    "body",
    [
        # a pending trap is not left out by a branch, a return or a drop
        "(block (result i32) (i32.load (i32.const -1)) (br_if 0 (i32.const 1) (local.get 0)) (drop))",
        "(i32.load (i32.const -1)) (return (i32.const 1))",
        "(i32.load (i32.const -1)) (br 0 (i32.const 1))",
        "(drop (i32.load (i32.const -1))) (i32.const 1)",
        "(i32.const 1) (select (i32.load (i32.const -1)) (local.get 0))",
        "(i32.load (i32.const -1)) (block (br_if 0 (local.get 0))) (drop) (i32.const 1)",
        "(i32.load (i32.const -1)) (block (block (br_table 0 1 (local.get 0)))) (drop) (i32.const 1)",
        "(i32.and (i32.eqz (local.get 0)) (i32.eqz (i32.load (i32.const -1))))",
    ],
)
def test_traps_are_not_skipped(wasm: Callable[..., Any], body: str) -> None:
    with pytest.raises(Trap, match="out of bounds memory access"):
        evaluate(wasm, body, 7)


def test_a_trap_comes_before_a_later_effect(wasm: Callable[..., Any]) -> None:
    module = wasm(f"""(module {PRELUDE} (func (export "f") (param i32) (result i32)
      (i32.add (i32.div_u (i32.const 1) (local.get 0)) (call $bump (i32.const 2))))
      (func (export "store") (param i32)
        (i32.store (i32.const 4) (i32.const 9))
        (i32.store (i32.div_u (i32.const 1) (local.get 0)) (call $bump (i32.const 2))))
      (func (export "g") (result i32) (global.get $g)))""")
    for name in ("f", "store"):
        with pytest.raises(Trap, match="integer divide by zero"):
            module(name, 0)
    assert module("g") == 1


def test_an_argument_is_evaluated_before_the_callee_is_looked_up(
    wasm: Callable[..., Any],
) -> None:
    module = wasm(f"""(module {PRELUDE}
      (func (export "f") (param i32) (result i32)
        (call_indirect (type $ii) (call $bump (i32.const 2)) (local.get 0)))
      (func $set (param i32) (result i32)
        (table.set 0 (i32.const 1) (ref.null func)) (local.get 0))
      (func (export "changed") (param i32) (result i32)
        (call_indirect (type $ii) (call $set (local.get 0)) (i32.const 1)))
      (func (export "both") (param i32) (result i32)
        (call_indirect (type $ii) (i32.load (local.get 0)) (i32.const 9)))
      (func (export "g") (result i32) (global.get $g)))""")
    with pytest.raises(Trap, match="undefined element"):
        module("f", 9)
    assert module("g") == 12
    with pytest.raises(Trap, match="uninitialized element"):
        module("changed", 0)
    with pytest.raises(Trap, match="out of bounds memory access"):
        module("both", 0xFFFF_FFFF)


def test_the_first_of_two_traps_is_the_one_reported(wasm: Callable[..., Any]) -> None:
    with pytest.raises(Trap, match="integer divide by zero"):
        evaluate(
            wasm, "(i32.store (i32.div_u (i32.const 1) (i32.const 0)) (i32.load (i32.const -1)))"
            " (i32.const 1)", 0,
        )  # fmt: skip
    with pytest.raises(Trap, match="out of bounds"):
        evaluate(
            wasm, "(i32.add (i32.load (i32.const -1)) (i32.div_u (i32.const 1) (local.get 0)))", 0
        )


@pytest.mark.parametrize("operand", range(3))
@pytest.mark.parametrize(
    ("instruction", "drop", "message"),
    [
        ("memory.init $d", "(data.drop $d)", "out of bounds memory access"),
        ("table.init $e", "(elem.drop $e)", "out of bounds table access"),
    ],
)
def test_a_segment_is_read_after_the_operands(
    wasm: Callable[..., Any], instruction: str, drop: str, message: str, operand: int
) -> None:
    operands = ["(i32.const 0)", "(i32.const 0)", "(i32.const 4)"]
    operands[operand] = f"(call $drop (i32.const {4 if operand == 2 else 0}))"
    module = wasm(f"""(module (memory 1) (data $d "abcdefgh") (table 4 funcref)
      (elem $e func $f $f $f $f) (func $f)
      (func $drop (param i32) (result i32) {drop} (local.get 0))
      (func (export "f") ({instruction} {" ".join(operands)}))
      (func (export "first") (result i32) (i32.load8_u (i32.const 0)))
      (func (export "null") (result i32) (ref.is_null (table.get (i32.const 0)))))""")
    with pytest.raises(Trap, match=message):
        module("f")
    assert (module("first"), module("null")) == (0, 1)
