"""The block of a virtual memory (memory-control proposal, "virtual"): its addresses have bytes when they are mapped."""

from __future__ import annotations

from pyjsapi.blocks.guarded import EVERYWHERE, GROUND, Addresses, GuardedBlock
from pyjsapi.blocks.spans import Span
from pyjsapi.syntax.errors import Trap


class VirtualBlock(GuardedBlock):
    """``length`` addresses, which may become ``most``; bytes of at most ``quota`` of them are there at a time."""

    __slots__ = ("_page_size", "_quota")

    def __init__(self, length: int, most: int, *, page_size: int, quota: int) -> None:
        super().__init__(Addresses(length, most), bare=EVERYWHERE)
        self._page_size = page_size
        self._quota = quota

    @property
    def mapped(self) -> int:
        """Bytes that are there now."""
        return sum(span.end - span.start for span in self.table.spans if span.data is not None)

    def occupied(self, length: int) -> int:
        """See `Block`: addresses are none."""
        return self.mapped

    def initialise(self, address: int, data: bytes) -> None:
        """See `Block`: pages that an active segment needs are mapped for reading; it writes in spite of that.

        Those of another segment are there already and stay as they are.
        """
        if not data:
            return
        with self.changing():
            self._map_for_reading(address, address + len(data))
            super().initialise(address, data)

    def _not_yet_fixed(self, span: Span) -> bool:
        return span.owner is GROUND

    def _map_for_reading(self, address: int, end: int) -> None:
        mask = self._page_size - 1
        gaps = [
            (span.start, span.end)
            for span in self.table.between(address & ~mask, (end + mask) & ~mask)
            if span.data is None
        ]
        wanted = sum(stop - start for start, stop in gaps)
        if wanted and self.mapped + wanted > self._quota:
            raise Trap(f"more than {self._quota} bytes of a virtual memory would be mapped")
        for start, stop in gaps:
            self.put(start, zero_pages(stop - start), owner=GROUND)
            self.protect(start, stop, readable=True, writable=False)


def zero_pages(count: int) -> memoryview[int]:
    """New zeros, which take room when they are touched, where the system can do that."""
    from pyjsapi.blocks.processes.segment import anonymous

    try:
        return memoryview(anonymous(count))
    except (OSError, ValueError, OverflowError):
        return memoryview(bytearray(count))
