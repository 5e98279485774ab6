"""``WebAssembly.MemoryMapDescriptor``, as V8 tries it out (2026, ``--experimental-wasm-memory-control``).

Experimental: it may change as that does. `Memory.map` does the same and more.
"""

from __future__ import annotations

from math import isfinite
from typing import Any, Final, NoReturn

from pyjsapi.ecmascript.conversions import to_number
from pyjsapi.ecmascript.errors import DataCloneError, RangeError
from pyjsapi.jsapi.memory import Memory
from pyjsapi.jsapi.memory_control import memory_control

_MOST: Final = 1 << 32


class MemoryMapDescriptor:
    """``size`` zeros, in bytes, rounded up to pages of the system: memories that map them have the same bytes.

    Experimental, as V8 tries it out. Raises `TypeError` for what is no number from 0 to 2**32 - 1, `RangeError` where
    there is no room.
    """

    __slots__ = ("__weakref__", "_bytes")

    def __init__(self, size: Any = None, /) -> None:
        what = "WebAssembly.MemoryMapDescriptor()"
        wanted = _unsigned(size, f"{what}: size")
        try:
            self._bytes = memory_control().descriptor_bytes(wanted)
        except MemoryError as error:
            raise RangeError(f"{what}: could not allocate memory: {error}") from error

    def map(self, memory: Any = None, byteOffset: Any = None, /) -> int:
        """Have a memory show the descriptor's bytes from an offset on; how many there are.

        The buffer stays the same object. Of maps that overlap the later wins. Raises `TypeError`, `RangeError` for an
        offset that is not a multiple of the system's pages, and `RuntimeError` for a shared or 64-bit memory, or one
        that is too short.
        """
        what = "WebAssembly.MemoryMapDescriptor.map()"
        if not isinstance(memory, Memory):
            raise TypeError(f"{what}: Parameter is not a WebAssembly.Memory")
        offset = _unsigned(byteOffset, f"{what}: Argument 1")
        return self._bytes.map(memory._memory, offset)

    def unmap(self) -> None:
        """Take away the last map: zeros are there, and earlier ones stay. Without a map it does nothing.

        The descriptor keeps its bytes.
        """
        self._bytes.unmap()

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise DataCloneError("a WebAssembly.MemoryMapDescriptor cannot be stored or copied")

    def __repr__(self) -> str:
        return f"<WebAssembly.MemoryMapDescriptor of {self._bytes.size} bytes>"


def _unsigned(value: Any, what: str) -> int:
    """A number of bytes as V8 converts it."""
    number = to_number(value)
    if not isfinite(number):
        raise TypeError(f"{what} must be convertible to a valid number")
    if number < 0:
        raise TypeError(f"{what} must be non-negative")
    if number >= _MOST:
        raise TypeError(f"{what} must be in the unsigned long range")
    return int(number)
