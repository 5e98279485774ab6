"""Floating-point operations on vectors agree with exact arithmetic, rounded once, lane by lane."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from fractions import Fraction

import pytest

from pyjsapi.compiler.support.simd_float import FLOAT, f32x4_extract_lane, f64x2_extract_lane
from pyjsapi.compiler.support.simd_shapes import F32X4, F64X2, I32X4, MASK128, Shape

ROUNDS = 150
FRACTION_BITS = {32: 23, 64: 52}
NAN = "nan"
QUIET32 = 0x7FC0_0000
QUIET64 = 0x7FF8_0000_0000_0000

Value = Fraction | float | str
"""A number, an infinity or -0.0 (as `float`), or `NAN`."""


class Format:
    """An IEEE 754 binary format."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.fraction_bits = FRACTION_BITS[bits]
        exponent_bits = bits - 1 - self.fraction_bits
        self.sign = 1 << bits - 1
        self.infinity = (1 << exponent_bits) - 1 << self.fraction_bits
        self.quiet = 1 << self.fraction_bits - 1
        self.bias = (1 << exponent_bits - 1) - 1

    def is_nan(self, bits: int) -> bool:
        return bits & ~self.sign > self.infinity

    def value(self, bits: int) -> Value:
        """The exact value."""
        magnitude = bits & ~self.sign
        if magnitude > self.infinity:
            return NAN
        sign = -1 if bits & self.sign else 1
        if magnitude == self.infinity:
            return sign * math.inf
        if magnitude == 0:
            return -0.0 if sign < 0 else Fraction(0)
        exponent, fraction = divmod(magnitude, 1 << self.fraction_bits)
        if exponent:
            fraction += 1 << self.fraction_bits
        power = max(exponent, 1) - self.bias - self.fraction_bits
        return sign * Fraction(fraction) * Fraction(2) ** power

    def bits_of(self, value: Value) -> int:
        """The nearest number's bits, ties to even; for a NaN the canonical one."""
        if isinstance(value, str):
            return self.infinity | self.quiet
        if isinstance(value, float):
            sign = self.sign if math.copysign(1, value) < 0 else 0
            return sign | (self.infinity if value else 0)
        if value < 0:
            return self.sign | self.bits_of(-value)
        if value == 0:
            return 0
        exponent = value.numerator.bit_length() - value.denominator.bit_length()
        if value < Fraction(2) ** exponent:
            exponent -= 1
        exponent = max(exponent, 1 - self.bias)
        units = round(value / Fraction(2) ** (exponent - self.fraction_bits))
        # A carry out of the fraction, and a number that is too large, land in the exponent as they should.
        return min(units + (exponent + self.bias - 1 << self.fraction_bits), self.infinity)


FORMATS = {32: Format(32), 64: Format(64)}


def lanes(value: int, bits: int) -> list[int]:
    return [value >> at & (1 << bits) - 1 for at in range(0, 128, bits)]


def vector(values: list[int], bits: int) -> int:
    return sum(v << i * bits for i, v in enumerate(values))


def random_lane(format_: Format, rng: random.Random) -> int:
    kind = rng.random()
    sign = rng.choice((0, format_.sign))
    if kind < 0.25:
        return sign | rng.choice(
            [
                0, 1, format_.infinity, format_.infinity - 1, format_.infinity | format_.quiet,
                format_.infinity | 1, format_.infinity | format_.quiet | 5,
                format_.bias << format_.fraction_bits, (1 << format_.fraction_bits) - 1,
                1 << format_.fraction_bits,
            ]
        )  # fmt: skip
    if kind < 0.6:  # near each other, so that sums and comparisons say something
        exponent = format_.bias + rng.randrange(-4, 5)
        return sign | exponent << format_.fraction_bits | rng.getrandbits(format_.fraction_bits)
    if kind < 0.75:  # halves and integers
        return sign | format_.bits_of(Fraction(rng.randrange(64), 2))
    return rng.getrandbits(format_.bits)


def random_vector(shape: Shape, rng: random.Random) -> int:
    format_ = FORMATS[shape.lane_bits]
    return vector([random_lane(format_, rng) for _ in range(shape.count)], shape.lane_bits)


def negative(x: Value) -> bool:
    return math.copysign(1, x) < 0 if isinstance(x, float) else not isinstance(x, str) and x < 0


def plain(x: Value) -> Fraction:
    """A finite value as a number; -0.0 is 0."""
    return Fraction(0) if isinstance(x, float) else Fraction(x)


def infinite(x: Value) -> bool:
    return isinstance(x, float) and x != 0


def zero(negative_: bool) -> Value:
    return -0.0 if negative_ else Fraction(0)


def add(x: Value, y: Value) -> Value:
    if x == NAN or y == NAN or (infinite(x) and infinite(y) and x != y):
        return NAN
    if infinite(x) or infinite(y):
        return x if infinite(x) else y
    total = plain(x) + plain(y)
    return total or zero(negative(x) and negative(y))


def negated(x: Value) -> Value:
    if isinstance(x, Fraction):
        return -x if x else -0.0
    return Fraction(0) if x == 0 else x if x == NAN else -x  # type: ignore[operator]


def mul(x: Value, y: Value) -> Value:
    if x == NAN or y == NAN or (infinite(x) and y == 0) or (infinite(y) and x == 0):
        return NAN
    minus = negative(x) != negative(y)
    if infinite(x) or infinite(y):
        return -math.inf if minus else math.inf
    return plain(x) * plain(y) or zero(minus)


def div(x: Value, y: Value) -> Value:
    if x == NAN or y == NAN or (infinite(x) and infinite(y)) or (x == 0 and y == 0):
        return NAN
    minus = negative(x) != negative(y)
    if infinite(x) or y == 0:
        return -math.inf if minus else math.inf
    if infinite(y):
        return zero(minus)
    return plain(x) / plain(y) or zero(minus)


def minimum(x: Value, y: Value) -> Value:
    if x == NAN or y == NAN:
        return NAN
    if x == y:
        return x if negative(x) else y
    return min(x, y)


def maximum(x: Value, y: Value) -> Value:
    if x == NAN or y == NAN:
        return NAN
    if x == y:
        return y if negative(x) else x
    return max(x, y)


def rounded(function: Callable[[Fraction], int]) -> Callable[[Value], Value]:
    def operation(x: Value) -> Value:
        if x == NAN or isinstance(x, float):
            return x
        return Fraction(function(plain(x))) or zero(negative(x))

    return operation


BINARY: dict[str, Callable[[Value, Value], Value]] = {
    "add": add,
    "sub": lambda x, y: add(x, negated(y)),
    "mul": mul,
    "div": div,
    "min": minimum,
    "max": maximum,
    "relaxed_min": minimum,
    "relaxed_max": maximum,
}
UNARY = {
    "ceil": rounded(math.ceil),
    "floor": rounded(math.floor),
    "trunc": rounded(math.trunc),
    "nearest": rounded(round),
}
RELATIONS: dict[str, Callable[[Value, Value], bool]] = {
    "eq": lambda x, y: x == y,
    "lt": lambda x, y: x < y,  # type: ignore[operator]
    "gt": lambda x, y: x > y,  # type: ignore[operator]
    "le": lambda x, y: x <= y,  # type: ignore[operator]
    "ge": lambda x, y: x >= y,  # type: ignore[operator]
}
SHAPES = pytest.mark.parametrize("shape", [F32X4, F64X2], ids=repr)


def assert_arithmetic(format_: Format, found: int, operands: list[int], value: Value) -> None:
    """The result is the nearest number, or a NaN that these operands allow."""
    if value != NAN:
        assert found == format_.bits_of(value), (hex(found), [hex(x) for x in operands])
        return
    canonical = format_.infinity | format_.quiet
    assert found & canonical == canonical, hex(found)
    nans = [x & ~format_.sign for x in operands if format_.is_nan(x)]
    if all(x == canonical for x in nans):
        assert found & ~format_.sign == canonical, hex(found)


@SHAPES
@pytest.mark.parametrize("family", BINARY)
def test_binary_arithmetic(shape: Shape, family: str) -> None:
    rng = random.Random(family)
    format_ = FORMATS[shape.lane_bits]
    for _ in range(ROUNDS):
        a, b = random_vector(shape, rng), random_vector(shape, rng)
        found = lanes(FLOAT[f"{shape}.{family}"](a, b), shape.lane_bits)
        for x, y, z in zip(
            lanes(a, shape.lane_bits), lanes(b, shape.lane_bits), found, strict=True
        ):
            value = BINARY[family](format_.value(x), format_.value(y))
            assert_arithmetic(format_, z, [x, y], value)


@SHAPES
@pytest.mark.parametrize("family", UNARY)
def test_rounding_to_integers(shape: Shape, family: str) -> None:
    rng = random.Random(family)
    format_ = FORMATS[shape.lane_bits]
    for _ in range(ROUNDS):
        a = random_vector(shape, rng)
        found = lanes(FLOAT[f"{shape}.{family}"](a), shape.lane_bits)
        for x, z in zip(lanes(a, shape.lane_bits), found, strict=True):
            assert_arithmetic(format_, z, [x], UNARY[family](format_.value(x)))


@SHAPES
def test_square_roots(shape: Shape) -> None:
    rng = random.Random("sqrt")
    format_ = FORMATS[shape.lane_bits]
    for _ in range(ROUNDS):
        a = random_vector(shape, rng)
        found = lanes(FLOAT[f"{shape}.sqrt"](a), shape.lane_bits)
        for x, z in zip(lanes(a, shape.lane_bits), found, strict=True):
            value = format_.value(x)
            if value == NAN or (negative(value) and value != 0):
                assert_arithmetic(format_, z, [x], NAN)
            elif infinite(value) or value == 0:
                assert z == x
            else:  # the exact root lies less than half a unit from the result
                root, next_ = format_.value(z), format_.value(z + 1)
                below = format_.value(z - 1)
                assert isinstance(value, Fraction)
                assert (plain(root) + plain(below)) ** 2 / 4 <= value
                assert value <= (plain(root) + plain(next_)) ** 2 / 4


@SHAPES
def test_signs_are_bits(shape: Shape) -> None:
    rng = random.Random("signs")
    sign = FORMATS[shape.lane_bits].sign
    for _ in range(ROUNDS):
        a = random_vector(shape, rng)
        found = lanes(a, shape.lane_bits)
        magnitudes = vector([x & ~sign for x in found], shape.lane_bits)
        assert FLOAT[f"{shape}.abs"](a) == magnitudes
        flipped = vector([x ^ sign for x in found], shape.lane_bits)
        assert FLOAT[f"{shape}.neg"](a) == flipped


@SHAPES
def test_comparisons_and_pseudo_extrema(shape: Shape) -> None:
    rng = random.Random("comparisons")
    bits = shape.lane_bits
    format_ = FORMATS[bits]
    ones = (1 << bits) - 1
    for _ in range(ROUNDS):
        a = random_vector(shape, rng)
        b = rng.choice((a, random_vector(shape, rng), random_vector(shape, rng)))
        pairs = list(zip(lanes(a, bits), lanes(b, bits), strict=True))
        numbers = [(format_.value(x), format_.value(y)) for x, y in pairs]
        held = {
            family: [NAN not in (x, y) and relation(x, y) for x, y in numbers]
            for family, relation in RELATIONS.items()
        }
        held["ne"] = [not equal for equal in held["eq"]]
        for family, truths in held.items():
            expected = vector([ones * truth for truth in truths], bits)
            assert FLOAT[f"{shape}.{family}"](a, b) == expected, (family, hex(a), hex(b))
        least = [y if less else x for (x, y), less in zip(pairs, held["gt"], strict=True)]
        assert FLOAT[f"{shape}.pmin"](a, b) == vector(least, bits)
        greatest = [y if less else x for (x, y), less in zip(pairs, held["lt"], strict=True)]
        assert FLOAT[f"{shape}.pmax"](a, b) == vector(greatest, bits)


@SHAPES
def test_multiply_add_rounds_twice(shape: Shape) -> None:
    rng = random.Random("madd")
    bits = shape.lane_bits
    format_ = FORMATS[bits]
    for _ in range(ROUNDS):
        a, b, c = (random_vector(shape, rng) for _ in range(3))
        operands = list(zip(*(lanes(v, bits) for v in (a, b, c)), strict=True))
        for family, sign in ("relaxed_madd", 1), ("relaxed_nmadd", -1):
            found = lanes(FLOAT[f"{shape}.{family}"](a, b, c), bits)
            for (x, y, z), result in zip(operands, found, strict=True):
                factor = format_.value(x) if sign > 0 else negated(format_.value(x))
                exact = mul(factor, format_.value(y))
                product = format_.value(format_.bits_of(exact))
                value = add(product, format_.value(z))
                assert_arithmetic(format_, result, [x, y, z], value)


def _saturating(value: Value, low: int, high: int) -> int:
    if value == NAN:
        return 0
    if infinite(value):
        return low if negative(value) else high
    return min(max(math.trunc(plain(value)), low), high)


@pytest.mark.parametrize("sign", ["s", "u"])
def test_conversions_to_integers(sign: str) -> None:
    rng = random.Random("trunc")
    low, high = (-(1 << 31), (1 << 31) - 1) if sign == "s" else (0, (1 << 32) - 1)
    for shape, name in (F32X4, "f32x4_{}"), (F64X2, "f64x2_{}_zero"):
        format_ = FORMATS[shape.lane_bits]
        limits = [format_.bits_of(Fraction(v)) for v in (low, high, low - 1, high + 1)]
        edges = vector((limits * 2)[: shape.count], shape.lane_bits)
        for a in [edges, *(random_vector(shape, rng) for _ in range(ROUNDS))]:
            values = [format_.value(x) for x in lanes(a, shape.lane_bits)]
            expected = [_saturating(v, low, high) & 0xFFFF_FFFF for v in values]
            for family in ("trunc_sat", "relaxed_trunc"):
                mnemonic = f"i32x4.{family}_{name.format(sign)}"
                assert FLOAT[mnemonic](a) == vector(expected, 32), hex(a)


@pytest.mark.parametrize("sign", ["s", "u"])
def test_conversions_from_integers(sign: str) -> None:
    rng = random.Random("convert")
    for _ in range(ROUNDS):
        integers = [
            rng.choice((rng.getrandbits(32), rng.getrandbits(12), 1 << 31)) for _ in range(4)
        ]
        a = vector(integers, 32)
        values = [v - (1 << 32) if sign == "s" and v >> 31 else v for v in integers]
        single = [FORMATS[32].bits_of(Fraction(v)) for v in values]
        assert FLOAT[f"f32x4.convert_i32x4_{sign}"](a) == vector(single, 32)
        double = [FORMATS[64].bits_of(Fraction(v)) for v in values[:2]]
        assert FLOAT[f"f64x2.convert_low_i32x4_{sign}"](a) == vector(double, 64)


def test_promotion_and_demotion() -> None:
    rng = random.Random("promote")
    for _ in range(ROUNDS):
        a = random_vector(F32X4, rng)
        found = lanes(FLOAT["f64x2.promote_low_f32x4"](a), 64)
        for x, z in zip(lanes(a, 32)[:2], found, strict=True):
            if FORMATS[32].is_nan(x):
                assert z & QUIET64 == QUIET64
                assert z & ~(1 << 63) == QUIET64 or x & 0x7FFF_FFFF != QUIET32
            else:
                assert z == FORMATS[64].bits_of(FORMATS[32].value(x))
        b = random_vector(F64X2, rng)
        found = lanes(FLOAT["f32x4.demote_f64x2_zero"](b), 32)
        assert found[2:] == [0, 0]
        for x, z in zip(lanes(b, 64), found, strict=False):
            value = FORMATS[64].value(x)
            if value == NAN:
                assert z & QUIET32 == QUIET32
                assert z & 0x7FFF_FFFF == QUIET32 or x & ~(1 << 63) != QUIET64
            else:
                assert z == FORMATS[32].bits_of(value), hex(x)


def test_lanes_keep_every_bit() -> None:
    rng = random.Random("lanes")
    for _ in range(ROUNDS):
        a = random_vector(F32X4, rng)
        for i, bits in enumerate(lanes(a, 32)):
            assert FLOAT["f32x4.splat"](f32x4_extract_lane(a, 32 * i)) == bits * I32X4.ones
        b = random_vector(F64X2, rng)
        for i, bits in enumerate(lanes(b, 64)):
            assert FLOAT["f64x2.splat"](f64x2_extract_lane(b, 64 * i)) == bits * F64X2.ones
    assert FLOAT["f32x4.splat"](-0.0) == F32X4.highs
    assert FLOAT["f64x2.neg"](MASK128) == F64X2.lows
