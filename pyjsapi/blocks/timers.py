"""Timers that need no event loop: one thread waits for all of them.

It is started with the first timer, and ends soon after the last one has rung or was cancelled. What a timer does must
be short and must not block: others wait for it. Times are of the monotonic clock. In a fork of the process no timer
of the other rings.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Final

from pyjsapi.blocks.waiting import unlock

_NANOSECONDS: Final = 10**9
_AT_ONCE: Final = _NANOSECONDS
"""Nanoseconds to sleep at once: so soon the thread sees that all timers were cancelled, for which nobody wakes it."""
_LINGER: Final = _NANOSECONDS // 20
"""Nanoseconds that the thread waits for another timer before it ends."""
_FEW: Final = 64
"""Cancelled timers that are not worth being looked for."""


class Timer:
    """Something to be done later, once."""

    __slots__ = ("_timers", "action")

    def __init__(self, timers: Timers, action: Callable[[], object]) -> None:
        self._timers = timers
        self.action: Callable[[], object] | None = action

    def cancel(self) -> None:
        """Let it not be done, unless it has begun. Any thread may call it, as often as it likes."""
        self._timers.cancel(self)


class Timers:
    """Timers, and their thread, which is called ``name``."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._numbers = count()
        self._reset()

    def _reset(self) -> None:
        # Reentrant, because a finaliser may cancel a timer at any step: so nothing is kept from one step to the next
        # that another cancellation could change.
        self._lock = threading.RLock()
        self._heap: list[tuple[int, int, Timer]] = []
        self._live = 0
        """How many of the heap have not been cancelled."""
        self._thread: threading.Thread | None = None
        self._alarm = threading.Lock()
        """Released to wake the thread."""
        self._wakes_at = 0
        """When it wakes by itself: that is not too late for timers that ring after it."""
        self._alarm.acquire()

    def start(self, nanoseconds: int, action: Callable[[], object]) -> Timer:
        """Do something after so many nanoseconds. Raises `RuntimeError` where no thread can be started."""
        timer = Timer(self, action)
        entry = (time.monotonic_ns() + nanoseconds, next(self._numbers), timer)
        with self._lock:
            self._live += 1
            heappush(self._heap, entry)
            try:
                self._see_to(entry[0])
            except BaseException:
                self.cancel(timer)
                raise
        return timer

    def _see_to(self, deadline: int) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            try:
                self._thread.start()
            except BaseException:
                self._thread = None
                raise
        elif deadline < self._wakes_at:
            unlock(self._alarm)

    def cancel(self, timer: Timer) -> None:
        """See `Timer.cancel`."""
        with self._lock:
            if timer.action is None:
                return
            timer.action = None
            self._live -= 1
            if self._live == 0:
                self._heap = []
            elif len(self._heap) > 2 * self._live + _FEW:
                entries, self._heap = self._heap, []
                for entry in entries:
                    if entry[2].action is not None:
                        heappush(self._heap, entry)

    def is_ringing(self) -> bool:
        """Whether the running thread is the timers' own."""
        return self._thread is not None and self._thread.ident == threading.get_ident()

    def _run(self) -> None:
        """Wait for the timers, as long as there are any."""
        idle = False
        while True:
            with self._lock:
                action, pause = self._due()
                if action is None and self._live == 0:
                    if idle:
                        self._thread = None
                        return
                    idle, pause = True, _LINGER
                else:
                    idle = False
                self._wakes_at = time.monotonic_ns() + pause
            if action is None:
                self._alarm.acquire(timeout=pause / _NANOSECONDS)
                continue
            try:
                action()
            except BaseException:
                sys.excepthook(*sys.exc_info())

    def _due(self) -> tuple[Callable[[], object] | None, int]:
        """What is to be done now, or how long to wait for it, in nanoseconds."""
        while self._heap:
            entry = heappop(self._heap)
            deadline, _, timer = entry
            action = timer.action
            if action is None:
                continue
            left = deadline - time.monotonic_ns()
            if left > 0:
                heappush(self._heap, entry)
                return None, min(left, _AT_ONCE)
            timer.action = None
            self._live -= 1
            return action, 0
        return None, 0

    def forked(self) -> None:
        """This process is a fork of the one whose timers these are: they ring there, and the thread is there."""
        for _, _, timer in self._heap:
            timer.action = None
        self._reset()


_TIMERS: Final = Timers("pyjsapi timers")
"""Those of this process."""


def call_later(nanoseconds: int, action: Callable[[], object]) -> Timer:
    """Do something after so many nanoseconds, in the thread of the timers; see `Timers.start`."""
    return _TIMERS.start(nanoseconds, action)


def is_ringing() -> bool:
    """Whether the running thread is that of the timers, which must not block."""
    return _TIMERS.is_ringing()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_TIMERS.forked)
