"""Custom descriptors in every mode of translation: allocation, casts, branches, exact types and traps."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.compiler.cache import CodeCache
from pyjsapi.embedding.settings import Settings
from pyjsapi.engines.python import compile_module, instantiate, invoke
from pyjsapi.runtime import FuncInst
from pyjsapi.syntax.errors import LinkError, Trap
from pyjsapi.syntax.features import Features
from tests.compiler.conftest import MODES

ON = Features(custom_descriptors=True)
TYPES = """
  (rec
    (type $a (sub (descriptor $d) (struct (field i32) (field i8))))
    (type $d (sub (describes $a) (struct (field i32)))))
  (rec
    (type $b (sub $a (descriptor $e) (struct (field i32) (field i8) (field i64))))
    (type $e (sub $d (describes $b) (struct (field i32)))))
  (global $d1 (ref (exact $d)) (struct.new $d (i32.const 1)))
  (global $d2 (ref (exact $d)) (struct.new $d (i32.const 2)))
  (global $e1 (ref (exact $e)) (struct.new $e (i32.const 3)))
  (global $a1 (ref $a) (struct.new_desc $a (i32.const 5) (i32.const 0x1ff) (global.get $d1)))
  (global $a2 (ref $a) (struct.new_default_desc $a (global.get $d2)))
  (global $b1 (ref $a) (struct.new_default_desc $b (global.get $e1)))
  (func $pick (param i32) (result anyref)
    (if (result anyref) (i32.lt_u (local.get 0) (i32.const 4))
      (then
        (if (result anyref) (i32.eqz (local.get 0)) (then (ref.null none)) (else
          (if (result anyref) (i32.eq (local.get 0) (i32.const 1)) (then (global.get $a1)) (else
            (if (result anyref) (i32.eq (local.get 0) (i32.const 2)) (then (global.get $a2))
              (else (global.get $b1))))))))
      (else (ref.i31 (local.get 0)))))
  (func $desc (param i32) (result (ref null $d))
    (if (result (ref null $d)) (i32.eqz (local.get 0)) (then (ref.null none)) (else
      (if (result (ref null $d)) (i32.eq (local.get 0) (i32.const 1)) (then (global.get $d1)) (else
        (if (result (ref null $d)) (i32.eq (local.get 0) (i32.const 2)) (then (global.get $d2))
          (else (global.get $e1))))))))
"""
TEXT = f"""(module {TYPES}
  (func (export "made") (param i32) (result i32)
    (local $x (ref null $a))
    (local.set $x (struct.new_desc $a (local.get 0) (i32.const 0x102) (global.get $d2)))
    (i32.add (i32.add (struct.get $a 0 (local.get $x)) (struct.get_u $a 1 (local.get $x)))
      (struct.get $d 0 (ref.get_desc $a (local.get $x)))))
  (func (export "described") (param i32) (result i32)
    (struct.get $d 0 (ref.get_desc $a (ref.cast (ref null $a) (call $pick (local.get 0))))))
  (func (export "cast") (param i32 i32) (result i32)
    (ref.is_null (ref.cast_desc_eq (ref null $a) (call $pick (local.get 0)) (call $desc (local.get 1)))))
  (func (export "cast non-null") (param i32 i32) (result i32)
    (struct.get $a 0 (ref.cast_desc_eq (ref $a) (call $pick (local.get 0)) (call $desc (local.get 1)))))
  (func (export "branch") (param i32 i32) (result i32) (local $n i32)
    (local.set $n (i32.const 10))
    (block $hit (result (ref null $a))
      (br_on_cast_desc_eq $hit anyref (ref null $a) (call $pick (local.get 0)) (call $desc (local.get 1)))
      (drop)
      (return (local.get $n)))
    (drop)
    (i32.const 20))
  (func (export "fail") (param i32 i32) (result i32)
    (block $miss (result anyref)
      (br_on_cast_desc_eq_fail $miss anyref (ref $a) (call $pick (local.get 0)) (call $desc (local.get 1)))
      (struct.get $a 0)
      (i32.const 1)
      (i32.add)
      (return))
    (drop)
    (i32.const -1))
  (func (export "exact") (param i32) (result i32)
    (i32.add (ref.test (ref (exact $a)) (call $pick (local.get 0)))
      (i32.shl (ref.test (ref null (exact $b)) (call $pick (local.get 0))) (i32.const 1))))
  (func (export "null descriptor")
    (drop (struct.new_desc $a (i32.const 1) (i32.const 2) (ref.null none))))
  (func (export "no default") (drop (struct.new_default_desc $a (ref.null none)))))"""
DESCRIPTOR = {1: 1, 2: 2, 3: 3}
"""Which descriptor each of the references has."""


class Wasm:
    def __init__(self, mode: str) -> None:
        compiled = compile_module(
            wat2wasm(TEXT), Settings(ON), options=MODES[mode], cache=CodeCache()
        )
        self.instance = instantiate(compiled, ())

    def __call__(self, name: str, *arguments: int) -> Any:
        function = self.instance.exports[name]
        assert isinstance(function, FuncInst)
        results: Sequence[Any] = invoke(function, arguments)
        return results[0] if results else None


@pytest.fixture(scope="module", params=list(MODES))
def call(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return Wasm(request.param)


def test_structures_have_their_fields_and_descriptors(call: Callable[..., Any]) -> None:
    assert call("made", 40) == 44
    assert [call("described", i) for i in (1, 2, 3)] == [1, 2, 3]
    with pytest.raises(Trap, match="null reference"):
        call("described", 0)


def test_casts_and_branches_compare_descriptors(call: Callable[..., Any]) -> None:
    generator = random.Random(7)
    pairs = [(i, j) for i in range(5) for j in range(1, 4)]
    generator.shuffle(pairs)
    for i, j in pairs:
        hit = DESCRIPTOR.get(i) == j
        assert call("branch", i, j) == (20 if hit or i == 0 else 10)
        assert call("fail", i, j) == ((6 if i == 1 else 1) if hit else 0xFFFFFFFF)
        if hit or i == 0:
            assert call("cast", i, j) == (i == 0)
        else:
            with pytest.raises(Trap, match="descriptor cast failure"):
                call("cast", i, j)
        if hit:
            assert call("cast non-null", i, j) == (5 if i == 1 else 0)
        else:
            with pytest.raises(Trap, match="descriptor cast failure"):
                call("cast non-null", i, j)


@pytest.mark.parametrize("name", ["cast", "cast non-null", "branch", "fail"])
def test_without_a_descriptor_there_is_a_trap(call: Callable[..., Any], name: str) -> None:
    for i in range(5):
        with pytest.raises(Trap, match="null descriptor reference"):
            call(name, i, 0)


@pytest.mark.parametrize("name", ["null descriptor", "no default"])
def test_nothing_is_made_without_a_descriptor(call: Callable[..., Any], name: str) -> None:
    with pytest.raises(Trap, match="null descriptor reference"):
        call(name)


def test_exact_types_are_without_subtypes(call: Callable[..., Any]) -> None:
    assert [call("exact", i) for i in range(5)] == [2, 1, 1, 2, 0]


def test_exact_imports_take_no_subtype() -> None:
    types = "(type $f (sub (func))) (type $g (sub $f (func)))"
    given = f'(module {types} (func (export "f") (type $f)) (func (export "g") (type $g)))'
    exports = instantiate(compile_module(wat2wasm(given), Settings(ON)), ()).exports
    taken = f'(module {types} (import "m" "f" (func (exact (type $f)))))'
    compiled = compile_module(wat2wasm(taken), Settings(ON))
    instantiate(compiled, (exports["f"],))
    with pytest.raises(LinkError):
        instantiate(compiled, (exports["g"],))


def test_values_of_the_host_are_checked_exactly() -> None:
    text = """(module (type $f (sub (func))) (type $g (sub $f (func)))
      (type $s (sub (struct))) (type $t (sub $s (struct)))
      (func (export "f") (type $f)) (func (export "g") (type $g))
      (func (export "s") (result anyref) (struct.new $s)) (func (export "t") (result anyref) (struct.new $t))
      (func (export "of f") (param (ref (exact $f)))) (func (export "of s") (param (ref (exact $s)))))"""
    module = WebAssembly.Module(wat2wasm(text), features={"custom_descriptors": True})
    exports: Any = WebAssembly.Instance(module).exports
    exports["of f"](exports.f)
    exports["of s"](exports.s())
    for name, value in (("of f", exports.g), ("of s", exports.t())):
        with pytest.raises(TypeError):
            exports[name](value)
