"""Floating-point operations on vectors (core: "Vector Instructions", "Numerics").

Lanes are unpacked to Python floats; packing rounds an f32 as the specification does, once: a sum, product, quotient
or square root of f32 values that was rounded to f64 before rounds to the same f32. A NaN that an operation makes
is quiet, because every one of them goes through arithmetic; operations on signs and selections keep all bits and
work on the integer.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Final

from pyjsapi.blocks.floats import f32_bits, f32_from_bits, f64_bits, f64_from_bits
from pyjsapi.compiler.support import numerics
from pyjsapi.compiler.support.simd_lanewise import lanewise
from pyjsapi.compiler.support.simd_shapes import F32X4, F64X2, Shape
from pyjsapi.compiler.support.simd_texts import ARITHMETIC, RELATIONS, variable

_HELPERS: Final[dict[str, object]] = {
    "abs": abs,
    "sqrt": math.sqrt,
    "fdiv": numerics.float_divide,
    "fmin": numerics.float_min,
    "fmax": numerics.float_max,
    "fsqrt": numerics.float_sqrt,
    "copysign": math.copysign,
    "round_f32": numerics.round_f32,
}

_LETTER: Final = {F32X4: "f", F64X2: "d"}
_PACK_F32X4: Final = struct.Struct("<4f").pack
_PACK_F64X2: Final = struct.Struct("<2d").pack


def _signs(shape: Shape) -> tuple[Callable[[int], int], Callable[[int], int]]:
    """abs and neg."""
    highs, lows = shape.highs, shape.lows

    def absolute(a: int) -> int:
        return a & lows

    def neg(a: int) -> int:
        return a ^ highs

    return absolute, neg


def _pseudo_extremum(less: Callable[..., int], maximum: bool) -> Callable[[int, int], int]:
    """pmin and pmax: the second operand where it is less (greater) than the first, bit by bit."""

    def pmin(a: int, b: int) -> int:
        return a ^ (a ^ b) & less(b, a)

    def pmax(a: int, b: int) -> int:
        return a ^ (a ^ b) & less(a, b)

    return pmax if maximum else pmin


def _multiply_add(shape: Shape, negated: bool) -> Callable[[int, int, int], int]:
    """relaxed_madd and relaxed_nmadd, the product rounded before the addition (deterministic profile)."""
    if shape is F64X2:
        sign = "-" if negated else ""
        lanes = [f"{sign}a{i}*b{i}+c{i}" for i in range(2)]
        return lanewise("madd", ["2d"] * 3, lanes, "2d", {})
    highs = shape.highs if negated else 0
    mul, add = _arithmetic(shape, "mul"), _arithmetic(shape, "add")

    def madd(a: int, b: int, c: int) -> int:
        return add(mul(a ^ highs, b), c)

    return madd


def _arithmetic(shape: Shape, family: str) -> Callable[..., int]:
    count, text = ARITHMETIC[family]
    lanes = [text(*(variable(f"{x}{i}") for x in "ab"[:count])) for i in range(shape.count)]
    format_ = f"{shape.count}{_LETTER[shape]}"
    retry = "round_f32" if shape is F32X4 else ""
    return lanewise(family, [format_] * count, lanes, format_, _HELPERS, retry)


def _comparison(shape: Shape, operator: str) -> Callable[..., int]:
    """A lane of ones where the relation holds."""
    lanes = [f"{shape.lane_mask} if a{i}{operator}b{i} else 0" for i in range(shape.count)]
    result = f"{shape.count}{'I' if shape is F32X4 else 'Q'}"
    operands = [f"{shape.count}{_LETTER[shape]}"] * 2
    return lanewise("compare", operands, lanes, result, {})


def _conversions() -> dict[str, Callable[..., int]]:
    # The multiplication makes a signalling NaN quiet.
    quiet = ["a0*1.0", "a1*1.0"]
    found = {
        "f32x4.demote_f64x2_zero": lanewise("demote", ["2d"], quiet, "2f", _HELPERS, "round_f32"),
        "f64x2.promote_low_f32x4": lanewise("promote", ["2f8x"], quiet, "2d", {}),
    }
    for sign, letter, low_, high in ("s", "i", -(2**31), 2**31 - 1), ("u", "I", 0, 2**32 - 1):
        lanes = [f"a{i}" for i in range(4)]
        saturating = [
            f"int({a}) if {low_ - 1}.0<{a}<{high + 1}.0"
            f" else ({high} if {a}>0 else {low_} if {a}<0 else 0)"
            for a in lanes
        ]
        convert = lanewise("convert", [f"4{letter}"], lanes, "4f", {})
        convert_low = lanewise("convert", [f"2{letter}8x"], lanes[:2], "2d", {})
        trunc = lanewise("trunc", ["4f"], saturating, f"4{letter}", {"int": int})
        trunc_low = lanewise("trunc", ["2d"], saturating[:2], f"2{letter}", {"int": int})
        found |= {
            f"f32x4.convert_i32x4_{sign}": convert,
            f"f64x2.convert_low_i32x4_{sign}": convert_low,
            f"i32x4.trunc_sat_f32x4_{sign}": trunc,
            f"i32x4.trunc_sat_f64x2_{sign}_zero": trunc_low,
            f"i32x4.relaxed_trunc_f32x4_{sign}": trunc,
            f"i32x4.relaxed_trunc_f64x2_{sign}_zero": trunc_low,
        }
    return found


def f32x4_splat(value: float) -> int:
    """f32x4.splat"""
    return f32_bits(value) * F32X4.ones


def f64x2_splat(value: float) -> int:
    """f64x2.splat"""
    return f64_bits(value) * F64X2.ones


def f32x4_pack(a: float, b: float, c: float, d: float) -> int:
    """The vector of four lanes; NaNs keep every bit."""
    if a == a and b == b and c == c and d == d:
        return int.from_bytes(_PACK_F32X4(a, b, c, d), "little")
    bits = f32_bits
    return bits(a) | bits(b) << 32 | bits(c) << 64 | bits(d) << 96


def f64x2_pack(a: float, b: float) -> int:
    """The vector of two lanes."""
    return int.from_bytes(_PACK_F64X2(a, b), "little")


def f32x4_extract_lane(a: int, shift: int) -> float:
    """f32x4.extract_lane of the lane that starts at bit ``shift``."""
    return f32_from_bits(a >> shift & 0xFFFF_FFFF)


def f64x2_extract_lane(a: int, shift: int) -> float:
    """f64x2.extract_lane of the lane that starts at bit ``shift``."""
    return f64_from_bits(a >> shift & 0xFFFF_FFFF_FFFF_FFFF)


def _table() -> dict[str, Callable[..., int]]:
    found = _conversions()
    found |= {"f32x4.splat": f32x4_splat, "f64x2.splat": f64x2_splat}
    found |= {"f32x4.pack": f32x4_pack, "f64x2.pack": f64x2_pack}
    for shape in (F32X4, F64X2):
        made: dict[str, Callable[..., int]] = {
            family: _arithmetic(shape, family) for family in ARITHMETIC
        }
        for family, operator in RELATIONS.items():
            made[family] = _comparison(shape, operator)
        made["abs"], made["neg"] = _signs(shape)
        made["pmin"] = _pseudo_extremum(made["lt"], False)
        made["pmax"] = _pseudo_extremum(made["lt"], True)
        made["relaxed_madd"] = _multiply_add(shape, False)
        made["relaxed_nmadd"] = _multiply_add(shape, True)
        found |= {f"{shape}.{family}": function for family, function in made.items()}
    return found


FLOAT: Final = _table()
"""Operations by mnemonic, and ``pack``, which makes a vector from its lanes."""
