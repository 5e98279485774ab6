"""The promises of ``Atomics.waitAsync``: futures of an event loop, or of `concurrent.futures` where none runs.

A wait belongs to the thread that began it, and to the event loop that ran there (see `blocks.owners`). The queues know
it weakly: it lives as long as the loop does, or without one the thread, and leaves its queue when one of the two ends
or its promise is cancelled. A notification that has come for it and can no longer be told passes on to the next.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
import sys
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol, TypeAlias

from pyjsapi.blocks import timers
from pyjsapi.blocks.owners import Owner, loop_owner, thread_owner
from pyjsapi.blocks.shared import SharedBlock
from pyjsapi.blocks.waiters import Waiter
from pyjsapi.blocks.waiting import heed_interruption

Promise: TypeAlias = "asyncio.Future[str] | concurrent.futures.Future[str]"

_OK: Final = "ok"
_TIMED_OUT: Final = "timed-out"
_MOST: Final = 10**18
"""Nanoseconds that timers can take: 31 years."""

_TURNING: Final = threading.RLock()
"""Held while a wait goes from one state to another."""
if hasattr(os, "register_at_fork"):
    # A thread that is no more in the fork must not hold it there.
    os.register_at_fork(
        before=_TURNING.acquire,
        after_in_parent=_TURNING.release,
        after_in_child=_TURNING.release,
    )
_WAITING, _NOTIFIED, _OVER = range(3)
"""The states; between a notification and its end a promise of an event loop is to be settled there."""


class _Timer(Protocol):
    def cancel(self) -> None: ...


class AsyncWait(ABC):
    """One wait: its promise, its place in the queue and its timer."""

    __slots__ = (
        "__weakref__",
        "_address",
        "_block",
        "_keeper",
        "_state",
        "_thread",
        "_timer",
        "_waiter",
    )

    promise: Promise

    def __init__(self, block: SharedBlock, loop: Owner | None = None) -> None:
        self._block = block
        self._thread = thread_owner().reference
        self._keeper = self._thread if loop is None else loop.reference
        self._state = _WAITING
        self._address = 0
        self._waiter: Waiter | None = None
        self._timer: _Timer | None = None

    def start(self, address: int, size: int, expected: int, nanoseconds: int) -> bool:
        """Begin to wait, for so many nanoseconds or, if that is negative, without end.

        ``False`` where the integer is not the expected one. Raises `OSError` where too many wait already,
        `RuntimeError` where no thread can be started.
        """
        me = weakref.ref(self)
        wake, gone = partial(_notified, me), partial(_is_gone, me)
        self._address = address
        self._waiter = self._block.wait_async(address, size, expected, wake, nanoseconds, gone)
        if self._waiter is None:
            return False
        try:
            if (keeper := self._keeper()) is not None:
                keeper.add(self)
            if self._thread is not self._keeper and (thread := self._thread()) is not None:
                thread.borrow(me)
            if nanoseconds >= 0:
                self._timer = self._call_later(min(nanoseconds, _MOST), partial(_expired, me))
        except BaseException:
            self.leave()
            raise
        if self._state == _OVER:  # others have been quicker
            self._let_go()
        return True

    @abstractmethod
    def notified(self) -> None:
        """Settle the promise: a notification has come. Called once, in the thread of whoever notifies."""

    @abstractmethod
    def expired(self) -> None:
        """The time is over."""

    @abstractmethod
    def abandon(self) -> None:
        """The thread or the event loop has ended."""

    def is_gone(self) -> bool:
        """Whether nobody is left to be woken."""
        return self._state == _OVER or bool(self.promise.done())

    def leave(self) -> None:
        """Leave the queue: the promise was cancelled, or nobody is left who could settle it."""
        state = self._turn(_OVER)
        if state == _OVER:
            return
        self._let_go()
        if self._waiter is not None:
            self._block.withdraw(self._waiter)
        if state == _NOTIFIED:
            self._pass_on()

    def _turn(self, state: int) -> int:
        """Go to another state, unless all is over; the one before."""
        with _TURNING:
            before = self._state
            if before != _OVER:
                self._state = state
        return before

    def _let_go(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if (keeper := self._keeper()) is not None:
            keeper.discard(self)
        if self._thread is not self._keeper and (thread := self._thread()) is not None:
            thread.give_back(self)

    def _withdrawn(self) -> bool:
        """Whether it has left the queue just now, without having been notified."""
        return self._waiter is not None and self._block.withdraw(self._waiter)

    def _pass_on(self) -> None:
        """The notification cannot be told any more: the next one is meant."""
        self._block.pass_on(self._address)

    @abstractmethod
    def _call_later(self, nanoseconds: int, action: Callable[[], object]) -> _Timer:
        """Something that can be cancelled."""


def _notified(reference: weakref.ref[AsyncWait]) -> None:
    wait = reference()
    # Where its owner has ended, `abandon` has passed the notification on.
    if wait is not None:
        wait.notified()


def _is_gone(reference: weakref.ref[AsyncWait]) -> bool:
    wait = reference()
    return wait is None or wait.is_gone()


def _expired(reference: weakref.ref[AsyncWait]) -> None:
    wait = reference()
    if wait is not None:
        wait.expired()


# ---- with an event loop


class _LoopPromise(asyncio.Future[str]):
    """It leaves the queue the moment it is cancelled; callbacks would only run later."""

    wait: AsyncWait | None = None

    def cancel(self, msg: object = None) -> bool:
        try:
            return super().cancel(msg)
        finally:
            if self.wait is not None and self.cancelled():
                self.wait.leave()


class _LoopWait(AsyncWait):
    """The wait of somebody whose event loop runs."""

    __slots__ = ("_loop", "promise")

    promise: asyncio.Future[str]

    def __init__(self, block: SharedBlock, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(block, loop_owner(loop))
        self._loop = loop
        if sys.platform == "emscripten":  # whose futures are promises of JavaScript, too
            self.promise = loop.create_future()
            self.promise.add_done_callback(lambda _: self.leave())
        else:
            self.promise = _LoopPromise(loop=loop)
            self.promise.wait = self

    def notified(self) -> None:
        """See `AsyncWait`."""
        if self._turn(_NOTIFIED) != _OVER:
            try:
                if asyncio._get_running_loop() is self._loop:
                    self._loop.call_soon(self._settle, _OK)
                else:
                    self._loop.call_soon_threadsafe(self._settle, _OK)
            except RuntimeError:  # it is closed
                if self._turn(_OVER) == _OVER:
                    return
            else:
                return
        self._pass_on()

    def expired(self) -> None:
        """See `AsyncWait`. Called on the loop."""
        if self._withdrawn():
            self._settle(_TIMED_OUT)

    def _settle(self, result: str) -> None:
        if self._turn(_OVER) == _OVER:
            return
        self._let_go()
        if not self.promise.done():
            self.promise.set_result(result)
        elif result == _OK:
            self._pass_on()

    def _let_go(self) -> None:
        super()._let_go()
        if isinstance(self.promise, _LoopPromise):
            self.promise.wait = None

    def is_gone(self) -> bool:
        """See `AsyncWait`."""
        return self._loop.is_closed() or super().is_gone()

    def abandon(self) -> None:
        """See `AsyncWait`. Where the loop goes on, in another thread, whoever awaits the promise learns of it."""
        self.leave()
        with contextlib.suppress(RuntimeError):  # it is closed
            self._loop.call_soon_threadsafe(self.promise.cancel)

    def _call_later(self, nanoseconds: int, action: Callable[[], object]) -> _Timer:
        return self._loop.call_later(nanoseconds / 10**9, action)


# ---- without


class _ThreadPromise(concurrent.futures.Future[str]):
    """What programs have it call may block, and so must not run in the thread of the timers."""

    def add_done_callback(self, fn: Callable[[concurrent.futures.Future[str]], object]) -> None:
        super().add_done_callback(partial(_elsewhere, fn))

    def tell(self, wait: weakref.ref[AsyncWait]) -> None:
        """Let a wait know when the promise is cancelled."""
        super().add_done_callback(partial(_cancelled, wait))


def _elsewhere(
    callback: Callable[[concurrent.futures.Future[str]], object],
    promise: concurrent.futures.Future[str],
) -> None:
    if timers.is_ringing():
        threading.Thread(target=callback, args=(promise,), daemon=True).start()
    else:
        callback(promise)


def _cancelled(reference: weakref.ref[AsyncWait], promise: concurrent.futures.Future[str]) -> None:
    if promise.cancelled():
        wait = reference()
        if wait is not None:
            wait.leave()
        promise.set_running_or_notify_cancel()  # which `concurrent.futures.wait` waits for


class _ThreadWait(AsyncWait):
    """The wait of a thread without an event loop."""

    __slots__ = ("promise",)

    promise: concurrent.futures.Future[str]

    def __init__(self, block: SharedBlock) -> None:
        super().__init__(block)
        promise = self.promise = _ThreadPromise()
        promise.tell(weakref.ref(self))

    def notified(self) -> None:
        """See `AsyncWait`."""
        if not self._settled(_OK):
            self._pass_on()

    def expired(self) -> None:
        """See `AsyncWait`. Called in the thread of the timers."""
        if self._withdrawn():
            self._settled(_TIMED_OUT)

    def _settled(self, result: str) -> bool:
        """Whether the promise has been settled by this."""
        if self._turn(_OVER) == _OVER:
            return False
        self._let_go()
        try:
            self.promise.set_result(result)
        except concurrent.futures.InvalidStateError:  # it has been cancelled meanwhile
            return False
        return True

    def abandon(self) -> None:
        """See `AsyncWait`. Whoever has the promise in another thread need not wait for it."""
        self.leave()
        self.promise.cancel()

    def _call_later(self, nanoseconds: int, action: Callable[[], object]) -> _Timer:
        if sys.platform == "emscripten":
            return asyncio.get_event_loop().call_later(nanoseconds / 10**9, action)
        return timers.call_later(nanoseconds, action)


def new_wait(block: SharedBlock) -> AsyncWait:
    """A wait of the running thread, which `AsyncWait.start` begins. Raises what is to end the thread's agent."""
    heed_interruption()
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _ThreadWait(block)
    return _LoopWait(block, loop)
