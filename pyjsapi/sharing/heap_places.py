"""Where shared heaps are in the addresses of memories: at their upper end, unless somebody says otherwise."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Final, NamedTuple

from pyjsapi.ecmascript.errors import RangeError

if TYPE_CHECKING:
    from pyjsapi.sharing.heap import SharedHeap

ENDS: Final = {"i32": 1 << 32, "i64": 1 << 64}
"""The end of all addresses, by their type."""
LOCK: Final = threading.RLock()
"""Held by whatever changes chains, places, or who has attached what."""


class HeapError(RuntimeError):
    """A shared heap cannot do this now: it is attached, chained, or somebody else's bytes are in the way."""


class Place(NamedTuple):
    """Where a heap starts in each kind of memory; in one with 32-bit addresses perhaps nowhere."""

    i32: int | None
    i64: int

    def start(self, address: str) -> int:
        """The first address in a memory whose addresses are ``i32`` or ``i64``."""
        if address not in ENDS:
            raise TypeError(f"addresses are 'i32' or 'i64', not {address!r}")
        if address == "i64":
            return self.i64
        if self.i32 is None:
            raise RangeError(f"the heap starts at {self.i64:#x}, which no 32-bit address reaches")
        return self.i32

    def below(self, size: int) -> Place:
        """The place of ``size`` bytes that end where this one starts."""
        lower = None if self.i32 is None else self.i32 - size
        if self.i64 - size <= 0 or (lower is not None and lower <= 0):
            raise RangeError(f"there is no room for {size} bytes more below {self.i64:#x}")
        return Place(lower, self.i64 - size)


def top(size: int) -> Place:
    """The place of ``size`` bytes that end where the addresses do: what WAMR gives to every heap."""
    return Place(ENDS["i32"] - size, ENDS["i64"] - size)


def at(address: int, size: int, page: int) -> Place:
    """The place that starts at an address; the same one in memories of both kinds, where both have it."""
    if not 0 < address <= ENDS["i64"] - size or address % page:
        raise RangeError(
            f"a heap of {size} bytes cannot start at {address:#x}: that must be a multiple of {page}, not 0, "
            "and the heap must end where addresses do, or before"
        )
    return Place(address if address + size <= ENDS["i32"] else None, address)


class HeapDomain:
    """Heaps that never share an address, so that one memory can have any of them attached together.

    ``SharedHeap(size, domain=domain)`` gets the highest place that is free. The first one is where a heap without a
    domain would be. A place is free again when its heap is gone.
    """

    __slots__ = ("_heaps",)

    def __init__(self) -> None:
        self._heaps: weakref.WeakSet[SharedHeap] = weakref.WeakSet()

    def enter(self, heap: SharedHeap) -> Place:
        """Remember a heap, and give it a place. Called with `LOCK` held."""
        place = top(heap.size)
        for end, start in sorted(self._extents(heap), reverse=True):
            if end <= place.i64:
                break
            place = Place(start - (ENDS["i64"] - ENDS["i32"]), start).below(heap.size)
        self._heaps.add(heap)
        return place

    def is_free(self, heap: SharedHeap, place: Place) -> bool:
        """Whether no other heap has addresses there. Called with `LOCK` held."""
        end = place.i64 + heap.size
        return all(end <= start or other <= place.i64 for other, start in self._extents(heap))

    def _extents(self, asking: SharedHeap) -> list[tuple[int, int]]:
        """End and start of all heaps but one that asks."""
        return [
            (heap.place.i64 + heap.size, heap.place.i64)
            for heap in self._heaps
            if heap is not asking
        ]
