"""What the addresses of a memory stand for as it is now, for whoever shows or checks that. Nothing here changes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from pyjsapi.blocks.guarded import GROUND, Guarded
from pyjsapi.sharing.state import state_of

if TYPE_CHECKING:
    from pyjsapi.jsapi.memory import Memory
    from pyjsapi.runtime.memory import MemInst
    from pyjsapi.sharing.mappings import Mapping

Access = Literal["none", "r", "rw"]


@dataclass(frozen=True)
class Region:
    """The addresses ``start`` to ``end``, the latter exclusive. Regions of two memories with one owner share bytes."""

    start: int
    end: int
    owner: Any = None
    """Whose bytes they are: a `HostResource`, a `SharedHeap`, or ``None`` for the memory's own, and where none are."""
    offset: int = 0
    """Where the owner has the first of them."""
    access: Access = "rw"
    """What code may do: ``none`` also where there are no bytes."""
    strategy: str | None = None
    """Of a mapping: ``mmap``, ``segment``, ``copy``."""

    def part(self, start: int, end: int) -> Region:
        """The same for some of the addresses."""
        offset = self.offset if self.owner is None else self.offset + start - self.start
        return replace(self, start=start, end=end, offset=offset)


def layout(memory: Memory) -> tuple[Region, ...]:
    """The regions of a memory's addresses from 0 on, and of the heaps above it, in order.

    An address that is in none of them is out of bounds.
    """
    inner = memory._memory
    found = list(_regions(inner))
    state = state_of(inner)
    for mapping in state.mappings:
        found = list(_covered(found, mapping))
    return tuple(found)


def _regions(memory: MemInst) -> Iterator[Region]:
    """The regions as the block has them, which does not know of everything that is mapped."""
    backing = state_of(memory).backing
    block = memory.block
    if not isinstance(block, Guarded):
        if memory.byte_length:
            yield Region(0, memory.byte_length, backing)
        return
    for span in block.table.spans:
        access: Access = "rw" if span.writable else "r"
        if span.data is None or not span.readable:
            access = "none"
        owner = backing if span.owner is GROUND else span.owner
        yield Region(
            *(span.start, span.end, owner, 0 if owner is None else span.start - span.shift, access)
        )


def _covered(regions: Iterable[Region], mapping: Mapping) -> Iterator[Region]:
    """The regions, where what is mapped is the resource's."""
    for region in regions:
        place = region.start
        for start, end in sorted(mapping.parts):
            low, high = max(start, place), min(end, region.end)
            if low >= high:
                continue
            if place < low:
                yield region.part(place, low)
            offset = mapping.offset + low - mapping.addr
            yield Region(low, high, mapping.resource, offset, region.access, mapping.strategy)
            place = high
        if place < region.end:
            yield region.part(place, region.end)
