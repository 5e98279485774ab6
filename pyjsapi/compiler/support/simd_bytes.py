"""Vector operations that move bytes (core: "Vector Instructions"): shuffles, widening and narrowing, lanes.

Bytes are picked by `bytes.translate`: an operand, zero-extended to 256 bytes, is the table, and the text to be
translated is the list of byte positions. A position beyond the operand gives a zero byte.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pyjsapi.compiler.support.simd_integer import Unary
from pyjsapi.compiler.support.simd_shapes import (
    BITS,
    I16X8,
    I32X4,
    I64X2,
    INTEGER_SHAPES,
    MASK128,
    NARROWER,
    Shape,
)

_ZERO: Final = 255
"""A byte position that gives zero."""


def i8x16_shuffle(a: int, b: int, lanes: bytes) -> int:
    """i8x16.shuffle; ``lanes`` holds the 16 lane indices, each below 32."""
    return int.from_bytes(lanes.translate((a | b << BITS).to_bytes(256, "little")), "little")


def i8x16_swizzle(a: int, indices: int) -> int:
    """i8x16.swizzle: bytes of a by index, zero for an index of 16 or more."""
    positions = indices.to_bytes(16, "little")
    return int.from_bytes(positions.translate(a.to_bytes(256, "little")), "little")


def _spread(start: int, step: int, count: int) -> bytes:
    """Positions that put ``count`` lanes of ``step`` bytes, from byte ``start`` on, into lanes twice as wide."""
    positions: list[int] = []
    for i in range(count):
        first = start + i * step
        positions += [*range(first, first + step), *[_ZERO] * step]
    return bytes(positions)


def extend_unsigned(shape: Shape, high: bool) -> Unary:
    """extend_low_u or extend_high_u to ``shape``."""
    step = shape.lane_bits // 16
    positions = _spread(8 if high else 0, step, shape.count)

    def extend_u(a: int) -> int:
        return int.from_bytes(positions.translate(a.to_bytes(256, "little")), "little")

    return extend_u


def sign_extended(shape: Shape) -> Unary:
    """Of a vector whose lanes use their lower half: copy the half's sign bit into the upper half."""
    half = shape.lane_bits // 2
    signs = shape.ones << half - 1

    def extended(a: int) -> int:
        t = (a & signs) << 1
        return a | (t << half) - t if t else a

    return extended


def _extend_signed(shape: Shape, high: bool) -> Unary:
    spread = extend_unsigned(shape, high)
    extended = sign_extended(shape)

    def extend_s(a: int) -> int:
        return extended(spread(a))

    return extend_s


def _narrow(shape: Shape, signed: bool) -> Callable[[int, int], int]:
    """From lanes of ``shape`` to lanes half as wide, saturating."""
    wide = Shape("", shape.lane_bits, 2 * BITS)  # both operands side by side
    half, top = shape.lane_bits // 2, shape.lane_bits - 1
    half_mask = (1 << half) - 1
    ones, highs, lows = wide.ones, wide.highs, wide.lows
    low_halves = ones * half_mask
    high_halves = low_halves << half
    bias = ones << half - 1 if signed else 0
    largest = ones * (half_mask >> 1)
    step = half // 8
    positions = bytes(lane * 2 * step + byte for lane in range(wide.count) for byte in range(step))

    def narrow(a: int, b: int) -> int:
        x = a | b << BITS
        # In range if the lane, biased to start at zero, fits its lower half.
        outside = ((x & lows) + bias ^ x & highs if bias else x) & high_halves
        if outside:
            full = (((outside >> half) + low_halves) >> half & ones) * half_mask
            signs = x >> top & ones
            limit = largest + signs if bias else (ones ^ signs) * half_mask
            x ^= (x ^ limit) & full
        return int.from_bytes(positions.translate(x.to_bytes(256, "little")), "little")

    return narrow


def extadd_pairwise_u(shape: Shape) -> Unary:
    """extadd_pairwise_…_u to ``shape``."""
    half = shape.lane_bits // 2
    low_halves = shape.ones * ((1 << half) - 1)

    def extadd_u(a: int) -> int:
        return (a & low_halves) + (a >> half & low_halves)

    return extadd_u


def extadd_pairwise_s(shape: Shape) -> Unary:
    """extadd_pairwise_…_s to ``shape``."""
    half = shape.lane_bits // 2
    low_halves = shape.ones * ((1 << half) - 1)
    bias = (shape.ones << half - 1) * ((1 << half) + 1)
    highs = shape.highs
    both = highs - (shape.ones << half)

    def extadd_s(a: int) -> int:
        a ^= bias  # signed values plus 2**(half - 1)
        return (a & low_halves) + (a >> half & low_halves) + both ^ highs

    return extadd_s


def _splat(shape: Shape) -> Unary:
    ones, lane_mask = shape.ones, shape.lane_mask

    def splat(value: int) -> int:
        return (value & lane_mask) * ones

    return splat


def extract_lane_u(shape: Shape, a: int, lane: int) -> int:
    """extract_lane or extract_lane_u."""
    return a >> lane * shape.lane_bits & shape.lane_mask


def replace_lane(shape: Shape, a: int, lane: int, value: int) -> int:
    """replace_lane; the value is taken modulo the lane's range."""
    at = lane * shape.lane_bits
    return a & (MASK128 ^ shape.lane_mask << at) | (value & shape.lane_mask) << at


def _table() -> dict[str, Callable[..., int]]:
    found: dict[str, Callable[..., int]] = {
        "i8x16.shuffle": i8x16_shuffle,
        "i8x16.swizzle": i8x16_swizzle,
        "i8x16.relaxed_swizzle": i8x16_swizzle,
    }
    for shape in INTEGER_SHAPES:
        found[f"{shape}.splat"] = _splat(shape)
    for shape in (I16X8, I32X4, I64X2):
        source = NARROWER[shape]
        for half, high in ("low", False), ("high", True):
            found[f"{shape}.extend_{half}_{source}_u"] = extend_unsigned(shape, high)
            found[f"{shape}.extend_{half}_{source}_s"] = _extend_signed(shape, high)
        if shape is not I64X2:
            found[f"{source}.narrow_{shape}_s"] = _narrow(shape, True)
            found[f"{source}.narrow_{shape}_u"] = _narrow(shape, False)
            found[f"{shape}.extadd_pairwise_{source}_u"] = extadd_pairwise_u(shape)
            found[f"{shape}.extadd_pairwise_{source}_s"] = extadd_pairwise_s(shape)
    return found


BYTES: Final = _table()
"""Operations by mnemonic; ``i8x16.shuffle`` takes its lane indices as a third operand."""
