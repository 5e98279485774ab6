"""Blocks of unshared bytes that never move: reserved as far as they may grow, so that files can be mapped into them.

What is mapped takes the place of the block's own pages: the bytes are reached directly as before, at the same address.
"""

from __future__ import annotations

import sys
from typing import Final

from pyjsapi.blocks.block import Block, Bytes
from pyjsapi.blocks.integers import LOAD, MASK, OPERATIONS, STORE
from pyjsapi.blocks.paging import PageMap, Paging, page_size
from pyjsapi.blocks.processes.segment import anonymous, halved

_COMMITTED: Final = 64 << 20
"""Bytes that are reserved beyond the length where the system cannot commit pages lazily."""


class Reservation(Block):
    """``length`` zeros that can grow to ``most`` bytes in their place, or less far; `MemoryError` for too many."""

    __slots__ = ("_bytes", "_data", "_length", "_most", "pages")

    def __init__(self, length: int, most: int) -> None:
        self._length = length
        self._bytes = _reserve(length, most)
        self._most = len(self._bytes)
        self._data = self._bytes[:length]
        self.pages = PageMap(self._bytes, _fresh)
        """What is mapped here."""

    @property
    def most(self) -> int:
        """See `Block`."""
        return self._most

    @property
    def data(self) -> Bytes:
        """See `Block`."""
        return self._data

    @property
    def length(self) -> int:
        """See `Block`."""
        return self._length

    def extend(self, length: int) -> None:
        """See `Block`."""
        if length > self._most:
            raise MemoryError(f"only {self._most} bytes are reserved")
        self._length = length
        self._data = self._bytes[:length]

    def load(self, address: int, size: int) -> int:
        """See `Block`."""
        value: int = LOAD[size](self._bytes, address)[0]
        return value

    def store(self, address: int, size: int, value: int) -> None:
        """See `Block`."""
        STORE[size](self._bytes, address, value)

    def update(self, operation: str, address: int, size: int, operand: int) -> int:
        """See `Block`."""
        old: int = LOAD[size](self._bytes, address)[0]
        STORE[size](self._bytes, address, OPERATIONS[operation](old, operand) & MASK[size])
        return old

    def discard(self, address: int, count: int) -> None:
        """See `Block`. Pages of its own go back to the system; those of files are filled with zeros."""
        end = address + count
        page = page_size()
        first, last = -(-address // page) * page, end // page * page
        if first >= last or self.pages.overlaps(address, end) or not self.pages.possible:
            self.fill(address, 0, count)
            return
        self.fill(address, 0, first - address)
        self.fill(last, 0, end - last)
        self.pages.unmap(first, last - first)


def _fresh(system: Paging, absolute: int, address: int, count: int) -> None:
    system.put_zeros(absolute, count)


def _reserve(least: int, most: int) -> memoryview[int]:
    if sys.platform == "emscripten":
        most = min(most, least + _COMMITTED)
    for count in halved(least, min(most, sys.maxsize)):
        if count == 0:
            return memoryview(bytearray())
        try:
            return memoryview(anonymous(count))
        except (OSError, ValueError, OverflowError):
            continue
    raise MemoryError(f"cannot reserve {least} bytes")
