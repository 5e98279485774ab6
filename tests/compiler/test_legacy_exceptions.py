"""The first form of exception handling, in every mode of translation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.runtime import ExnInst
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.module import Instr
from pyjsapi.text import parse_module

Wasm = Callable[..., Any]

MAY_THROW = """
  (tag $a (param i32)) (tag $b) (tag $two (param i32 i64))
  (func $f (param i32) (result i32)
    (if (i32.eq (local.get 0) (i32.const 3)) (then (throw $a (i32.const 30))))
    (if (i32.eq (local.get 0) (i32.const 5)) (then (throw $b)))
    (if (i32.eq (local.get 0) (i32.const 7)) (then (throw $two (i32.const 70) (i64.const 700))))
    (i32.add (local.get 0) (i32.const 1)))
"""


def thrown(module: Any, *arguments: Any) -> tuple[int, tuple[Any, ...]]:
    """The index of the tag and the payload of an uncaught exception."""
    with pytest.raises(ExnInst) as caught:
        module(*arguments)
    return module.instance.tags.index(caught.value.tag), caught.value.payload


def test_catches(wasm: Wasm) -> None:
    module = wasm(f"""(module {MAY_THROW}
      (func (export "f") (param i32) (result i32)
        (try (result i32)
          (do (call $f (local.get 0)))
          (catch $a (i32.add (i32.const 1)))
          (catch $two (drop) (br 0))
          (catch_all (i32.const -1)))))""")
    assert [module("f", n) for n in (0, 3, 5, 7)] == [1, 31, 2**32 - 1, 70]


def test_parameters_and_operands_below(wasm: Wasm) -> None:
    module = wasm(f"""(module {MAY_THROW}
      (func (export "f") (param i32) (result i32)
        (i32.const 1000) (local.get 0)
        (try (param i32) (result i32)
          (do (call $f) (local.tee 0))
          (catch $a (local.get 0) (i32.sub))
          (catch $b (local.get 0)))
        (i32.add)))""")
    assert [module("f", n) for n in (0, 3, 5)] == [1001, 1027, 1005]
    assert thrown(module, "f", 7) == (2, (70, 700))


def test_rethrow_names_the_catch(wasm: Wasm) -> None:
    module = wasm(f"""(module {MAY_THROW}
      (func (export "f") (param i32) (result i32)
        (try $outer (result i32)
          (do (call $f (i32.const 3)))
          (catch $a (drop)
            (try $inner (result i32)
              (do (call $f (i32.const 5)))
              (catch $b
                (if (i32.eq (local.get 0) (i32.const 1)) (then (rethrow $inner)))
                (block (if (i32.eq (local.get 0) (i32.const 2)) (then (rethrow $outer))))
                (i32.const 8)))))))""")
    assert module("f", 0) == 8
    assert thrown(module, "f", 1) == (1, ())
    assert thrown(module, "f", 2) == (0, (30,))


@pytest.mark.parametrize(
    ("target", "expected"), [("$inner", 100), ("$block", 200), ("$outer", 200), ("$function", None)]
)
def test_delegate_skips_what_is_between(wasm: Wasm, target: str, expected: int | None) -> None:
    module = wasm(f"""(module {MAY_THROW}
      (func (export "f") (param i32) (result i32)
        (block $function (result i32)
        (try $outer (result i32)
          (do
            (block $block (result i32)
              (try $inner (result i32)
                (do (try (result i32) (do (call $f (local.get 0))) (delegate {target})))
                (catch $b (i32.const 100)))))
          (catch $b (i32.const 200))))))""")
    assert module("f", 0) == 1
    if expected is None:
        assert thrown(module, "f", 5) == (1, ())
    else:
        assert module("f", 5) == expected


def test_delegate_out_of_a_catch_a_loop_and_an_if(wasm: Wasm) -> None:
    module = wasm(f"""(module {MAY_THROW}
      (func (export "f") (param i32) (result i32) (local i32)
        (try $t (result i32)
          (do
            (loop $l (result i32)
              (local.set 1 (i32.add (local.get 1) (i32.const 1)))
              (br_if $l (i32.lt_u (local.get 1) (i32.const 3)))
              (if $i (result i32) (local.get 0)
                (then (try (result i32) (do (call $f (local.get 0))) (delegate $i)))
                (else (try (result i32) (do (call $f (i32.const 5))) (delegate $l))))))
          (catch $a)
          (catch $b
            (try (do (drop (call $f (i32.const 7)))) (delegate $t))
            (i32.const 0)))))""")
    assert module("f", 1) == 2
    assert module("f", 3) == 30
    assert thrown(module, "f", 0) == (2, (70, 700))


def test_traps_are_not_caught(wasm: Wasm) -> None:
    module = wasm("""(module (func (export "f")
      (try (do (try (do unreachable) (delegate 0))) (catch_all))))""")
    with pytest.raises(Trap, match="unreachable"):
        module("f")


def test_both_forms_together(wasm: Wasm) -> None:
    module = wasm(f"""(module {MAY_THROW} (memory 1) (memory $m 1)
      (func (export "f") (param i32) (result i32)
        (block $h (result i32)
          (try (result i32)
            (do
              (try_table (result i32) (catch $a $h)
                (try (result i32)
                  (do (call $f (local.get 0)))
                  (catch $two
                    (drop) (drop)
                    (i32.store $m (i32.const 70) (i32.const 8))
                    (i32.load $m (i32.const 70))))))
            (catch_all (i32.const 9))))))""")
    assert [module("f", n) for n in (0, 3, 5, 7)] == [1, 30, 9, 8]


def body(text: str) -> list[Instr]:
    return parse_module(f"(tag $e) (tag $x (param i32)) (func {text})").funcs[0].code.load().body


def test_flat_and_folded_text_are_the_same() -> None:
    assert body("try $l nop catch $e br $l catch_all rethrow 0 end $l") == body(
        "(try $l (do (nop)) (catch $e (br $l)) (catch_all (rethrow $l)))"
    )
    assert body("block $b try nop delegate $b end") == body(
        "(block $b (try (do (nop)) (delegate 0)))"
    )
    assert body("try $b try $c delegate $b end") == body("(try $b (do (try $b (do) (delegate 0))))")


def test_many_nested_tries(wasm: Wasm) -> None:
    depth = 60
    text = "(call $f (i32.const 5))"
    for _ in range(depth):
        text = f"""(try (result i32) (do {text})
          (catch $b (local.set 0 (i32.add (local.get 0) (i32.const 1))) (rethrow 0)))"""
    module = wasm(f"""(module {MAY_THROW} (func (export "f") (param i32) (result i32)
      (try (do (drop {text})) (catch $b)) (local.get 0)))""")
    assert module("f", 0) == depth
