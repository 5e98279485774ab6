"""``DataView``: numbers of every kind at any byte offset of a buffer (ECMA-262 §25.3).

Floats keep the payload of a NaN as Python's ``struct`` does: a double keeps all its bits; a single
passes through a C conversion, which makes a signalling NaN quiet on common hardware.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from pyjsapi.ecmascript.arraybuffer import ArrayBufferView, BufferBase
from pyjsapi.ecmascript.conversions import (
    fround,
    to_bigint64,
    to_biguint64,
    to_boolean,
    to_float,
    to_float16,
    to_index,
    to_int32,
    to_int_n,
    to_uint32,
    to_uint_n,
)
from pyjsapi.ecmascript.errors import RangeError
from pyjsapi.syntax.spelling import counted

__all__ = ["DataView"]

Number = TypeVar("Number", int, float)


class _Element(Generic[Number]):
    """One kind of element: its two byte orders and the conversion of a value to be stored."""

    __slots__ = ("big", "convert", "little", "size")

    def __init__(self, code: str, convert: Callable[[object], Number]) -> None:
        self.little = struct.Struct("<" + code)
        self.big = struct.Struct(">" + code)
        self.size = self.little.size
        self.convert: Callable[[object], Number] = convert


_INT8: Final = _Element("b", lambda value: to_int_n(value, 8))
_UINT8: Final = _Element("B", lambda value: to_uint_n(value, 8))
_INT16: Final = _Element("h", lambda value: to_int_n(value, 16))
_UINT16: Final = _Element("H", lambda value: to_uint_n(value, 16))
_INT32: Final = _Element("i", to_int32)
_UINT32: Final = _Element("I", to_uint32)
_BIGINT64: Final = _Element("q", to_bigint64)
_BIGUINT64: Final = _Element("Q", to_biguint64)
_FLOAT16: Final = _Element("e", lambda value: to_float16(to_float(value)))
_FLOAT32: Final = _Element("f", lambda value: fround(to_float(value)))
_FLOAT64: Final = _Element("d", to_float)


class DataView(ArrayBufferView):
    """A view of ``byteLength`` bytes of ``buffer`` from ``byteOffset``.

    Without a length it ends where the buffer ends, and follows it when the buffer is resizable.
    Raises ``TypeError`` when ``buffer`` is no buffer or detached, ``RangeError`` when the offset or
    the length lies outside of it.
    """

    __slots__ = ()

    def __init__(
        self, buffer: BufferBase, byteOffset: object = None, byteLength: object = None
    ) -> None:
        if not isinstance(buffer, BufferBase):
            raise TypeError("DataView needs an ArrayBuffer or SharedArrayBuffer")
        offset = to_index(byteOffset, "DataView offset")
        if buffer.detached:
            raise TypeError("cannot make a DataView of a detached ArrayBuffer")
        available = buffer._byte_length()
        if offset > available:
            raise RangeError(
                f"DataView offset {offset} is outside the buffer of {counted(available, 'byte')}"
            )
        length = None
        if byteLength is not None:
            length = to_index(byteLength, "DataView length")
            # The conversion of the length may have run a program that changed the buffer.
            if buffer.detached:
                raise TypeError("cannot make a DataView of a detached ArrayBuffer")
            available = buffer._byte_length()
            if offset + length > available:
                raise RangeError(
                    f"DataView of {counted(length, 'byte')} at offset {offset} is outside the buffer "
                    f"of {counted(available, 'byte')}"
                )
        elif buffer._is_fixed_length:
            length = available - offset
        self._buffer = buffer
        self._offset = offset
        self._fixed_byte_length = length

    def _view_size(self, doing: str) -> int:
        self._require_in_bounds(doing)
        if self._fixed_byte_length is not None:
            return self._fixed_byte_length
        return self._buffer._byte_length() - self._offset

    @property
    def byteLength(self) -> int:
        """The length in bytes. Raises ``TypeError`` when detached or out of bounds."""
        return self._view_size("get byteLength")

    @property
    def byteOffset(self) -> int:
        """The offset in bytes. Raises ``TypeError`` when detached or out of bounds."""
        self._require_in_bounds("get byteOffset")
        return self._offset

    def _get(
        self, element: _Element[Number], request_index: object, little_endian: object
    ) -> Number:
        """GetViewValue (ECMA-262 §25.3.1.5)."""
        index = to_index(request_index, "DataView index")
        order = element.little if to_boolean(little_endian) else element.big
        size = self._view_size("read")
        if index + element.size > size:
            raise RangeError(
                f"index {index} of {counted(element.size, 'byte')} is outside the view of {counted(size, 'byte')}"
            )
        if self._buffer._is_elsewhere:
            # Before Python 3.12 only its own classes are bytes-like.
            data = self._buffer._bytes(self._offset + index, element.size).tobytes()
            found = order.unpack(data)
        else:
            found = order.unpack_from(self._buffer._data, self._offset + index)
        number: Number = found[0]
        return number

    def _set(
        self, element: _Element[Number], request_index: object, value: object, little_endian: object
    ) -> None:
        """SetViewValue (ECMA-262 §25.3.1.6)."""
        index = to_index(request_index, "DataView index")
        number = element.convert(value)
        order = element.little if to_boolean(little_endian) else element.big
        size = self._view_size("write")
        if index + element.size > size:
            raise RangeError(
                f"index {index} of {counted(element.size, 'byte')} is outside the view of {counted(size, 'byte')}"
            )
        if self._buffer._is_elsewhere:
            self._buffer._bytes(self._offset + index, element.size)[:] = order.pack(number)
            return
        order.pack_into(self._buffer._data, self._offset + index, number)

    # Every get and set raises RangeError when the index is not in the view, TypeError when the
    # buffer is detached or the view is out of bounds. Big-endian unless littleEndian is true.

    def getInt8(self, byteOffset: object = None) -> int:
        """Read a signed integer of 8 bits."""
        return self._get(_INT8, byteOffset, False)

    def getUint8(self, byteOffset: object = None) -> int:
        """Read an unsigned integer of 8 bits."""
        return self._get(_UINT8, byteOffset, False)

    def getInt16(self, byteOffset: object = None, littleEndian: object = False) -> int:
        """Read a signed integer of 16 bits."""
        return self._get(_INT16, byteOffset, littleEndian)

    def getUint16(self, byteOffset: object = None, littleEndian: object = False) -> int:
        """Read an unsigned integer of 16 bits."""
        return self._get(_UINT16, byteOffset, littleEndian)

    def getInt32(self, byteOffset: object = None, littleEndian: object = False) -> int:
        """Read a signed integer of 32 bits."""
        return self._get(_INT32, byteOffset, littleEndian)

    def getUint32(self, byteOffset: object = None, littleEndian: object = False) -> int:
        """Read an unsigned integer of 32 bits."""
        return self._get(_UINT32, byteOffset, littleEndian)

    def getBigInt64(self, byteOffset: object = None, littleEndian: object = False) -> int:
        """Read a signed integer of 64 bits."""
        return self._get(_BIGINT64, byteOffset, littleEndian)

    def getBigUint64(self, byteOffset: object = None, littleEndian: object = False) -> int:
        """Read an unsigned integer of 64 bits."""
        return self._get(_BIGUINT64, byteOffset, littleEndian)

    def getFloat16(self, byteOffset: object = None, littleEndian: object = False) -> float:
        """Read a half (binary16)."""
        return self._get(_FLOAT16, byteOffset, littleEndian)

    def getFloat32(self, byteOffset: object = None, littleEndian: object = False) -> float:
        """Read a single."""
        return self._get(_FLOAT32, byteOffset, littleEndian)

    def getFloat64(self, byteOffset: object = None, littleEndian: object = False) -> float:
        """Read a double."""
        return self._get(_FLOAT64, byteOffset, littleEndian)

    def setInt8(self, byteOffset: object = None, value: object = None) -> None:
        """Write a signed integer of 8 bits."""
        self._set(_INT8, byteOffset, value, False)

    def setUint8(self, byteOffset: object = None, value: object = None) -> None:
        """Write an unsigned integer of 8 bits."""
        self._set(_UINT8, byteOffset, value, False)

    def setInt16(
        self, byteOffset: object = None, value: object = None, littleEndian: object = False
    ) -> None:
        """Write a signed integer of 16 bits."""
        self._set(_INT16, byteOffset, value, littleEndian)

    def setUint16(
        self, byteOffset: object = None, value: object = None, littleEndian: object = False
    ) -> None:
        """Write an unsigned integer of 16 bits."""
        self._set(_UINT16, byteOffset, value, littleEndian)

    def setInt32(
        self, byteOffset: object = None, value: object = None, littleEndian: object = False
    ) -> None:
        """Write a signed integer of 32 bits."""
        self._set(_INT32, byteOffset, value, littleEndian)

    def setUint32(
        self, byteOffset: object = None, value: object = None, littleEndian: object = False
    ) -> None:
        """Write an unsigned integer of 32 bits."""
        self._set(_UINT32, byteOffset, value, littleEndian)

    def setBigInt64(
        self, byteOffset: object = None, value: object = None, littleEndian: object = False
    ) -> None:
        """Write a signed integer of 64 bits."""
        self._set(_BIGINT64, byteOffset, value, littleEndian)

    def setBigUint64(
        self, byteOffset: object = None, value: object = None, littleEndian: object = False
    ) -> None:
        """Write an unsigned integer of 64 bits."""
        self._set(_BIGUINT64, byteOffset, value, littleEndian)

    def setFloat16(
        self, byteOffset: object = None, value: object = None, littleEndian: object = False
    ) -> None:
        """Write a half (binary16)."""
        self._set(_FLOAT16, byteOffset, value, littleEndian)

    def setFloat32(
        self, byteOffset: object = None, value: object = None, littleEndian: object = False
    ) -> None:
        """Write a single."""
        self._set(_FLOAT32, byteOffset, value, littleEndian)

    def setFloat64(
        self, byteOffset: object = None, value: object = None, littleEndian: object = False
    ) -> None:
        """Write a double."""
        self._set(_FLOAT64, byteOffset, value, littleEndian)

    @property
    def mv(self) -> memoryview[int]:
        """A new ``memoryview`` (format ``B``) of the bytes, without copying. Raises ``TypeError`` when detached."""
        self._require_in_bounds("view the bytes")
        return self._buffer._bytes(self._offset, self.byteLength)

    def tobytes(self) -> bytes:
        """A copy of the bytes. Raises ``TypeError`` when detached."""
        with self.mv as view:
            return view.tobytes()

    __bytes__ = tobytes

    def __buffer__(self, flags: int, /) -> memoryview[int]:
        """PEP 688, used by Python 3.12 and later: ``memoryview(view)``."""
        found = self.mv
        return found.__buffer__(flags) if self._buffer._is_elsewhere else found

    def __repr__(self) -> str:
        if self._is_out_of_bounds():
            return "DataView(out of bounds)"
        return f"DataView(byteLength={self.byteLength}, byteOffset={self._offset})"
