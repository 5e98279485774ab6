"""Range facts: masks fall away where they may, and only there."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.compiler.expression import NEGATED, Compare, Entry, Not
from pyjsapi.compiler.facts import MAX_ALIGNMENT, Facts, alignment_of, join, without
from pyjsapi.compiler.frame import Frame
from pyjsapi.compiler.options import Options
from pyjsapi.syntax.types import I32, I64, ValType


def test_alignment() -> None:
    assert [alignment_of(v) for v in (0, 1, 2, 12, -8, 1 << 20)] == [MAX_ALIGNMENT, 0, 1, 2, 3, 6]


def test_join_weakens() -> None:
    facts = {0: (0, 10, 3), 1: (5, 5, 0), 2: (0, 1, 1)}
    join(facts, {0: (4, 20, 2), 1: (5, 5, 0)})
    assert facts == {0: (0, 20, 2), 1: (5, 5, 0)}


def test_without_forgets_assigned_locals() -> None:
    assert without({0: (0, 1, 0), 3: (0, 1, 0)}, 1 << 3) == {0: (0, 1, 0)}


@pytest.mark.parametrize(
    ("body", "line"),
    [
        # an access proves that the address is small
        ("(drop (i32.load8_u (local.get 0))) (local.set 0 (i32.add (local.get 0) (i32.const 1)))",
         "l0=l0+1"),
        # a bound proves that a counter does not wrap
        ("(if (i32.lt_u (local.get 0) (i32.const 10))"
         " (then (local.set 1 (i32.add (local.get 0) (i32.const 1)))))", "l1=l0+1"),
        ("(if (i32.ge_s (local.get 0) (i32.const 10)) (then"
         " (local.set 1 (i32.gt_s (local.get 0) (i32.const 20)))))", "l1=1 if l0>20 else 0"),
        ("(local.set 0 (i32.and (local.get 0) (i32.const 255)))"
         " (local.set 1 (i32.mul (local.get 0) (i32.const 1000)))", "l1=l0*1000"),
        # no bound, no proof
        ("(local.set 0 (i32.add (local.get 0) (i32.const 1)))",
         "l0=l0+1 if l0<=1073741822 or l0<=4294967294 else l0-4294967295"),
        ("(if (i32.le_u (local.get 0) (i32.const -1))"
         " (then (local.set 1 (i32.add (local.get 0) (i32.const 1)))))",
         "l1=l0+1 if l0<=1073741822 or l0<=4294967294 else l0-4294967295"),
        # a fact does not survive an assignment in a loop
        ("(local.set 0 (i32.const 5)) (loop $l (local.set 1 (i32.add (local.get 0) (i32.const 1)))"
         " (local.set 0 (i32.mul (local.get 0) (local.get 0))) (br_if $l (local.get 1)))",
         "l1=l0+1 if l0<=1073741822 or l0<=4294967294 else l0-4294967295"),
        # or one arm of an if
        ("(local.set 0 (i32.const 5)) (if (local.get 1) (then (local.set 0 (i32.const -1))))"
         " (local.set 1 (i32.add (local.get 0) (i32.const 1)))",
         "l1=l0+1 if l0<=1073741822 or l0<=4294967294 else l0-4294967295"),
    ],
)  # fmt: skip
def test_masks(wasm_once: Callable[..., Any], body: str, line: str) -> None:
    source = wasm_once(
        f'(module (memory 1) (func (export "f") (param i32) (local i32) {body}))'
    ).source(0)
    assert line in [text.strip() for text in source.splitlines()]


def test_facts_never_change_results(wasm_once: Callable[..., Any]) -> None:
    """Loops with random bounds, steps and comparisons, with and without facts."""
    generator = random.Random(11)
    for _ in range(60):
        start, step, bound = (
            generator.choice([0, 1, 2, 7, 10, 12, 0x7FFF_FFFE, 0x8000_0000, 0xFFFF_FFF0]),
            generator.choice([1, 2, 3, 4, 0xFFFF_FFFF, 0xFFFF_FFFC]),
            generator.choice([0, 1, 10, 12, 20, 0x7FFF_FFFF, 0x8000_0001, 0xFFFF_FFFF]),
        )
        test = generator.choice(["ne", "lt_u", "lt_s", "gt_u", "gt_s", "le_u", "ge_s", "eq"])
        limit = generator.choice(["(local.get 0)", f"(i32.const {bound})"])
        text = f"""(module (memory 1)
          (func (export "f") (param i32) (result i32 i32 i32) (local i32 i32 i32)
            (local.set 1 (i32.const {start}))
            (block $out (loop $l
              (local.set 3 (i32.add (local.get 3) (i32.div_s (local.get 1) (i32.const 3))))
              (local.set 3 (i32.xor (local.get 3) (i32.gt_s (local.get 1) (local.get 3))))
              (br_if $out (i32.ge_u (local.tee 2 (i32.add (local.get 2) (i32.const 1))) (i32.const 40)))
              (br_if $l (i32.{test} (local.tee 1 (i32.add (local.get 1) (i32.const {step}))) {limit}))))
            (local.get 1) (local.get 2) (local.get 3)))"""
        clever = wasm_once(text)
        simple = wasm_once(text, options=Options(facts=False))
        assert clever("f", bound) == simple("f", bound), text


def test_a_wide_temporary_that_is_to_be_wrapped_is_no_narrow_one(wasm: Callable[..., Any]) -> None:
    """``i32.wrap_i64`` of a temporary writes nothing, and the temporary holds too much for an i32 parameter."""
    shift = "(i32.const 1) (i32.shr_u)"
    functions = "".join(
        f"""
        (func (export "{kind}") (param i64) (result i32)
          (block (result i64) (br_if 0 (local.get 0) (i32.eqz (i64.eqz (local.get 0)))))
          (i32.wrap_i64)
          ({kind} (param i32) (result i32) {body}))"""
        for kind, body in (
            ("block", shift),
            ("loop", shift),
            ("if", f"(then {shift}) (else)"),
        )
    ).replace("(if (param", "(i32.const 1) (if (param")
    module = wasm(f"(module {functions})")
    for kind in ("block", "loop", "if"):
        for value in (0, 4, 0x5_0000_0004, 0xFFFF_FFFF_FFFF_FFFE):
            assert module(kind, value) == (value & 0xFFFF_FFFF) >> 1, kind


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 else value


def _holds(operator: str, a: int, b: int, bits: int) -> bool:
    if operator.endswith("_s"):
        a, b = _signed(a, bits), _signed(b, bits)
    return {
        "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b, "==": a == b, "!=": a != b,
        "lt_s": a < b, "le_s": a <= b, "gt_s": a > b, "ge_s": a >= b,
    }[operator]  # fmt: skip


@pytest.mark.parametrize("type_", [I32, I64])
@pytest.mark.parametrize("operator", NEGATED)
def test_what_a_comparison_says(operator: str, type_: ValType) -> None:
    """No pair of values for which a comparison comes out so is ruled out by what is concluded from it."""
    generator = random.Random(operator)
    bits = 32 if type_ is I32 else 64
    edges = [
        (edge + near) % (1 << bits)
        for edge in (0, 1 << bits - 1, 1 << 30)
        for near in (-2, -1, 0, 1, 2)
    ]
    frame = Frame.__new__(Frame)
    frame.options = Options()
    concluded = 0
    for _ in range(400):
        intervals = []
        for _ in range(2):
            low, high = sorted(generator.choices(edges, k=2))
            intervals.append((low, low if generator.random() < 0.4 else high))
        a, b = (
            Entry(type_, f"l{i}", 15, low, high, 1 << i, local=i)
            for i, (low, high) in enumerate(intervals)
        )
        truth = generator.random() < 0.5
        condition = Entry(I32, "", 15, form=Compare(operator, a, b))
        if generator.random() < 0.3:
            condition = Entry(I32, "", 15, form=Not(condition))
        facts: Facts = {i: (*interval, 0) for i, interval in enumerate(intervals)}
        frame.facts = dict(facts)
        frame.refine(condition, truth)
        concluded += frame.facts != facts
        wanted = truth ^ isinstance(condition.form, Not)
        for x in {*edges, *intervals[0]}:
            for y in {*edges, *intervals[1]}:
                inside = a.low <= x <= a.high and b.low <= y <= b.high
                if inside and _holds(operator, x, y, bits) == wanted:
                    assert frame.facts[0][0] <= x <= frame.facts[0][1]
                    assert frame.facts[1][0] <= y <= frame.facts[1][1]
    assert concluded > 20
