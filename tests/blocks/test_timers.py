"""Timers without an event loop: one thread for all of them, for as long as there are any."""

from __future__ import annotations

import functools
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.blocks import timers as timers_module
from pyjsapi.blocks.timers import Timers

SOON = 60.0
LONG = 10**18
MILLISECOND = 10**6


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0)  # lets another thread run


NUMBERS = itertools.count()


@pytest.fixture
def timers() -> Timers:
    return Timers(f"timers of test {next(NUMBERS)}")


def threads(timers: Timers) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == timers._name]


class Clock:
    """In place of the module `time`: it stands still until it is set."""

    now = 0

    def monotonic_ns(self) -> int:
        return self.now


def test_timers_ring_in_the_order_of_their_times_and_not_before(
    timers: Timers, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(timers_module, "time", clock)
    rung: list[int] = []
    done = threading.Event()
    for number in (3, 1, 4, 2):
        timers.start(number * 1000, functools.partial(rung.append, number))
    for now, expected in ((999, []), (2999, [1, 2]), (4000, [1, 2, 3, 4])):
        clock.now = now
        done.clear()
        timers.start(0, done.set)
        assert done.wait(SOON)
        assert rung == expected


def test_one_thread_waits_for_all_and_ends_after_the_last(timers: Timers) -> None:
    some = [timers.start(LONG - n, int) for n in range(3000)]
    assert len(threads(timers)) == 1
    for timer in some:
        timer.cancel()
        timer.cancel()
    until(lambda: not threads(timers))
    rung = threading.Event()
    timers.start(0, rung.set)
    assert rung.wait(SOON)
    until(lambda: not threads(timers))


def test_cancelled_timers_do_not_ring_and_are_let_go_of(timers: Timers) -> None:
    rung: list[int] = []
    last = threading.Event()
    for n in range(2000):
        timers.start(LONG, functools.partial(rung.append, n)).cancel()
    kept = timers.start(LONG, int)
    for n in range(2000):
        timers.start(LONG, functools.partial(rung.append, n)).cancel()
    assert len(timers._heap) < 200
    timers.start(MILLISECOND, last.set)
    assert last.wait(SOON)
    assert rung == []
    kept.cancel()


def test_a_timer_may_start_and_cancel_others(timers: Timers) -> None:
    rung: list[str] = []
    done = threading.Event()
    victim = timers.start(LONG, lambda: rung.append("victim"))

    def second() -> None:
        rung.append("second")
        done.set()

    def first() -> None:
        victim.cancel()
        rung.append("first")
        timers.start(0, second)

    timers.start(0, first)
    assert done.wait(SOON)
    assert rung == ["first", "second"]


def test_what_fails_is_told_and_the_others_ring(
    timers: Timers, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(sys, "excepthook", lambda *args: told.append(args[0]))

    def fail(kind: type[BaseException]) -> None:
        raise kind("of a timer")

    done = threading.Event()
    for kind in (ValueError, SystemExit, KeyboardInterrupt):
        timers.start(0, functools.partial(fail, kind))
    timers.start(MILLISECOND, done.set)
    assert done.wait(SOON)
    assert told == [ValueError, SystemExit, KeyboardInterrupt]


def test_where_no_thread_can_be_started_nothing_is_left(
    timers: Timers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="new thread"):
            timers.start(0, int)
    assert timers._live == 0
    rung = threading.Event()
    timers.start(0, rung.set)
    assert rung.wait(SOON)


def test_the_timers_of_many_threads_all_ring(timers: Timers, busy_switching: None) -> None:
    rung: list[int] = []
    begin = threading.Barrier(4)

    def start(number: int) -> None:
        begin.wait()
        for n in range(300):
            kept = timers.start(
                n % 7 * MILLISECOND // 4, functools.partial(rung.append, number * 300 + n)
            )
            dropped = timers.start(n % 5 * MILLISECOND // 4 + LONG, lambda: rung.append(-1))
            dropped.cancel()
            del kept

    several = [threading.Thread(target=start, args=(number,)) for number in range(4)]
    for thread in several:
        thread.start()
    for thread in several:
        thread.join(SOON)
    until(lambda: len(rung) >= 1200)
    assert sorted(rung) == list(range(1200))
    until(lambda: not threads(timers))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_has_timers_of_its_own(timers: Timers) -> None:
    """And those of the other process do not ring there, nor can a lock that was held be waited for."""
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with timers._lock:
            held.set()
            release.wait()

    other = timers.start(LONG, int)
    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    process = os.fork()
    if process == 0:
        status = 1
        try:
            timers.forked()
            other.cancel()
            rung = threading.Event()
            timers.start(MILLISECOND, rung.set)
            status = 0 if rung.wait(SOON) and timers._live == 0 else 2
        finally:
            os._exit(status)
    release.set()
    holder.join()
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    other.cancel()
    until(lambda: not threads(timers))
