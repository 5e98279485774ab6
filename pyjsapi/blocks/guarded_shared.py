"""Guarded blocks over shared ones: every agent of this process that gets the block sees the same spans.

What is atomic at bytes of the base is what the base does; at others' bytes it is one step for all who have this block,
and with the machine's own instructions, where `machine.library` has them, for whoever else uses such.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final

from pyjsapi.blocks.foreign_bytes import ForeignView
from pyjsapi.blocks.guarded import GROUND, Guarded
from pyjsapi.blocks.integers import LOAD, MASK, OPERATIONS, STORE
from pyjsapi.blocks.paging import address_of
from pyjsapi.blocks.processes.machine import SEQUENTIALLY_CONSISTENT, library
from pyjsapi.blocks.shared import SharedBlock
from pyjsapi.blocks.spans import Piece
from pyjsapi.blocks.waiters import Waiter


class GuardedSharedBlock(Guarded, SharedBlock):
    """See the module. ``base`` is the shared block."""

    base: SharedBlock

    def __init__(self, base: SharedBlock) -> None:
        view: Any = ForeignView(self, range(base.most))
        SharedBlock.__init__(self, view, base.length)
        with base.holding():
            self.lock = base.lock
            self._end = base.length
            self._start(base, 0, 0)
            self._ground = base.reservation
            self.restore(0, base.length)
            base.follow(self)

    @property
    def backend(self) -> str:
        """See `SharedBlock`."""
        return self.base.backend

    @property
    def length(self) -> int:
        """See `Block`."""
        return self.base.length

    @property
    def most(self) -> int:
        """See `Block`."""
        return self.base.most

    def block_changed(self, block: Any, length: int) -> None:
        """The base has another length, which is not published yet, or another lock."""
        self.lock = self.base.lock
        with self._lock:
            if length > self._end:
                spans = self._ground_spans(self._end, length)
                self._cell[0] = self.table.replaced(self._end, length, spans)
                self._end = length
        self.tell_followers(length)

    def extend(self, length: int) -> None:
        """See `SharedBlock`. Not up to where something was put above the length."""
        if any(True for _ in self.table.between(self.length, length)):
            raise MemoryError("other memory is mapped where the memory would grow")
        self.base.extend(length)

    def refresh(self) -> None:
        """See `SharedBlock`."""
        self.base.refresh()

    def _piece(self, address: int, size: int, *, write: bool) -> Piece | None:
        """Where an integer is; ``None`` where it is the base's. Traps."""
        pieces = self.table.pieces(address, size, write=write)
        if len(pieces) == 1 and pieces[0].span.owner is not GROUND:
            return pieces[0]
        return None

    def load(self, address: int, size: int) -> int:
        """See `SharedBlock`."""
        piece = self._piece(address, size, write=False)
        if piece is None:
            return self.base.load(address, size)
        absolute = _absolute(piece, size)
        found = None if absolute is None else library()
        if found is not None and absolute is not None:
            return found.load(absolute, size)
        value: int = LOAD[size](piece.data, piece.place)[0]
        return value

    def store(self, address: int, size: int, value: int) -> None:
        """See `SharedBlock`."""
        piece = self._piece(address, size, write=True)
        if piece is None:
            self.base.store(address, size, value)
            return
        absolute = _absolute(piece, size)
        found = None if absolute is None else library()
        if found is not None and absolute is not None:
            found.store(absolute, size, value)
            return
        with self.lock:
            STORE[size](piece.data, piece.place, value)

    def update(self, operation: str, address: int, size: int, operand: int) -> int:
        """See `SharedBlock`."""
        piece = self._piece(address, size, write=True)
        if piece is None:
            return self.base.update(operation, address, size, operand)
        absolute = _absolute(piece, size)
        found = None if absolute is None else library()
        if found is not None and absolute is not None:
            return found.fetching[operation, size](absolute, operand, SEQUENTIALLY_CONSISTENT)
        with self.lock:
            old: int = LOAD[size](piece.data, piece.place)[0]
            STORE[size](piece.data, piece.place, OPERATIONS[operation](old, operand) & MASK[size])
        return old

    def compare_exchange(self, address: int, size: int, expected: int, replacement: int) -> int:
        """See `SharedBlock`."""
        piece = self._piece(address, size, write=True)
        if piece is None:
            return self.base.compare_exchange(address, size, expected, replacement)
        absolute = _absolute(piece, size)
        found = None if absolute is None else library()
        if found is not None and absolute is not None:
            return found.compare_exchange(absolute, size, expected, replacement)
        with self.lock:
            old: int = LOAD[size](piece.data, piece.place)[0]
            if old == expected:
                STORE[size](piece.data, piece.place, replacement)
        return old

    # ---- waiting: at bytes of the base in its queues, so that all who have those are in one

    def _peek(self, address: int, size: int) -> int:
        return self.load(address, size)

    def wait(self, address: int, size: int, expected: int, timeout: int) -> int:
        """See `SharedBlock`."""
        if self._piece(address, size, write=False) is None:
            return self.base.wait(address, size, expected, timeout)
        return super().wait(address, size, expected, timeout)

    def wait_async(
        self,
        address: int,
        size: int,
        expected: int,
        wake: Callable[[], object],
        timeout: int = -1,
        gone: Callable[[], bool] | None = None,
    ) -> Waiter | None:
        """See `SharedBlock`."""
        if self._piece(address, size, write=False) is None:
            return self.base.wait_async(address, size, expected, wake, timeout, gone)
        return super().wait_async(address, size, expected, wake, timeout, gone)

    def withdraw(self, waiter: Waiter) -> bool:
        """See `SharedBlock`."""
        return super().withdraw(waiter) or self.base.withdraw(waiter)

    def notify(self, address: int, count: int) -> int:
        """See `SharedBlock`."""
        if self._piece(address, 4, write=False) is None:
            return self.base.notify(address, count)
        return super().notify(address, count)

    def waiting(self, address: int | None = None) -> int:
        """See `SharedBlock`."""
        return super().waiting(address) + self.base.waiting(address)

    def forked(self) -> None:
        """See `SharedBlock`."""
        lock: AbstractContextManager[Any] = self.base.lock
        super().forked()
        self.lock = lock


def _absolute(piece: Piece, size: int) -> int | None:
    """The address of an integer in this process, if the machine can access it atomically there."""
    if piece.data.readonly:
        return None
    found: Final = address_of(piece.data) + piece.place
    return None if found % size else found
