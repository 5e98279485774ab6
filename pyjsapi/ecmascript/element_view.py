"""Views of bytes as elements of one format, always little-endian.

On a little-endian host an element view is a ``memoryview`` cast to the format, the fastest indexed
access Python has. :class:`StructView` does the same work where no such cast exists: for halves
before Python 3.12, and on big-endian hosts.
"""

from __future__ import annotations

import struct
import sys
from typing import Any, Final, Protocol

__all__ = ["ElementView", "StructView", "cast_view", "make_element_view", "native_half_views"]

native_half_views: Final = sys.version_info >= (3, 12)
"""Whether ``memoryview`` knows the format ``e`` (binary16)."""

_LITTLE_ENDIAN_HOST: Final = sys.byteorder == "little"


class ElementView(Protocol):
    """What typed arrays ask of a view: ``ValueError`` once it is released, else like a list."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Any: ...
    def __setitem__(self, index: int, value: Any, /) -> None: ...
    def tolist(self) -> list[Any]: ...
    def release(self) -> None: ...


class StructView:
    """An element view made of ``struct`` calls on a ``memoryview`` of bytes that it owns."""

    __slots__ = ("__weakref__", "_bytes", "_code", "_length", "_struct")

    def __init__(self, data: memoryview[int], code: str) -> None:
        self._bytes = data
        self._code = code
        self._struct = struct.Struct("<" + code)
        self._length = len(data) // self._struct.size

    def __len__(self) -> int:
        len(self._bytes)  # raises ValueError when released
        return self._length

    def _position(self, index: int) -> int:
        position = index + self._length if index < 0 else index
        if not 0 <= position < self._length:
            raise IndexError("index out of bounds")
        return position * self._struct.size

    def __getitem__(self, index: int, /) -> Any:
        return self._struct.unpack_from(self._bytes, self._position(index))[0]

    def __setitem__(self, index: int, value: object, /) -> None:
        position = self._position(index)
        try:
            encoded = self._struct.pack(value)
        except struct.error as error:
            raise ValueError(str(error)) from None
        self._bytes[position : position + len(encoded)] = encoded

    def tolist(self) -> list[Any]:
        """All elements as a list."""
        return list(struct.unpack(f"<{self._length}{self._code}", self._bytes))

    def release(self) -> None:
        """Give up the bytes; every later access raises ValueError."""
        self._bytes.release()


def cast_view(data: memoryview[int], code: str) -> memoryview[Any]:
    """``data.cast(code)``, for a format that only the run knows."""
    return data.cast(code)  # type: ignore[call-overload,no-any-return]


def make_element_view(data: memoryview[int], code: str) -> ElementView:
    """An :class:`ElementView` of ``data`` (format ``B``) with the ``struct`` format ``code``."""
    if code == "B":
        return data
    if not isinstance(data, memoryview):
        return cast_view(data, code)  # bytes that are reached by calls read any format
    if _LITTLE_ENDIAN_HOST and (code != "e" or native_half_views):
        return cast_view(data, code)
    return StructView(data, code)
