"""The bytes of a ``WebAssembly.MemoryMapDescriptor``, and where memories have them.

V8 ends the process for an offset that is not aligned and for an unmap without a map; here that is a `RangeError`, and
this does nothing.
"""

from __future__ import annotations

import sys
import weakref

from pyjsapi.blocks.paging import page_size
from pyjsapi.ecmascript.errors import RangeError
from pyjsapi.jsapi.errors import RuntimeError as WasmRuntimeError
from pyjsapi.runtime.memory import MemInst
from pyjsapi.sharing.control import unmap_range
from pyjsapi.sharing.mappings import map_resource
from pyjsapi.sharing.resources import HostResource
from pyjsapi.syntax.types import I32

_WHAT = "WebAssembly.MemoryMapDescriptor.map()"
_PAGE = 4096
"""Bytes of a page where the system has none of its own to map."""


class DescriptorBytes:
    """``size`` zeros, in bytes, rounded up to pages of the system. Raises `MemoryError`."""

    __slots__ = ("_place", "_resource", "page", "size")

    def __init__(self, size: int) -> None:
        self.page = _PAGE if sys.platform == "emscripten" else page_size()
        self.size = -(-size // self.page) * self.page
        self._resource = _zeros(self.size)
        self._place: tuple[weakref.ref[MemInst], int] | None = None

    def map(self, memory: MemInst, offset: int) -> int:
        """Have the memory show the bytes from an offset on; how many there are."""
        if offset % self.page:
            raise RangeError(f"{_WHAT}: offset {offset} is no multiple of {self.page}")
        type_ = memory.declared_type
        if type_.shared or type_.addrtype is not I32:
            raise WasmRuntimeError(f"{_WHAT}: the memory must be unshared, with 32-bit addresses")
        if offset > memory.byte_length or self.size > memory.byte_length - offset:
            raise WasmRuntimeError(
                f"{_WHAT}: {self.size} bytes from {offset} on: the memory has {memory.byte_length}"
            )
        map_resource(memory, self._resource, at=offset, replace=True)
        self._place = (weakref.ref(memory), offset)
        return self.size

    def unmap(self) -> None:
        """Take away the last map."""
        if self._place is not None:
            place, offset = self._place
            self._place = None
            memory = place()
            if memory is not None:
                unmap_range(memory, offset, self.size)


def _zeros(size: int) -> HostResource:
    try:
        if size:
            return HostResource.memfd(size)
    except (NotImplementedError, OSError):
        pass
    try:
        return HostResource.anon(size)
    except (OSError, ValueError, OverflowError) as error:
        raise MemoryError(f"cannot allocate {size} bytes") from error
