"""Decimal digits of integers of any size. Python's own conversions refuse more than 4,300 digits, or fewer."""

from __future__ import annotations

from typing import Final

_AT_ONCE: Final = 512
"""Digits that Python converts whatever its limit is set to."""
_BITS_AT_ONCE: Final = 1700
"""Bits of an integer that has no more digits."""


def parse_decimal(digits: str) -> int:
    """The number that decimal digits are, without sign, underscore or white space."""
    count = len(digits)
    if count <= _AT_ONCE:
        return int(digits)
    low = count >> 1
    unit: int = 10**low
    return parse_decimal(digits[:-low]) * unit + parse_decimal(digits[-low:])


def decimal_text(value: int) -> str:
    """An integer as decimal digits, with a minus sign if it is negative."""
    if value.bit_length() <= _BITS_AT_ONCE:
        return str(value)
    magnitude = abs(value)
    digits = _padded(magnitude, magnitude.bit_length() * 30103 // 100000 + 1).lstrip("0")
    return f"-{digits}" if value < 0 else digits


def _padded(value: int, count: int) -> str:
    """A number below ``10**count`` with so many digits."""
    if count <= _AT_ONCE:
        return str(value).zfill(count)
    low = count >> 1
    upper, lower = divmod(value, 10**low)
    return _padded(upper, count - low) + _padded(lower, low)
