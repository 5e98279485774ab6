"""The twelve kinds of typed arrays (ECMA-262 §23.2, table "The TypedArray Constructors")."""

from __future__ import annotations

from typing import Any, ClassVar

from pyjsapi.ecmascript.conversions import (
    fround,
    to_bigint64,
    to_biguint64,
    to_float,
    to_float16,
    to_int32,
    to_int_n,
    to_uint8_clamp,
    to_uint32,
    to_uint_n,
)
from pyjsapi.ecmascript.typedarray_methods import TypedArray

__all__ = [
    "TYPED_ARRAYS",
    "BigInt64Array",
    "BigUint64Array",
    "Float16Array",
    "Float32Array",
    "Float64Array",
    "Int8Array",
    "Int16Array",
    "Int32Array",
    "Uint8Array",
    "Uint8ClampedArray",
    "Uint16Array",
    "Uint32Array",
]


class Int8Array(TypedArray[int]):
    """Signed integers of 8 bits; stored values wrap (ToInt8)."""

    __slots__ = ()
    BYTES_PER_ELEMENT: ClassVar[int] = 1
    _code: ClassVar[str] = "b"
    _typestr: ClassVar[str] = "|i1"

    @staticmethod
    def _convert(value: object) -> int:
        return to_int_n(value, 8)


class Uint8Array(TypedArray[int]):
    """Unsigned integers of 8 bits; stored values wrap (ToUint8)."""

    __slots__ = ()
    BYTES_PER_ELEMENT: ClassVar[int] = 1
    _code: ClassVar[str] = "B"
    _typestr: ClassVar[str] = "|u1"

    @staticmethod
    def _convert(value: object) -> int:
        return to_uint_n(value, 8)


class Uint8ClampedArray(TypedArray[int]):
    """Unsigned integers of 8 bits; stored values are clamped, ties to even (ToUint8Clamp)."""

    __slots__ = ()
    BYTES_PER_ELEMENT: ClassVar[int] = 1
    _code: ClassVar[str] = "B"
    _typestr: ClassVar[str] = "|u1"

    @staticmethod
    def _convert(value: object) -> int:
        return to_uint8_clamp(value)

    def _holds_same_bytes_as(self, code: str) -> bool:
        return code == "B"  # a signed byte would be clamped, not kept


class Int16Array(TypedArray[int]):
    """Signed integers of 16 bits; stored values wrap (ToInt16)."""

    __slots__ = ()
    BYTES_PER_ELEMENT: ClassVar[int] = 2
    _code: ClassVar[str] = "h"
    _typestr: ClassVar[str] = "<i2"

    @staticmethod
    def _convert(value: object) -> int:
        return to_int_n(value, 16)


class Uint16Array(TypedArray[int]):
    """Unsigned integers of 16 bits; stored values wrap (ToUint16)."""

    __slots__ = ()
    BYTES_PER_ELEMENT: ClassVar[int] = 2
    _code: ClassVar[str] = "H"
    _typestr: ClassVar[str] = "<u2"

    @staticmethod
    def _convert(value: object) -> int:
        return to_uint_n(value, 16)


class Int32Array(TypedArray[int]):
    """Signed integers of 32 bits; stored values wrap (ToInt32)."""

    __slots__ = ()
    BYTES_PER_ELEMENT: ClassVar[int] = 4
    _code: ClassVar[str] = "i"
    _typestr: ClassVar[str] = "<i4"

    @staticmethod
    def _convert(value: object) -> int:
        return to_int32(value)


class Uint32Array(TypedArray[int]):
    """Unsigned integers of 32 bits; stored values wrap (ToUint32)."""

    __slots__ = ()
    BYTES_PER_ELEMENT: ClassVar[int] = 4
    _code: ClassVar[str] = "I"
    _typestr: ClassVar[str] = "<u4"

    @staticmethod
    def _convert(value: object) -> int:
        return to_uint32(value)


class BigInt64Array(TypedArray[int]):
    """Signed integers of 64 bits; stored integers wrap (ToBigInt64), a float is a TypeError."""

    __slots__ = ()
    BYTES_PER_ELEMENT: ClassVar[int] = 8
    _code: ClassVar[str] = "q"
    _typestr: ClassVar[str] = "<i8"
    _is_bigint: ClassVar[bool] = True

    @staticmethod
    def _convert(value: object) -> int:
        return to_bigint64(value)


class BigUint64Array(TypedArray[int]):
    """Unsigned integers of 64 bits; stored integers wrap (ToBigUint64), a float is a TypeError."""

    __slots__ = ()
    BYTES_PER_ELEMENT: ClassVar[int] = 8
    _code: ClassVar[str] = "Q"
    _typestr: ClassVar[str] = "<u8"
    _is_bigint: ClassVar[bool] = True

    @staticmethod
    def _convert(value: object) -> int:
        return to_biguint64(value)


class Float16Array(TypedArray[float]):
    """Halves (binary16); stored values are rounded to even, or to an infinity."""

    __slots__ = ()
    BYTES_PER_ELEMENT: ClassVar[int] = 2
    _code: ClassVar[str] = "e"
    _typestr: ClassVar[str] = "<f2"

    @staticmethod
    def _convert(value: object) -> float:
        return to_float16(to_float(value))


class Float32Array(TypedArray[float]):
    """Singles; stored values are rounded to even, or to an infinity."""

    __slots__ = ()
    BYTES_PER_ELEMENT: ClassVar[int] = 4
    _code: ClassVar[str] = "f"
    _typestr: ClassVar[str] = "<f4"

    @staticmethod
    def _convert(value: object) -> float:
        return fround(to_float(value))


class Float64Array(TypedArray[float]):
    """Doubles."""

    __slots__ = ()
    BYTES_PER_ELEMENT: ClassVar[int] = 8
    _code: ClassVar[str] = "d"
    _typestr: ClassVar[str] = "<f8"

    @staticmethod
    def _convert(value: object) -> float:
        return to_float(value)


TYPED_ARRAYS: tuple[type[TypedArray[Any]], ...] = (
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    BigInt64Array,
    BigUint64Array,
    Float16Array,
    Float32Array,
    Float64Array,
)
