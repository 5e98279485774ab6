"""Guarded blocks over shared ones: every agent of this process that gets the block sees the same spans.

What is atomic at bytes of the base is what the base does; at others' bytes it is one step for all who have this block,
and with the machine's own instructions, where `machine.library` has them, for whoever else uses such.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from pyjsapi.blocks.foreign_bytes import ForeignView
from pyjsapi.blocks.guarded import GROUND, Guarded
from pyjsapi.blocks.integers import MASK, OPERATIONS
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

    def _cell_at(self, address: int, size: int, *, write: bool) -> _Cell | None:
        """Where an integer is; ``None`` where it is the base's as a whole. Traps."""
        pieces = self.table.pieces(address, size, write=write)
        if len(pieces) > 1:
            return _Cell(self, None, address, size)
        if pieces[0].span.owner is GROUND:
            return None
        return _Cell(self, pieces[0], address, size)

    def load(self, address: int, size: int) -> int:
        """See `SharedBlock`."""
        cell = self._cell_at(address, size, write=False)
        if cell is None:
            return self.base.load(address, size)
        if cell.absolute is not None and cell.library is not None:
            return cell.library.load(cell.absolute, size)
        return cell.get()

    def store(self, address: int, size: int, value: int) -> None:
        """See `SharedBlock`."""
        cell = self._cell_at(address, size, write=True)
        if cell is None:
            self.base.store(address, size, value)
        elif cell.absolute is not None and cell.library is not None:
            cell.library.store(cell.absolute, size, value)
        else:
            with self.lock:
                cell.set(value)

    def update(self, operation: str, address: int, size: int, operand: int) -> int:
        """See `SharedBlock`."""
        cell = self._cell_at(address, size, write=True)
        if cell is None:
            return self.base.update(operation, address, size, operand)
        if cell.absolute is not None and cell.library is not None:
            fetch = cell.library.fetching[operation, size]
            return fetch(cell.absolute, operand, SEQUENTIALLY_CONSISTENT)
        with self.lock:
            old = cell.get()
            cell.set(OPERATIONS[operation](old, operand) & MASK[size])
        return old

    def compare_exchange(self, address: int, size: int, expected: int, replacement: int) -> int:
        """See `SharedBlock`."""
        cell = self._cell_at(address, size, write=True)
        if cell is None:
            return self.base.compare_exchange(address, size, expected, replacement)
        if cell.absolute is not None and cell.library is not None:
            return cell.library.compare_exchange(cell.absolute, size, expected, replacement)
        with self.lock:
            old = cell.get()
            if old == expected:
                cell.set(replacement)
        return old

    # ---- waiting: at bytes of the base in its queues, so that all who have those are in one

    def _peek(self, address: int, size: int) -> int:
        return self.load(address, size)

    def wait(self, address: int, size: int, expected: int, timeout: int) -> int:
        """See `SharedBlock`."""
        if self._cell_at(address, size, write=False) is None:
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
        if self._cell_at(address, size, write=False) is None:
            return self.base.wait_async(address, size, expected, wake, timeout, gone)
        return super().wait_async(address, size, expected, wake, timeout, gone)

    def withdraw(self, waiter: Waiter) -> bool:
        """See `SharedBlock`."""
        return super().withdraw(waiter) or self.base.withdraw(waiter)

    def notify(self, address: int, count: int) -> int:
        """See `SharedBlock`."""
        if self._cell_at(address, 4, write=False) is None:
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


class _Cell:
    """An integer that is not the base's, or not as a whole; ``piece`` is where it is, if in one place."""

    __slots__ = ("_address", "_block", "_size", "absolute", "library")

    def __init__(
        self, block: GuardedSharedBlock, piece: Piece | None, address: int, size: int
    ) -> None:
        self._block = block
        self._address = address
        self._size = size
        self.absolute = None if piece is None else _absolute(piece, size)
        """Where it is in this process, if the machine can access it there in one step."""
        self.library = None if self.absolute is None else library()

    def get(self) -> int:
        return int.from_bytes(self._block.read(self._address, self._size), "little")

    def set(self, value: int) -> None:
        self._block.write(self._address, value.to_bytes(self._size, "little"))


def _absolute(piece: Piece, size: int) -> int | None:
    if piece.data.readonly:
        return None
    found = address_of(piece.data) + piece.place
    return None if found % size else found
