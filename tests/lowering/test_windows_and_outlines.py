"""What moves into helpers, beside single accesses, and that it does there what it did before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.binary.names import names_of
from pyjsapi.lowering import Options, lower
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import Module
from pyjsapi.text import wat2wasm

Plan = Callable[[bytes], tuple[dict[str, Any], list[Module]]]

HOT = """(func $hot (export "hot") (param i32) (result i32) (local $s i32)
  (loop (loop $l (local.set $s (i32.add (local.get $s) (i32.load $near (local.get 0))))
    (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))) (local.get $s))"""
"""Makes the first memory the one that stays in the main module."""


def text(*functions: str, memories: str = '(memory $far (export "far") 1)') -> str:
    near = '(memory $near (export "near") 1) (data (memory $near) (i32.const 0) "abcdefghijklmnop")'
    return f"(module {near} {memories} {HOT} {' '.join(functions)})"


def calls(module: Module, export: str) -> int:
    """Calls in an exported function of the main module."""
    index = next(e.index for e in module.exports if e.name == export)
    body = module.funcs[index - len(module.imports)].code.load().body
    return sum(instr[0] is BY_MNEMONIC["call"] for instr in body)


COUNTER = """(func $count (export "f") (param i32) (result i64)
  (i64.store $far offset=8 (i32.const 0) (i64.add (i64.load $far offset=8 (i32.const 0)) (i64.const 1)))
  (drop (i32.load $near (local.get 0))) (i64.load $far offset=8 (i32.const 0)))"""
SUM = """(func (export "f") (param i32) (result i32) (drop (i32.load8_u $near (local.get 0)))
  (i32.add (i32.mul (i32.load $far (local.get 0)) (i32.const 3)) (i32.load $far offset=4 (local.get 0))))"""
TEE = """(func (export "f") (param i32) (result i32) (local $t i32) (drop (i32.load8_u $near (local.get 0)))
  (local.set $t (i32.add (i32.load $far (local.get 0)) (i32.const 1)))
  (i32.store $far offset=16 (local.get 0) (local.get $t))
  (i32.add (local.get $t) (i32.load $far offset=16 (local.get 0))))"""
LOADS = """(func (export "f") (param i32) (result i32) (drop (i32.load8_u $near (local.get 0)))
  (i32.load $far (local.get 0)) (i32.load $far offset=4 (local.get 0)) (if (param i32) (result i32)
  (then) (else (drop) (i32.const 5))))"""


@pytest.mark.parametrize(
    ("function", "count"),
    [(COUNTER, 2), (SUM, 1), (TEE, 2), (LOADS, 2)],
    ids=["counter", "sum", "tee", "loads"],
)
def test_adjacent_accesses_become_one_call_with_at_most_one_result(
    plan_of: Plan,
    original: Callable[..., Any],
    lowered: Callable[..., Any],
    function: str,
    count: int,
) -> None:
    source = text(function)
    _, (main, *helpers) = plan_of(lower(wat2wasm(source)))
    assert calls(main, "f") == count
    results = [t.results for h in helpers for r in h.types for t in [r.subtypes[0].comp]]  # type: ignore[union-attr]
    assert all(len(result) <= 1 for result in results)
    one, other = original(source), lowered(source)
    for address in (0, 1, 65516, 65520, 65532, 65533, 0xFFFFFFFF, 0):
        assert one.f(address) == other.f(address)


@pytest.mark.parametrize(
    "memories", ['(memory $far (export "far") 1)', "(memory $far 1 3) (memory $more 1)"]
)
def test_functions_on_one_memory_move_with_those_that_they_call(
    plan_of: Plan, original: Callable[..., Any], lowered: Callable[..., Any], memories: str
) -> None:
    source = text(
        """(func $fill (param $at i32) (param $n i32) (result i32)
          (block $end (loop $l (br_if $end (i32.eqz (local.get $n)))
            (i32.store8 $far (local.get $at) (local.get $n))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (local.set $n (i32.sub (local.get $n) (i32.const 1))) (br $l)))
          (i32.add (memory.size $far) (i32.load $far (i32.sub (local.get $at) (i32.const 4)))))""",
        """(func $twice (export "twice") (param i32) (result i32)
          (memory.fill $far (local.get 0) (i32.const 7) (i32.const 3))
          (memory.copy $far $far (i32.const 64) (local.get 0) (i32.const 9))
          (drop (memory.grow $far (i32.const 1)))
          (block $a (block $b (br_table $a $b (i32.and (local.get 0) (i32.const 1))))
            (drop (i32.load $far (i32.const 3))))
          (i32.add (call $fill (local.get 0) (i32.const 20)) (call $fill (i32.const 8) (i32.const 5))))""",
        """(func $stays (export "stays") (param i32) (result i32)
          (i32.add (call $twice (local.get 0)) (i32.load $near (i32.const 0))))""",
        memories=memories,
    )
    _, (main, *helpers) = plan_of(lower(wat2wasm(source)))
    assert len(main.funcs) == 2  # $hot and $stays
    names = {name for helper in helpers for name in names_of(helper).funcs.values()}
    assert names == {"fill", "twice"}
    one, other = original(source), lowered(source)
    for function in ("twice", "stays", "twice", "stays"):
        for address in (
            0,
            100,
            65500,
            65536 - 20,
            65536 - 19,
            131072 - 20,
            131072 - 19,
            0xFFFFFFF0,
        ):
            assert getattr(one, function)(address) == getattr(other, function)(address)


@pytest.mark.parametrize(
    "body",
    [
        "(drop (i32.load $near (local.get 0)))",
        "(global.set $g (i32.const 1))",
        "(call $host)",
        "(call_indirect (i32.const 0))",
        "(drop (table.get $t (i32.const 0)))",
        "(drop (ref.func $f))",
        "(drop (ref.null any))",
        "(data.drop $d)",
        "(block (try_table (catch_all 0)))",
        "(drop (block (result funcref) (ref.null func)))",
        "(drop (ref.i31 (i32.const 1)))",
    ],
)
def test_a_function_that_names_anything_else_stays(plan_of: Plan, body: str) -> None:
    function = f'(func $f (export "f") (param i32) (drop (i32.load $far (local.get 0))) {body})'
    more = '(global $g (mut i32) (i32.const 0)) (table $t 1 funcref) (data $d "x") (func $host (import "a" "b"))'
    source = (
        f'(module (import "a" "b" (func $host)) {text(function)[8:-1]} {more.split("(func")[0]})'
    )
    _, (main, *_) = plan_of(lower(wat2wasm(source)))
    assert len(main.funcs) == 2


def test_what_moves_can_be_switched_off(plan_of: Plan) -> None:
    function = """(func (export "f") (param i32) (result i32)
      (i32.add (i32.load $far (local.get 0)) (i32.load $far offset=4 (local.get 0))))"""
    data = wat2wasm(text(function))
    _, (main, *_) = plan_of(lower(data, options=Options(outline=False)))
    assert (len(main.funcs), calls(main, "f")) == (2, 1)
    _, (main, *_) = plan_of(lower(data, options=Options(outline=False, windows=False)))
    assert calls(main, "f") == 2
