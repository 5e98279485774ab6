"""How long a call from outside may take, and who may end it before.

What an instance with a clock runs pays fuel (see `fuel`), and so asks for more at once when it has none in hand: taking
that away ends it; or it looks at a bell. A wait is ended by the lock that it waits for.
"""

from __future__ import annotations

import math
import time
from _thread import RLock
from collections.abc import Callable
from typing import Any, Final

from pyjsapi.blocks.timers import Timer, call_later
from pyjsapi.blocks.waiting import Watch, set_watches, watches
from pyjsapi.runtime.bell import Bell
from pyjsapi.runtime.fuel import FuelTank
from pyjsapi.syntax.errors import DeadlineExceeded, Interrupted, Trap

_NANOSECONDS: Final = 10**9
_LONGEST: Final = 10**9
"""Seconds beyond which no timer is set: thirty years."""


class CallClock:
    """The clock of an instance. It runs from where the outermost call into the instance begins until that ends."""

    __slots__ = ("_calls", "_lock", "_timer", "_watch", "seconds", "tank")

    def __init__(self, tank: FuelTank | Bell, seconds: float) -> None:
        self.tank: Final = tank
        """What ends the code of all instances that have the clock."""
        self.seconds = seconds
        """How long the calls may take that begin from now on."""
        self._lock = RLock()
        self._calls: set[object] = set()
        """The calls that are inside."""
        self._timer: Timer | None = None
        self._watch = Watch()

    def timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """A function for calls from outside."""

        def timed(*arguments: Any) -> Any:
            this, outer = object(), watches()
            try:
                self._enter(this, self.seconds)
                set_watches((*outer, self._watch))
                return call(*arguments)
            finally:
                set_watches(outer)
                self._leave(this)

        return timed

    def timed_parts(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """A function for the parts of one call from outside that is suspended in between: together they may take so
        long."""
        part = self.part()

        def timed(*arguments: Any) -> Any:
            try:
                part.enter()
                return call(*arguments)
            finally:
                part.leave()

        return timed

    def part(self) -> CallPart:
        """The same for whoever enters and leaves by hand."""
        return CallPart(self)

    def interrupt(self) -> bool:
        """End what runs, from any thread; whether anything did."""
        return self._stop(Interrupted)

    def _enter(self, this: object, seconds: float) -> None:
        with self._lock:
            self._calls.add(this)
            if len(self._calls) > 1 or not seconds < _LONGEST:
                return
            try:
                self._timer = call_later(math.ceil(seconds * _NANOSECONDS), self._ring)
            except RuntimeError:
                # No threads: whoever asks for fuel looks at the time.
                left = self._left_until(time.monotonic() + seconds)
                self._watch.left = left
                self.tank.ask_often(left)

    def _leave(self, this: object) -> None:
        with self._lock:
            self._calls.discard(this)
            if self._calls:
                return
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._watch.error = self._watch.left = None
            self.tank.go_on()

    def _left_until(self, until: float) -> Callable[[], float]:
        def left() -> float:
            seconds = until - time.monotonic()
            if seconds <= 0:
                self._ring()
            return max(seconds, 0.0)

        return left

    def _ring(self) -> None:
        self._stop(DeadlineExceeded)

    def _stop(self, kind: type[Trap]) -> bool:
        with self._lock:
            if not self._calls:
                return False
            self.tank.stop(kind)
            self._watch.end(kind())
            return True


class CallPart:
    """The parts of one call, one after the other."""

    __slots__ = ("_clock", "_outer", "_seconds", "_start")

    def __init__(self, clock: CallClock) -> None:
        self._clock = clock
        self._seconds = clock.seconds
        self._start = 0.0
        self._outer: tuple[Watch, ...] = ()

    def enter(self) -> None:
        """A part begins; `leave` is to be called whatever happens."""
        self._outer = watches()
        self._start = time.monotonic()
        self._clock._enter(self, self._seconds)
        set_watches((*self._outer, self._clock._watch))

    def leave(self) -> None:
        """It ends."""
        set_watches(self._outer)
        self._clock._leave(self)
        self._seconds = max(self._seconds - (time.monotonic() - self._start), 0.0)
