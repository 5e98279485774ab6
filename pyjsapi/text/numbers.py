"""Number literals (core specification, "Text Format: Values").

Floating-point literals are rounded once, from their exact value to the target type.
"""

from __future__ import annotations

import re
import struct
from fractions import Fraction
from typing import Final

from pyjsapi.syntax.digits import parse_decimal

_NUM: Final = r"[0-9]+(?:_[0-9]+)*"
_HEXNUM: Final = r"[0-9A-Fa-f]+(?:_[0-9A-Fa-f]+)*"
_NAT: Final = rf"(?:0x{_HEXNUM}|{_NUM})"
_FLOAT: Final = (
    rf"(?:0x{_HEXNUM}(?:\.(?:{_HEXNUM})?)?(?:[pP][+-]?{_NUM})?"
    rf"|{_NUM}(?:\.(?:{_NUM})?)?(?:[eE][+-]?{_NUM})?"
    rf"|inf|nan(?::0x{_HEXNUM})?)"
)

_IS_NAT: Final = re.compile(rf"{_NAT}\Z")
_IS_INT: Final = re.compile(rf"[+-]?{_NAT}\Z")
_IS_NUMBER: Final = re.compile(rf"[+-]?{_FLOAT}\Z")

LANE_TYPES: Final = {
    "i8x16": ("i", 8), "i16x8": ("i", 16), "i32x4": ("i", 32), "i64x2": ("i", 64),
    "f32x4": ("f", 32), "f64x2": ("f", 64),
}  # fmt: skip
"""Kind and bits of the lanes of each vector shape."""

VECTOR_BITS: Final = 128

_MOST_DIGITS: Final = 40
"""Digits, zeros in front not counted, that no integer of `VECTOR_BITS` bits has."""
_FRACTION_BITS: Final = {32: 23, 64: 52}
_EXPONENT_MASK: Final = {32: 0xFF << 23, 64: 0x7FF << 52}
_F32_MIN_NORMAL: Final = 2.0**-126


def shown(token: str) -> str:
    """The token for a message: hostile ones are cut."""
    return token if len(token) <= 60 else f"{token[:40]}… ({len(token)} characters)"


class ConstantOutOfRange(ValueError):
    """A literal that its type cannot hold."""


def is_nat(token: str) -> bool:
    """Whether the token is an unsigned integer literal."""
    return _IS_NAT.match(token) is not None


def is_number(token: str) -> bool:
    """Whether the token is an integer or floating-point literal."""
    return _IS_NUMBER.match(token) is not None


def _value(token: str) -> int:
    """The value of an unsigned integer literal, or something too large for any type where that is what it is."""
    digits = token.replace("_", "")
    base = 16 if digits[:2] == "0x" else 10
    significant = (digits[2:] if base == 16 else digits).lstrip("0")[: _MOST_DIGITS + 1]
    return int(significant or "0", base)


def nat(token: str, bits: int) -> int:
    """The value of an unsigned integer literal below 2**bits, else `ConstantOutOfRange`."""
    value = _value(token)
    if value >> bits:
        raise ConstantOutOfRange(
            f"i{bits} constant out of range: {shown(token)} is more than 2**{bits} - 1"
        )
    return value


def integer(token: str, bits: int) -> int:
    """The value of an integer literal modulo 2**bits.

    Raises `ConstantOutOfRange` below -2**(bits-1), above 2**bits - 1, and for a floating-point literal.
    """
    if not _IS_INT.match(token):
        raise ConstantOutOfRange(f"constant out of range: {shown(token)} is no integer")
    sign, digits = (token[0], token[1:]) if token[0] in "+-" else ("", token)
    value = _value(digits)
    if sign == "-":
        value = -value
    if not -(1 << (bits - 1)) <= value < 1 << bits:
        raise ConstantOutOfRange(f"constant out of range: {shown(token)} does not fit i{bits}")
    return value & ((1 << bits) - 1)


def float_bits(token: str, bits: int) -> int:
    """The bits of an f32 or f64 literal; an integer literal is one, too.

    Raises `ConstantOutOfRange` when the value rounds to infinity or a NaN's payload does not fit.
    """
    sign, magnitude = (token[0], token[1:]) if token[0] in "+-" else ("", token)
    sign_bit = 1 << (bits - 1) if sign == "-" else 0
    if magnitude[0] == "n":
        return sign_bit | _nan_bits(magnitude, bits)
    if magnitude[0] == "i":
        return sign_bit | _EXPONENT_MASK[bits]
    return sign_bit | _finite_bits(magnitude.replace("_", ""), bits)


def lane_bits(token: str, shape: str) -> int:
    """The bits of a literal for a lane of a vector shape; raises `ConstantOutOfRange`."""
    kind, bits = LANE_TYPES[shape]
    return integer(token, bits) if kind == "i" else float_bits(token, bits)


def _nan_bits(magnitude: str, bits: int) -> int:
    fraction_bits = _FRACTION_BITS[bits]
    payload = 1 << (fraction_bits - 1)
    if magnitude != "nan":
        payload = int(magnitude[6:].replace("_", ""), 16)
        if payload == 0 or payload >> fraction_bits:
            raise ConstantOutOfRange(
                f"constant out of range: a NaN payload of f{bits} is 1 to 2**{fraction_bits} - 1"
            )
    return _EXPONENT_MASK[bits] | payload


def _finite_bits(magnitude: str, bits: int) -> int:
    try:
        wide = float.fromhex(magnitude) if magnitude[:2] == "0x" else float(magnitude)
    except OverflowError:
        wide = float("inf")
    if wide == float("inf"):
        raise ConstantOutOfRange(f"constant out of range: {shown(magnitude)} rounds to infinity")
    if bits == 64:
        return int.from_bytes(struct.pack("<d", wide), "little")
    return _round_to_f32(wide, magnitude)


def _round_to_f32(wide: float, magnitude: str) -> int:
    """Round the literal to f32; ``wide`` is its value rounded to f64.

    Rounding ``wide`` gives the same, except where ``wide`` lies exactly between two f32 values, while the literal
    itself does not.
    """
    wide_bits = int.from_bytes(struct.pack("<d", wide), "little")
    midway = wide != 0.0 and (wide < _F32_MIN_NORMAL or wide_bits & 0x1FFFFFFF == 0x10000000)
    if midway:
        narrow = _nearest_f32(_exact(magnitude))
        if narrow >= _EXPONENT_MASK[32]:
            raise ConstantOutOfRange(
                f"constant out of range: {shown(magnitude)} rounds to infinity"
            )
        return narrow
    try:
        return int.from_bytes(struct.pack("<f", wide), "little")
    except OverflowError:
        raise ConstantOutOfRange(
            f"constant out of range: {shown(magnitude)} rounds to infinity"
        ) from None


def _exact(magnitude: str) -> Fraction:
    if magnitude[:2] == "0x":
        mantissa, _, exponent = magnitude[2:].lower().partition("p")
        whole, _, fraction = mantissa.partition(".")
        value = Fraction(int(whole + fraction, 16), 16 ** len(fraction))
        return value * Fraction(2) ** _exponent(exponent)
    mantissa, _, exponent = magnitude.lower().partition("e")
    whole, _, fraction = mantissa.partition(".")
    value = Fraction(parse_decimal(whole + fraction), 10 ** len(fraction))
    return value * Fraction(10) ** _exponent(exponent)


def _exponent(text: str) -> int:
    """An exponent of a literal that is neither zero nor infinite: no larger than it has digits."""
    value = parse_decimal(text.lstrip("+-") or "0")
    return -value if text[:1] == "-" else value


def _nearest_f32(value: Fraction) -> int:
    """Bits of the f32 nearest to a positive value, ties to even."""
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    if value < Fraction(2) ** exponent:
        exponent -= 1
    exponent = max(exponent, -126)
    units = round(value / Fraction(2) ** (exponent - 23))
    # A carry out of the fraction lands in the exponent field, as it should.
    return units + ((exponent + 126) << 23)
