"""Address spaces: which bytes, of whatever place, an address stands for, and what may be done with them.

A `SpanTable` never changes: whoever has one goes on seeing what it says. Addresses are in bytes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from pyjsapi.blocks.block import OUT_OF_BOUNDS
from pyjsapi.syntax.errors import Trap

Hot = tuple[int, int, "memoryview[int]", int]
"""Start, end, bytes and shift of a span that was accessed."""
_EMPTY: Final = memoryview(bytearray())
_COLD: Final[Hot] = (0, 0, _EMPTY, 0)


class Span(NamedTuple):
    """The addresses ``start`` to ``end``."""

    start: int
    end: int
    data: memoryview[int] | None
    """Where their bytes are; ``None`` where there are none."""
    shift: int
    """The byte of an address is ``data[address - shift]``."""
    readable: bool = True
    writable: bool = True
    whole: bool = False
    """Whether an access must not go across the ends of what was put there as one."""
    owner: object = None
    """Whose bytes they are."""

    def part(self, start: int, end: int) -> Span:
        """The same for some of the addresses."""
        return self._replace(start=start, end=end)


class Piece(NamedTuple):
    """Some bytes of an access: ``size`` from ``place`` on."""

    span: Span
    data: memoryview[int]
    place: int
    size: int


class SpanTable:
    """Spans in order, none of which overlap."""

    __slots__ = ("_starts", "readable", "spans", "writable")

    def __init__(self, spans: Iterable[Span]) -> None:
        self.spans = tuple(_merged(spans))
        self._starts = [span.start for span in self.spans]
        self.readable = _COLD
        """A span that can be read: the one that was."""
        self.writable = _COLD

    def between(self, start: int, end: int) -> Iterator[Span]:
        """The parts of spans between two addresses."""
        index = max(bisect_right(self._starts, start) - 1, 0)
        for span in self.spans[index:]:
            if span.start >= end:
                return
            first, last = max(span.start, start), min(span.end, end)
            if first < last:
                yield span.part(first, last)

    def replaced(self, start: int, end: int, new: Iterable[Span]) -> SpanTable:
        """Another table with ``new`` spans between two addresses."""
        before = (span.part(span.start, min(span.end, start)) for span in self.spans)
        after = (span.part(max(span.start, end), span.end) for span in self.spans)
        return SpanTable(
            [
                *(span for span in before if span.start < span.end),
                *new,
                *(span for span in after if span.start < span.end),
            ]
        )

    def covers(self, address: int, count: int) -> bool:
        """Whether all of some addresses are in spans; also where there are none but they would begin or end one."""
        place, end = address, address + count
        for span in self.between(address, end):
            if span.start != place:
                return False
            place = span.end
        if count:
            return place == end
        return any(span.start <= address <= span.end for span in self.spans)

    def pieces(self, address: int, count: int, *, write: bool) -> list[Piece]:
        """Where the bytes of an access are. Traps where one is missing, or the access is not allowed."""
        found: list[Piece] = []
        place, end = address, address + count
        index = max(bisect_right(self._starts, address) - 1, 0)
        while place < end:
            span = self.spans[index] if index < len(self.spans) else None
            if span is None or not span.start <= place < span.end:
                raise Trap(OUT_OF_BOUNDS)
            if found and not _one(found[-1].span, span):
                raise Trap(OUT_OF_BOUNDS)
            if span.data is None or not span.readable or (write and not span.writable):
                raise Trap(_refusal(span, place, write))
            stop = min(end, span.end)
            found.append(Piece(span, span.data, place - span.shift, stop - place))
            place = stop
            index += 1
        return found

    def read_one(self, address: int, size: int) -> Hot | None:
        """The span that an access for reading lies in, remembered; ``None`` where it needs several."""
        found = self.pieces(address, size, write=False)
        if len(found) != 1:
            return None
        self.readable = _hot(found[0].span)
        return self.readable

    def write_one(self, address: int, size: int) -> Hot | None:
        """The same for writing."""
        found = self.pieces(address, size, write=True)
        if len(found) != 1:
            return None
        self.writable = _hot(found[0].span)
        return self.writable


def _hot(span: Span) -> Hot:
    return span.start, span.end, _EMPTY if span.data is None else span.data, span.shift


def _refusal(span: Span, address: int, write: bool) -> str:
    if span.data is None:
        return f"access to address {address}, where nothing is mapped"
    if write and span.readable:
        return f"write to read-only memory at address {address}"
    return f"access to memory that is protected, at address {address}"


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    last: Span | None = None
    for span in spans:
        if last is not None and _continues(last, span):
            last = last.part(last.start, span.end)
            continue
        if last is not None:
            yield last
        last = span
    if last is not None:
        yield last


def _one(last: Span, span: Span) -> bool:
    """Whether an access may go from one span on to the next: not across the ends of what is whole."""
    if not (last.whole or span.whole):
        return True
    return (last.whole, last.shift) == (span.whole, span.shift) and last.owner is span.owner


def _continues(last: Span, span: Span) -> bool:
    return (
        last.end == span.start
        and last.data is span.data
        and last.owner is span.owner
        and last[3:7] == span[3:7]
    )
