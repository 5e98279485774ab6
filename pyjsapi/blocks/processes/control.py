"""The control page of a segment: what the processes that share a block agree by.

Little-endian words at the start of the segment: what it is and how to lock it, the block's length, the lock, and a slot
for everybody who waits. A slot's state is written last where it is taken and in one write whenever it changes, and so
is the length: a process that dies at any point, lock in hand, leaves nothing half done.

A waiter sleeps on the state of its slot. One that does not block is ``belled``: whoever notifies it rings the bell, a
word that one thread in each process with such waiters sleeps on.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Final

from pyjsapi.blocks.processes import futex, locks, machine
from pyjsapi.blocks.processes.segment import Segment
from pyjsapi.blocks.shared import CONTROL_SIZE
from pyjsapi.blocks.waiters import Waiter, wake_all

_MAGIC: Final = int.from_bytes(b"pyjsapi\1", "little")
_IDENTITY: Final = slice(32, 48)
LENGTH: Final = 16 // 8
"""An index of 64-bit words, as is the next."""
_TICKET: Final = 192 // 8
_BELL: Final = 48 // 4  # indices of 32-bit words
_HIGH: Final = 52 // 4
_KINDS: Final = 56 // 4
_MUTEX: Final = 64
"""Offset in bytes."""

SLOTS: Final = 2048
"""How many can wait for the addresses of one block."""
_STATES: Final = 4096 // 4
_PROCESSES: Final = _STATES + SLOTS
_ADDRESSES: Final = (_PROCESSES + SLOTS) // 2
_TICKETS: Final = _ADDRESSES + SLOTS
_BELLED: Final = 8 * (_TICKETS + SLOTS)
"""Offset in bytes: a byte for each slot."""

FREE: Final = 0
WAITING: Final = 1
NOTIFIED: Final = 2
INTERRUPTED: Final = 3

_PARKINGS: Final = (futex.POLLING, futex.FUTEX)
_LOCKS: Final = (locks.FILE, locks.ROBUST)
LOCKED: Final = "lock"
"""What `Memory.atomics_backend` says of atomic accesses that take the lock."""
_BACKENDS: Final = (LOCKED, machine.NAME)


class ControlPage:
    """The control page of a mapped segment. Methods are called with ``lock`` held, unless they say otherwise."""

    __slots__ = ("__weakref__", "_bell_thread", "_belled", "_bytes", "_words", "backend", "base", "library",
                 "lock", "longs", "parking", "patience", "segment", "waits")  # fmt: skip

    def __init__(self, segment: Segment, *, length: int | None = None) -> None:
        """Make the control page of a block of ``length`` bytes, or read what another process has made.

        Raises `OSError` for what is no control page, or one that this process cannot serve.
        """
        self.segment = segment
        self._bytes = segment.control
        self._words = segment.control.cast("I")
        self.longs = segment.control.cast("Q")
        """The page as 64-bit words."""
        new = length is not None
        if length is not None:
            kinds = (
                _PARKINGS.index(futex.best_parking()),
                _LOCKS.index(locks.best_kind()),
                _BACKENDS.index(LOCKED if machine.library() is None else machine.NAME),
            )
            self._words[_KINDS] = kinds[0] | kinds[1] << 1 | kinds[2] << 2
            self._bytes[_IDENTITY] = os.urandom(16)
            self.longs[LENGTH] = length
        elif self.longs[0] != _MAGIC:
            raise OSError("the file is no segment of a shared memory of this version")
        found = self._words[_KINDS]
        parking, lock = _PARKINGS[found & 1], _LOCKS[found >> 1 & 1]
        self.backend = _BACKENDS[found >> 2 & 1]
        """How all processes access the block atomically: `LOCKED`, or `machine.NAME`."""
        self.library = machine.library() if self.backend == machine.NAME else None
        self.base = 0
        """The absolute address of the block's bytes, where `ctypes` gives it."""
        start = 0
        if (parking, lock, self.backend) != (futex.POLLING, locks.FILE, LOCKED):
            start = futex.address_of(segment.control)
            self.base = start + CONTROL_SIZE
        self.parking = futex.parking_of(parking, start)
        self.lock = locks.lock_of(lock, start + _MUTEX, segment.descriptor, new=new)
        """Held by one thread of one process at a time."""
        if self.backend == machine.NAME and self.library is None:
            raise OSError("other processes access this memory by libatomic, which is not there")
        self.patience = 64
        """How often whoever is about to wait looks first whether there is a need to."""
        self.waits = 0
        """How often somebody was about to."""
        self._belled: dict[int, Waiter] = {}
        self._bell_thread: threading.Thread | None = None
        if new:
            self.longs[0] = _MAGIC

    @property
    def identity(self) -> bytes:
        """What tells this segment from all others. Needs no lock."""
        return bytes(self._bytes[_IDENTITY])

    @property
    def length(self) -> int:
        """The block's length in bytes, as all processes see it. Reading it needs no lock."""
        return self.longs[LENGTH]

    @length.setter
    def length(self, value: int) -> None:
        self.longs[LENGTH] = value

    # ---- slots

    def enqueue(self, address: int, who: Waiter | SlotLock) -> None:
        """Give ``who`` a slot at the end of the queue of an address: a belled waiter, or the lock to sleep on it.

        Raises `OSError` where all slots are taken, `RuntimeError` where no thread can be started to hear the bell.
        """
        slot = self._free_slot()
        belled = not isinstance(who, SlotLock)
        longs, words = self.longs, self._words
        ticket = longs[_TICKET] + 1
        longs[_TICKET] = ticket
        longs[_ADDRESSES + slot] = address
        longs[_TICKETS + slot] = ticket
        words[_PROCESSES + slot] = os.getpid()
        self._bytes[_BELLED + slot] = belled
        if slot >= words[_HIGH]:
            words[_HIGH] = slot + 1
        if not isinstance(who, SlotLock):
            self._belled[slot] = who
            self._hear_bell(slot)
        # Last of all: from here on it counts, and whoever is interrupted knows what to give back.
        who.slot = slot
        words[_STATES + slot] = WAITING

    def _hear_bell(self, slot: int) -> None:
        if self._bell_thread is None:
            self._bell_thread = threading.Thread(
                target=self._answer, name="pyjsapi bell", daemon=True
            )
            try:
                self._bell_thread.start()
            except BaseException:
                self._bell_thread = None
                del self._belled[slot]
                raise

    def _free_slot(self) -> int:
        high = self._words[_HIGH]
        if self._words[_STATES] == FREE:
            return 0
        states = self._states(high)
        while states and states[-1] == FREE:
            states.pop()
        self._words[_HIGH] = len(states)
        if FREE in states:
            return states.index(FREE)
        if len(states) < SLOTS:
            return len(states)
        self.forget()
        try:
            return self._states(SLOTS).index(FREE)
        except ValueError:
            raise OSError(f"{SLOTS} agents wait already for this memory: no more can") from None

    def _states(self, count: int) -> list[int]:
        return self._words[_STATES : _STATES + count].tolist()

    def forget(self, ended: int | None = None) -> None:
        """Free the slots of a process that has ended, or of all that have.

        Where they had been notified and not seen it yet, the next ones are meant.
        """
        dead: dict[int, bool] = {os.getpid(): False}
        for slot, state in enumerate(self._states(self._words[_HIGH])):
            process = self._words[_PROCESSES + slot]
            if state == FREE or ended not in (None, process):
                continue
            if process not in dead:
                dead[process] = process == ended or not futex.is_alive(process)
            if dead[process]:
                self._words[_STATES + slot] = FREE
                if state == NOTIFIED:
                    self.notify(self.longs[_ADDRESSES + slot], 1, None)

    def leave(self, slot: int) -> bool:
        """Give a slot back that somebody slept on; whether he had been notified. Needs no lock."""
        index = _STATES + slot
        if self._words[index] == NOTIFIED:
            self._words[index] = FREE  # nobody else writes to it any more
            return True
        with self.lock:
            notified = self._words[index] == NOTIFIED
            self._words[index] = FREE
        return notified

    def withdraw(self, waiter: Waiter) -> bool:
        """Take a belled waiter out of its queue; ``False`` where it has been woken, or withdrawn before.

        One that has been notified from elsewhere, and not woken yet, leaves as well: the caller is to wake it.
        """
        slot = waiter.slot
        if slot is None or self._belled.get(slot) is not waiter:
            return False
        waiter.notified = self._words[_STATES + slot] == NOTIFIED
        self._words[_STATES + slot] = FREE
        self._unbell(slot)
        return True

    def _unbell(self, slot: int) -> None:
        del self._belled[slot]
        if not self._belled:
            self._ring()

    def interrupt(self, slot: int) -> None:
        """Let whoever sleeps on a slot go on, without being notified."""
        if self._words[_STATES + slot] == WAITING:
            self._words[_STATES + slot] = INTERRUPTED
            self.parking.wake(_STATES + slot)

    def sleep(self, slot: int, timeout: int) -> bool:
        """Wait until notified or interrupted, or for ``timeout`` ns; whether that came first. Called without lock."""
        index = _STATES + slot
        deadline = time.monotonic_ns() + timeout
        while self._words[index] == WAITING:
            left = deadline - time.monotonic_ns() if timeout >= 0 else -1
            if timeout >= 0 and left <= 0:
                return False
            self.parking.wait(index, WAITING, left)
        return True

    def _queue(self, address: int | None) -> list[int]:
        """The slots of those that wait at an address, or anywhere, the oldest first."""
        high = self._words[_HIGH]
        if not high:
            return []
        addresses = self.longs[_ADDRESSES : _ADDRESSES + high].tolist()
        found = [
            slot
            for slot, state in enumerate(self._states(high))
            if state == WAITING and (address is None or addresses[slot] == address)
        ]
        if len(found) > 1:
            found.sort(key=lambda slot: self.longs[_TICKETS + slot])
        return found

    def count(self, address: int | None) -> int:
        """How many wait at an address, or with ``None`` at any. Nobody's who is gone, unless he is elsewhere."""
        belled = self._belled
        return sum(
            slot not in belled or not belled[slot].is_gone() for slot in self._queue(address)
        )

    def notify(self, address: int, count: int, own: list[Waiter] | None) -> int:
        """Wake the ``count`` waiters that have waited longest at an address; how many there were.

        Of those, this process's belled ones are added to ``own``, for the caller to wake; without it the bell wakes
        them too.
        """
        woken = 0
        ring = False
        for slot in self._queue(address):
            if woken == count:
                break
            waiter = self._belled.get(slot)
            if waiter is not None and (own is not None or waiter.is_gone()):
                self._words[_STATES + slot] = FREE
                self._unbell(slot)
                if own is None or waiter.is_gone():
                    continue
                waiter.notified = True
                own.append(waiter)
            elif self._bytes[_BELLED + slot]:
                if waiter is None and not futex.is_alive(self._words[_PROCESSES + slot]):
                    self._words[_STATES + slot] = FREE
                    continue
                self._words[_STATES + slot] = NOTIFIED
                ring = True
            elif not self._wake_sleeper(slot):
                continue
            woken += 1
        if ring:
            self._ring()
        return woken

    def _wake_sleeper(self, slot: int) -> bool:
        """Wake whoever sleeps on a slot; ``False`` if its process has died meanwhile."""
        self._words[_STATES + slot] = NOTIFIED
        if self.parking.wake(_STATES + slot):
            return True
        # Nobody slept: it is about to, or looks at the word itself, or is no more.
        process = self._words[_PROCESSES + slot]
        if process == os.getpid() or futex.is_alive(process):
            return True
        if self._words[_STATES + slot] != NOTIFIED:  # it has seen it, and then come to its end
            return True
        self._words[_STATES + slot] = FREE
        return False

    # ---- belled waiters

    def _ring(self) -> None:
        self._words[_BELL] = self._words[_BELL] + 1 & 0xFFFFFFFF
        self.parking.wake(_BELL)

    def _answer(self) -> None:
        """Wake this process's belled waiters that others have notified, as long as there are any."""
        while True:
            woken: list[Waiter] = []
            with self.lock:
                seen = self._words[_BELL]
                for slot, waiter in list(self._belled.items()):
                    if self._words[_STATES + slot] == NOTIFIED:
                        self._words[_STATES + slot] = FREE
                        del self._belled[slot]
                        waiter.notified = True
                        if waiter.is_gone():
                            self.notify(waiter.address, 1, woken)  # the next one is meant
                        else:
                            woken.append(waiter)
                ended = not self._belled
                if ended:
                    self._bell_thread = None
            try:
                wake_all(iter(woken))
            except BaseException:
                sys.excepthook(*sys.exc_info())
            if ended:
                return
            self.parking.wait(_BELL, seen, -1)

    def forked(self) -> None:
        """This process is a fork of the one whose page this is: who waits there does not here."""
        for waiter in self._belled.values():
            waiter.slot = None
        self._belled = {}
        self._bell_thread = None
        self.lock.forked()


class SlotLock:
    """A slot in the shape of a locked `threading.Lock`, for `waiting.WaiterPolicy.park`."""

    __slots__ = ("_control", "slot")

    def __init__(self, control: ControlPage) -> None:
        self._control = control
        self.slot: int | None = None
        """What `ControlPage.enqueue` gave it."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Wait until notified or interrupted, for at most ``timeout`` seconds (negative: no end)."""
        if self.slot is None:
            return False
        return self._control.sleep(self.slot, -1 if timeout < 0 else int(timeout * 1e9))

    def release(self) -> None:
        """Interrupt whoever waits."""
        if self.slot is not None:
            with self._control.lock:
                self._control.interrupt(self.slot)
