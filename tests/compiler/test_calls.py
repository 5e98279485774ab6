"""Calls: results, indirect calls, tail calls, recursion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.compiler.variants import Assumptions
from pyjsapi.runtime import FuncInst
from pyjsapi.syntax.errors import Exhaustion, Trap

Host = Callable[..., FuncInst]


def test_several_results_and_many_parameters(wasm: Callable[..., Any]) -> None:
    many = 300
    module = wasm(f"""(module
      (func $two (param i32) (result i32 i64) (local.get 0) (i64.const 9))
      (func (export "f") (param i32) (result i64 i32)
        (local i64) (call $two (local.get 0)) (local.set 1) (local.set 0)
        (local.get 1) (local.get 0))
      (func $many (param {"i32 " * many}) (result i32) (local.get {many - 1}))
      (func (export "many") (param i32) (result i32)
        (call $many {"(local.get 0)" * (many - 1)} (i32.add (local.get 0) (i32.const 1)))))""")
    assert module("f", 4) == (9, 4)
    assert module("many", 4) == 5


INDIRECT = """(module (type $u (func (param i32) (result i32))) (type $n (func))
  (table $a funcref (elem $inc $nothing)) (table $b i64 5 funcref)
  (func $inc (type $u) (i32.add (local.get 0) (i32.const 1)))
  (func $nothing)
  (func (export "a") (param i32 i32) (result i32)
    (call_indirect $a (type $u) (local.get 1) (local.get 0)))
  (func (export "b") (param i64 i32) (result i32)
    (call_indirect $b (type $u) (local.get 1) (local.get 0)))
  (func (export "set") (param i64 i32) (table.set $b (local.get 0) (table.get $a (local.get 1))))
  (func (export "both") (param i32) (result i32)
    (i32.add (call_indirect $a (type $u) (local.get 0) (i32.const 0))
             (i32.load (local.get 0))))
  (memory 1))"""


def test_indirect_calls(wasm: Callable[..., Any]) -> None:
    module = wasm(INDIRECT)
    assert module("a", 0, 41) == 42
    module("set", 3, 0)
    assert module("b", 3, 41) == 42
    for name, index, message in (
        ("a", 1, "indirect call type mismatch"), ("a", 2, "undefined element"),
        ("a", 0xFFFF_FFFF, "undefined element"), ("b", 0, "uninitialized element"),
        ("b", 5, "undefined element"), ("b", (1 << 64) - 1, "undefined element"),
    ):  # fmt: skip
        with pytest.raises(Trap, match=message):
            module(name, index, 1)
    with pytest.raises(Trap, match="out of bounds memory access"):
        module("both", 65536)
    with pytest.raises(Trap, match="out of bounds table access"):
        module("set", 5, 0)


def test_tail_calls_do_not_use_the_stack(wasm: Callable[..., Any]) -> None:
    module = wasm("""(module (type $t (func (param i32) (result i32)))
      (table funcref (elem $even $odd))
      (elem declare func $odd $even)
      (func $sum (export "self") (param i32 i64) (result i64) (local i64)
        (local.set 2 (i64.add (local.get 2) (local.get 1)))
        (if (i32.eqz (local.get 0)) (then (return (local.get 2))))
        (return_call $sum (i32.sub (local.get 0) (i32.const 1)) (local.get 2)))
      (func $even (export "direct") (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
        (return_call $odd (i32.sub (local.get 0) (i32.const 1))))
      (func $odd (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
        (return_call $even (i32.sub (local.get 0) (i32.const 1))))
      (func $flip (export "indirect") (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 5))))
        (return_call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1))
          (i32.and (local.get 0) (i32.const 1))))
      (func (export "ref") (param i32) (result i32)
        (return_call_ref $t (local.get 0) (ref.func $odd)))
      (func (export "inside") (param i32) (result i32)
        (i32.add (call $even (local.get 0)) (i32.const 10)))
      (func $loop (export "in a loop") (param i32) (result i32)
        (loop $l
          (if (i32.eqz (local.get 0)) (then (return (i32.const 3))))
          (if (i32.and (local.get 0) (i32.const 1))
            (then (return_call $loop (i32.sub (local.get 0) (i32.const 1)))))
          (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
          (br $l))
        (unreachable)))""")
    assert module("self", 100_000, 7) == 7
    assert module("direct", 100_000) == 1
    assert module("direct", 100_001) == 0
    assert module("indirect", 30_001) in (0, 1)
    assert module("ref", 50_001) == 1
    assert module("inside", 40_000) == 11
    assert module("in a loop", 100_001) == 3


def test_tail_calls_between_instances_and_to_hosts(wasm: Callable[..., Any], host: Host) -> None:
    seen: list[int] = []

    def note(value: int) -> int:
        seen.append(value)
        return value + 1

    one = wasm(
        """(module (import "" "note" (func $note (param i32) (result i32)))
          (func (export "f") (param i32) (result i32) (return_call $note (local.get 0))))""",
        host(note, "i32", "i32"),
    )
    two = wasm(
        """(module (import "" "f" (func $f (param i32) (result i32)))
          (func (export "g") (param i32) (result i32) (return_call $f (local.get 0))))""",
        one.instance.exports["f"],
    )
    assert two("g", 5) == 6
    assert seen == [5]


def test_a_tail_call_may_return_several_results_or_a_list(
    wasm: Callable[..., Any], host: Host
) -> None:
    module = wasm("""(module
      (func $pair (param i32) (result i32 i32) (local.get 0) (i32.const 2))
      (func (export "pair") (param i32) (result i32 i32) (return_call $pair (local.get 0)))
      (func $id (param externref) (result externref) (local.get 0))
      (func $choose (export "ref") (param externref i32) (result externref)
        (if (local.get 1) (then (return (local.get 0))))
        (return_call $id (local.get 0))))""")
    assert module("pair", 1) == (1, 2)
    value = ["a", "list"]
    assert module("ref", value, 0) is value
    assert module("ref", value, 1) is value


@pytest.mark.usefixtures("deep_stack")
def test_endless_recursion_exhausts_the_stack_and_leaves_the_engine_usable(
    wasm: Callable[..., Any],
) -> None:
    module = wasm("""(module
      (func $down (export "down") (param i32) (result i32)
        (i32.add (call $down (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
      (func $a (export "mutual") (call $b)) (func $b (call $a))
      (func (export "fine") (result i32) (i32.const 1)))""")
    for name, arguments in (("down", (0,)), ("mutual", ())):
        with pytest.raises(Exhaustion, match="call stack exhausted"):
            module(name, *arguments)
        assert module("fine") == 1


@pytest.mark.usefixtures("deep_stack")
def test_recursion_is_as_deep_as_the_limit_allows(wasm_once: Callable[..., Any]) -> None:
    module = wasm_once("""(module (func $f (export "f") (param i32) (result i32)
      (if (result i32) (local.get 0)
        (then (i32.add (call $f (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
        (else (i32.const 0)))))""")
    assert module("f", 10_000) == 10_000


def test_functions_are_translated_at_their_first_call_and_keep_their_identity(
    wasm_once: Callable[..., Any],
) -> None:
    module = wasm_once(INDIRECT)
    function = module.instance.exports["a"].call
    variant = module.compiled.variant(Assumptions.for_memories(module.instance.mems))
    assert variant.codes == {}
    assert module("a", 0, 1) == 2
    assert sorted(variant.codes) == [0, 2]
    assert module.instance.exports["a"].call is function


def test_instances_do_not_share_code_objects(wasm_once: Callable[..., Any]) -> None:
    from pyjsapi.engines.python import instantiate

    module = wasm_once(INDIRECT)
    module("a", 0, 1)
    other = instantiate(module.compiled, ())
    function = other.exports["a"]
    assert isinstance(function, FuncInst)
    assert function.call(0, 1) == 2
    first, second = module.instance.exports["a"].call.__code__, function.call.__code__
    assert first is not second
    assert first.co_code == second.co_code
