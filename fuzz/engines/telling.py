"""What every harness in Python shares: how values and memories are told. Needs the standard library only."""

from __future__ import annotations

import struct
from typing import Any, Final

MOST_LOGGED: Final = 300
"""Calls of host functions that are noted."""
MOST_PASSED: Final = 12
"""Calls of WebAssembly functions that a trap passed and that are told."""
MOST_ELEMENTS: Final = 1000
"""Elements of a table that are looked at."""
MOST_BYTES: Final = 1 << 24
"""Bytes of a memory beyond which only its size is told."""
_EXACT: Final = 1 << 53


def shown(value: Any) -> Any:
    """A value as text: integers, and floats that are integers, in decimal, other floats as their bits."""
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if value != value:
            return "nan"
        if value == value // 1 and abs(value) < _EXACT and (value or str(value)[0] != "-"):
            return str(int(value))
        return f"{struct.unpack('<Q', struct.pack('<d', value))[0]:016x}"
    return "ref"


def rows(data: bytes) -> list[list[Any]]:
    """The rows of 16 bytes that are not all zero: address and hexadecimal digits; the first 64."""
    zero = bytes(16)
    found = []
    for start in range(0, len(data), 16):
        row = data[start : start + 16]
        if row != zero[: len(row)]:
            found.append([start, row.hex()])
    return found[:64]
