"""How the agent of the current thread waits (ECMA-262 §9.7 "Agents", [[CanBlock]]; §25.4.1.9 SuspendThisAgent)."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from pyjsapi.blocks.carried import carry

_NANOSECONDS: Final = 10**9
_MOST: Final = int(threading.TIMEOUT_MAX) * _NANOSECONDS
"""Nanoseconds that Python can wait at once: less than an i64 can say."""


class Parked(Protocol):
    """What a thread waits for: a `threading.Lock` that is locked, or something like it."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Wait until released, for at most ``timeout`` seconds (negative: no end)."""

    def release(self) -> None:
        """Let whoever waits go on."""


class Watch:
    """Whoever may end the waits of threads, by what they raise then."""

    __slots__ = ("error", "left", "locks")

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self.locks: set[Parked] = set()
        """What threads wait for that have it."""
        self.left: Callable[[], float] | None = None
        """Where there are no threads: how many seconds the thread may go on; it ends the watch when they are over."""

    def end(self, error: BaseException) -> None:
        """Let them raise ``error`` in place of waiting on, now and later."""
        # In this order: a thread says what it waits for, and then looks whether it may.
        self.error = error
        for lock in tuple(self.locks):
            unlock(lock)


class WaiterPolicy:
    """How an agent waits: in the thread that it runs in, which blocks.

    A subclass may wait in another way, and one without the right to block sets ``can_block`` to ``False``.
    """

    can_block: bool = True

    def __init__(self, can_block: bool | None = None) -> None:
        self._parked: set[Parked] = set()
        self._guard = threading.Lock()
        self._ending: BaseException | None = None
        if can_block is not None:
            self.can_block = can_block

    def park(self, lock: Parked, timeout: int) -> bool:
        """Wait until ``lock``, which is locked, is released: ``True``; or until ``timeout`` nanoseconds are over.

        A negative timeout means no end. Raises what `interrupt` was given.
        """
        with self._guard:
            if self._ending is not None:
                raise self._ending
            self._parked.add(lock)
        watches = _CURRENT.watches
        try:
            for watch in watches:
                watch.locks.add(lock)
            _heed(watches)
            released = _acquired(lock, timeout)
        finally:
            for watch in watches:
                watch.locks.discard(lock)
            with self._guard:
                self._parked.discard(lock)
        if self._ending is not None:
            raise self._ending
        _heed(watches)
        return released

    def interrupt(self, error: BaseException) -> None:
        """Let whoever is parked, now or later, raise ``error`` in place of waiting on."""
        with self._guard:
            self._ending = error
            for lock in self._parked:
                unlock(lock)

    def check(self) -> None:
        """Raise what `interrupt` was given."""
        if self._ending is not None:
            raise self._ending

    @property
    def interrupted(self) -> bool:
        """Whether `interrupt` has been called."""
        return self._ending is not None


class _FoundOut:
    """[[CanBlock]] of a policy to which nobody has told it, from when it is first asked."""

    def __init__(self, may_block: Callable[[], bool]) -> None:
        self._may_block = may_block

    def __get__(self, policy: WaiterPolicy | None, kind: type[WaiterPolicy]) -> bool:
        found = self._may_block()
        if policy is not None:
            policy.can_block = found
        return found


def find_out_by(may_block: Callable[[], bool]) -> None:
    """Ask whether the running thread may block, where that depends on who started it; each policy asks once."""
    WaiterPolicy.can_block = _FoundOut(may_block)  # type: ignore[assignment]


class _Current(threading.local):
    policy: WaiterPolicy | None = None
    watches: tuple[Watch, ...] = ()


_CURRENT: Final = _Current()
carry(_CURRENT)
_DEFAULT: Final = WaiterPolicy()
if hasattr(os, "register_at_fork"):
    # A thread that is no more in the fork must not hold it there.
    os.register_at_fork(
        before=_DEFAULT._guard.acquire,
        after_in_parent=_DEFAULT._guard.release,
        after_in_child=_DEFAULT._guard.release,
    )


def current_policy() -> WaiterPolicy:
    """The policy of the agent that runs in this thread."""
    return _CURRENT.policy or _DEFAULT


def set_policy(policy: WaiterPolicy | None) -> None:
    """Give this thread a policy of its own, or with ``None`` the one that threads have in common."""
    _CURRENT.policy = policy


def watches() -> tuple[Watch, ...]:
    """Who may end the waits of this thread."""
    return _CURRENT.watches


def set_watches(watches: tuple[Watch, ...]) -> None:
    """Let nobody but these end the waits of this thread."""
    _CURRENT.watches = watches


def _heed(watches: tuple[Watch, ...]) -> None:
    for watch in watches:
        if watch.left is not None:
            watch.left()
        if watch.error is not None:
            raise watch.error


def heed_interruption() -> None:
    """Raise what the waits of this thread are to end by: a deadline, say; or what its agent was interrupted by, but
    that not on an event loop, which ends in order."""
    _heed(_CURRENT.watches)
    policy = _CURRENT.policy  # the one that threads have in common is never interrupted
    if policy is not None and policy.interrupted and not _has_loop():
        policy.check()


def _has_loop() -> bool:
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def unlock(lock: Parked) -> None:
    """Release a lock unless it is released already."""
    with contextlib.suppress(RuntimeError):
        lock.release()


def _acquired(lock: Parked, timeout: int) -> bool:
    if sys.platform == "emscripten":
        return _slept(timeout)
    if timeout < 0:
        return lock.acquire()
    deadline = time.monotonic_ns() + timeout
    while True:
        left = max(deadline - time.monotonic_ns(), 0)
        if lock.acquire(timeout=min(left, _MOST) / _NANOSECONDS):
            return True
        if time.monotonic_ns() >= deadline:
            return False


def _slept(timeout: int) -> bool:
    """Wait where there are no threads, so that nobody can release anything meanwhile."""
    left = min((watch.left() for watch in _CURRENT.watches if watch.left is not None), default=-1.0)
    if left >= 0 and not 0 <= timeout / _NANOSECONDS < left:
        time.sleep(left)  # `park` finds that the time is over.
        return False
    if timeout < 0:
        raise TypeError(
            "nothing can arrive while this agent blocks: await receive_async(), or wait on a memory of JavaScript"
        )
    time.sleep(min(timeout, _MOST) / _NANOSECONDS)
    return False
