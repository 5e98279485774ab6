"""Run-time helpers at the corners of their domains."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from fractions import Fraction

import pytest

from pyjsapi.blocks import floats
from pyjsapi.compiler.support import numerics
from pyjsapi.syntax.errors import Trap

I32_MIN, I64_MIN = 1 << 31, 1 << 63
QUIET_F64 = 0x7FF8_0000_0000_0000


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.1, 0.10000000149011612),
        (3.4028235677973366e38, math.inf),
        (3.4028235677973362e38, 3.4028234663852886e38),
        (-1e300, -math.inf),
        (1e-46, 0.0),
        (-0.0, -0.0),
        (math.inf, math.inf),
    ],
)
def test_round_f32(value: float, expected: float) -> None:
    rounded = numerics.round_f32(value)
    assert (rounded, math.copysign(1, rounded)) == (expected, math.copysign(1, expected))


def test_rounding_makes_nans_quiet() -> None:
    signalling = floats.f64_from_bits(0x7FF0_0000_2000_0000)
    assert floats.f64_bits(numerics.round_f32(signalling)) & QUIET_F64 == QUIET_F64


def nearest_f32(value: int) -> int:
    """Bits of the nearest f32 by exact arithmetic, ties to even, for positive integers."""
    exponent = value.bit_length() - 24
    if exponent <= 0:
        return floats.f32_bits(float(value))
    quotient, rest = divmod(value, 1 << exponent)
    half = 1 << exponent - 1
    quotient += rest > half or (rest == half and quotient & 1)
    return floats.f32_bits(float(Fraction(quotient) * (1 << exponent)))


def test_int_to_f32_rounds_once() -> None:
    values = [1 << 63, (1 << 64) - 1, 0x7FFF_FFBF_FFFF_FFFF, 0x8000_0080_0000_0001, 16777217, 0]
    generator = random.Random(5)
    values += [generator.getrandbits(generator.randrange(1, 65)) for _ in range(2000)]
    for value in values:
        assert floats.f32_bits(numerics.int_to_f32(value)) == nearest_f32(value), value
        assert numerics.int_to_f32(-value) == -numerics.int_to_f32(value)


@pytest.mark.parametrize("bits", [32, 64])
def test_signed_division_truncates(bits: int) -> None:
    divide, remainder = (
        (numerics.div_s32, numerics.rem_s32) if bits == 32 else (numerics.div_s64, numerics.rem_s64)
    )
    mask = (1 << bits) - 1
    for a in (0, 1, 7, mask >> 1, -1 & mask, -7 & mask, 1 << bits - 1):
        for b in (1, 2, 3, mask >> 1, -1 & mask, -2 & mask, 1 << bits - 1):
            x, y = (v - mask - 1 if v > mask >> 1 else v for v in (a, b))
            if x == -(1 << bits - 1) and y == -1:
                continue
            quotient = abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)
            assert divide(a, b) == quotient & mask
            assert remainder(a, b) == x - quotient * y & mask


def test_division_overflow_traps_and_its_remainder_is_zero() -> None:
    with pytest.raises(Trap, match="integer overflow"):
        numerics.div_s32(I32_MIN, numerics.MASK32)
    with pytest.raises(Trap, match="integer overflow"):
        numerics.div_s64(I64_MIN, numerics.MASK64)
    assert numerics.rem_s32(I32_MIN, numerics.MASK32) == 0
    assert numerics.rem_s64(I64_MIN, numerics.MASK64) == 0


def test_float_division_by_zero() -> None:
    assert numerics.float_divide(1.0, 0.0) == math.inf
    assert numerics.float_divide(1.0, -0.0) == -math.inf
    assert numerics.float_divide(-1.0, 0.0) == -math.inf
    assert math.isnan(numerics.float_divide(0.0, 0.0))
    assert math.isnan(numerics.float_divide(math.nan, 0.0))


def test_minimum_and_maximum_of_zeros_and_nans() -> None:
    assert math.copysign(1, numerics.float_min(0.0, -0.0)) == -1
    assert math.copysign(1, numerics.float_min(-0.0, 0.0)) == -1
    assert math.copysign(1, numerics.float_max(-0.0, 0.0)) == 1
    assert math.copysign(1, numerics.float_max(0.0, -0.0)) == 1
    assert math.isnan(numerics.float_min(math.nan, 1.0))
    assert math.isnan(numerics.float_max(1.0, math.nan))


@pytest.mark.parametrize("value", [0.5, -0.5, 1.5, 2.5, -2.5, 4503599627370497.5, 1e300])
def test_rounding_functions(value: float) -> None:
    assert numerics.float_floor(value) == math.floor(value)
    assert numerics.float_ceil(value) == math.ceil(value)
    assert numerics.float_trunc(value) == math.trunc(value)
    assert numerics.float_nearest(value) == round(value)


def test_rounding_functions_keep_signs_and_infinities() -> None:
    functions = (
        numerics.float_floor, numerics.float_ceil, numerics.float_trunc, numerics.float_nearest,
    )  # fmt: skip
    for function in functions:
        assert math.copysign(1, function(-0.0)) == -1
        assert function(-math.inf) == -math.inf
        assert math.isnan(function(math.nan))
    assert math.copysign(1, numerics.float_ceil(-0.5)) == -1
    assert math.copysign(1, numerics.float_trunc(-0.5)) == -1
    assert math.copysign(1, numerics.float_nearest(-0.5)) == -1


@pytest.mark.parametrize(
    ("function", "bits", "accepted", "refused"),
    [
        (numerics.trunc_i32_s, 32, [-2147483648.9, 2147483647.9], [-2147483649.0, 2147483648.0]),
        (numerics.trunc_i32_u, 32, [-0.9, 4294967295.9], [-1.0, 4294967296.0]),
        (numerics.trunc_i64_s, 64, [-(2.0**63), 2.0**63 - 1024], [-(2.0**63) - 2048, 2.0**63]),
        (numerics.trunc_i64_u, 64, [-0.9, 2.0**64 - 2048], [-1.0, 2.0**64]),
    ],
)
def test_truncation_traps_exactly_outside_its_range(
    function: Callable[[float], int], bits: int, accepted: list[float], refused: list[float]
) -> None:
    for value in accepted:
        assert function(value) == int(value) % (1 << bits)
    for value in (*refused, math.inf, -math.inf):
        with pytest.raises(Trap, match="integer overflow"):
            function(value)
    with pytest.raises(Trap, match="invalid conversion to integer"):
        function(math.nan)


def test_truncation_values() -> None:
    assert numerics.trunc_i32_s(-2147483648.9) == I32_MIN
    assert numerics.trunc_i32_s(-1.9) == numerics.MASK32
    assert numerics.trunc_i32_u(4294967295.9) == numerics.MASK32
    assert numerics.trunc_i64_s(-(2.0**63)) == I64_MIN
    assert numerics.trunc_i64_u(2.0**63) == I64_MIN


def test_saturating_truncation() -> None:
    assert numerics.trunc_sat_i32_s(math.nan) == 0
    assert numerics.trunc_sat_i32_s(-1e10) == I32_MIN
    assert numerics.trunc_sat_i32_s(1e10) == I32_MIN - 1
    assert numerics.trunc_sat_i32_u(-1.0) == 0
    assert numerics.trunc_sat_i32_u(math.inf) == numerics.MASK32
    assert numerics.trunc_sat_i64_s(-math.inf) == I64_MIN
    assert numerics.trunc_sat_i64_u(1e30) == numerics.MASK64
    assert numerics.trunc_sat_i64_s(-1.5) == numerics.MASK64
