"""Blocks whose bytes are in several places, and not all to be read or written: reached by calls, which look.

Hardware guards nothing here: a fault would end the process. The block is made of `spans`; those of its ground are the
bytes of another block, the *base*, which is reached by nobody else.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.blocks import paging
from pyjsapi.blocks.block import Block, Bytes, fill_by
from pyjsapi.blocks.foreign_bytes import ForeignView
from pyjsapi.blocks.integers import LOAD, STORE
from pyjsapi.blocks.reservation import Reservation
from pyjsapi.blocks.spans import Piece, Span, SpanTable

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pyjsapi.syntax.types import MemType

GROUND: Final = "the memory's own bytes"
"""Owner of the spans that nobody put there."""
EVERYWHERE: Final = 1 << 64


class Guarded(Block):
    """What guarded blocks have in common. Addresses below ``bare`` have no bytes but what is put there.

    ``fixed`` bytes from ``bare`` on are read-only, but for active segments.
    """

    by_calls = True
    is_guarded = True

    base: Block
    bare: int
    fixed: int
    _cell: list[SpanTable]
    _ground: Any
    """The base's bytes, as a span has them."""
    _lock: AbstractContextManager[Any]

    def _start(self, base: Block, bare: int, fixed: int) -> None:
        self.base = base
        self.bare = bare
        self.fixed = fixed
        self._lock = threading.RLock()
        self._ground = self._bytes_of(base)
        self._cell = [SpanTable(self._ground_spans(0, base.length))]

    def _bytes_of(self, base: Block) -> Any:
        """What the ground's spans have for the bytes of the base."""
        return memoryview(base.data)

    @property
    def table(self) -> SpanTable:
        """The spans as they are now."""
        return self._cell[0]

    def changing(self) -> AbstractContextManager[Any]:
        """Held by whoever looks at the spans in order to change them."""
        return self._lock

    def _ground_spans(self, start: int, end: int) -> Iterable[Span]:
        bare = min(max(self.bare, start), end)
        fixed = min(max(self.bare + self.fixed, bare), end)
        spans = (
            Span(start, bare, None, 0, owner=GROUND),
            Span(bare, fixed, self._ground, 0, writable=False, owner=GROUND),
            Span(fixed, end, self._ground, 0, owner=GROUND),
        )
        return [span for span in spans if span.start < span.end]

    # ---- what is where

    def put(
        self,
        start: int,
        data: memoryview[int],
        *,
        writable: bool = True,
        whole: bool = False,
        owner: object = None,
    ) -> None:
        """Have the addresses from ``start`` on stand for ``data``, above the length too."""
        span = Span(start, start + len(data), data, start, True, writable, whole, owner)
        with self._lock:
            self._cell[0] = self.table.replaced(span.start, span.end, [span] if len(data) else [])

    def restore(self, start: int, end: int) -> None:
        """Have addresses stand for what they stand for where nobody put anything; above the length for nothing."""
        with self._lock:
            ground = self._ground_spans(start, min(end, self.length)) if start < self.length else ()
            self._cell[0] = self.table.replaced(start, end, ground)

    def protect(self, start: int, end: int, *, readable: bool, writable: bool) -> None:
        """Say what may be done with the bytes of some addresses."""
        with self._lock:
            changed = [
                span._replace(readable=readable, writable=writable)
                for span in self.table.between(start, end)
            ]
            self._cell[0] = self.table.replaced(start, end, changed)

    # ---- Block

    @property
    def most(self) -> int:
        """See `Block`."""
        return self.base.most

    @property
    def data(self) -> Bytes:
        """See `Block`. Where more are there than Python counts to, the first: the others are reached by calls too."""
        return ForeignView(self, range(min(self.length, sys.maxsize)))  # type: ignore[return-value]

    @property
    def length(self) -> int:
        """See `Block`."""
        return self.base.length

    @property
    def hidden(self) -> int:
        """See `Block`: those that active segments alone can write, and those that are not there at first."""
        return min(self.bare + self.fixed, self.length)

    def reaches(self, address: int, count: int) -> bool:
        """See `Block`."""
        return address + count <= self.length or self.table.covers(address, count)

    def extend(self, length: int) -> None:
        """See `Block`. Not up to where something was put above the length."""
        with self._lock:
            before = self.length
            self._refuse_to_cover(before, length)
            self.base.extend(length)
            self._add_ground(before, length)

    def _refuse_to_cover(self, before: int, length: int) -> None:
        if any(True for _ in self.table.between(before, length)):
            raise MemoryError("other memory is mapped where the memory would grow")

    def _add_ground(self, before: int, length: int) -> None:
        """The base has grown."""
        old = self._ground
        self._ground = ground = self._bytes_of(self.base)
        spans = [
            span._replace(data=ground) if span.data is old else span for span in self.table.spans
        ]
        table = SpanTable(spans)
        self._cell[0] = table.replaced(before, length, self._ground_spans(before, length))

    def read(self, address: int, count: int) -> bytes:
        """See `Block`."""
        pieces = self.table.pieces(address, count, write=False)
        parts = [piece.data[piece.place : piece.place + piece.size].tobytes() for piece in pieces]
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def peek(self, address: int, count: int) -> bytes:
        """A copy of some bytes, whatever code may do with them; zeros where there are none."""
        found = bytearray(count)
        for span in self.table.between(address, address + count):
            if span.data is not None:
                part = span.data[span.start - span.shift : span.end - span.shift]
                found[span.start - address : span.end - address] = part.tobytes()
        return bytes(found)

    def write(self, address: int, data: bytes) -> None:
        """See `Block`."""
        place = 0
        for piece in self.table.pieces(address, len(data), write=True):
            piece.data[piece.place : piece.place + piece.size] = data[place : place + piece.size]
            place += piece.size

    def check(self, address: int, count: int, *, write: bool) -> None:
        """See `Block`."""
        self.table.pieces(address, count, write=write)

    def fill(self, address: int, value: int, count: int) -> None:
        """See `Block`."""
        pieces = self.table.pieces(address, count, write=True)
        place = address
        for piece in pieces:
            fill_by(self.write, place, value, piece.size)
            place += piece.size

    def discard(self, address: int, count: int) -> None:
        """See `Block`."""
        place = address
        for piece in self.table.pieces(address, count, write=True):
            if piece.span.data is self._ground:  # of the base, which virtual pages are not
                self.base.discard(place, piece.size)
            else:
                fill_by(self.write, place, 0, piece.size)
            place += piece.size

    def initialise(self, address: int, data: bytes) -> None:
        """See `Block`. Bytes that are read-only from the start are not yet."""
        end = address + len(data)
        with self._lock:
            for span in self.table.between(address, end):
                if span.data is None or not (span.writable or self._not_yet_fixed(span)):
                    self.write(address, data)  # which traps
            for span in self.table.between(address, end):
                if span.data is not None:
                    index = span.start - span.shift
                    part = data[span.start - address : span.end - address]
                    span.data[index : index + len(part)] = part

    def _not_yet_fixed(self, span: Span) -> bool:
        """Whether an active segment writes to a span that code may only read."""
        return span.owner is GROUND and span.end <= self.bare + self.fixed

    def load(self, address: int, size: int) -> int:
        """See `Block`."""
        table = self._cell[0]
        start, end, data, shift = table.readable
        if not start <= address or address + size > end:
            found = table.read_one(address, size)
            if found is None:
                return int.from_bytes(self.read(address, size), "little")
            start, end, data, shift = found
        value: int = LOAD[size](data, address - shift)[0]
        return value

    def store(self, address: int, size: int, value: int) -> None:
        """See `Block`."""
        table = self._cell[0]
        start, end, data, shift = table.writable
        if not start <= address or address + size > end:
            found = table.write_one(address, size)
            if found is None:
                self.write(address, value.to_bytes(size, "little"))
                return
            start, end, data, shift = found
        STORE[size](data, address - shift, value)

    def foreign(self, address: int, size: int, *, write: bool) -> list[Piece]:
        """Where the bytes of an access are, of which some are not the base's; nothing where all are. Traps."""
        pieces = self.table.pieces(address, size, write=write)
        return pieces if any(piece.data is not self._ground for piece in pieces) else []

    def update(self, operation: str, address: int, size: int, operand: int) -> int:
        """See `Block`. Bytes that others have as well are updated in one step for them, too."""
        pieces = self.foreign(address, size, write=True)
        if not pieces:
            return self.base.update(operation, address, size, operand)
        from pyjsapi.blocks import foreign_atomics  # most memories have none

        if len(pieces) == 1:
            return foreign_atomics.update(pieces[0], operation, size, operand)
        with foreign_atomics.LOCK:
            return Block.update(self, operation, address, size, operand)

    def compare_exchange(self, address: int, size: int, expected: int, replacement: int) -> int:
        """See `Block`, and `update`."""
        pieces = self.foreign(address, size, write=True)
        if not pieces:
            return self.base.compare_exchange(address, size, expected, replacement)
        from pyjsapi.blocks import foreign_atomics  # most memories have none

        if len(pieces) == 1:
            return foreign_atomics.compare_exchange(pieces[0], size, expected, replacement)
        with foreign_atomics.LOCK:
            return Block.compare_exchange(self, address, size, expected, replacement)

    def accessor(self, name: str, type_: MemType) -> Callable[..., Any] | None:
        """See `Block`: of numbers, faster ones."""
        from pyjsapi.blocks.guarded_accessors import number_accessor

        return number_accessor(self._cell, (1 << type_.addrtype.bits) - 1, name)


class GuardedBlock(Guarded):
    """A guarded block over the bytes of ``base``, which nobody else shares."""

    def __init__(self, base: Block, *, bare: int = 0, fixed: int = 0) -> None:
        self._start(base, bare, fixed)


class Addresses(Block):
    """A length without bytes: the base of memories that have none but what is put there."""

    __slots__ = ("_length", "_most")

    def __init__(self, length: int, most: int) -> None:
        self._length = length
        self._most = most

    @property
    def most(self) -> int:
        """See `Block`."""
        return self._most

    @property
    def data(self) -> Bytes:
        """See `Block`."""
        return memoryview(bytearray())

    @property
    def length(self) -> int:
        """See `Block`."""
        return self._length

    def extend(self, length: int) -> None:
        """See `Block`."""
        self._length = length


def guarded(base: Block, most: int) -> Guarded:
    """A guarded block over the bytes of another, which nobody else has unless it is shared.

    Raises `BufferError` where others share the bytes who do not share the block.
    """
    from pyjsapi.blocks.shared import SharedBlock  # most programs share nothing

    if isinstance(base, SharedBlock):
        from pyjsapi.blocks.guarded_shared import GuardedSharedBlock

        if base.by_calls:
            raise BufferError(
                "the bytes are shared with other workers, which would reach them past what is mapped or protected here"
            )
        return GuardedSharedBlock(base)
    if base.by_calls:
        from pyjsapi.blocks.guarded_elsewhere import GuardedElsewhere

        return GuardedElsewhere(base)
    if base.moves and paging.paging() is not None:  # what somebody else has stays where it is
        with suppress(
            MemoryError
        ):  # Where addresses are few the bytes stay, and move when they grow.
            base = reserved(base, most)
    return GuardedBlock(base)


def reserved(base: Block, most: int) -> Reservation:
    """The bytes of another block, copied to where they can stay. Raises `MemoryError`."""
    made = Reservation(base.length, max(most, base.length))
    with memoryview(base.data) as data:
        memoryview(made.data)[:] = data
    return made
