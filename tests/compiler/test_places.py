"""Where control goes: the ways out of suites, and programs whose ends of blocks and of Python suites differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.compiler.control.places import (
    BREAK,
    CONTINUE,
    FALL,
    FLAG,
    LEAVE,
    RETURN,
    STATE,
    Place,
    StructureLimit,
    Suite,
    loop_suite,
)
from pyjsapi.compiler.options import Options
from pyjsapi.syntax.types import I32

OUT = Place((I32,), 0, returns=True)
NOTHING_OUT = Place((), 0, returns=True)


def place() -> Place:
    return Place((), 0)


def test_the_end_of_a_suite_is_fallen_through() -> None:
    behind = place()
    assert Suite(behind, Suite(OUT)).way(behind) is FALL


def test_the_end_of_the_function_is_returned_from_unless_nothing_is_to_return() -> None:
    assert Suite(OUT).way(OUT) is RETURN
    assert Suite(NOTHING_OUT).way(NOTHING_OUT) is FALL
    assert Suite(place(), Suite(NOTHING_OUT)).way(NOTHING_OUT) is RETURN


def test_a_loop_is_broken_continued_and_falls_to_its_start() -> None:
    head, behind = place(), place()
    loop = loop_suite(Suite(OUT), head, behind, head)
    arm = Suite(place(), loop)
    assert (loop.way(head), loop.way(behind)) == (FALL, BREAK)
    assert (arm.way(head), arm.way(behind)) == (CONTINUE, BREAK)


def test_the_start_of_a_block_that_is_a_loop_is_no_place_to_go_to() -> None:
    once = loop_suite(Suite(OUT), place(), place())
    assert once.continues is None


def test_what_lies_outside_a_loop_is_left_for() -> None:
    outer, behind = place(), place()
    around = Suite(outer, Suite(OUT))
    loop = loop_suite(around, place(), behind)
    assert loop.way(outer) is LEAVE
    assert Suite(place(), loop).way(outer) is LEAVE


def test_what_lies_outside_a_suite_without_a_loop_takes_a_flag() -> None:
    outer = place()
    arm = Suite(place(), Suite(place(), Suite(outer, Suite(OUT))))
    assert arm.way(outer) is FLAG


def test_the_start_and_the_end_of_an_outer_loop_are_left_for() -> None:
    head, behind = place(), place()
    outer = loop_suite(Suite(OUT), head, behind, head)
    inner = loop_suite(Suite(place(), outer), place(), place())
    assert (inner.way(head), inner.way(behind)) == (LEAVE, LEAVE)


def test_states_are_continued_and_left_for_from_loops_inside() -> None:
    case = place()
    states = loop_suite(Suite(OUT), place(), place())
    states.states = {case: 2}
    assert states.way(case) is STATE
    assert Suite(place(), states).way(case) is STATE
    assert loop_suite(states, place(), place()).way(case) is LEAVE


def test_a_place_that_is_not_around_the_suite_is_refused() -> None:
    with pytest.raises(StructureLimit):
        Suite(place(), Suite(OUT)).way(place())


LIMITS = {
    "structured": Options(),
    "no loops": Options(max_loops=0),
    "one loop": Options(max_loops=1),
    "four loops": Options(max_loops=4),
    "states": Options(state_machine=True),
}

PROGRAMS: dict[str, tuple[str, dict[int, int]]] = {
    "cases that fall into each other, and a target further out": (
        """(block $far
          (local.set $r (i32.const 7))
          (block $end
            (block $second
              (block $first (br_table $first $second $far $end (local.get $n)))
              (local.set $r (i32.const 10)))
            (local.set $r (i32.add (local.get $r) (i32.const 1))))
          (local.set $r (i32.add (local.get $r) (i32.const 100))))""",
        {0: 111, 1: 108, 2: 7, 3: 107, 9: 107},
    ),
    "a switch that ends a loop and leaves it for a block around": (
        """(block $far
          (loop (nop)
            (block $a (block $b (block $c (br_table $far $a $b $c (local.get $n)))
              (local.set $r (i32.const 1)))
              (local.set $r (i32.add (local.get $r) (i32.const 2))))
            (local.set $r (i32.add (local.get $r) (i32.const 4)))
            (br $far)))""",
        {0: 0, 1: 4, 2: 6, 3: 7, 4: 7},
    ),
    "a loop at the end of a block, left for that block": (
        """(block $far
          (block (br_if $far (i32.eqz (local.get $n))))
          (loop $l
            (local.set $r (i32.add (local.get $r) (i32.const 1)))
            (br_if $far (i32.gt_u (local.get $r) (local.get $n)))
            (br $l)))""",
        {0: 0, 1: 2, 3: 4},
    ),
    "breaks to blocks that end behind the loop": (
        """(block $a (block $b
            (block $p (br_if $p (i32.eq (local.get $n) (i32.const 9))) (br_if $b (i32.eq (local.get $n) (i32.const 5))))
            (loop $l
              (block $q
                (br_if $a (i32.eq (local.get $n) (i32.const 7)))
                (br_if $q (i32.eq (local.get $n) (i32.const 3)))
                (br $b))
              (local.set $n (i32.add (local.get $n) (i32.const 4)))
              (br $l)))
          (return (i32.const 1)))
        (local.set $r (i32.const 2))""",
        {0: 1, 3: 2, 5: 1, 7: 2, 9: 1},
    ),
    "a table's target that is the end of an outer list": (
        """(block $a
          (block $b
            (block $c (block $d (br_table $b $a $c (local.get $n))) (br $a))
            (block (if (local.get $n) (then (br_table $b $b (i32.const 0)))))
            (local.set $r (i32.const 5)))
          (local.set $r (i32.add (local.get $r) (i32.const 1))))""",
        {0: 1, 1: 0, 2: 1},
    ),
    "an arm that diverges past the rest of the list": (
        """(block $end
          (block $middle
            (if (i32.eq (local.get $n) (i32.const 1)) (then (br $end)) (else (local.set $r (i32.const 1))))
            (if (i32.eq (local.get $n) (i32.const 2)) (then (br $middle)))
            (local.set $r (i32.add (local.get $r) (i32.const 10)))
            (if (i32.eq (local.get $n) (i32.const 3)) (then (nop)) (else (br $end)))
            (local.set $r (i32.add (local.get $r) (i32.const 100))))
          (local.set $r (i32.add (local.get $r) (i32.const 1000))))""",
        {0: 11, 1: 0, 2: 1001, 3: 1111},
    ),
    "operands that fall, break and are carried out of two loops": (
        """(local.set $r (block $far (result i32)
          (loop $outer (result i32)
            (block $near (result i32)
              (loop $inner
                (br_if $far (i32.const 5) (i32.eq (local.get $n) (i32.const 5)))
                drop
                (br_if $near (i32.const 6) (i32.ge_u (local.get $n) (i32.const 6)))
                drop
                (local.set $n (i32.add (local.get $n) (i32.const 2)))
                (br_if $inner (i32.and (local.get $n) (i32.const 1))))
              (i32.const 7))
            (local.set $r)
            (local.set $n (i32.add (local.get $n) (i32.const 3)))
            (br_if $outer (i32.lt_u (local.get $n) (i32.const 6)))
            (i32.add (local.get $r) (local.get $n)))))""",
        {0: 5, 1: 5, 2: 14, 3: 5, 4: 16, 6: 15, 7: 16},
    ),
}


@pytest.mark.parametrize("limits", list(LIMITS))
@pytest.mark.parametrize("name", list(PROGRAMS))
def test_control_goes_where_the_labels_say(
    wasm_once: Callable[..., Any], name: str, limits: str
) -> None:
    body, wanted = PROGRAMS[name]
    text = f'(module (func (export "f") (param $n i32) (result i32) (local $r i32) {body} (local.get $r)))'
    instance = wasm_once(text, options=LIMITS[limits])
    assert {n: instance("f", n) for n in wanted} == wanted


def test_blocks_left_by_many_branches_do_not_nest_without_end(wasm: Callable[..., Any]) -> None:
    branches = "".join(f"(br_if $b (i32.eq (local.get 0) (i32.const {i})))" for i in range(200))
    instance = wasm(f"""(module (func (export "f") (param i32) (result i32)
      (block $b {branches} (return (i32.const 1))) (i32.const 2)))""")
    assert [instance("f", n) for n in (0, 29, 31, 199, 200)] == [2, 2, 2, 2, 1]
