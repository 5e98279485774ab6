"""The buffers of shared memories (threads proposal, index.bs, "Memories").

A `SharedArrayBuffer` is never detached. One of fixed length keeps its length when the memory grows, and the memory
gets another one; a growable one follows the memory.
"""

from __future__ import annotations

import weakref
from typing import TypeAlias

from pyjsapi.blocks.shared import SharedBlock, shared
from pyjsapi.ecmascript import RangeError, SharedArrayBuffer
from pyjsapi.runtime.memory import MemInst

_Reference: TypeAlias = "weakref.ref[SharedArrayBuffer]"


class _SharedBufferLink:
    """What a memory holds of its current buffer, and of those before it, which are never detached.

    The bytes never move, so nothing happens when the memory grows.
    """

    __slots__ = ("_all", "_buffer", "growable")

    def __init__(self, buffer: SharedArrayBuffer, before: list[_Reference]) -> None:
        self._buffer = weakref.ref(buffer)
        self._all = [*(known for known in before if known() is not None), self._buffer]
        self.growable = buffer.growable

    @property
    def all(self) -> list[_Reference]:
        """All buffers of the memory that somebody has."""
        return self._all

    def get(self) -> SharedArrayBuffer | None:
        return self._buffer()

    def release_views(self) -> None:
        pass

    def memory_grown(self, memory: MemInst) -> None:
        pass

    def memory_elsewhere(self, memory: MemInst) -> None:
        """The memory is guarded from now on: what is mapped and protected is so for its buffers as well."""
        block = shared(memory.block)
        for reference in self._all:
            buffer = reference()
            if buffer is not None:
                buffer._move(block, _growth(memory) if buffer.growable else None)


def shared_buffer(memory: MemInst, growable: bool | None = None) -> SharedArrayBuffer:
    """The memory's current buffer: another one of fixed length where some thread made the memory grow.

    With ``growable``, another one where it is not of that kind. Raises `TypeError` for an unshared memory.
    """
    if not memory.declared_type.shared:
        raise TypeError("an unshared memory has no SharedArrayBuffer")
    with shared(memory.block).lock:
        link = memory.buffer
        if not isinstance(link, _SharedBufferLink):
            return _new_buffer(memory, growable=bool(growable))
        if growable is not None and growable != link.growable:
            return _new_buffer(memory, growable=growable)
        buffer = link.get()
        length = memory.pages * memory.declared_type.page_size
        if buffer is None or not (link.growable or buffer.byteLength == length):
            return _new_buffer(memory, growable=link.growable)
        return buffer


def _new_buffer(memory: MemInst, *, growable: bool) -> SharedArrayBuffer:
    type_, block = memory.declared_type, shared(memory.block)
    length = memory.pages * type_.page_size
    if growable and type_.maximum is not None:
        buffer = SharedArrayBuffer._host(
            block,
            length,
            max_byte_length=type_.maximum * type_.page_size,
            grow=_growth(memory),
        )
    else:
        buffer = SharedArrayBuffer._host(block, length)
    link = memory.buffer
    memory.buffer = _SharedBufferLink(
        buffer, link.all if isinstance(link, _SharedBufferLink) else []
    )
    return buffer


def _growth(memory: MemInst) -> MemoryGrowth:
    page_size = memory.declared_type.page_size
    return MemoryGrowth(shared(memory.block), page_size, memory.ceiling * page_size)


class MemoryGrowth:
    """HostGrowSharedArrayBuffer, for the block of a memory: it grows by whole pages, to ``ceiling`` bytes at most."""

    __slots__ = ("_block", "ceiling", "page_size")

    def __init__(self, block: SharedBlock, page_size: int, ceiling: int) -> None:
        self._block = block
        self.page_size = page_size
        self.ceiling = ceiling

    def __call__(self, length: int) -> None:
        """Grow to ``length`` bytes. Raises `RangeError`."""
        block = self._block
        with block.lock:
            delta = length - block.length
            if delta < 0 or delta % self.page_size:
                raise RangeError(
                    f"SharedArrayBuffer.grow(): {length} bytes: the buffer of a memory "
                    f"grows by multiples of {self.page_size} bytes"
                )
            if length > self.ceiling:
                raise RangeError(
                    f"SharedArrayBuffer.grow(): {length} bytes: the memory cannot have more than {self.ceiling} bytes"
                ) from MemoryError(
                    "more could not be reserved, or Limits.max_memory_bytes or others forbid it"
                )
            if delta:
                try:
                    block.extend(length)
                except MemoryError as error:
                    raise RangeError(
                        f"SharedArrayBuffer.grow(): {length} bytes: {error}"
                    ) from error
