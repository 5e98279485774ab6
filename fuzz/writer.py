"""What generators that write text have in common: choices, names, edge values."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random
from typing import Final, TypeVar

from fuzz.program import Value, f32, f64, i32, i64

T = TypeVar("T")

I32: Final = (
    0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 31, 32, 33, 63, 64, 100, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF,
    0x1_0000, 0x3FFF_FFFF, 0x4000_0000, 0x7FFF_FFFE, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, 0xC000_0000,
    0xFFFF_0000, 0xFFFF_7FFF, 0xFFFF_8000, 0xFFFF_FF80, 0xFFFF_FFF8, 0xFFFF_FFFC, 0xFFFF_FFFE, 0xFFFF_FFFF,
)  # fmt: skip
I64: Final = (
    *I32, 1 << 32, (1 << 32) + 1, 1 << 53, (1 << 53) + 1, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 63) + 1,
    (1 << 64) - 1, (1 << 64) - 2, (1 << 64) - 8, (1 << 64) - (1 << 31), (1 << 64) - (1 << 32),
    0x0102_0304_0506_0708, 0xFFFF_FFFF_0000_0000,
)  # fmt: skip
FLOATS: Final = (
    "0 -0 1 -1 0.5 -0.5 1.5 2.5 -2.5 3.7 1e10 -1e30 16777217 4294967295 4294967296 2147483647 2147483648"
    " -2147483648 -2147483649 9223372036854775807 -9223372036854775808 18446744073709551616 1e38 3.5e38"
    " 1e-40 1e-45 inf -inf nan"
).split()
F64: Final = (
    *FLOATS,
    "1e300",
    "-1e300",
    "1e-310",
    "5e-324",
    "0x1.fffffffffffffp+1023",
    "4503599627370497.5",
)
F32: Final = tuple(text for text in FLOATS if text != "3.5e38")

NUMBERS: Final = ("i32", "i64", "f32", "f64")


class Writer:
    """Random choices, and names that were not used yet."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self._count = 0

    def pick(self, *choices: T) -> T:
        """One of the choices."""
        return self.random.choice(choices)

    def one(self, choices: Sequence[T]) -> T:
        """One of a sequence."""
        return self.random.choice(choices)

    def chance(self, probability: float) -> bool:
        """True with a probability."""
        return self.random.random() < probability

    def below(self, count: int) -> int:
        """A number from 0 to ``count - 1``."""
        return self.random.randrange(count)

    def weighted(self, table: Sequence[tuple[int, Callable[..., str]]]) -> Callable[..., str]:
        """A function of a table of (weight, function)."""
        weights = [weight for weight, _ in table]
        return self.random.choices([function for _, function in table], weights)[0]

    def name(self, prefix: str = "l") -> str:
        """A new name, ``$`` included."""
        self._count += 1
        return f"${prefix}{self._count}"

    def number(self, type_: str) -> str:
        """The text of a number of a type: an edge value, or any."""
        if type_ == "f32":
            return self.one(F32)
        if type_ == "f64":
            return self.one(F64)
        if self.chance(0.25):
            return str(self.random.getrandbits(int(type_[1:])))
        return str(self.one(I32 if type_ == "i32" else I64))

    def const(self, type_: str) -> str:
        """A constant instruction."""
        return f"({type_}.const {self.number(type_)})"

    def argument(self, type_: str) -> Value:
        """An argument for a call: an edge value, or any."""
        match type_:
            case "i32":
                return i32(int(self.number("i32")))
            case "i64":
                return i64(int(self.number("i64")))
            case "f32":
                return f32(_float(self.one([t for t in F32 if "nan" not in t or self.chance(0.5)])))
        return f64(_float(self.number("f64")))


def _float(text: str) -> float:
    if text == "nan":
        return math.nan
    return float.fromhex(text) if "0x" in text else float(text)
