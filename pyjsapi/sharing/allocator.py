"""The allocator of a shared heap: which of so many bytes are taken. It never touches the bytes themselves."""

from __future__ import annotations

import threading
from bisect import bisect_right
from typing import Final

ALIGNMENT: Final = 8
"""Bytes: every block starts at a multiple, so that each scalar can be accessed atomically."""


class Allocator:
    """Blocks of ``size`` bytes, numbered from 0: first fit, and neighbours that are free become one.

    Its state is beside the bytes, not in them: whatever is written there, blocks stay disjoint. May be used from
    several threads.
    """

    __slots__ = ("_blocks", "_free", "_lock", "_size")

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Free all blocks."""
        with self._lock:
            self._free = [(0, self._size)]
            """Start and end of what is free: in order, and never two that touch."""
            self._blocks: dict[int, int] = {}
            """From the start of a block to its end."""

    @property
    def free_bytes(self) -> int:
        """How many bytes are free, if not in one piece."""
        with self._lock:
            return sum(end - start for start, end in self._free)

    def malloc(self, size: int) -> int | None:
        """The start of a new block of ``size`` bytes or a few more, or ``None``: no piece is large enough.

        A block of no bytes is one too, apart from all others.
        """
        taken = max(size + ALIGNMENT - 1 & -ALIGNMENT, ALIGNMENT)
        with self._lock:
            for index, (start, end) in enumerate(self._free):
                if taken <= end - start:
                    self._blocks[start] = start + taken
                    rest = [(start + taken, end)] if start + taken < end else []
                    self._free[index : index + 1] = rest
                    return start
        return None

    def free(self, start: int) -> bool:
        """Give a block back; ``False`` where none starts, or none any more."""
        with self._lock:
            end = self._blocks.pop(start, None)
            if end is None:
                return False
            index = bisect_right(self._free, (start, end))
            first = last = index
            if index and self._free[index - 1][1] == start:
                first, start = index - 1, self._free[index - 1][0]
            if index < len(self._free) and self._free[index][0] == end:
                last, end = index + 1, self._free[index][1]
            self._free[first:last] = [(start, end)]
        return True

    def is_taken(self, start: int, count: int) -> bool:
        """Whether ``count`` bytes are all in blocks."""
        with self._lock:
            index = bisect_right(self._free, (start, self._size))
            before = index and self._free[index - 1][1] > start
            end = self._free[index][0] if index < len(self._free) else self._size
            return not before and start + count <= end
