"""Blocks that begin with addresses for which another block has no bytes: its own come after them."""

from __future__ import annotations

from typing import Final

from pyjsapi.blocks.block import Block, Bytes
from pyjsapi.blocks.foreign_bytes import ForeignView


class ShiftedBlock(Block):
    """The block ``base``, ``first`` bytes higher, as the base of a guarded block.

    The last ``front`` bytes below are here; what is below those must not be accessed.
    """

    __slots__ = ("_front", "base", "first")

    by_calls = True

    def __init__(self, base: Block, first: int, front: int = 0) -> None:
        self.base: Final = base
        self.first: Final = first
        self._front: Final = bytearray(front)

    @property
    def most(self) -> int:
        """See `Block`."""
        return self.base.most

    @property
    def data(self) -> Bytes:
        """See `Block`."""
        return ForeignView(self, range(self.length))  # type: ignore[return-value]

    @property
    def length(self) -> int:
        """See `Block`."""
        return self.first + self.base.length

    @property
    def asks_first(self) -> bool:
        """See `Block`."""
        return self.base.asks_first

    def extend(self, length: int) -> None:
        """See `Block`."""
        self.base.extend(length - self.first)

    def _below(self, address: int, count: int) -> tuple[int, int]:
        """How many of some bytes are in front, and where they begin there."""
        return min(max(self.first - address, 0), count), address - self.first + len(self._front)

    def read(self, address: int, count: int) -> bytes:
        """See `Block`."""
        below, place = self._below(address, count)
        found = bytes(self._front[place : place + below]) if below else b""
        if below < count:
            found += self.base.read(address + below - self.first, count - below)
        return found

    def write(self, address: int, data: bytes) -> None:
        """See `Block`."""
        below, place = self._below(address, len(data))
        if below:
            self._front[place : place + below] = data[:below]
        if below < len(data):
            self.base.write(address + below - self.first, data[below:])

    def load(self, address: int, size: int) -> int:
        """See `Block`."""
        if address < self.first:
            return super().load(address, size)
        return self.base.load(address - self.first, size)

    def store(self, address: int, size: int, value: int) -> None:
        """See `Block`."""
        if address < self.first:
            super().store(address, size, value)
        else:
            self.base.store(address - self.first, size, value)
