"""Shared data blocks (ECMA-262 §6.2.9 "Data Blocks"): bytes that several agents share.

The bytes are reserved up to the maximum at once and never move, so that whoever holds a view of them, in whatever
thread, goes on seeing them. Growth publishes a longer view: first to everybody who caches the bytes, then as the new
length. So whoever knows the new length, or what was done after the growth, can reach the new bytes.
"""

from __future__ import annotations

import mmap
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.blocks.block import Block, Bytes, Follower
from pyjsapi.blocks.integers import LOAD, MASK, OPERATIONS, STORE
from pyjsapi.blocks.waiters import Waiter, WaiterQueues, blocking_waiter, wake_all
from pyjsapi.blocks.waiting import current_policy

if TYPE_CHECKING:
    from pyjsapi.blocks.paging import PageMap, Paging
    from pyjsapi.blocks.processes.control import ControlPage
    from pyjsapi.blocks.processes.segment import Segment

CONTROL_SIZE: Final = 1 << 16
"""Bytes before those of the block in a segment: a multiple of every page size in use, so that those stay aligned."""
WOKEN: Final = 0
NOT_EQUAL: Final = 1
TIMED_OUT: Final = 2


class SharedBlock(Block):
    """Bytes of fixed place, the current length, and the queues of those who wait for them.

    ``reservation`` is a view of all the bytes that the block can ever have, ``length`` how many it has now.

    A block that other processes share is of a subclass: it overrides `length`, `publish`, `refresh`, `wait`,
    `wait_async`, `withdraw`, `notify` and `waiting`, has another ``lock``, and sets ``remote``. Where a lock is not
    what makes accesses atomic, it overrides `load`, `store`, `update` and `compare_exchange` too. A block can become
    one at any time (`process_block.share`), so whoever has got the lock looks at ``remote`` again.
    """

    __slots__ = (
        "_followers",
        "_length",
        "_pages",
        "_queues",
        "control",
        "lock",
        "reservation",
        "segment",
        "sharing",
    )

    remote: bool = False
    """Whether somebody outside of this process can change the length, so that `refresh` has something to do."""

    def __init__(
        self, reservation: memoryview[int], length: int, segment: Segment | None = None
    ) -> None:
        self.reservation = reservation
        self.segment = segment
        """What the reservation is in, where other processes can map it."""
        self.control: ControlPage | None = None
        """What processes agree by, of a block that they share."""
        self.lock: AbstractContextManager[Any] = threading.RLock()
        """Held by whatever writes atomically, grows the block, or changes the queues of waiters. Reentrant."""
        self.sharing: Any = None
        """What the embedder keeps of what is mapped here, by whatever memory that stands on the block."""
        self._length = length
        self._pages: PageMap | None = None
        self._followers: list[weakref.ref[Follower]] = []
        self._queues = WaiterQueues()
        _remember(self)

    @property
    def backend(self) -> str:
        """How accesses are atomic: ``gil`` where one thread at a time runs Python, and holds the lock to write."""
        return "gil"

    @property
    def data(self) -> Bytes:
        """The bytes there are now."""
        return self.reservation[: self.length]

    @property
    def length(self) -> int:
        """Current length in bytes."""
        return self._length

    @property
    def most(self) -> int:
        """Bytes that it can ever have."""
        return len(self.reservation)

    @property
    def asks_first(self) -> bool:
        """Others grow it, in whatever thread or process."""
        return False

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Hold the lock: also where it became another one while this thread waited for it."""
        while True:
            lock = self.lock
            with lock:
                if lock is self.lock:
                    yield
                    return

    def publish(self, length: int) -> None:
        """Store a new length, after all followers know it. Called with the lock held."""
        self._length = length

    def refresh(self) -> None:
        """Tell the followers of a length that another process published."""

    def follow(self, follower: Follower) -> None:
        """Tell ``follower`` from now on when the length or the lock changes. Called with the lock held."""
        self._followers.append(weakref.ref(follower))

    def others_follow(self, follower: Follower) -> bool:
        """See `Block`."""
        known = (reference() for reference in self._followers)
        return any(other is not None and other is not follower for other in known)

    def tell_followers(self, length: int) -> None:
        """Let everybody renew what they cache. Called with the lock held."""
        alive = []
        for reference in self._followers:
            follower = reference()
            if follower is not None:
                alive.append(reference)
                follower.block_changed(self, length)
        self._followers = alive

    def extend(self, length: int) -> None:
        """Grow to ``length`` bytes, at most all that are reserved; new bytes are 0. Called with the lock held."""
        self.tell_followers(length)
        self.publish(length)

    @property
    def pages(self) -> PageMap:
        """What is mapped here, in this process alone."""
        found = self._pages
        if found is None:
            from pyjsapi.blocks.paging import PageMap  # most programs map nothing

            found = self._pages = PageMap(
                self.reservation, _restoring(self.reservation, self.segment)
            )
        return found

    def discard(self, address: int, count: int) -> None:
        """See `Block`. The pages go back to the system where it knows how: all processes see zeros."""
        end = address + count
        page = mmap.PAGESIZE
        first, last = -(-address // page) * page, end // page * page
        mapped = self._pages is not None and self._pages.overlaps(address, end)
        if self.segment is None or mapped or first >= last:
            self.fill(address, 0, count)
            return
        self.fill(address, 0, first - address)
        self.fill(last, 0, end - last)
        if not self.segment.discard(CONTROL_SIZE + first, last - first):
            self.fill(first, 0, last - first)

    def load(self, address: int, size: int) -> int:
        """An atomic load of an unsigned integer of ``size`` bytes at ``address``, which is aligned and in bounds."""
        value: int = LOAD[size](self.reservation, address)[0]
        return value

    def store(self, address: int, size: int, value: int) -> None:
        """An atomic store; ``value`` is unsigned."""
        with self.lock:
            if not self.remote:
                STORE[size](self.reservation, address, value)
                return
        self.store(address, size, value)

    def update(self, operation: str, address: int, size: int, operand: int) -> int:
        """Read, combine by one of `OPERATIONS`, wrap and write, in one step; the old value."""
        with self.lock:
            if not self.remote:
                data = self.reservation
                old: int = LOAD[size](data, address)[0]
                STORE[size](data, address, OPERATIONS[operation](old, operand) & MASK[size])
                return old
        return self.update(operation, address, size, operand)

    def compare_exchange(self, address: int, size: int, expected: int, replacement: int) -> int:
        """Store ``replacement`` where ``expected`` is found, both unsigned, in one step; the old value."""
        with self.lock:
            if not self.remote:
                old: int = LOAD[size](self.reservation, address)[0]
                if old == expected:
                    STORE[size](self.reservation, address, replacement)
                return old
        return self.compare_exchange(address, size, expected, replacement)

    def _peek(self, address: int, size: int) -> int:
        """An integer, with the lock held."""
        value: int = LOAD[size](self.reservation, address)[0]
        return value

    def wait(self, address: int, size: int, expected: int, timeout: int) -> int:
        """Wait until notified, for ``timeout`` nanoseconds or, if that is negative, without end.

        `NOT_EQUAL` at once where the integer of ``size`` bytes at ``address``, which must be in bounds, is not
        ``expected``; else `WOKEN` or `TIMED_OUT`. The agent must be one that can block.
        """
        policy = current_policy()
        waiter, parked = blocking_waiter(address)
        queued = False
        try:
            with self.lock:
                if not self.remote:
                    if self._peek(address, size) != expected:
                        return NOT_EQUAL
                    queued = True
                    self._queues.add(waiter)
            if queued:
                policy.park(parked, timeout)
                if waiter.notified or not self.withdraw(waiter):
                    return WOKEN
                return TIMED_OUT
        except BaseException:
            if queued and not self.withdraw(waiter) and waiter.notified:
                self.pass_on(address)
            raise
        return self.wait(address, size, expected, timeout)

    def wait_async(
        self,
        address: int,
        size: int,
        expected: int,
        wake: Callable[[], object],
        timeout: int = -1,
        gone: Callable[[], bool] | None = None,
    ) -> Waiter | None:
        """Put somebody into the queue who does not block; ``None`` where the integer is not ``expected``.

        ``wake`` is called once, in any thread, when it has been notified; never after `withdraw` gave ``True``.
        ``gone`` tells whether nobody is left to be woken: see `Waiter`. Whoever gives up after ``timeout`` nanoseconds
        withdraws all the same: it is for queues that nobody can leave.
        """
        waiter = Waiter(address, wake, gone)
        with self.lock:
            if self.remote:
                return self.wait_async(address, size, expected, wake, timeout, gone)
            if self._peek(address, size) != expected:
                return None
            self._queues.add(waiter)
        return waiter

    def withdraw(self, waiter: Waiter) -> bool:
        """Take a waiter out of its queue; ``False`` when it has been notified, or withdrawn before."""
        with self.lock:
            return self.withdraw(waiter) if self.remote else self._queues.withdraw(waiter)

    def notify(self, address: int, count: int) -> int:
        """Wake the ``count`` waiters that have waited longest at an address; how many there were."""
        with self.lock:
            remote = self.remote
            taken = self._queues.take(address, count)
        wake_all(iter(taken))
        return self.notify(address, count) if remote else len(taken)

    def pass_on(self, address: int) -> None:
        """Give a notification to the next who waits: whom it was for will not act on it. Never interrupted."""
        self.notify(address, 1)

    def waiting(self, address: int | None = None) -> int:
        """How many wait at an address, or with ``None`` at any."""
        with self.lock:
            return self.waiting(address) if self.remote else self._queues.count(address)

    def queued(self) -> list[Waiter]:
        """All who wait in this process's own queues, which they leave; the oldest first at each address."""
        return self._queues.drain()

    def forked(self) -> None:
        """This process is a fork: who waits or holds the lock in the other one does not here."""
        if self.control is not None:
            self.control.forked()
            return
        self.lock = threading.RLock()
        self._queues = WaiterQueues()
        self.tell_followers(self._length)


def _restoring(
    data: memoryview[int], segment: Segment | None
) -> Callable[[Paging, int, int, int], None]:
    """See `PageMap`: zeros for all who have the segment."""

    def restore(system: Paging, absolute: int, address: int, count: int) -> None:
        if segment is None:
            system.put_zeros(absolute, count)
            return
        place = CONTROL_SIZE + address
        system.put_file(absolute, count, segment.descriptor, place, write=True, private=False)
        data[address : address + count] = bytes(count)

    return restore


_BLOCKS: Final[list[weakref.ref[SharedBlock]]] = []
"""All there are, and some that were. No `WeakSet`: that calls a function of Python whenever a block is let go of."""
_FEW: Final = 64
_forget_at = [_FEW]
"""How many there may be before those that were are looked for."""
_FORGETTING: Final = threading.Lock()


def _remember(block: SharedBlock) -> None:
    _BLOCKS.append(weakref.ref(block))
    if len(_BLOCKS) > _forget_at[0] and _FORGETTING.acquire(blocking=False):
        try:
            known = _BLOCKS.copy()
            alive = [reference for reference in known if reference() is not None]
            _BLOCKS[: len(known)] = alive  # behind them others may have come meanwhile
            _forget_at[0] = 2 * len(alive) + _FEW
        finally:
            _FORGETTING.release()


def shared(block: Block) -> SharedBlock:
    """The same block, if it is shared. Raises `TypeError` for another."""
    if not isinstance(block, SharedBlock):
        raise TypeError("an unshared memory stands on no shared block")
    return block


def _forked() -> None:
    for reference in _BLOCKS:
        block = reference()
        if block is not None:
            block.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
