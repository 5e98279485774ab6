"""Shared memories (threads proposal, "Memory Instances" and "Wait Queues").

The bytes are reserved up to the maximum at once and never move, so that whoever holds a view of them, in whatever
thread, goes on seeing the memory. Growth publishes a longer view: first the bytes to everybody who caches them, then
the new size. So whoever knows the new size, or what was done after the growth, can reach the new bytes.
"""

from __future__ import annotations

import mmap
import sys
import threading
import time
from collections import deque
from typing import Final

from pyjsapi.runtime.atomics import INTEGERS
from pyjsapi.runtime.memory import OUT_OF_BOUNDS, MemoryStorage, MemoryUser
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import MemType

CAN_BLOCK: Final = sys.platform != "emscripten"
"""Whether a thread may wait: in Pyodide there is but one."""

_COMMITTED: Final = 64 << 20
"""Bytes that are reserved beyond the minimum where the system cannot commit pages lazily."""

_NANOSECONDS: Final = 10**9


class SharedMemoryStorage(MemoryStorage):
    """The bytes of a shared memory, for any number of threads.

    ``reservation`` is a view of all the bytes that the memory can ever have. Where the system cannot reserve the
    maximum, the memory may grow less far.
    """

    __slots__ = ("_length", "_waiters", "lock", "reservation")

    def __init__(self, type_: MemType, *, page_limit: int) -> None:
        self.lock = threading.RLock()
        """Held by whatever writes atomically, grows the memory, or changes the queues of waiters."""
        self._waiters: dict[int, deque[threading.Lock]] = {}
        super().__init__(type_, page_limit=page_limit)
        self._length = len(self.data)

    def _allocate(self, count: int) -> memoryview[int]:
        most = self.may_exceed
        if not CAN_BLOCK:
            most = min(most, count + _COMMITTED)
        self.reservation = _reserve(count, most)
        self.ceiling = len(self.reservation) >> self._type.page_size_log2
        return self.reservation[:count]

    @property
    def pages(self) -> int:
        """Current size in pages."""
        return self._length >> self._type.page_size_log2

    @property
    def byte_length(self) -> int:
        """Current size in bytes."""
        return self._length

    def attach(self, user: MemoryUser, memidx: int) -> None:
        """Tell ``user`` from now on when the memory has grown, starting now."""
        with self.lock:
            super().attach(user, memidx)

    def grow(self, delta: int) -> int:
        """Grow by ``delta`` pages; the size before in pages, or -1 when that is not possible.

        One atomic step: of all threads that grow the memory, each gets another size.
        """
        with self.lock:
            before = self.pages
            if before + delta > self.ceiling:
                return -1
            if delta:
                length = before + delta << self._type.page_size_log2
                view = self.reservation[:length]
                self._view_bytes(view)
                self.data = view
                self._tell_users()
                self._length = length
            return before

    def wait(self, address: int, size: int, expected: int, timeout: int) -> int:
        """Wait until notified, for ``timeout`` nanoseconds or, if that is negative, without end; see `atomics.wait`."""
        if address + size > len(self.data):
            raise Trap(OUT_OF_BOUNDS)
        if not CAN_BLOCK:
            raise Trap("this thread cannot wait")
        waiter = threading.Lock()
        waiter.acquire()
        with self.lock:
            if INTEGERS[size].unpack_from(self.data, address)[0] != expected:
                return 1
            self._waiters.setdefault(address, deque()).append(waiter)
        woken = False
        try:
            woken = _acquired(waiter, timeout)
        finally:
            if not woken:
                woken = not self._withdraw(address, waiter)
        return 0 if woken else 2

    def _withdraw(self, address: int, waiter: threading.Lock) -> bool:
        """Take a waiter out of its queue, unless it has been woken."""
        with self.lock:
            queue = self._waiters.get(address)
            if queue is None or waiter not in queue:
                return False
            queue.remove(waiter)
            if not queue:
                del self._waiters[address]
            return True

    def notify(self, address: int, count: int) -> int:
        """Wake the ``count`` waiters that have waited longest at an address; how many there were."""
        woken = 0
        with self.lock:
            queue = self._waiters.get(address)
            while queue and woken < count:
                queue.popleft().release()
                woken += 1
            if queue is not None and not queue:
                del self._waiters[address]
        return woken


def _acquired(lock: threading.Lock, timeout: int) -> bool:
    if timeout < 0:
        return lock.acquire()
    deadline = time.monotonic_ns() + timeout
    while True:
        left = max(deadline - time.monotonic_ns(), 0)
        if lock.acquire(timeout=min(left / _NANOSECONDS, threading.TIMEOUT_MAX)):
            return True
        if time.monotonic_ns() >= deadline:
            return False


def _reserve(least: int, most: int) -> memoryview[int]:
    """Zeros that never move, as many as there can be had: ``most`` bytes, or fewer down to ``least``."""
    flags = {}
    if hasattr(mmap, "MAP_PRIVATE"):
        lazily = getattr(mmap, "MAP_NORESERVE", 0)
        flags["flags"] = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | lazily
    count = most
    while count:
        try:
            return memoryview(mmap.mmap(-1, count, **flags))
        except (OSError, ValueError, OverflowError):
            if count == least:
                raise MemoryError(f"cannot reserve {least} bytes") from None
            count = max(least, count >> 1)
    return memoryview(bytearray())
