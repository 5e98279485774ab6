"""``poll_oneoff``: to wait for clocks and for file descriptors."""

from __future__ import annotations

import sys
import threading
from typing import Final, NamedTuple

from pyjsapi.blocks.waiting import current_policy, heed_interruption
from pyjsapi.wasi import rights
from pyjsapi.wasi.abi import (
    EVENT,
    EVENT_CLOCK,
    EVENT_FD_READ,
    EVENT_FD_WRITE,
    EVENT_HANGUP,
    SUBSCRIPTION,
    SUBSCRIPTION_ABSTIME,
    Errno,
    WasiError,
)
from pyjsapi.wasi.descriptors import Descriptor
from pyjsapi.wasi.process import Process

_MOST: Final = 4096
"""Subscriptions of a call."""
_SLICE: Final = 50
"""Milliseconds that the system waits at once: so often is looked whether the program was interrupted."""


class Subscription(NamedTuple):
    """What is waited for."""

    userdata: int
    kind: int
    subject: int
    """A clock or a file descriptor."""
    timeout: int
    precision: int
    flags: int


def poll_oneoff(process: Process, subscriptions: int, events: int, count: int, result: int) -> None:
    """Wait until something of what is subscribed to happens."""
    memory = process.memory
    if count == 0:
        raise WasiError(Errno.INVAL)
    write_count = memory.u32_target(result)
    write = memory.target(events, count * EVENT.size)
    if count > _MOST:
        memory.read(subscriptions + count * SUBSCRIPTION.size - 1, 1)
        raise WasiError(Errno.INVAL)
    table = memory.read(subscriptions, count * SUBSCRIPTION.size)
    wanted = [Subscription(*values) for values in SUBSCRIPTION.iter_unpack(table)]
    found = _Poll(process, wanted).run()
    write(b"".join(found))
    write_count(len(found))


class _Poll:
    """One call."""

    def __init__(self, process: Process, wanted: list[Subscription]) -> None:
        self._process = process
        self._events: list[bytes] = []
        self._clocks: list[tuple[int, Subscription]] = []
        """Each with the time of its clock that it waits for."""
        self._waiting: list[tuple[int, Subscription, Descriptor]] = []
        """Each with what the system can wait for."""
        for each in wanted:
            try:
                self._take(each)
            except WasiError as error:
                self._add(each, error=error.errno)

    def _take(self, each: Subscription) -> None:
        if each.kind == EVENT_CLOCK:
            if each.flags & ~SUBSCRIPTION_ABSTIME:
                raise WasiError(Errno.INVAL)
            now = self._process.now(each.subject)
            absolute = each.flags & SUBSCRIPTION_ABSTIME
            self._clocks.append((each.timeout if absolute else now + each.timeout, each))
            return
        if each.kind not in (EVENT_FD_READ, EVENT_FD_WRITE):
            raise WasiError(Errno.INVAL)
        descriptor = self._process.descriptors.get(each.subject)
        descriptor.need(
            rights.POLL_FD_READWRITE
            | (rights.FD_READ if each.kind == EVENT_FD_READ else rights.FD_WRITE)
        )
        number = descriptor.fileno()
        if number is None or sys.platform in ("emscripten", "win32"):
            self._ready(each, descriptor)
        else:
            self._waiting.append((number, each, descriptor))

    def run(self) -> list[bytes]:
        """Wait; the events."""
        while True:
            timeout = 0 if self._events else self._left()
            self._poll(timeout)
            for until, each in self._clocks:
                if self._process.now(each.subject) >= until:
                    self._add(each)
            if self._events:
                return self._events

    def _left(self) -> int | None:
        """Nanoseconds until the first clock is there."""
        if not self._clocks:
            return None
        return max(min(until - self._process.now(each.subject) for until, each in self._clocks), 0)

    def _poll(self, timeout: int | None) -> None:
        heed_interruption()
        if self._waiting:
            self._poll_system(timeout)
        elif timeout is not None and timeout > 0:
            # A clock of the host's own may say itself how its time passes.
            getattr(self._process.clock, "sleep", sleep)(timeout)

    def _poll_system(self, timeout: int | None) -> None:
        import select

        poller = select.poll()
        numbers: dict[int, int] = {}
        for number, each, _ in self._waiting:
            numbers[number] = numbers.get(number, 0) | _interest(each)
        for number, interest in numbers.items():
            poller.register(number, interest)
        slice_ = _SLICE if timeout is None else min(_SLICE, -(-timeout // 10**6))
        answers = dict(poller.poll(slice_))
        for number, each, descriptor in self._waiting:
            answer = answers.get(number, 0)
            if answer & select.POLLNVAL:
                self._add(each, error=Errno.BADF)
            elif answer & (_interest(each) | select.POLLHUP | select.POLLERR):
                self._ready(each, descriptor, hangup=bool(answer & select.POLLHUP))

    def _ready(self, each: Subscription, descriptor: Descriptor, *, hangup: bool = False) -> None:
        size = descriptor.available() if each.kind == EVENT_FD_READ else 0
        self._add(each, size=size, flags=EVENT_HANGUP if hangup else 0)

    def _add(
        self, each: Subscription, *, error: Errno = Errno.SUCCESS, size: int = 0, flags: int = 0
    ) -> None:
        self._events.append(EVENT.pack(each.userdata, error, each.kind, size, flags))


def _interest(each: Subscription) -> int:
    import select

    return select.POLLIN if each.kind == EVENT_FD_READ else select.POLLOUT


def sleep(timeout: int) -> None:
    """Wait for some nanoseconds, as the thread's agent waits: what ends its waits ends this one."""
    nobody = threading.Lock()
    nobody.acquire()
    current_policy().park(nobody, timeout)
