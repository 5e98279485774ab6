"""The queues of those who wait for a notification (ECMA-262 §25.4.1 "WaiterList"; threads proposal, "Wait Queues").

One queue for each address of a block, in bytes from its start, whatever waits there: an instruction for 32 or 64 bits,
``Atomics.wait``, or ``Atomics.waitAsync``. All methods of `WaiterQueues` are called with the block's lock held, but
``wake`` of those that were notified is not: it may run programs.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial

from pyjsapi.blocks.waiting import unlock


class Waiter:
    """Somebody who waits at an address; ``wake`` is called once, when it has been notified.

    ``gone`` tells of one who does not block whether nobody is left to be woken. Such a waiter is no more, wherever it
    still stands: it is neither woken nor counted.
    """

    __slots__ = ("address", "gone", "notified", "slot", "wake")

    def __init__(
        self, address: int, wake: Callable[[], object], gone: Callable[[], bool] | None = None
    ) -> None:
        self.address = address
        """In bytes from the start of the block."""
        self.wake = wake
        self.gone = gone
        self.notified = False
        self.slot: int | None = None
        """Its slot in the control page of a block that processes share."""

    def is_gone(self) -> bool:
        """Whether nobody is left to be woken."""
        return self.gone is not None and self.gone()


def wake_all(waiters: Iterator[Waiter]) -> None:
    """Wake everybody, also where waking one raises an exception."""
    for waiter in waiters:
        try:
            waiter.wake()
        except BaseException:
            wake_all(waiters)
            raise


def blocking_waiter(address: int) -> tuple[Waiter, threading.Lock]:
    """A waiter and the lock, locked until it is woken."""
    lock = threading.Lock()
    lock.acquire()
    return Waiter(address, partial(unlock, lock)), lock


class WaiterQueues:
    """The waiters of a block, first in, first out at each address. Anybody leaves in one step, wherever he stands."""

    __slots__ = ("_queues",)

    def __init__(self) -> None:
        self._queues: dict[int, OrderedDict[Waiter, None]] = {}

    def add(self, waiter: Waiter) -> None:
        """Put a waiter at the end of its queue."""
        queue = self._queues.get(waiter.address)
        if queue is None:
            queue = self._queues[waiter.address] = OrderedDict()
        queue[waiter] = None

    def withdraw(self, waiter: Waiter) -> bool:
        """Take a waiter out of its queue; ``False`` when it has been notified, or withdrawn before."""
        queue = self._queues.get(waiter.address)
        if queue is None or waiter not in queue:
            return False
        del queue[waiter]
        if not queue:
            del self._queues[waiter.address]
        return True

    def take(self, address: int, count: int) -> list[Waiter]:
        """Take the ``count`` waiters that have waited longest at an address out of their queue, as notified.

        Those that are gone leave it beside them.
        """
        queue = self._queues.get(address)
        taken: list[Waiter] = []
        while queue and len(taken) < count:
            waiter, _ = queue.popitem(last=False)
            if waiter.gone is None or not waiter.gone():
                waiter.notified = True
                taken.append(waiter)
        if queue is not None and not queue:
            self._queues.pop(address, None)
        return taken

    def drain(self) -> list[Waiter]:
        """Take everybody out who is not gone; the oldest first at each address."""
        queues, self._queues = self._queues, {}
        return [
            waiter for queue in queues.values() for waiter in list(queue) if not waiter.is_gone()
        ]

    def count(self, address: int | None = None) -> int:
        """How many wait at an address, or with ``None`` at any."""
        addresses = list(self._queues) if address is None else [address]
        return sum(
            not waiter.is_gone() for one in addresses for waiter in list(self._queues.get(one, ()))
        )
