"""Floats inside the engine (core: "Numerics").

f64 is a Python float. f32 is the float that it widens to exactly, with one exception: hardware quiets signalling
NaNs when it converts, so a NaN keeps its whole payload, the quiet bit included, shifted by 29 bits.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

_F32: Final = Struct("<f")
_U32: Final = Struct("<I")
_F64: Final = Struct("<d")
_U64: Final = Struct("<Q")


def f64_from_bits(bits: int) -> float:
    """The float with these 64 bits."""
    value: float = _F64.unpack(_U64.pack(bits))[0]
    return value


def f64_bits(value: float) -> int:
    """The 64 bits of a float."""
    bits: int = _U64.unpack(_F64.pack(value))[0]
    return bits


def f32_from_bits(bits: int) -> float:
    """The engine's float for these 32 bits."""
    if bits & 0x7F800000 == 0x7F800000 and bits & 0x7FFFFF:
        return f64_from_bits((bits >> 31) << 63 | 0x7FF0000000000000 | (bits & 0x7FFFFF) << 29)
    value: float = _F32.unpack(_U32.pack(bits))[0]
    return value


def f32_bits(value: float) -> int:
    """The 32 bits of one of the engine's f32 values."""
    if value != value:
        wide = f64_bits(value)
        bits = (wide >> 63) << 31 | 0x7F800000 | (wide >> 29) & 0x7FFFFF
        return bits if bits & 0x7FFFFF else bits | 0x400000
    narrow: int = _U32.unpack(_F32.pack(value))[0]
    return narrow
