"""Wide arithmetic: values against Python's own integers, and operands in order."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from pyjsapi import WebAssembly, wasm2wat, wat2wasm

if TYPE_CHECKING:
    from tests.compiler.conftest import Wasm

TEXT = """(module
  (func (export "add128") (param i64 i64 i64 i64) (result i64 i64)
    (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
  (func (export "sub128") (param i64 i64 i64 i64) (result i64 i64)
    (i64.sub128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
  (func (export "mul_wide_u") (param i64 i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 1)))
  (func (export "mul_wide_s") (param i64 i64) (result i64 i64) (i64.mul_wide_s (local.get 0) (local.get 1)))
  (func (export "carry") (param i64 i64) (result i64 i64)
    (i64.add128 (local.get 0) (i64.const 0) (local.get 1) (i64.const 0)))
  (func (export "borrow") (param i64 i64) (result i64 i64)
    (i64.sub128 (local.get 0) (i64.const -1) (local.get 1) (i64.const 0)))
  (func (export "scaled") (param i64) (result i64 i64) (i64.mul_wide_s (i64.const -10) (local.get 0))))"""
EDGES = (0, 1, -1, 2, -2, 5, -7, 1 << 30, 1 << 62, -(1 << 62), (1 << 63) - 1, -(1 << 63))


def halves(value: int) -> list[int]:
    """The low and the high half of a number, signed."""
    return [((value >> shift) + (1 << 63)) % (1 << 64) - (1 << 63) for shift in (0, 64)]


def unsigned(value: int) -> int:
    return value % (1 << 64)


def joined(low: int, high: int) -> int:
    return unsigned(low) | unsigned(high) << 64


def bits(value: int) -> tuple[int, int]:
    """The low and the high half of a number, as the core has them."""
    return unsigned(value), unsigned(value >> 64)


def test_every_mode_of_translation_has_the_same_values(wasm: Callable[..., Wasm]) -> None:
    call, generator = wasm(TEXT), random.Random(5)
    for _ in range(500):
        a, b, c, d = (
            unsigned(generator.choice(EDGES))
            if generator.random() < 0.5
            else generator.getrandbits(64)
            for _ in range(4)
        )
        assert call("add128", a, b, c, d) == bits(joined(a, b) + joined(c, d))
        assert call("sub128", a, b, c, d) == bits(joined(a, b) - joined(c, d))
        assert call("mul_wide_u", a, b) == bits(a * b)
        assert call("mul_wide_s", a, b) == bits(halves(a)[0] * halves(b)[0])
        assert call("carry", a, b) == bits(a + b)


def test_values_are_those_of_integers() -> None:
    exports: Any = WebAssembly.Instance(WebAssembly.Module(wat2wasm(TEXT))).exports
    generator = random.Random(128)

    def value() -> int:
        if generator.random() < 0.5:
            return generator.choice(EDGES)
        return generator.getrandbits(64) - (1 << 63)

    for _ in range(2000):
        a, b, c, d = value(), value(), value(), value()
        assert list(exports.add128(a, b, c, d)) == halves(joined(a, b) + joined(c, d))
        assert list(exports.sub128(a, b, c, d)) == halves(joined(a, b) - joined(c, d))
        assert list(exports.mul_wide_u(a, b)) == halves(unsigned(a) * unsigned(b))
        assert list(exports.mul_wide_s(a, b)) == halves(a * b)
        assert list(exports.carry(a, b)) == halves(unsigned(a) + unsigned(b))
        assert list(exports.borrow(a, b)) == halves((-1 << 64 | unsigned(a)) - unsigned(b))
        assert list(exports.scaled(a)) == halves(-10 * a)


@pytest.mark.parametrize("instruction", ["i64.add128", "i64.sub128"])
def test_operands_are_evaluated_in_order(instruction: str) -> None:
    text = f"""(module (import "m" "f" (func $f (param i64) (result i64)))
      (func (export "go") (result i64 i64)
        ({instruction}
          (call $f (i64.const 1)) (call $f (i64.const 2)) (call $f (i64.const 3)) (call $f (i64.const 4)))))"""
    seen: list[int] = []

    def host(value: int) -> int:
        seen.append(value)
        return value

    instance = WebAssembly.Instance(WebAssembly.Module(wat2wasm(text)), {"m": {"f": host}})
    expected = [4, 6] if instruction == "i64.add128" else [-2, -3]
    assert list(instance.exports.go()) == expected
    assert seen == [1, 2, 3, 4]


def test_results_below_others_on_the_stack_stay() -> None:
    text = """(module (func (export "go") (param i64) (result i64 i64 i64 i64 i64)
      (local.get 0)
      (i64.mul_wide_u (local.get 0) (i64.const -1))
      (i64.mul_wide_s (local.tee 0 (i64.const 3)) (local.get 0))))"""
    instance = WebAssembly.Instance(WebAssembly.Module(wat2wasm(text)))
    assert list(instance.exports.go(5)) == [5, -5, 4, 9, 0]


def test_text_and_binary_have_them() -> None:
    data = wat2wasm(TEXT)
    assert bytes.fromhex("fc16") in data
    assert wat2wasm(wasm2wat(data)) == data
    assert "i64.mul_wide_u" in wasm2wat(data)


def test_the_feature_can_be_off() -> None:
    with pytest.raises(WebAssembly.CompileError, match="needs the feature wide_arithmetic"):
        WebAssembly.Module(wat2wasm(TEXT), features={"wide_arithmetic": False})
