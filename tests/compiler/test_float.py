"""Floating-point instructions: rounding of f32, NaN payloads, special values, conversions."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.syntax.errors import Trap


def f32(value: float) -> float:
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return rounded


VALUES = [0.0, -0.0, 1.0, -1.5, 0.1, 3.7, 1e10, -1e300, 5e-324, math.inf, -math.inf, math.nan]
F32_VALUES = [f32(v) for v in VALUES if not 1e38 < abs(v) < math.inf]


def same(a: float, b: float) -> bool:
    return (a != a and b != b) or (a == b and math.copysign(1, a) == math.copysign(1, b))


def quotient(a: float, b: float) -> float:
    if b:
        return a / b
    if a != a or a == 0:
        return math.nan
    return math.copysign(math.inf, math.copysign(1, a) * math.copysign(1, b))


def extremum(a: float, b: float, sign: int) -> float:
    if a != a or b != b:
        return math.nan
    return sign * min(sign * a, sign * b, key=lambda v: (v, math.copysign(1, v)))


BINARY: dict[str, Callable[[float, float], float]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": quotient,
    "min": lambda a, b: extremum(a, b, 1),
    "max": lambda a, b: extremum(a, b, -1),
    "copysign": math.copysign,
}


@pytest.mark.parametrize("name", list(BINARY))
def test_binary(wasm: Callable[..., Any], name: str) -> None:
    module = wasm(f"""(module
      (func (export "f64") (param f64 f64) (result f64) (f64.{name} (local.get 0) (local.get 1)))
      (func (export "f32") (param f32 f32) (result f32) (f32.{name} (local.get 0) (local.get 1)))
      (func (export "neg") (param f64 f64) (result f64)
        (f64.{name} (f64.neg (local.get 0)) (f64.neg (local.get 1)))))""")
    for a in VALUES:
        for b in VALUES:
            assert same(module("f64", a, b), BINARY[name](a, b)), (a, b)
            assert same(module("neg", a, b), BINARY[name](-a, -b)), (a, b)
    for a in F32_VALUES:
        for b in F32_VALUES:
            exact = BINARY[name](a, b)
            wanted = exact if math.isinf(exact) or exact != exact else f32(exact)
            assert same(module("f32", a, b), wanted), (a, b)


def test_f32_results_round_after_every_operation(wasm: Callable[..., Any]) -> None:
    module = wasm("""(module (func (export "f") (param f32 f32 f32) (result f32)
      (f32.add (f32.mul (local.get 0) (local.get 1)) (local.get 2))))""")
    a, b, c = f32(1.1), f32(3.3), f32(-3.63)
    assert module("f", a, b, c) == f32(f32(a * b) + c)
    assert module("f", 3e38, 3e38, 1.0) == math.inf


@pytest.mark.parametrize("name", ["eq", "ne", "lt", "gt", "le", "ge"])
def test_comparisons_with_nan(wasm: Callable[..., Any], name: str) -> None:
    module = wasm(f"""(module (func (export "f") (param f64 f64) (result i32)
        (f64.{name} (local.get 0) (local.get 1)))
      (func (export "not") (param f64 f64) (result i32)
        (i32.eqz (f64.{name} (local.get 0) (local.get 1)))))""")
    assert module("f", math.nan, 1.0) == (name == "ne")
    assert module("not", math.nan, 1.0) == (name != "ne")
    assert module("f", 1.0, 1.0) == (name in ("eq", "le", "ge"))


SIGNALLING32, SIGNALLING64 = 0x7FA0_1234, 0xFFF4_0000_0000_0001


def test_signalling_nans_pass_through_variables_and_memory(wasm: Callable[..., Any]) -> None:
    module = wasm("""(module (memory 1)
      (global $g (mut f32) (f32.const 0))
      (func $id (param f32) (result f32) (local.get 0))
      (func (export "f32") (param i32 i32) (result i32)
        (i32.store (i32.const 8) (local.get 0))
        (global.set $g (call $id (f32.load (i32.const 8))))
        (f32.store (local.get 1) (global.get $g))
        (f32.store offset=4 (local.get 1) (f32.load (local.get 1)))
        (i32.load offset=4 align=1 (local.get 1)))
      (func (export "f64") (param i64) (result i64) (local f64)
        (local.set 1 (f64.reinterpret_i64 (local.get 0)))
        (f64.store offset=3 align=1 (i32.const 0) (local.get 1))
        (i64.reinterpret_f64 (f64.load offset=3 align=1 (i32.const 0))))
      (func (export "const") (result i32) (i32.reinterpret_f32 (f32.const nan:0x201234)))
      (func (export "neg") (param i32) (result i32)
        (i32.reinterpret_f32 (f32.neg (f32.reinterpret_i32 (local.get 0)))))
      (func (export "promote") (param i32) (result i64)
        (i64.reinterpret_f64 (f64.promote_f32 (f32.reinterpret_i32 (local.get 0)))))
      (func (export "demote") (param i64) (result i32)
        (i32.reinterpret_f32 (f32.demote_f64 (f64.reinterpret_i64 (local.get 0))))))""")
    for address in (16, 17, 18):
        assert module("f32", SIGNALLING32, address) == SIGNALLING32
        assert module("f32", 0x3F80_0000, address) == 0x3F80_0000
    assert module("f64", SIGNALLING64) == SIGNALLING64
    assert module("const") == SIGNALLING32
    assert module("neg", SIGNALLING32) == SIGNALLING32 | 1 << 31
    assert module("promote", SIGNALLING32) & 0x7FF8 << 48 == 0x7FF8 << 48
    assert module("demote", SIGNALLING64) & 0x7FC0_0000 == 0x7FC0_0000


def test_constants(wasm: Callable[..., Any]) -> None:
    texts = {"inf": "7ff0000000000000", "-inf": "fff0000000000000", "nan": "7ff8000000000000",
             "-nan": "fff8000000000000", "nan:0x1": "7ff0000000000001", "-0": "8000000000000000",
             "0x1p-1074": "0000000000000001", "-1.5": "bff8000000000000"}  # fmt: skip
    functions = "".join(
        f'(func (export "{t}") (result i64) (i64.reinterpret_f64 (f64.const {t})))' for t in texts
    )
    module = wasm(f"(module {functions})")
    for text, bits in texts.items():
        assert f"{module(text):016x}" == bits


def test_conversions_from_integers(wasm: Callable[..., Any]) -> None:
    module = wasm("""(module
      (func (export "32s") (param i32) (result f64) (f64.convert_i32_s (local.get 0)))
      (func (export "32u") (param i32) (result f64) (f64.convert_i32_u (local.get 0)))
      (func (export "64s") (param i64) (result f64) (f64.convert_i64_s (local.get 0)))
      (func (export "64u") (param i64) (result f64) (f64.convert_i64_u (local.get 0)))
      (func (export "64s f32") (param i64) (result f32) (f32.convert_i64_s (local.get 0)))
      (func (export "32s f32") (param i32) (result f32)
        (f32.convert_i32_s (i32.sub (local.get 0) (i32.const 1)))))""")
    assert module("32s", 0xFFFF_FFFE) == -2.0
    assert module("32u", 0xFFFF_FFFE) == 4294967294.0
    assert module("64s", 1 << 63) == -(2.0**63)
    assert module("64u", (1 << 64) - 1) == 2.0**64
    assert module("64u", (1 << 53) + 1) == 2.0**53
    assert module("64s f32", 0x7FFF_FFBF_FFFF_FFFF) == 9223371487098961920.0
    assert module("32s f32", 0) == -1.0
    assert module("32s f32", 16777218) == 16777216.0


def test_truncations(wasm: Callable[..., Any]) -> None:
    module = wasm("""(module
      (func (export "s") (param f64) (result i32) (i32.trunc_f64_s (local.get 0)))
      (func (export "u") (param f64) (result i64) (i64.trunc_f64_u (local.get 0)))
      (func (export "sat") (param f64) (result i32) (i32.trunc_sat_f64_u (local.get 0))))""")
    assert module("s", -3.9) == 0xFFFF_FFFD
    assert module("s", 2147483647.9) == 0x7FFF_FFFF
    assert module("u", 2.0**63) == 1 << 63
    assert module("sat", 1e300) == 0xFFFF_FFFF
    for value, message in ((2147483648.0, "integer overflow"), (math.nan, "invalid conversion")):
        with pytest.raises(Trap, match=message):
            module("s", value)


def test_sqrt_and_rounding(wasm: Callable[..., Any]) -> None:
    module = wasm("""(module
      (func (export "sqrt") (param f64) (result f64) (f64.sqrt (local.get 0)))
      (func (export "nearest") (param f64) (result f64) (f64.nearest (local.get 0)))
      (func (export "sqrt32") (param f32) (result f32) (f32.sqrt (f32.abs (local.get 0)))))""")
    assert module("sqrt", 2.0) == math.sqrt(2)
    assert math.isnan(module("sqrt", -1.0))
    assert math.copysign(1, module("sqrt", -0.0)) == -1
    assert module("nearest", 2.5) == 2.0
    assert module("sqrt32", -2.0) == f32(math.sqrt(2))
