"""Blocks of unshared bytes in Python's heap, or in a mapping of their own: they may move when they grow."""

from __future__ import annotations

import mmap
from typing import Final

from pyjsapi.blocks.block import Block, Bytes
from pyjsapi.blocks.integers import LOAD, MASK, OPERATIONS, STORE

MAPPED_BYTES: Final = 64 << 20
"""Blocks that start at this many bytes are mapped, so that the system commits their pages lazily."""


class HeapBlock(Block):
    """Zeros of a length; `MemoryError` where the system has not so many."""

    __slots__ = ("_data",)

    def __init__(self, length: int) -> None:
        self._data = _allocate(length)

    @property
    def most(self) -> int:
        """No bound of its own: as long as addresses reach and the system has bytes."""
        return 1 << 64

    @property
    def moves(self) -> bool:
        """See `Block`."""
        return True

    @property
    def data(self) -> Bytes:
        """The bytes."""
        return self._data

    @property
    def length(self) -> int:
        """See `Block`."""
        return len(self._data)

    def is_viewed(self) -> bool:
        """See `Block`: bytes that are viewed cannot be resized, not even by nothing."""
        data = self._data
        try:
            if isinstance(data, bytearray):
                data.append(0)
                del data[-1]
            elif isinstance(data, mmap.mmap):
                data.resize(len(data))
        except BufferError:
            return True
        except (SystemError, OSError, ValueError):
            pass  # the system cannot resize it, which is asked after the views
        return False

    def load(self, address: int, size: int) -> int:
        """See `Block`."""
        value: int = LOAD[size](self._data, address)[0]
        return value

    def store(self, address: int, size: int, value: int) -> None:
        """See `Block`."""
        STORE[size](self._data, address, value)

    def update(self, operation: str, address: int, size: int, operand: int) -> int:
        """See `Block`. Nobody else can reach the bytes: there is nothing to hold."""
        old: int = LOAD[size](self._data, address)[0]
        new = OPERATIONS[operation](old, operand) & MASK[size]
        STORE[size](self._data, address, new)
        return old

    def extend(self, length: int) -> None:
        """See `Block`. In place where nobody holds a view from outside, else the bytes move."""
        self._data = _extended(self._data, length - len(self._data))


def _allocate(count: int) -> Bytes:
    if count < MAPPED_BYTES:
        return bytearray(count)
    try:
        if hasattr(mmap, "MAP_PRIVATE"):
            return mmap.mmap(-1, count, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        return mmap.mmap(-1, count)
    except (OSError, ValueError, OverflowError):
        pass
    try:
        return bytearray(count)
    except (MemoryError, OverflowError):  # the latter where addresses are short, as in Pyodide
        raise MemoryError(f"cannot allocate {count} bytes") from None


def _extended(data: Bytes, count: int) -> Bytes:
    """The bytes followed by ``count`` zeros: the same object where possible."""
    size = len(data)
    if isinstance(data, bytearray) and size + count < MAPPED_BYTES:
        try:
            data.extend(bytes(count))
        except BufferError:
            moved = bytearray(size + count)
            moved[:size] = data
            return moved
        return data
    if isinstance(data, mmap.mmap):
        try:
            data.resize(size + count)
        except (BufferError, SystemError, OSError, ValueError):
            pass
        else:
            return data
    larger = _allocate(size + count)
    with memoryview(larger) as target, memoryview(data) as source:
        target[:size] = source
    return larger
