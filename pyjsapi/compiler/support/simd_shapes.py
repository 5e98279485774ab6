"""Shapes of vectors and the constants that belong to them (core: "Vector Instructions").

A v128 is an `int` of 128 bits, never negative, lane 0 in its lowest bits. Most integer operations work on all lanes
at once: the lanes' top bits are kept apart so that no carry or borrow crosses a lane.
"""

from __future__ import annotations

from typing import Final

BITS: Final = 128
"""Bits of a vector."""

MASK128: Final = (1 << BITS) - 1
"""Greatest canonical v128."""


class Shape:
    """How a vector is divided into lanes."""

    __slots__ = ("count", "highs", "lane_bits", "lane_mask", "lows", "name", "ones")

    def __init__(self, name: str, lane_bits: int, bits: int = BITS) -> None:
        self.name = name
        self.lane_bits = lane_bits
        self.count = bits // lane_bits
        self.lane_mask = (1 << lane_bits) - 1
        """One lane, all bits set."""
        self.ones = ((1 << bits) - 1) // self.lane_mask
        """The number 1 in every lane: times a lane's value it is that value in every lane."""
        self.highs = self.ones << lane_bits - 1
        """The top bit of every lane."""
        self.lows = self.highs - self.ones
        """All bits but the top one of every lane."""

    def __repr__(self) -> str:
        return self.name


I8X16: Final = Shape("i8x16", 8)
I16X8: Final = Shape("i16x8", 16)
I32X4: Final = Shape("i32x4", 32)
I64X2: Final = Shape("i64x2", 64)
F32X4: Final = Shape("f32x4", 32)
F64X2: Final = Shape("f64x2", 64)

INTEGER_SHAPES: Final = (I8X16, I16X8, I32X4, I64X2)
SHAPES: Final = {s.name: s for s in (*INTEGER_SHAPES, F32X4, F64X2)}

NARROWER: Final = {I16X8: I8X16, I32X4: I16X8, I64X2: I32X4}
"""The shape with lanes half as wide."""
