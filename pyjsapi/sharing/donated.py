"""Storage that guests donate: ranges of their memories where memory blocks may be attached.

A guest says where there is room; where in it a block comes is the host's affair.
"""

from __future__ import annotations

import mmap
import threading
import weakref
from typing import TYPE_CHECKING, Final

from pyjsapi.sharing.block_errors import BlockError, Failure

if TYPE_CHECKING:
    from pyjsapi.runtime.memory import MemInst

PAGE: Final = mmap.PAGESIZE
"""Bytes of a page of the system: what blocks are aligned to, so that they can be mapped."""
LEAST: Final = 2 * PAGE
"""Bytes of the smallest area that can be donated."""


def whole_pages(size: int) -> int:
    """``size`` bytes, rounded up."""
    return -(-size // PAGE) * PAGE


class Donated:
    """The areas of one memory, and what of them is in use."""

    __slots__ = ("_areas", "_lock", "_used")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._areas: list[tuple[int, int]] = []
        self._used: list[tuple[int, int]] = []

    def add(self, start: int, end: int) -> None:
        """Take an area; raises `BlockError` where a part of it was given before."""
        with self._lock:
            if any(start < other_end and other < end for other, other_end in self._areas):
                raise BlockError(
                    Failure.INTERNAL, f"a part of the area at {start:#x} is donated already"
                )
            self._areas.append((start, end))

    def take(self, length: int) -> int:
        """An address, aligned to pages, of ``length`` bytes that are in use from now on; raises `BlockError`."""
        with self._lock:
            for start, end in self._areas:
                place = whole_pages(start)
                for other, other_end in sorted(self._used):
                    if other < place + length and place < other_end:
                        place = whole_pages(other_end)
                if place + length <= end:
                    self._used.append((place, place + length))
                    return place
            room = "none" if not self._areas else "not enough in one piece"
        raise BlockError(
            Failure.NO_STORAGE,
            f"a block of {length} bytes needs storage in the memory that attaches it, of which {room} is donated",
        )

    def give_back(self, start: int, length: int) -> None:
        """The reverse of `take`."""
        with self._lock:
            self._used.remove((start, start + length))


_donated: Final[weakref.WeakKeyDictionary[MemInst, Donated]] = weakref.WeakKeyDictionary()
_making: Final = threading.Lock()


def donated(memory: MemInst) -> Donated:
    """The storage of a memory."""
    with _making:
        return _donated.setdefault(memory, Donated())


def add_storage(memory: MemInst, address: int, size: int) -> None:
    """Donate the ``size`` bytes at an address; while a block is attached there, they are the block's.

    Raises `BlockError`: for less than two pages of the system, for bytes that the memory does not have, or where a
    part of them was donated before.
    """
    if size < LEAST:
        raise BlockError(
            Failure.WRONG_SIZE,
            f"storage needs at least {LEAST} bytes, two pages: {size} are too few",
        )
    if address < 0 or size > memory.byte_length - address:
        raise BlockError(
            Failure.INTERNAL,
            f"the memory does not have the {size} bytes at {address:#x}: it has {memory.byte_length}",
        )
    donated(memory).add(address, address + size)
