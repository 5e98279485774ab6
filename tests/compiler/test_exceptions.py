"""Exceptions in generated code: what is caught and where, in every mode of translation."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.runtime import HOST_TAG, ExnInst, FuncInst
from pyjsapi.runtime.exception import TagInst
from pyjsapi.syntax.errors import Exhaustion, Trap

Host = Callable[..., FuncInst]
Wasm = Callable[..., Any]

# Throws $a with the argument where its low bits are 3, $b where they are 5, else gives the argument plus 1.
MAY_THROW = """
  (tag $a (export "a") (param i32)) (tag $b (export "b")) (tag $two (param i64 f64))
  (func $f (param i32) (result i32)
    (if (i32.eq (i32.and (local.get 0) (i32.const 7)) (i32.const 3)) (then (throw $a (local.get 0))))
    (if (i32.eq (i32.and (local.get 0) (i32.const 7)) (i32.const 5)) (then (throw $b)))
    (i32.add (local.get 0) (i32.const 1)))
"""


def test_the_first_clause_that_matches_takes_the_exception(wasm: Wasm) -> None:
    module = wasm(f"""(module {MAY_THROW}
      (func (export "f") (param i32) (result i32)
        (block $b_caught
          (block $a_caught (result i32)
            (try_table (result i32) (catch $a $a_caught) (catch $b $b_caught) (call $f (local.get 0)))
            (return))
          (return (i32.add (i32.const 100))))
        (i32.const -1)))""")
    assert [module("f", n) for n in (0, 3, 5, 11)] == [1, 103, 2**32 - 1, 111]


def test_what_no_clause_catches_goes_on(wasm: Wasm) -> None:
    module = wasm(f"""(module {MAY_THROW}
      (func $inner (param i32) (result i32)
        (block (result i32) (try_table (catch $a 0) (return (call $f (local.get 0)))) (unreachable)))
      (func (export "f") (param i32) (result i32)
        (block (try_table (result i32) (catch $b 0) (call $inner (local.get 0))) (return))
        (i32.const 77)))""")
    assert [module("f", n) for n in (0, 3, 5)] == [1, 3, 77]


def test_an_uncaught_exception_leaves_with_tag_and_payload(wasm: Wasm) -> None:
    module = wasm(
        '(module (tag $t (export "t") (param i64 f64)) (func (export "f") (throw $t (i64.const -1) (f64.const 0.5))))'
    )
    with pytest.raises(ExnInst) as caught:
        module("f")
    assert caught.value.tag is module.instance.exports["t"]
    assert caught.value.payload == (2**64 - 1, 0.5)
    assert caught.value.tag.type.type.func.params[1].name == "f64"


def test_payloads_and_references_reach_the_label(wasm: Wasm) -> None:
    module = wasm("""(module (tag $t (param i64 f64 externref))
      (func (export "f") (param externref) (result f64 externref i64 i32)
        (local $x i64) (local $e exnref)
        (block $h (result i64 f64 externref exnref)
          (try_table (catch_ref $t $h) (throw $t (i64.const 5) (f64.const 1.5) (local.get 0)))
          (unreachable))
        (local.set $e) (local.set 0) (drop) (local.set $x)
        (f64.const 2.5) (local.get 0) (local.get $x) (ref.is_null (local.get $e))))""")
    given = object()
    assert module("f", given) == (2.5, given, 5, 0)


@pytest.mark.parametrize("clause", ["(catch_all $h)", "(catch_all_ref $r)"])
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("unreachable", "unreachable"),
        ("(drop (i32.div_s (i32.const 1) (local.get 0)))", "integer divide by zero"),
        ("(drop (i32.load (i32.const -1)))", "out of bounds memory access"),
        ("(call_indirect (i32.const 9))", "undefined element"),
        ("(throw_ref (ref.null exn))", "null exception reference"),
        ("(call $divide (local.get 0))", "integer divide by zero"),
    ],
)
def test_traps_are_not_caught(wasm: Wasm, clause: str, body: str, message: str) -> None:
    module = wasm(f"""(module (memory 1) (table 1 funcref)
      (func $divide (param i32) (block (try_table (catch_all 0) (drop (i64.rem_u (i64.const 1)
        (i64.extend_i32_u (local.get 0)))))))
      (func (export "f") (param i32)
        (block $h (drop (block $r (result exnref) (try_table {clause} {body}) (return))))))""")
    with pytest.raises(Trap, match=message):
        module("f", 0)


@pytest.mark.usefixtures("deep_stack")
def test_exhaustion_is_not_caught(wasm_once: Wasm) -> None:
    module = wasm_once("""(module
      (func $deep (export "f") (block (try_table (catch_all 0) (call $deep))))
      (func (export "g") (result i32) (i32.const 1)))""")
    for _ in range(2):
        with pytest.raises(Exhaustion):
            module("f")
        assert module("g") == 1


@pytest.mark.parametrize(
    "error", [KeyError("k"), IndexError("theirs"), ZeroDivisionError("theirs"), struct.error()]
)
def test_what_the_host_raises_is_caught_and_thrown_again_unchanged(
    wasm: Wasm, host: Host, error: Exception
) -> None:
    def fail() -> None:
        raise error

    module = wasm(
        """(module (import "" "f" (func $f)) (tag $other)
      (func (export "all") (result i32)
        (block (try_table (catch_all 0) (call $f)) (return (i32.const 0))) (i32.const 1))
      (func (export "other") (result i32)
        (block (try_table (catch $other 0) (call $f)) (return (i32.const 0))) (i32.const 1))
      (func (export "again") (block (result exnref) (try_table (catch_all_ref 0) (call $f)) (return)) (throw_ref)))""",
        host(fail),
    )
    assert module("all") == 1
    for name in ("other", "again"):
        with pytest.raises(type(error)) as caught:
            module(name)
        assert caught.value is error


def test_host_exceptions_have_a_tag(wasm: Wasm, host: Host) -> None:
    error = LookupError("x")

    def fail() -> None:
        raise error

    module = wasm(
        """(module (import "" "f" (func $f)) (import "" "t" (tag $host (param externref)))
      (func (export "f") (result externref)
        (block (result externref) (try_table (catch $host 0) (call $f)) (ref.null extern)))
      (func (export "g") (param externref) (throw $host (local.get 0))))""",
        host(fail),
        HOST_TAG,
    )
    assert module("f") is error
    with pytest.raises(LookupError) as caught:
        module("g", error)
    assert caught.value is error
    with pytest.raises(ExnInst) as thrown:
        module("g", "no exception")
    assert thrown.value.payload == ("no exception",)


def test_interrupts_are_not_caught(wasm: Wasm, host: Host) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    module = wasm(
        '(module (import "" "f" (func $f)) (func (export "f") (block (try_table (catch_all 0) (call $f)))))',
        host(interrupt),
    )
    with pytest.raises(KeyboardInterrupt):
        module("f")


def test_throw_ref_keeps_the_exception(wasm: Wasm) -> None:
    module = wasm("""(module (tag $t (param i32)) (global $kept (mut exnref) (ref.null exn))
      (func (export "keep") (global.set $kept
        (block (result exnref) (try_table (catch_all_ref 0) (throw $t (i32.const 4))) (unreachable))))
      (func (export "throw") (throw_ref (global.get $kept))))""")
    module("keep")
    seen = []
    for _ in range(2):
        with pytest.raises(ExnInst) as caught:
            module("throw")
        seen.append(caught.value)
    assert seen[0] is seen[1]
    assert seen[0].payload == (4,)


def test_tags_are_generative_and_shared_by_import(wasm: Wasm) -> None:
    text = '(module (tag $t (export "t") (param i32)) (func (export "f") (throw $t (i32.const 1))))'
    first, second = wasm(text), wasm(text)
    assert isinstance(first.instance.exports["t"], TagInst)
    catcher = """(module (import "" "t" (tag $t (param i32))) (import "" "f" (func $f))
      (func (export "f") (result i32) (block (result i32) (try_table (catch $t 0) (call $f)) (i32.const -1))))"""
    tag = first.instance.exports["t"]
    assert wasm(catcher, tag, first.instance.exports["f"])("f") == 1
    with pytest.raises(ExnInst):
        wasm(catcher, tag, second.instance.exports["f"])("f")


def test_locals_have_the_values_of_where_it_was_thrown(wasm: Wasm) -> None:
    module = wasm(f"""(module {MAY_THROW}
      (func (export "f") (param $n i32) (result i32 i32 i32) (local $i i32) (local $sum i32)
        (block $done
          (try_table (catch_all $done)
            (loop $next
              (local.set $sum (i32.add (local.get $sum) (call $f (local.get $n))))
              (local.set $n (i32.add (local.get $n) (i32.const 8)))
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (if (i32.eq (local.get $i) (i32.const 4)) (then (local.set $n (i32.const 3))))
              (br_if $next (i32.lt_u (local.get $i) (i32.const 10))))))
        (local.get $i) (local.get $sum) (local.get $n)))""")
    assert module("f", 0) == (4, 1 + 9 + 17 + 25, 3)


@pytest.mark.parametrize("step", [1, 4])
def test_counters_are_right_when_an_exception_leaves_the_loop(wasm: Wasm, step: int) -> None:
    # Loops like this become ``for``, which may leave the counter to Python.
    module = wasm(f"""(module {MAY_THROW} (memory 1)
      (func (export "f") (param $p i32) (result i32 i32) (local $n i32)
        (local.set $n (i32.const 8))
        (block $out
          (try_table (catch_all $out)
            (loop $next
              (drop (call $f (i32.load8_u (local.get $p))))
              (local.set $p (i32.add (local.get $p) (i32.const {step})))
              (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
        (local.get $n) (local.get $p))
      (func (export "set") (param i32) (i32.store8 (local.get 0) (i32.const 3))))""")
    assert module("f", 0) == (0, 8 * step)
    module("set", 5 * step)
    assert module("f", 0) == (3, 5 * step)


def test_facts_from_the_body_do_not_hold_in_a_handler(wasm: Wasm) -> None:
    module = wasm(f"""(module {MAY_THROW} (memory 1)
      (func (export "f") (param $p i32) (param $n i32) (result i32) (local $q i32)
        (local.set $q (i32.const -1))
        (block $h
          (try_table (catch_all $h)
            (drop (call $f (local.get $n)))
            (drop (i32.load (local.get $p)))
            (local.set $q (i32.const 1)))
          (return (i32.add (local.get $p) (i32.const 1))))
        (i32.add (i32.add (local.get $p) (local.get $q)) (i32.const 2))))""")
    assert module("f", 2**32 - 1, 5) == 0
    assert module("f", 8, 0) == 9


def test_effects_before_the_exception_are_visible_in_every_memory(wasm: Wasm) -> None:
    module = wasm(f"""(module {MAY_THROW} (memory $m 1) (memory $n 1) (memory $o 1 3)
      (func (export "f") (param i32) (result i32 i32 i32)
        (block $h
          (try_table (catch_all $h)
            (i32.store $m (i32.const 0) (i32.const 1))
            (i32.store $n (i32.const 0) (i32.const 2))
            (drop (memory.grow $o (i32.const 1)))
            (i32.store $o (i32.const 65536) (i32.const 3))
            (i32.store $n (i32.const 4) (call $f (local.get 0)))
            (i32.store $m (i32.const 0) (i32.const 99))))
        (i32.load $m (i32.const 0))
        (i32.add (i32.load $n (i32.const 0)) (i32.load $n (i32.const 4)))
        (i32.load $o (i32.const 65536))))""")
    assert module("f", 5) == (1, 2, 3)
    assert module("f", 0) == (99, 3, 3)


def test_operands_below_survive(wasm: Wasm) -> None:
    module = wasm(f"""(module {MAY_THROW} (memory 1) (global $g (mut i32) (i32.const 7))
      (func (export "f") (param i32) (result i32)
        (global.get $g) (i32.load (i32.const 0)) (i32.mul (local.get 0) (i32.const 3))
        (block $h (result i32)
          (try_table (result i32) (catch $a $h)
            (global.set $g (i32.const 1000)) (i32.store (i32.const 0) (i32.const 500)) (local.set 0 (i32.const 11))
            (call $f (local.get 0))))
        (i32.add) (i32.add) (i32.add)))""")
    assert module("f", 2) == 7 + 0 + 6 + 11


def test_a_clause_may_continue_a_loop(wasm: Wasm) -> None:
    module = wasm(f"""(module {MAY_THROW}
      (func (export "f") (param $n i32) (result i32) (local $thrown i32)
        (loop $again (result i32)
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (if (i32.gt_u (local.get $n) (i32.const 40)) (then (return (local.get $thrown))))
          (local.set $thrown (i32.add (local.get $thrown) (i32.const 1)))
          (try_table (result i32) (catch $b $again)
            (drop (call $f (i32.or (local.get $n) (i32.const 5))))
            (i32.const 9)))))""")
    assert module("f", 0) == 9
    assert module("f", 39) == 1


def test_branches_and_returns_leave_the_protected_code(wasm: Wasm) -> None:
    module = wasm(f"""(module {MAY_THROW}
      (func $tail (param i32) (result i32) (return_call $f (local.get 0)))
      (func (export "br") (param i32) (result i32)
        (block $h
          (block $out
            (try_table (catch_all $h)
              (br_if $out (local.get 0))
              (loop (block (br_table $out 0 1 $out (i32.const 7))))))
          (drop (call $f (i32.const 3))))
        (i32.const 1))
      (func (export "tail") (param i32) (result i32)
        (block $h (try_table (catch_all $h) (return_call $tail (local.get 0))))
        (i32.const 55))
      (func $down (export "self") (param i32) (result i32)
        (block $h
          (try_table (catch_all $h)
            (if (local.get 0) (then (return_call $down (i32.sub (local.get 0) (i32.const 1)))))
            (throw $b)))
        (i32.const 66)))""")
    with pytest.raises(ExnInst):
        module("br", 1)
    with pytest.raises(ExnInst):
        module("tail", 3)
    assert module("tail", 0) == 1
    assert module("self", 20_000) == 66


@pytest.mark.parametrize("depth", [3, 12, 25, 150])
def test_protected_code_nests_deeper_than_python_has_blocks(wasm: Wasm, depth: int) -> None:
    # Every level catches $b, adds its number and goes on; only the outermost catches $a.
    body = "(drop (call $f (local.get 0)))"
    for level in range(depth):
        body = (
            f"(block $h{level} (try_table (catch $b $h{level}) {body}) (br 0))"
            f"(local.set 1 (i32.add (local.get 1) (i32.const {level + 1})))"
            "(drop (call $f (local.get 0)))"
        )
    module = wasm(f"""(module {MAY_THROW} (func (export "f") (param i32) (result i32) (local i32)
      (block $out (block $a (result i32) (try_table (catch $a $a) (catch_all $out) {body}) (return (local.get 1)))
        (return (i32.mul (i32.const -1))))
      (i32.add (local.get 1) (i32.const 1000))))""")
    total = depth * (depth + 1) // 2
    assert module("f", 0) == total
    assert module("f", 3) == 2**32 - 3
    assert module("f", 5) == 1000 + total


def test_deep_unwinding(wasm_once: Wasm) -> None:
    module = wasm_once("""(module (tag $t (param i32))
      (func $down (param i32)
        (if (i32.eqz (local.get 0)) (then (throw $t (i32.const 7))))
        (call $down (i32.sub (local.get 0) (i32.const 1))))
      (func $each (param i32)
        (block (result exnref)
          (try_table (catch_all_ref 0)
            (if (i32.eqz (local.get 0)) (then (throw $t (i32.const 8))))
            (call $each (i32.sub (local.get 0) (i32.const 1))))
          (return))
        (throw_ref))
      (func (export "once") (param i32) (result i32)
        (block (result i32) (try_table (catch $t 0) (call $down (local.get 0))) (i32.const 1)))
      (func (export "each") (param i32) (result i32)
        (block (result i32) (try_table (catch $t 0) (call $each (local.get 0))) (i32.const 1))))""")
    for name, result in (("once", 7), ("each", 8)):
        assert module(name, 9000) == result


def test_a_caught_exception_keeps_no_frames(wasm: Wasm) -> None:
    module = wasm("""(module (tag $t)
      (func $f (throw $t))
      (func (export "f") (result exnref)
        (block (result exnref) (try_table (catch_all_ref 0) (call $f)) (unreachable))))""")
    exn = module("f")
    assert isinstance(exn, ExnInst)
    assert exn.__traceback__ is None
    assert exn.__context__ is None


def test_untaken_handlers_are_pythons_own(wasm_once: Wasm) -> None:
    module = wasm_once(f"""(module {MAY_THROW}
      (func (export "g") (param i32) (result i32)
        (block (try_table (result i32) (catch_all 0) (call $f (local.get 0))) (return)) (i32.const 0)))""")
    lines = module.source(1).split("\n")
    assert [line.strip() for line in lines if "try" in line or "except" in line] == [
        "try:",
        "except Exception as _x:",
    ]
