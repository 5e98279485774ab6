"""Multiplications of integer lanes, and sums of products (core: "Vector Instructions", "Numerics")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pyjsapi.compiler.support.simd_bytes import extadd_pairwise_s
from pyjsapi.compiler.support.simd_integer import INTEGER
from pyjsapi.compiler.support.simd_lanewise import lanewise
from pyjsapi.compiler.support.simd_shapes import I16X8, I32X4, I64X2, NARROWER

_FORMATS: Final = {8: "b", 16: "h", 32: "i", 64: "q"}
"""`struct` formats of signed lanes; the upper case ones are unsigned."""


def i64x2_mul(a: int, b: int) -> int:
    """i64x2.mul"""
    low = 0xFFFF_FFFF_FFFF_FFFF
    return (a & low) * (b & low) & low | ((a >> 64) * (b >> 64) & low) << 64


def _relaxed_dot_add() -> Callable[[int, int, int], int]:
    dot = _dot_i8x16()
    extadd = extadd_pairwise_s(I32X4)
    add = INTEGER["i32x4.add"]

    def relaxed_dot_add(a: int, b: int, c: int) -> int:
        return add(extadd(dot(a, b)), c)

    return relaxed_dot_add


def _dot_i8x16() -> Callable[..., int]:
    """i16x8.relaxed_dot_i8x16_i7x16_s with both operands signed, as in the deterministic profile.

    Only two products of -128 and -128 leave the range of a lane.
    """
    lanes = [f"s if (s:={_dot(i)})<0x8000 else 0x7fff" for i in range(8)]
    return lanewise("dot", ["16b"] * 2, lanes, "8h", {})


def _dot(i: int) -> str:
    """The sum of two products, for a lane of twice the width."""
    return f"a{2 * i}*b{2 * i}+a{2 * i + 1}*b{2 * i + 1}"


def _products(count: int) -> list[str]:
    """The products of the lanes."""
    return [f"a{i}*b{i}" for i in range(count)]


def _extmul(bits: int, high: bool, signed: bool) -> Callable[..., int]:
    """extmul_low_… or extmul_high_… to lanes of ``bits`` bits."""
    count = 128 // bits
    source, target = _FORMATS[bits // 2], _FORMATS[bits]
    if not signed:
        source, target = source.upper(), target.upper()
    format_ = f"8x{count}{source}" if high else f"{count}{source}8x"
    return lanewise("extmul", [format_] * 2, _products(count), f"{count}{target}", {})


def _table() -> dict[str, Callable[..., int]]:
    # Only the product of the two least values is too large.
    rounded = [f"p if (p:={product}+0x4000>>15)<0x8000 else 0x7fff" for product in _products(8)]
    q15mulr = lanewise("q15mulr_sat", ["8h"] * 2, rounded, "8h", {})
    # The greatest dot product, two times 2**30, fits only unsigned lanes.
    dot = lanewise("dot", ["8h"] * 2, [f"{_dot(i)}&0xffffffff" for i in range(4)], "4I", {})
    found: dict[str, Callable[..., int]] = {
        "i16x8.mul": lanewise("mul", ["8H"] * 2, [f"{p}&0xffff" for p in _products(8)], "8H", {}),
        "i32x4.mul": lanewise(
            "mul", ["4I"] * 2, [f"{p}&0xffffffff" for p in _products(4)], "4I", {}
        ),
        "i64x2.mul": i64x2_mul,
        "i16x8.q15mulr_sat_s": q15mulr,
        "i16x8.relaxed_q15mulr_s": q15mulr,
        "i32x4.dot_i16x8_s": dot,
        "i16x8.relaxed_dot_i8x16_i7x16_s": _dot_i8x16(),
        "i32x4.relaxed_dot_i8x16_i7x16_add_s": _relaxed_dot_add(),
    }
    for shape in (I16X8, I32X4, I64X2):
        for half in ("low", "high"):
            for sign in ("s", "u"):
                mnemonic = f"{shape}.extmul_{half}_{NARROWER[shape]}_{sign}"
                found[mnemonic] = _extmul(shape.lane_bits, half == "high", sign == "s")
    return found


PRODUCTS: Final = _table()
"""Operations by mnemonic."""
