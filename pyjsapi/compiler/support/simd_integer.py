"""Integer operations on all lanes of a vector at once (core: "Vector Instructions", "Numerics").

Each function makes the operation for one shape; `INTEGER` holds all of them by mnemonic. See
:mod:`pyjsapi.compiler.support.simd_shapes` for the representation.

Three idioms recur. *Addition*: the sum of the lanes without their top bits cannot leave the lane, and the top bits
are added by exclusive or. *Comparison*: with the top bit of ``a`` set and that of ``b`` cleared a lane's difference
does not borrow, and keeps its top bit where the low bits of ``a`` are at least those of ``b``. *Mask*: a word ``t``
with only top bits becomes whole lanes by ``(t << 1) - (t >> lane_bits - 1)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from pyjsapi.compiler.support.simd_shapes import I8X16, I16X8, I64X2, INTEGER_SHAPES, MASK128, Shape

Unary: TypeAlias = Callable[[int], int]
Binary: TypeAlias = Callable[[int, int], int]


def v128_not(a: int) -> int:
    """v128.not"""
    return a ^ MASK128


def v128_and(a: int, b: int) -> int:
    """v128.and"""
    return a & b


def v128_andnot(a: int, b: int) -> int:
    """v128.andnot: bits of a that are not in b."""
    return a & (b ^ MASK128)


def v128_or(a: int, b: int) -> int:
    """v128.or"""
    return a | b


def v128_xor(a: int, b: int) -> int:
    """v128.xor"""
    return a ^ b


def v128_bitselect(a: int, b: int, c: int) -> int:
    """v128.bitselect: bits of a where c is set, of b where it is not."""
    return b ^ (a ^ b) & c


def v128_any_true(a: int) -> int:
    """v128.any_true"""
    return 1 if a else 0


def _add(shape: Shape) -> Binary:
    highs, lows = shape.highs, shape.lows

    def add(a: int, b: int) -> int:
        return (a & lows) + (b & lows) ^ (a ^ b) & highs

    return add


def _sub(shape: Shape) -> Binary:
    highs, lows = shape.highs, shape.lows

    def sub(a: int, b: int) -> int:
        return (a | highs) - (b & lows) ^ (a ^ b ^ highs) & highs

    return sub


def _neg(shape: Shape) -> Unary:
    highs, lows = shape.highs, shape.lows

    def neg(a: int) -> int:
        return highs - (a & lows) ^ (a ^ highs) & highs

    return neg


def _abs(shape: Shape) -> Unary:
    highs, top = shape.highs, shape.lane_bits - 1

    def absolute(a: int) -> int:
        negative = a & highs
        if not negative:
            return a
        ones = negative >> top
        # Two's complement of the negative lanes: a carry ends in the top bit at the latest.
        return (a ^ (negative << 1) - ones) + ones

    return absolute


def _eq(shape: Shape, invert: bool) -> Binary:
    highs, lows, top = shape.highs, shape.lows, shape.lane_bits - 1

    def ne(a: int, b: int) -> int:
        x = a ^ b
        t = ((x & lows) + lows | x) & highs
        return (t << 1) - (t >> top)

    def eq(a: int, b: int) -> int:
        x = a ^ b
        t = ((x & lows) + lows | x) & highs ^ highs
        return (t << 1) - (t >> top)

    return ne if invert else eq


def _ge_s(shape: Shape, invert: bool) -> Binary:
    highs, lows, top = shape.highs, shape.lows, shape.lane_bits - 1
    flip = highs if invert else 0

    def ge_s(a: int, b: int) -> int:
        t = (a | highs) - (b & lows)
        # Where the signs differ, a is the greater one if b is negative.
        t = (t ^ (t ^ b) & (a ^ b)) & highs ^ flip
        return (t << 1) - (t >> top)

    return ge_s


def _ge_u(shape: Shape, invert: bool) -> Binary:
    highs, lows, top = shape.highs, shape.lows, shape.lane_bits - 1
    flip = highs if invert else 0

    def ge_u(a: int, b: int) -> int:
        t = (a | highs) - (b & lows)
        t = (t ^ (t ^ a) & (a ^ b)) & highs ^ flip
        return (t << 1) - (t >> top)

    return ge_u


def _swapped(function: Binary) -> Binary:
    def swapped(a: int, b: int) -> int:
        return function(b, a)

    return swapped


def _select(greater_equal: Binary, least: bool) -> Binary:
    """Minimum or maximum from the comparison."""

    def maximum(a: int, b: int) -> int:
        return b ^ (a ^ b) & greater_equal(a, b)

    def minimum(a: int, b: int) -> int:
        return a ^ (a ^ b) & greater_equal(a, b)

    return minimum if least else maximum


def _avgr_u(shape: Shape) -> Binary:
    but_lowest = shape.ones * (shape.lane_mask - 1)

    def avgr_u(a: int, b: int) -> int:
        return (a | b) - (((a ^ b) & but_lowest) >> 1)

    return avgr_u


def _add_sat_u(shape: Shape) -> Binary:
    highs, lows, top = shape.highs, shape.lows, shape.lane_bits - 1

    def add_sat_u(a: int, b: int) -> int:
        x = a ^ b
        s = (a & lows) + (b & lows) ^ x & highs
        # Carry out: both top bits were set, or one was and the sum's is not.
        t = (a & b | x & (s ^ highs)) & highs
        return s | (t << 1) - (t >> top) if t else s

    return add_sat_u


def _sub_sat_u(shape: Shape) -> Binary:
    highs, lows, top = shape.highs, shape.lows, shape.lane_bits - 1

    def sub_sat_u(a: int, b: int) -> int:
        d = (a | highs) - (b & lows)
        x = a ^ b
        t = (d ^ (d ^ a) & x) & highs
        return (d ^ (x ^ highs) & highs) & (t << 1) - (t >> top)

    return sub_sat_u


def _saturated_s(shape: Shape) -> Callable[[int, int, int], int]:
    """Put the greatest or least value, by the sign of ``a``, where ``overflow`` has a top bit."""
    ones, lows, top = shape.ones, shape.lows, shape.lane_bits - 1

    def saturated(result: int, a: int, overflow: int) -> int:
        limit = (a >> top & ones) + lows
        return result ^ (result ^ limit) & (overflow << 1) - (overflow >> top)

    return saturated


def _add_sat_s(shape: Shape) -> Binary:
    highs, lows = shape.highs, shape.lows
    saturated = _saturated_s(shape)

    def add_sat_s(a: int, b: int) -> int:
        s = (a & lows) + (b & lows) ^ (a ^ b) & highs
        overflow = (a ^ s) & (b ^ s) & highs
        return saturated(s, a, overflow) if overflow else s

    return add_sat_s


def _sub_sat_s(shape: Shape) -> Binary:
    highs, lows = shape.highs, shape.lows
    saturated = _saturated_s(shape)

    def sub_sat_s(a: int, b: int) -> int:
        x = a ^ b
        s = (a | highs) - (b & lows) ^ (x ^ highs) & highs
        overflow = x & (a ^ s) & highs
        return saturated(s, a, overflow) if overflow else s

    return sub_sat_s


def shift_masks(shape: Shape) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """By shift distance: the bits that stay in their lane when shifted left, and those left after a shift right."""
    ones, lane_mask, bits = shape.ones, shape.lane_mask, shape.lane_bits
    left = tuple(ones * (lane_mask >> k) for k in range(bits))
    return left, left


def _shl(shape: Shape) -> Binary:
    modulo = shape.lane_bits - 1
    stays, _ = shift_masks(shape)

    def shl(a: int, k: int) -> int:
        k &= modulo
        return (a & stays[k]) << k

    return shl


def _shr_u(shape: Shape) -> Binary:
    modulo = shape.lane_bits - 1
    _, left = shift_masks(shape)

    def shr_u(a: int, k: int) -> int:
        k &= modulo
        return a >> k & left[k]

    return shr_u


def _shr_s(shape: Shape) -> Binary:
    highs, modulo = shape.highs, shape.lane_bits - 1
    _, left = shift_masks(shape)

    def shr_s(a: int, k: int) -> int:
        k &= modulo
        signs = (a & highs) << 1
        return a >> k & left[k] | signs - (signs >> k)

    return shr_s


def _all_true(shape: Shape) -> Unary:
    highs, lows = shape.highs, shape.lows

    def all_true(a: int) -> int:
        return 1 if ((a & lows) + lows | a) & highs == highs else 0

    return all_true


_BIT_COUNTS: Final = bytes(i.bit_count() for i in range(256))
_SIGN_DIGITS: Final = b"0" * 128 + b"1" * 128


def i8x16_popcnt(a: int) -> int:
    """i8x16.popcnt"""
    return int.from_bytes(a.to_bytes(16, "little").translate(_BIT_COUNTS), "little")


def _bitmask(shape: Shape) -> Unary:
    step = shape.lane_bits // 8

    def bitmask(a: int) -> int:
        # The bytes with the signs, lane 0 last, read as binary digits.
        return int(a.to_bytes(16, "big")[::step].translate(_SIGN_DIGITS), 2)

    return bitmask


def i64x2_bitmask(a: int) -> int:
    """i64x2.bitmask"""
    return a >> 63 & 1 | a >> 126 & 2


def _table() -> dict[str, Callable[..., int]]:
    found: dict[str, Callable[..., int]] = {
        "v128.not": v128_not,
        "v128.and": v128_and,
        "v128.andnot": v128_andnot,
        "v128.or": v128_or,
        "v128.xor": v128_xor,
        "v128.bitselect": v128_bitselect,
        "v128.any_true": v128_any_true,
        "i8x16.popcnt": i8x16_popcnt,
    }
    for shape in INTEGER_SHAPES:
        made: dict[str, Callable[..., int]] = {
            "add": _add(shape),
            "sub": _sub(shape),
            "neg": _neg(shape),
            "abs": _abs(shape),
            "eq": _eq(shape, False),
            "ne": _eq(shape, True),
            "ge_s": _ge_s(shape, False),
            "le_s": _swapped(_ge_s(shape, False)),
            "lt_s": _ge_s(shape, True),
            "gt_s": _swapped(_ge_s(shape, True)),
            "shl": _shl(shape),
            "shr_s": _shr_s(shape),
            "shr_u": _shr_u(shape),
            "all_true": _all_true(shape),
            "bitmask": i64x2_bitmask if shape is I64X2 else _bitmask(shape),
            "relaxed_laneselect": v128_bitselect,
        }
        if shape is not I64X2:
            made |= _unsigned_and_extremes(shape)
        if shape in (I8X16, I16X8):
            made |= _saturating(shape)
        found |= {f"{shape}.{family}": function for family, function in made.items()}
    return found


def _unsigned_and_extremes(shape: Shape) -> dict[str, Callable[..., int]]:
    return {
        "ge_u": _ge_u(shape, False),
        "le_u": _swapped(_ge_u(shape, False)),
        "lt_u": _ge_u(shape, True),
        "gt_u": _swapped(_ge_u(shape, True)),
        "min_s": _select(_ge_s(shape, False), True),
        "max_s": _select(_ge_s(shape, False), False),
        "min_u": _select(_ge_u(shape, False), True),
        "max_u": _select(_ge_u(shape, False), False),
    }


def _saturating(shape: Shape) -> dict[str, Callable[..., int]]:
    return {
        "avgr_u": _avgr_u(shape),
        "add_sat_s": _add_sat_s(shape),
        "add_sat_u": _add_sat_u(shape),
        "sub_sat_s": _sub_sat_s(shape),
        "sub_sat_u": _sub_sat_u(shape),
    }


INTEGER: Final = _table()
"""Operations on vectors by mnemonic; i32 operands and results are canonical."""
