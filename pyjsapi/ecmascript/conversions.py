"""Type conversion of Python values as ECMAScript converts its own (ECMA-262 §7.1, Web IDL §3.3).

Numbers are ``float`` or ``int``. An ``int`` keeps all its digits (an ECMAScript Number beyond 2^53
has lost them before it arrives), so ``to_int32(2**60 + 1)`` is 1. Where ECMAScript wants a BigInt,
an ``int`` or ``bool`` is accepted and a ``float`` is a ``TypeError``, as a Number is there.

Objects convert by ``__index__`` or ``__float__`` (numpy scalars, ``Fraction``, ``Decimal``), else
by ``valueOf()``, else by ``toString()``; lists and tuples by their elements joined with commas.
What is left behaves like an ordinary object, whose number is NaN, but ``bytes`` and ``complex`` are a
``TypeError``.
"""

from __future__ import annotations

import math
import re
import struct
from operator import index as to_int_by_index
from typing import Final, SupportsFloat, SupportsIndex, TypeGuard

from pyjsapi.ecmascript.errors import RangeError
from pyjsapi.ecmascript.properties import get
from pyjsapi.ecmascript.values import is_nullish, is_object, null
from pyjsapi.syntax.digits import decimal_text, parse_decimal

__all__ = [
    "MAX_SAFE_INTEGER",
    "enforce_range",
    "fround",
    "number_to_string",
    "shorten",
    "shown",
    "string_to_bigint",
    "string_to_number",
    "to_bigint",
    "to_bigint64",
    "to_biguint64",
    "to_boolean",
    "to_float",
    "to_float16",
    "to_index",
    "to_int32",
    "to_integer_or_infinity",
    "to_number",
    "to_numeric",
    "to_string",
    "to_uint32",
    "to_uint8_clamp",
]

MAX_SAFE_INTEGER: Final = 2**53 - 1

_WHITE_SPACE: Final = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
_DECIMAL: Final = re.compile(r"[+-]?(?:Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_NON_DECIMAL: Final = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")
_BIGINT: Final = re.compile(r"[+-]?[0-9]+")
_SINGLE: Final = struct.Struct("<f")
_HALF: Final = struct.Struct("<e")


def string_to_number(text: str) -> float:
    """StringToNumber (ECMA-262 §7.1.4.1.1): NaN when ``text`` is not a StringNumericLiteral."""
    text = text.strip(_WHITE_SPACE)
    if not text:
        return 0.0
    if _DECIMAL.fullmatch(text):
        return float(text)
    if _NON_DECIMAL.fullmatch(text):
        return _int_to_float(int(text, 0))
    return math.nan


def string_to_bigint(text: str) -> int:
    """StringToBigInt (ECMA-262 §7.1.14). Raises ``SyntaxError`` when ``text`` is no integer."""
    stripped = text.strip(_WHITE_SPACE)
    if not stripped:
        return 0
    if _BIGINT.fullmatch(stripped):
        value = parse_decimal(stripped.lstrip("+-"))
        return -value if stripped[0] == "-" else value
    if _NON_DECIMAL.fullmatch(stripped):
        return int(stripped, 0)
    raise SyntaxError(f"cannot convert {text!r} to a BigInt")


def _int_to_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _to_primitive(value: object) -> object:
    """ToPrimitive with hint number (ECMA-262 §7.1.1) for an object without a numeric protocol."""
    for method in ("valueOf", "toString"):
        convert = get(value, method)
        if callable(convert):
            primitive = convert()
            if not is_object(primitive):
                return primitive
    if isinstance(value, (list, tuple)):
        return to_string(value)
    if isinstance(value, (complex, bytes, bytearray, memoryview)):
        # JavaScript has no like of them, and NaN would hide a mistake.
        raise TypeError(f"cannot convert {type(value).__name__} to a number")
    return "[object Object]"


def _has_index(value: object) -> TypeGuard[SupportsIndex]:
    return hasattr(type(value), "__index__")


def _has_float(value: object) -> TypeGuard[SupportsFloat]:
    return hasattr(type(value), "__float__")


def _object_to_number(value: object) -> int | float | None:
    """The number of an object by Python's numeric protocols; None when it has none of them."""
    if _has_index(value):
        try:
            return to_int_by_index(value)
        except TypeError:
            # numpy declares __index__ for scalars and arrays that then refuse it.
            if not _has_float(value):
                raise
    if _has_float(value):
        return float(value)
    return None


def to_number(value: object) -> int | float:
    """ToNumber (ECMA-262 §7.1.4). An ``int`` is returned with all its digits."""
    if type(value) is int or type(value) is float:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if value is None:
        return math.nan
    if value is null:
        return 0
    if isinstance(value, str):
        return string_to_number(value)
    number = _object_to_number(value)
    return to_number(_to_primitive(value)) if number is None else number


def to_numeric(value: object) -> int | float:
    """ToNumeric (ECMA-262 §7.1.3): the same as ToNumber, since ``int`` is Number and BigInt."""
    return to_number(value)


def to_float(value: object) -> float:
    """ToNumber as a double: an ``int`` is rounded to the nearest double, or to an infinity."""
    if type(value) is float:
        return value
    number = to_number(value)
    return _int_to_float(number) if isinstance(number, int) else number


def to_integer_or_infinity(value: object) -> int | float:
    """ToIntegerOrInfinity (ECMA-262 §7.1.5): an ``int``, or one of the two infinities."""
    if type(value) is int:
        return value
    number = to_number(value)
    if isinstance(number, int):
        return number
    if math.isfinite(number):
        return int(number)
    return 0 if math.isnan(number) else number


def _to_modular_int(value: object) -> int:
    """The integer that the ToInt…/ToUint… family reduces modulo a power of two."""
    number = to_number(value)
    if isinstance(number, int):
        return number
    return int(number) if math.isfinite(number) else 0


def to_int32(value: object) -> int:
    """ToInt32 (ECMA-262 §7.1.6)."""
    if type(value) is not int:
        value = _to_modular_int(value)
    return ((value + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000


def to_uint32(value: object) -> int:
    """ToUint32 (ECMA-262 §7.1.7)."""
    if type(value) is not int:
        value = _to_modular_int(value)
    return value & 0xFFFF_FFFF


def to_int_n(value: object, bits: int) -> int:
    """The signed integer of ``bits`` bits that ToInt8, ToInt16 and ToInt32 make of ``value``."""
    half = 1 << (bits - 1)
    if type(value) is int:
        return ((value + half) & ((1 << bits) - 1)) - half
    return ((_to_modular_int(value) + half) & ((1 << bits) - 1)) - half


def to_uint_n(value: object, bits: int) -> int:
    """The unsigned integer of ``bits`` bits that ToUint8, ToUint16 and ToUint32 make."""
    if type(value) is int:
        return value & ((1 << bits) - 1)
    return _to_modular_int(value) & ((1 << bits) - 1)


def to_uint8_clamp(value: object) -> int:
    """ToUint8Clamp (ECMA-262 §7.1.12): clamped to 0…255, ties rounded to even."""
    number = to_number(value)
    if number != number:
        return 0
    return round(min(max(number, 0), 255))


def to_bigint(value: object) -> int:
    """ToBigInt (ECMA-262 §7.1.13).

    Raises ``TypeError`` for ``undefined``, ``null`` and every ``float``, ``SyntaxError`` for a
    string that is no integer.
    """
    if type(value) is int:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return string_to_bigint(value)
    if is_nullish(value) or isinstance(value, float):
        raise TypeError(f"cannot convert {shown(value)} to a BigInt")
    if _has_index(value):
        return to_int_by_index(value)
    if _has_float(value):
        raise TypeError(f"cannot convert {shown(value)} to a BigInt")
    return to_bigint(_to_primitive(value))


def to_bigint64(value: object) -> int:
    """ToBigInt64 (ECMA-262 §7.1.15): ToBigInt wrapped to a signed integer of 64 bits."""
    if type(value) is not int:
        value = to_bigint(value)
    return ((value + 0x8000_0000_0000_0000) & 0xFFFF_FFFF_FFFF_FFFF) - 0x8000_0000_0000_0000


def to_biguint64(value: object) -> int:
    """ToBigUint64 (ECMA-262 §7.1.16): ToBigInt wrapped to an unsigned integer of 64 bits."""
    return to_bigint(value) & 0xFFFF_FFFF_FFFF_FFFF


def to_boolean(value: object) -> bool:
    """ToBoolean (ECMA-262 §7.1.2): false for undefined, null, false, 0, NaN and the empty string.

    Every object is true, an empty list or dictionary too, as in ECMAScript.
    """
    if is_object(value):
        return not _is_false_scalar(value)
    return bool(value) and value == value


def _is_false_scalar(value: object) -> bool:
    """Whether ``value`` is a scalar object, such as one of numpy's, that stands for 0 or NaN."""
    if hasattr(value, "__len__") or not _has_float(value):
        return False
    number = float(value)
    return number == 0 or math.isnan(number)


def to_index(value: object, what: str = "index") -> int:
    """ToIndex (ECMA-262 §7.1.22). Raises RangeError unless the integer is in 0…2^53-1.

    ``what`` names the value in the error message.
    """
    integer = 0 if value is None else to_integer_or_infinity(value)
    if not 0 <= integer <= MAX_SAFE_INTEGER:
        raise RangeError(f"{what} {shorten(integer)} is out of range: it must be 0 to 2^53-1")
    return int(integer)


def enforce_range(value: object, bits: int, what: str = "value") -> int:
    """An [EnforceRange] ``unsigned long`` (32) or ``unsigned long long`` (64) (Web IDL §3.3.6).

    Raises ``TypeError``, naming ``what``, when the value is not finite or its integer part is not
    in the range of the type; the upper bound of ``unsigned long long`` is 2^53-1.
    """
    if bits not in (32, 64):
        raise ValueError(f"enforce_range has 32 or 64 bits, not {bits}")
    upper = 0xFFFF_FFFF if bits == 32 else MAX_SAFE_INTEGER
    number = to_number(value)
    if not isinstance(number, int):
        if not math.isfinite(number):
            given = number_to_string(number) if isinstance(value, float) else shown(value)
            raise TypeError(f"{what} must be a finite number, not {given}")
        number = int(number)
    if not 0 <= number <= upper:
        raise TypeError(f"{what} {shorten(number)} is out of range: it must be 0 to {upper}")
    return number


def shorten(number: int | float) -> str:
    """``number`` for an error message; Python refuses to print an ``int`` of too many digits."""
    if isinstance(number, int) and number.bit_length() > 128:
        return f"(an integer of {number.bit_length()} bits)"
    return number_to_string(number)


def shown(value: object) -> str:
    """A value for an error message."""
    if isinstance(value, int) and not isinstance(value, bool):
        return shorten(value)
    text = "undefined" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def fround(value: float) -> float:
    """``value`` rounded to the nearest single, ties to even; beyond the range it is an infinity."""
    try:
        return float(_SINGLE.unpack(_SINGLE.pack(value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def to_float16(value: float) -> float:
    """``value`` rounded to the nearest half (binary16), ties to even, or to an infinity."""
    try:
        return float(_HALF.unpack(_HALF.pack(value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def number_to_string(number: int | float) -> str:
    """Number::toString in radix 10 (ECMA-262 §6.1.6.1.20); an ``int`` is written like a BigInt."""
    if isinstance(number, int):
        return decimal_text(int(number))
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == 0:
        return "0"
    sign = "-" if number < 0 else ""
    mantissa, _, exponent = repr(abs(float(number))).partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(exponent or 0)
    digits = (whole + fraction).lstrip("0")
    point -= len(whole + fraction) - len(digits)
    digits = digits.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    tail = f".{digits[1:]}" if count > 1 else ""
    return f"{sign}{digits[0]}{tail}e{point - 1:+d}"


def to_string(value: object) -> str:
    """ToString (ECMA-262 §7.1.17); objects by ``toString()`` if they have it, else by ``str()``."""
    if isinstance(value, str):
        return value
    if value is None:
        return "undefined"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_to_string(value)
    if isinstance(value, (list, tuple)):
        return ",".join("" if is_nullish(item) else to_string(item) for item in value)
    convert = get(value, "toString")
    return to_string(convert()) if callable(convert) else str(value)
