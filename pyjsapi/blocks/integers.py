"""Unsigned little-endian integers, as blocks hold them."""

from __future__ import annotations

import operator
import struct
from collections.abc import Callable
from typing import Final

INTEGERS: Final = {
    size: struct.Struct(f"<{code}") for size, code in zip((1, 2, 4, 8), "BHIQ", strict=True)
}
"""By size in bytes."""

LOAD: Final = {size: integer.unpack_from for size, integer in INTEGERS.items()}
STORE: Final = {size: integer.pack_into for size, integer in INTEGERS.items()}
MASK: Final = {size: (1 << 8 * size) - 1 for size in INTEGERS}
"""Their greatest value, by size."""

OPERATIONS: Final[dict[str, Callable[[int, int], int]]] = {
    "add": operator.add,
    "sub": operator.sub,
    "and": operator.and_,
    "or": operator.or_,
    "xor": operator.xor,
    "xchg": lambda old, new: new,
}
"""What atomic accesses that read and write make of the old value and the operand, before it is wrapped."""
