"""Integer operations on vectors agree with the specification's definitions, lane by lane."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from pyjsapi.compiler.support.simd_bytes import BYTES, extract_lane_u, replace_lane
from pyjsapi.compiler.support.simd_integer import INTEGER
from pyjsapi.compiler.support.simd_products import PRODUCTS
from pyjsapi.compiler.support.simd_shapes import (
    I8X16,
    I16X8,
    I32X4,
    I64X2,
    INTEGER_SHAPES,
    MASK128,
    NARROWER,
    SHAPES,
    Shape,
)

OPERATIONS = {**INTEGER, **BYTES, **PRODUCTS}
ROUNDS = 60


def lanes(value: int, bits: int) -> list[int]:
    """Unsigned lanes of a vector."""
    return [value >> at & (1 << bits) - 1 for at in range(0, 128, bits)]


def vector(values: list[int], bits: int) -> int:
    """The vector of these lanes, each modulo its range."""
    return sum((v & (1 << bits) - 1) << i * bits for i, v in enumerate(values))


def signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 else value


def saturate(value: int, bits: int, is_signed: bool) -> int:
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if is_signed else (0, (1 << bits) - 1)
    return min(max(value, low), high)


def random_vectors(count: int, seed: str) -> Iterator[int]:
    """Vectors whose lanes of every width are often at the limits of their range."""
    rng = random.Random(seed)
    for _ in range(count):
        bits = rng.choice((8, 16, 32, 64))
        top = 1 << bits - 1
        special = [0, 1, 2, top - 1, top, top + 1, 2 * top - 1, 2 * top - 2]
        yield vector(
            [
                rng.choice(special) if rng.random() < 0.5 else rng.getrandbits(bits)
                for _ in range(128 // bits)
            ],
            bits,
        )


Lane = Callable[[int, int, int], int]
"""From two unsigned lanes and the width of a lane in bits to the result, modulo the lane's range."""


def _s(function: Callable[[int, int], int]) -> Lane:
    return lambda a, b, bits: function(signed(a, bits), signed(b, bits))


def _u(function: Callable[[int, int], int]) -> Lane:
    return lambda a, b, bits: function(a, b)


BINARY: dict[str, Lane] = {
    "add": _u(lambda a, b: a + b),
    "sub": _u(lambda a, b: a - b),
    "mul": _u(lambda a, b: a * b),
    "eq": _u(lambda a, b: -(a == b)),
    "ne": _u(lambda a, b: -(a != b)),
    "avgr_u": _u(lambda a, b: (a + b + 1) // 2),
    "add_sat_s": lambda a, b, n: saturate(signed(a, n) + signed(b, n), n, True),
    "sub_sat_s": lambda a, b, n: saturate(signed(a, n) - signed(b, n), n, True),
    "add_sat_u": lambda a, b, n: saturate(a + b, n, False),
    "sub_sat_u": lambda a, b, n: saturate(a - b, n, False),
    "q15mulr_sat_s": lambda a, b, n: saturate(signed(a, n) * signed(b, n) + 0x4000 >> 15, n, True),
}
for _sign, _wrap in ("s", _s), ("u", _u):
    BINARY |= {
        f"lt_{_sign}": _wrap(lambda a, b: -(a < b)),
        f"gt_{_sign}": _wrap(lambda a, b: -(a > b)),
        f"le_{_sign}": _wrap(lambda a, b: -(a <= b)),
        f"ge_{_sign}": _wrap(lambda a, b: -(a >= b)),
        f"min_{_sign}": _wrap(min),
        f"max_{_sign}": _wrap(max),
    }
BINARY["relaxed_q15mulr_s"] = BINARY["q15mulr_sat_s"]

UNARY: dict[str, Callable[[int, int], int]] = {
    "neg": lambda a, n: -a,
    "abs": lambda a, n: abs(signed(a, n)),
    "popcnt": lambda a, n: a.bit_count(),
}
SHIFTS: dict[str, Lane] = {
    "shl": lambda a, k, n: a << k % n,
    "shr_u": lambda a, k, n: a >> k % n,
    "shr_s": lambda a, k, n: signed(a, n) >> k % n,
}


def integer_operations(families: object) -> list[str]:
    return [
        f"{shape}.{family}"
        for shape in INTEGER_SHAPES
        for family in families  # type: ignore[attr-defined]
        if f"{shape}.{family}" in OPERATIONS
    ]


def split(mnemonic: str) -> tuple[Shape, str]:
    name, _, family = mnemonic.partition(".")
    return SHAPES[name], family


@pytest.mark.parametrize("mnemonic", integer_operations(BINARY))
def test_binary_operations(mnemonic: str) -> None:
    shape, family = split(mnemonic)
    bits = shape.lane_bits
    vectors = list(random_vectors(2 * ROUNDS, mnemonic))
    for a, b in [*zip(vectors[::2], vectors[1::2], strict=True), *((v, v) for v in vectors)]:
        expected = [
            BINARY[family](x, y, bits) for x, y in zip(lanes(a, bits), lanes(b, bits), strict=True)
        ]
        assert OPERATIONS[mnemonic](a, b) == vector(expected, bits), (hex(a), hex(b))


@pytest.mark.parametrize("mnemonic", integer_operations(UNARY))
def test_unary_operations(mnemonic: str) -> None:
    shape, family = split(mnemonic)
    bits = shape.lane_bits
    for a in random_vectors(ROUNDS, mnemonic):
        expected = [UNARY[family](x, bits) for x in lanes(a, bits)]
        assert OPERATIONS[mnemonic](a) == vector(expected, bits), hex(a)


@pytest.mark.parametrize("mnemonic", integer_operations(SHIFTS))
def test_shifts(mnemonic: str) -> None:
    shape, family = split(mnemonic)
    bits = shape.lane_bits
    for i, a in enumerate(random_vectors(2 * bits + 4, mnemonic)):
        for k in (i, 0, bits - 1, 0xFFFF_FFFF):
            expected = [SHIFTS[family](x, k, bits) for x in lanes(a, bits)]
            assert OPERATIONS[mnemonic](a, k) == vector(expected, bits), (hex(a), k)


@pytest.mark.parametrize("shape", INTEGER_SHAPES, ids=repr)
def test_tests_of_lanes(shape: Shape) -> None:
    bits = shape.lane_bits
    for a in [*random_vectors(ROUNDS, f"tests {shape}"), 0, 1, MASK128, shape.ones, shape.highs]:
        found = lanes(a, bits)
        assert INTEGER[f"{shape}.all_true"](a) == int(all(found)), hex(a)
        assert INTEGER["v128.any_true"](a) == int(any(found)), hex(a)
        mask = sum((x >> bits - 1) << i for i, x in enumerate(found))
        assert INTEGER[f"{shape}.bitmask"](a) == mask, hex(a)


def test_bitwise_operations() -> None:
    vectors = list(random_vectors(3 * ROUNDS, "bitwise"))
    for a, b, c in zip(vectors[::3], vectors[1::3], vectors[2::3], strict=True):
        assert INTEGER["v128.not"](a) == ~a & MASK128
        assert INTEGER["v128.and"](a, b) == a & b
        assert INTEGER["v128.andnot"](a, b) == a & ~b
        assert INTEGER["v128.or"](a, b) == a | b
        assert INTEGER["v128.xor"](a, b) == a ^ b
        selected = a & c | b & ~c
        assert INTEGER["v128.bitselect"](a, b, c) == selected
        for shape in INTEGER_SHAPES:
            assert INTEGER[f"{shape}.relaxed_laneselect"](a, b, c) == selected


@pytest.mark.parametrize("shape", [I16X8, I32X4, I64X2], ids=repr)
@pytest.mark.parametrize("sign", ["s", "u"])
def test_widening(shape: Shape, sign: str) -> None:
    source = NARROWER[shape]
    half, bits = source.lane_bits, shape.lane_bits
    vectors = list(random_vectors(2 * ROUNDS, f"widening {shape} {sign}"))
    for a, b in zip(vectors[::2], vectors[1::2], strict=True):
        x, y = lanes(a, half), lanes(b, half)
        if sign == "s":
            x, y = [signed(v, half) for v in x], [signed(v, half) for v in y]
        n = shape.count
        for name, part in ("low", slice(0, n)), ("high", slice(n, 2 * n)):
            extended = OPERATIONS[f"{shape}.extend_{name}_{source}_{sign}"](a)
            assert extended == vector(x[part], bits), hex(a)
            products = [v * w for v, w in zip(x[part], y[part], strict=True)]
            product = OPERATIONS[f"{shape}.extmul_{name}_{source}_{sign}"](a, b)
            assert product == vector(products, bits), (hex(a), hex(b))
        if shape is not I64X2:
            sums = [v + w for v, w in zip(x[::2], x[1::2], strict=True)]
            assert OPERATIONS[f"{shape}.extadd_pairwise_{source}_{sign}"](a) == vector(sums, bits)


@pytest.mark.parametrize("shape", [I16X8, I32X4], ids=repr)
@pytest.mark.parametrize("sign", ["s", "u"])
def test_narrowing(shape: Shape, sign: str) -> None:
    target = NARROWER[shape]
    bits, half = shape.lane_bits, target.lane_bits
    small = [vector([v - 2 for v in range(shape.count)], bits), vector([1 << half - 1] * 8, bits)]
    vectors = [*random_vectors(2 * ROUNDS, f"narrowing {shape} {sign}"), *small]
    for a, b in zip(vectors[::2], vectors[1::2], strict=True):
        both = [signed(v, bits) for v in lanes(a, bits) + lanes(b, bits)]
        expected = vector([saturate(v, half, sign == "s") for v in both], half)
        assert OPERATIONS[f"{target}.narrow_{shape}_{sign}"](a, b) == expected, (hex(a), hex(b))


def test_dot_products() -> None:
    vectors = [*random_vectors(3 * ROUNDS, "dot"), *[vector([0x8000] * 8, 16)] * 3]
    vectors += [vector([0x80] * 16, 8)] * 3
    for a, b, c in zip(vectors[::3], vectors[1::3], vectors[2::3], strict=True):
        x, y = ([signed(v, 16) for v in lanes(w, 16)] for w in (a, b))
        expected = [x[i] * y[i] + x[i + 1] * y[i + 1] for i in range(0, 8, 2)]
        assert PRODUCTS["i32x4.dot_i16x8_s"](a, b) == vector(expected, 32)
        x, y = ([signed(v, 8) for v in lanes(w, 8)] for w in (a, b))
        dot = [saturate(x[i] * y[i] + x[i + 1] * y[i + 1], 16, True) for i in range(0, 16, 2)]
        assert PRODUCTS["i16x8.relaxed_dot_i8x16_i7x16_s"](a, b) == vector(dot, 16)
        sums = [dot[2 * i] + dot[2 * i + 1] + v for i, v in enumerate(lanes(c, 32))]
        added = PRODUCTS["i32x4.relaxed_dot_i8x16_i7x16_add_s"](a, b, c)
        assert added == vector(sums, 32)


def test_shuffle_and_swizzle() -> None:
    rng = random.Random(3)
    vectors = list(random_vectors(2 * ROUNDS, "shuffle"))
    for a, b in zip(vectors[::2], vectors[1::2], strict=True):
        both = lanes(a, 8) + lanes(b, 8)
        picked = bytes(rng.randrange(32) for _ in range(16))
        expected = vector([both[i] for i in picked], 8)
        assert BYTES["i8x16.shuffle"](a, b, picked) == expected
        indices = [rng.choice((i, 15, 16, 128, 255)) for i in range(16)]
        expected = vector([both[i] if i < 16 else 0 for i in indices], 8)
        assert BYTES["i8x16.swizzle"](a, vector(indices, 8)) == expected
        assert BYTES["i8x16.relaxed_swizzle"](a, vector(indices, 8)) == expected


@pytest.mark.parametrize("shape", INTEGER_SHAPES, ids=repr)
def test_single_lanes(shape: Shape) -> None:
    bits = shape.lane_bits
    for a in random_vectors(10, f"lanes {shape}"):
        found = lanes(a, bits)
        value = 0x1234_5678_9ABC_DEF0
        assert BYTES[f"{shape}.splat"](value) == vector([value] * shape.count, bits)
        for i in range(shape.count):
            assert extract_lane_u(shape, a, i) == found[i]
            replaced = [*found[:i], value, *found[i + 1 :]]
            assert replace_lane(shape, a, i, value) == vector(replaced, bits)


def test_shapes_describe_themselves() -> None:
    for shape in (I8X16, I16X8, I32X4, I64X2):
        assert shape.count * shape.lane_bits == 128
        assert shape.ones == vector([1] * shape.count, shape.lane_bits)
        assert shape.lows | shape.highs == MASK128
        assert shape.lows & shape.highs == 0
        assert repr(shape) == f"i{shape.lane_bits}x{shape.count}"
