"""Values of a file of cases as the drivers take and record them."""

from __future__ import annotations

import math
from typing import Any, Final

Json = Any

VIEWS: Final = {
    "i8": ("Int8Array", 1),
    "u8": ("Uint8Array", 1),
    "i16": ("Int16Array", 2),
    "u16": ("Uint16Array", 2),
    "i32": ("Int32Array", 4),
    "u32": ("Uint32Array", 4),
    "i64": ("BigInt64Array", 8),
    "u64": ("BigUint64Array", 8),
    "f32": ("Float32Array", 4),
    "f64": ("Float64Array", 8),
}
"""How memory is read: the class of the view, and the bytes of an element."""

_INTEGERS: Final = {"i32": 32, "i64": 64}
_NUMBERS: Final = {"f32", "f64", "i8", "u8", "i16", "u16", "u32", "i32"}


class CaseError(Exception):
    """A file of cases is not as it has to be; the message says where and what would be right."""


def signed(value: int, bits: int) -> int:
    """A number of so many bits as a signed one."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def argument(value: Json, type_: str, what: str) -> Json:
    """A value that is given, as the drivers' expression. Raises `CaseError`."""
    if type_ in ("i64", "u64"):
        return f"${integer(value, what)}n"
    if type_ in _NUMBERS:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise CaseError(f"{what}: {value!r} is no number")
        return plain_number(value)
    if type_ == "v128":
        raise CaseError(f"{what}: JavaScript has no v128; a .wast script can pass one")
    if value == "null":
        return "$null"
    if isinstance(value, str) and not value.startswith("$"):
        return value
    raise CaseError(f'{what}: a reference is "null", or for externref a text')


def integer(value: Json, what: str) -> int:
    """The value, which must be an integer. Raises `CaseError`."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise CaseError(f"{what}: {value!r} is no integer")
    return value


def plain_number(value: float) -> Json:
    """A number for JSON: whole floats as integers, and those that JSON lacks as ``"$NaN"`` and so on."""
    if isinstance(value, float):
        if math.isnan(value):
            return "$NaN"
        if math.isinf(value):
            return "$Infinity" if value > 0 else "$-Infinity"
        if value == 0 and math.copysign(1, value) < 0:
            return "$-0"
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return value


def recorded(value: Json, type_: str, what: str) -> Json:
    """A value that is expected, as the drivers record it. Raises `CaseError`."""
    if type_ in ("i64", "u64"):
        number = integer(value, what)
        return {"bigint": str(signed(number, 64) if type_ == "i64" else number)}
    if type_ in _NUMBERS:
        given = argument(value, type_, what)
        if isinstance(given, str):
            return {"number": given[1:]}
        return signed(int(given), _INTEGERS["i32"]) if type_ == "i32" else given
    return None if value == "null" else value


def zero(type_: str) -> Json:
    """What a stub gives where a value of the type is asked for."""
    if type_ == "i64":
        return "$0n"
    return 0 if type_ in ("i32", "f32", "f64") else "$null"
