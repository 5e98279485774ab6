"""The queues of those who wait for a notification (ECMA-262 §25.4.1 "WaiterList"; threads proposal, "Wait Queues").

One queue for each address of a block, in bytes from its start, whatever waits there: an instruction for 32 or 64 bits,
``Atomics.wait``, or ``Atomics.waitAsync``. All methods of `WaiterQueues` are called with the block's lock held, but
``wake`` of those that were notified is not: it may run programs.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import partial

from pyjsapi.blocks.waiting import unlock


class Waiter:
    """Somebody who waits at an address; ``wake`` is called once, when it has been notified."""

    __slots__ = ("address", "notified", "slot", "wake")

    def __init__(self, address: int, wake: Callable[[], object]) -> None:
        self.address = address
        """In bytes from the start of the block."""
        self.wake = wake
        self.notified = False
        self.slot: int | None = None
        """Its slot in the control page of a block that processes share."""


def blocking_waiter(address: int) -> tuple[Waiter, threading.Lock]:
    """A waiter and the lock, locked until it is woken."""
    lock = threading.Lock()
    lock.acquire()
    return Waiter(address, partial(unlock, lock)), lock


class WaiterQueues:
    """The waiters of a block, first in, first out at each address."""

    __slots__ = ("_queues",)

    def __init__(self) -> None:
        self._queues: dict[int, deque[Waiter]] = {}

    def add(self, waiter: Waiter) -> None:
        """Put a waiter at the end of its queue."""
        self._queues.setdefault(waiter.address, deque()).append(waiter)

    def withdraw(self, waiter: Waiter) -> bool:
        """Take a waiter out of its queue; ``False`` when it has been notified, or withdrawn before."""
        queue = self._queues.get(waiter.address)
        if queue is None or waiter not in queue:
            return False
        queue.remove(waiter)
        if not queue:
            del self._queues[waiter.address]
        return True

    def take(self, address: int, count: int) -> list[Waiter]:
        """Take the ``count`` waiters that have waited longest at an address out of their queue, as notified."""
        queue = self._queues.get(address)
        taken: list[Waiter] = []
        while queue and len(taken) < count:
            waiter = queue.popleft()
            waiter.notified = True
            taken.append(waiter)
        if queue is not None and not queue:
            del self._queues[address]
        return taken

    def drain(self) -> list[Waiter]:
        """Take everybody out; the oldest first at each address."""
        found = [waiter for queue in self._queues.values() for waiter in queue]
        self._queues.clear()
        return found

    def count(self, address: int | None = None) -> int:
        """How many wait at an address, or with ``None`` at any."""
        if address is None:
            return sum(map(len, self._queues.values()))
        return len(self._queues.get(address, ()))
