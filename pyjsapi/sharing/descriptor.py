"""``WebAssembly.MemoryMapDescriptor``, as V8 tries it out (experimental, 2026): the low-level form of `Memory.map`.

A descriptor has bytes that memories can map. Of maps that overlap the later wins. V8 ends the process for an offset
that is not aligned and for an unmap without a map; here that is a `RangeError`, and this does nothing.
"""

from __future__ import annotations

import mmap
from typing import Any, Final, NoReturn

from pyjsapi.blocks.paging import page_size
from pyjsapi.ecmascript.conversions import to_number
from pyjsapi.ecmascript.errors import DataCloneError, RangeError
from pyjsapi.jsapi.errors import RuntimeError as WasmRuntimeError
from pyjsapi.jsapi.memory import Memory
from pyjsapi.runtime.memory import MemInst
from pyjsapi.sharing.control import unmap_range
from pyjsapi.sharing.mappings import map_resource
from pyjsapi.sharing.resources import HostResource
from pyjsapi.syntax.types import I32

_MOST: Final = 1 << 32


class MemoryMapDescriptor:
    """``size`` zeros, in bytes, rounded up to pages of the system. Raises `TypeError` for what is no such number."""

    __slots__ = ("__weakref__", "_place", "_resource", "_size")

    def __init__(self, size: Any = None, /) -> None:
        what = "WebAssembly.MemoryMapDescriptor()"
        wanted = _unsigned(size, f"{what}: size")
        page = page_size()
        self._size = -(-wanted // page) * page
        self._resource = _bytes(self._size, what)
        self._place: tuple[MemInst, int] | None = None

    def map(self, memory: Any = None, byteOffset: Any = None, /) -> int:
        """Have the memory show the descriptor's bytes from an offset on; how many there are.

        The buffer stays the same. Raises `TypeError`, `RangeError` for an offset that is not a multiple of the system's
        pages, and `RuntimeError` for a shared or 64-bit memory, or one that is too short.
        """
        what = "WebAssembly.MemoryMapDescriptor.map()"
        if not isinstance(memory, Memory):
            raise TypeError(f"{what}: argument 0 must be a WebAssembly.Memory")
        offset = _unsigned(byteOffset, f"{what}: argument 1")
        if offset % page_size():
            raise RangeError(f"{what}: offset {offset} is no multiple of {page_size()}")
        inner = memory._memory
        type_ = inner.declared_type
        if type_.shared or type_.addrtype is not I32:
            raise WasmRuntimeError(f"{what}: the memory must be unshared, with 32-bit addresses")
        if offset > inner.byte_length or self._size > inner.byte_length - offset:
            raise WasmRuntimeError(
                f"{what}: {self._size} bytes from {offset} on: the memory has {inner.byte_length}"
            )
        map_resource(inner, self._resource, at=offset, replace=True)
        self._place = (inner, offset)
        return self._size

    def unmap(self) -> None:
        """Take away the last map: zeros are there. The descriptor keeps its bytes."""
        if self._place is not None:
            memory, offset = self._place
            self._place = None
            unmap_range(memory, offset, self._size)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise DataCloneError("a WebAssembly.MemoryMapDescriptor cannot be stored or copied")

    def __repr__(self) -> str:
        return f"<WebAssembly.MemoryMapDescriptor of {self._size} bytes>"


def _unsigned(value: Any, what: str) -> int:
    number = to_number(value)
    if number != number:
        raise TypeError(f"{what} must be convertible to a valid number")
    if number < 0:
        raise TypeError(f"{what} must be non-negative")
    if number >= _MOST:
        raise TypeError(f"{what} must be in the unsigned long range")
    return int(number)


def _bytes(size: int, what: str) -> HostResource:
    try:
        if size:
            return HostResource.memfd(size)
    except (NotImplementedError, OSError):
        pass
    try:
        return HostResource.buffer(mmap.mmap(-1, size) if size else bytearray())
    except (OSError, ValueError, OverflowError, MemoryError) as error:
        raise RangeError(f"{what}: cannot allocate {size} bytes") from error
