"""Guarded blocks over shared ones: every agent of this process that gets the block sees the same spans.

What is atomic at bytes of the base is what the base does; at others' bytes see `foreign_atomics`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from pyjsapi.blocks import foreign_atomics
from pyjsapi.blocks.foreign_bytes import ForeignView, HostBytes
from pyjsapi.blocks.guarded import Guarded
from pyjsapi.blocks.shared import SharedBlock
from pyjsapi.blocks.waiters import Waiter


class GuardedSharedBlock(Guarded, SharedBlock):
    """See the module. ``base`` is the shared block."""

    base: SharedBlock

    def __init__(self, base: SharedBlock) -> None:
        view: Any = ForeignView(HostBytes(self), range(base.most))
        SharedBlock.__init__(self, view, base.length)
        with base.holding():
            self.lock = base.lock
            self._end = base.length
            self._start(base, 0, 0)
            base.follow(self)

    def _bytes_of(self, base: Any) -> Any:
        return base.reservation

    @property
    def backend(self) -> str:
        """See `SharedBlock`."""
        return self.base.backend

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
        self._refuse_to_cover(self.length, length)
        self.base.extend(length)

    def refresh(self) -> None:
        """See `SharedBlock`."""
        self.base.refresh()

    def load(self, address: int, size: int) -> int:
        """See `SharedBlock`."""
        pieces = self.foreign(address, size, write=False)
        if not pieces:
            return self.base.load(address, size)
        if len(pieces) == 1:
            return foreign_atomics.load(pieces[0], size)
        return int.from_bytes(self.read(address, size), "little")

    def store(self, address: int, size: int, value: int) -> None:
        """See `SharedBlock`."""
        pieces = self.foreign(address, size, write=True)
        if not pieces:
            self.base.store(address, size, value)
        elif len(pieces) == 1:
            foreign_atomics.store(pieces[0], size, value)
        else:
            with foreign_atomics.LOCK:
                self.write(address, value.to_bytes(size, "little"))

    # ---- waiting: at bytes of the base in its queues, so that all who have those are in one; where an owner has queues
    # of its own (``waiters``, a shared block), at its bytes in those

    def _peek(self, address: int, size: int) -> int:
        return self.load(address, size)

    def _queued(self, address: int, size: int) -> tuple[SharedBlock | None, int]:
        """The block in whose queues is waited for an address, and the address there; ``None`` for this one."""
        pieces = self.foreign(address, size, write=False)
        if not pieces:
            return self.base, address
        return getattr(pieces[0].span.owner, "waiters", None), pieces[0].place

    def wait(self, address: int, size: int, expected: int, timeout: int) -> int:
        """See `SharedBlock`."""
        block, place = self._queued(address, size)
        if block is not None:
            return block.wait(place, size, expected, timeout)
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
        block, place = self._queued(address, size)
        if block is self.base:
            return block.wait_async(place, size, expected, wake, timeout, gone)
        return super().wait_async(address, size, expected, wake, timeout, gone)

    def withdraw(self, waiter: Waiter) -> bool:
        """See `SharedBlock`."""
        return super().withdraw(waiter) or self.base.withdraw(waiter)

    def notify(self, address: int, count: int) -> int:
        """See `SharedBlock`."""
        block, place = self._queued(address, 4)
        if block is not None:
            return block.notify(place, count)
        return super().notify(address, count)

    def waiting(self, address: int | None = None) -> int:
        """See `SharedBlock`."""
        return super().waiting(address) + self.base.waiting(address)

    def forked(self) -> None:
        """See `SharedBlock`."""
        lock: AbstractContextManager[Any] = self.base.lock
        super().forked()
        self.lock = lock
