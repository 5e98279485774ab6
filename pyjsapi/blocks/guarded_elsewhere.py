"""Guarded blocks over bytes that are reached by calls themselves: those of JavaScript.

Whoever has the base's bytes in another way goes on seeing those, not what is mapped over them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyjsapi.blocks.block import Block
from pyjsapi.blocks.foreign_bytes import ForeignView
from pyjsapi.blocks.guarded import EVERYWHERE, Guarded
from pyjsapi.blocks.integers import LOAD, STORE
from pyjsapi.blocks.spans import SpanTable

if TYPE_CHECKING:
    from pyjsapi.syntax.types import MemType


class GuardedElsewhere(Guarded):
    """See the module."""

    def __init__(self, base: Block, *, bare: int = 0, fixed: int = 0) -> None:
        self._end = base.length
        self._start(base, bare, fixed)

    def _bytes_of(self, base: Block) -> Any:
        return ForeignView(base, range(EVERYWHERE))

    @property
    def table(self) -> SpanTable:
        """See `Guarded`. The base may have grown by itself."""
        length = self.base.length
        if length != self._end:
            with self._lock:
                before, self._end = self._end, length
                self._add_ground(before, length)
        return self._cell[0]

    @property
    def asks_first(self) -> bool:
        """See `Block`."""
        return self.base.asks_first

    def extend(self, length: int) -> None:
        """See `Guarded`."""
        with self._lock:
            self._refuse_to_cover(self.length, length)
            self.base.extend(length)

    def load(self, address: int, size: int) -> int:
        """See `Block`."""
        pieces = self.table.pieces(address, size, write=False)
        if len(pieces) != 1:
            return int.from_bytes(self.read(address, size), "little")
        if pieces[0].data is self._ground:
            return self.base.load(address, size)
        value: int = LOAD[size](pieces[0].data, pieces[0].place)[0]
        return value

    def store(self, address: int, size: int, value: int) -> None:
        """See `Block`."""
        pieces = self.table.pieces(address, size, write=True)
        if len(pieces) != 1:
            self.write(address, value.to_bytes(size, "little"))
        elif pieces[0].data is self._ground:
            self.base.store(address, size, value)
        else:
            STORE[size](pieces[0].data, pieces[0].place, value)

    def accessor(self, name: str, type_: MemType) -> Callable[..., Any] | None:
        """See `Block`."""
        return None
