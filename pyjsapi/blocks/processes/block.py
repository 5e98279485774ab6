"""Shared data blocks that several processes share.

A block becomes one by `share`, before it is given to another process, where `attach` makes the same of the segment.
From then on the length, the lock and the waiters are in the segment's control page; the bytes stay where they are, and
so does every view of them.
"""

from __future__ import annotations

import os
import platform
import sys
import threading
import weakref
from collections.abc import Callable
from itertools import repeat
from typing import Final, Literal

from pyjsapi.blocks.integers import INTEGERS, OPERATIONS
from pyjsapi.blocks.processes.control import LENGTH, ControlPage, SlotLock
from pyjsapi.blocks.processes.machine import SEQUENTIALLY_CONSISTENT
from pyjsapi.blocks.processes.segment import Segment
from pyjsapi.blocks.shared import NOT_EQUAL, TIMED_OUT, WOKEN, SharedBlock
from pyjsapi.blocks.waiters import Waiter, wake_all
from pyjsapi.blocks.waiting import current_policy, heed_interruption

_CODES: Final[dict[int, Literal["B", "H", "I", "Q"]]] = {1: "B", 2: "H", 4: "I", 8: "Q"}
_IN_ORDER: Final = platform.machine() in ("x86_64", "AMD64") and sys.byteorder == "little"
"""Whether plain loads are as good as atomic ones, given that all stores are atomic."""

_MOST_PATIENCE: Final = 1024
_LEAST_PATIENCE: Final = 8
"""How often an integer is looked at before an agent sleeps: for some 60 µs, or for half of one."""
_TRY_EVERY: Final = 16
"""Of so many times that an agent waits, it is patient once, to find out whether that is worth it now."""

_ATTACHED: Final[weakref.WeakValueDictionary[bytes, SharedBlock]] = weakref.WeakValueDictionary()
"""The blocks that this process shares, by the identity of their segment."""
_ATTACHING: Final = threading.Lock()
if hasattr(os, "register_at_fork"):
    # A thread that is no more in the fork must not hold it there.
    os.register_at_fork(
        before=_ATTACHING.acquire,
        after_in_parent=_ATTACHING.release,
        after_in_child=_ATTACHING.release,
    )


class ProcessBlock(SharedBlock):
    """A block with a control page. Nothing is added to a `SharedBlock` but what its methods do."""

    __slots__ = ()

    control: ControlPage
    remote = True

    # Whoever learns of something that happened after growth, by a load or a wait, must also find the new bytes.

    @property
    def length(self) -> int:
        """Current length in bytes, as all processes see it."""
        return self.control.length

    @property
    def backend(self) -> str:
        """How accesses are atomic: ``libatomic``, or ``lock`` where that is not to be had."""
        return self.control.backend

    def publish(self, length: int) -> None:
        """Store a new length, after all followers in this process know it. Called with the lock held."""
        control = self.control
        control.length = max(length, control.length)
        self._length = control.length

    def refresh(self) -> None:
        """Tell the followers of a length that another process published."""
        control = self.control
        if control.length == self._length:
            return
        with control.lock:
            length = control.length
            self.tell_followers(length)
            self._length = length

    def extend(self, length: int) -> None:
        """Grow to ``length`` bytes, unless another process has made it longer. Called with the lock held."""
        with self.control.lock:
            super().extend(max(length, self.length))

    def load(self, address: int, size: int) -> int:
        """See `SharedBlock.load`."""
        control = self.control
        if _IN_ORDER:
            value: int = INTEGERS[size].unpack_from(self.reservation, address)[0]
        elif control.library is not None:
            value = control.library.load(control.base + address, size)
        else:
            heed_interruption()
            with control.lock:
                value = INTEGERS[size].unpack_from(self.reservation, address)[0]
        if control.longs[LENGTH] != self._length:
            self.refresh()
        return value

    def store(self, address: int, size: int, value: int) -> None:
        """See `SharedBlock.store`."""
        control = self.control
        if control.library is not None:
            control.library.store(control.base + address, size, value)
        else:
            heed_interruption()
            with control.lock:
                self._write(address, size, value)

    def update(self, operation: str, address: int, size: int, operand: int) -> int:
        """See `SharedBlock.update`."""
        control = self.control
        if control.library is not None:
            fetch = control.library.fetching[operation, size]
            old = fetch(control.base + address, operand, SEQUENTIALLY_CONSISTENT)
        else:
            heed_interruption()
            with control.lock:
                old = INTEGERS[size].unpack_from(self.reservation, address)[0]
                new = OPERATIONS[operation](old, operand) & (1 << 8 * size) - 1
                self._write(address, size, new)
        if control.longs[LENGTH] != self._length:
            self.refresh()
        return old

    def compare_exchange(self, address: int, size: int, expected: int, replacement: int) -> int:
        """See `SharedBlock.compare_exchange`."""
        control = self.control
        if control.library is not None:
            absolute = control.base + address
            old = control.library.compare_exchange(absolute, size, expected, replacement)
        else:
            heed_interruption()
            with control.lock:
                old = INTEGERS[size].unpack_from(self.reservation, address)[0]
                if old == expected:
                    self._write(address, size, replacement)
        if control.longs[LENGTH] != self._length:
            self.refresh()
        return old

    def _write(self, address: int, size: int, value: int) -> None:
        """Write in one step, also for processes that do not look at the lock: `struct` would write zeros first."""
        with self.reservation[address : address + size].cast(_CODES[size]) as element:
            element[0] = value

    def wait(self, address: int, size: int, expected: int, timeout: int) -> int:
        """See `SharedBlock.wait`. Raises `OSError` where too many wait already."""
        control = self.control
        if timeout and self._changes_soon(address, size, expected):
            return NOT_EQUAL
        policy = current_policy()
        parked = SlotLock(control)
        try:
            with control.lock:
                if INTEGERS[size].unpack_from(self.reservation, address)[0] == expected:
                    control.enqueue(address, parked)
            if parked.slot is not None:
                policy.park(parked, timeout)
        except BaseException:
            if parked.slot is not None and control.leave(parked.slot):
                self.pass_on(address)
            raise
        notified = parked.slot is not None and control.leave(parked.slot)
        self.refresh()
        if parked.slot is None:
            return NOT_EQUAL
        return WOKEN if notified else TIMED_OUT

    def _changes_soon(self, address: int, size: int, expected: int) -> bool:
        """Look at an integer for some microseconds before waiting for it, longer where that was worth it before.

        Who waits often waits for what is about to happen, and to sleep and be woken takes longer.
        """
        control = self.control
        control.waits += 1
        looks = control.patience if control.waits % _TRY_EVERY else _MOST_PATIENCE
        read, data = INTEGERS[size].unpack_from, self.reservation
        for _ in repeat(None, looks):
            if read(data, address)[0] != expected:
                control.patience = min(4 * control.patience, _MOST_PATIENCE)
                self.refresh()
                return True
        control.patience = max(control.patience >> 2, _LEAST_PATIENCE)
        return False

    def wait_async(
        self,
        address: int,
        size: int,
        expected: int,
        wake: Callable[[], object],
        timeout: int = -1,
        gone: Callable[[], bool] | None = None,
    ) -> Waiter | None:
        """See `SharedBlock.wait_async`. Raises `OSError` where too many wait already."""
        waiter = Waiter(address, wake, gone)
        control = self.control
        with control.lock:
            self.refresh()
            if INTEGERS[size].unpack_from(self.reservation, address)[0] != expected:
                return None
            control.enqueue(address, waiter)
        return waiter

    def withdraw(self, waiter: Waiter) -> bool:
        """See `SharedBlock.withdraw`."""
        control = self.control
        with control.lock:
            if (
                waiter.slot is None
            ):  # it is a copy, and waits in the process that this one is a fork of
                return True
            found = control.withdraw(waiter)
        if found and waiter.notified:
            waiter.wake()
            return False
        return found

    def notify(self, address: int, count: int) -> int:
        """See `SharedBlock.notify`."""
        heed_interruption()
        return self._notify(address, count)

    def pass_on(self, address: int) -> None:
        """See `SharedBlock.pass_on`."""
        self._notify(address, 1)

    def _notify(self, address: int, count: int) -> int:
        control = self.control
        own: list[Waiter] = []
        with control.lock:
            woken = control.notify(address, count, own)
        wake_all(iter(own))
        return woken

    def waiting(self, address: int | None = None) -> int:
        """See `SharedBlock.waiting`."""
        control = self.control
        with control.lock:
            control.forget()
            return control.count(address)


def share(block: SharedBlock) -> tuple[bytes, int]:
    """Make a block one that other processes can attach to: its identity, and the file descriptor to hand over.

    The descriptor stays the block's own. Raises `OSError` where the system cannot hand the bytes over.
    """
    if block.is_guarded:
        raise OSError("other memory is mapped into it, or it is protected, in this process alone")
    with block.lock:
        if not block.remote:
            _become_remote(block)
        control = block.control
        if control is None:
            raise OSError("the block is shared in another way already")
        return control.identity, control.segment.descriptor


def _become_remote(block: SharedBlock) -> None:
    if block.segment is None:
        raise OSError("this system can hand no shared bytes over to another process")
    control = ControlPage(block.segment, length=block.length)
    with control.lock:
        block.control = control
        # The object stays the same, because memories and buffers hold it.
        block.__class__ = ProcessBlock
        block.lock = control.lock
        for waiter in block.queued():
            control.enqueue(waiter.address, waiter)
        block.tell_followers(block.length)
    with _ATTACHING:
        _ATTACHED[control.identity] = block


def attach(descriptor: int) -> SharedBlock:
    """The block of a segment, given by a file descriptor, which this function takes over.

    In a process the same bytes are always the same block. Raises `OSError` for what is no such segment.
    """
    try:
        segment = Segment(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    control = ControlPage(segment)
    identity = control.identity
    with _ATTACHING:
        found = _ATTACHED.get(identity)
        if found is None:
            block = ProcessBlock(segment.data, control.length, segment)
            block.control = control
            block.lock = control.lock
            _ATTACHED[identity] = block
            return block
    with found.lock:  # closing the file would free a lock on it
        del control, segment
    found.refresh()
    return found


def attached(identity: bytes) -> SharedBlock | None:
    """The block of an identity, if this process shares it."""
    with _ATTACHING:
        return _ATTACHED.get(identity)


def refresh_all() -> None:
    """Let everybody in this process know the lengths that others have published: for who has been told something."""
    with _ATTACHING:
        blocks = list(_ATTACHED.values())
    for block in blocks:
        block.refresh()


def forget_process(process: int) -> None:
    """Let the waiters of a process that has ended leave the queues of all blocks that this process shares."""
    with _ATTACHING:
        blocks = list(_ATTACHED.values())
    for block in blocks:
        control = block.control
        if control is not None:
            with control.lock:
                control.forget(process)
