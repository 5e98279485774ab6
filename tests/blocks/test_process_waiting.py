"""Waiting in several processes: one queue, whoever sleeps, listens, leaves or dies."""

from __future__ import annotations

import os
import threading
import time

import pytest

from pyjsapi.blocks.processes import block as process_block
from pyjsapi.blocks.processes import control, futex
from pyjsapi.blocks.waiting import WaiterPolicy, set_policy
from pyjsapi.runtime import atomics
from pyjsapi.syntax.errors import Trap
from tests.blocks.processes import (
    WITHOUT_END,
    block_of,
    kill,
    result,
    shared,
    start,
    stop,
    until,
)

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="memories cross to processes as file descriptors"
)


@pytest.mark.usefixtures("means")
def test_waiters_of_all_processes_are_one_queue() -> None:
    """SM-12: woken in the order in which they came, whatever process they are in."""
    memory = shared(1, 1)
    waiting = "result = atomics.wait(memory, 16, 4, 0, WITHOUT_END)"
    first = start(memory, waiting)
    until(lambda: block_of(memory).waiting(16) == 1)
    woken: list[int] = []
    second = threading.Thread(
        target=lambda: woken.append(atomics.wait(memory, 16, 8, 0, WITHOUT_END))
    )
    second.start()
    until(lambda: block_of(memory).waiting(16) == 2)
    asynchronous = threading.Event()
    block_of(memory).wait_async(16, 4, 0, asynchronous.set)
    last = start(memory, waiting)
    until(lambda: block_of(memory).waiting(16) == 4)
    assert atomics.notify(memory, 16, 0) == 0
    assert atomics.notify(memory, 20, 1) == 0
    assert atomics.notify(memory, 16, 1) == 1
    assert result(first) == 0
    assert (woken, asynchronous.is_set()) == ([], False)
    child = start(memory, "result = atomics.notify(memory, 16, 2)")
    assert result(child) == 2
    second.join()
    asynchronous.wait()
    assert woken == [0]
    assert block_of(memory).waiting(16) == 1
    assert atomics.notify(memory, 16, (1 << 32) - 1) == 1
    assert result(last) == 0


@pytest.mark.usefixtures("means")
def test_a_wait_ends_with_its_time_or_does_not_begin() -> None:
    """SM-10"""
    memory = shared(1, 1)
    process_block.share(block_of(memory))
    begin = time.monotonic_ns()
    assert atomics.wait(memory, 0, 4, 0, 1_000_000) == 2
    assert time.monotonic_ns() - begin >= 1_000_000
    assert atomics.wait(memory, 0, 4, 1, WITHOUT_END) == 1
    waiter = block_of(memory).wait_async(0, 4, 0, lambda: None)
    assert waiter is not None
    assert block_of(memory).withdraw(waiter)
    assert not block_of(memory).withdraw(waiter)
    assert block_of(memory).wait_async(0, 4, 1, lambda: None) is None
    assert atomics.notify(memory, 0, 1) == 0
    assert block_of(memory).waiting() == 0


@pytest.mark.usefixtures("means")
def test_a_process_that_dies_while_it_waits_swallows_no_notification() -> None:
    memory = shared(1, 1)
    dead = start(memory, "atomics.wait(memory, 8, 4, 0, WITHOUT_END)")
    until(lambda: block_of(memory).waiting(8) == 1)
    belled = start(memory, "import time; block.wait_async(8, 4, 0, print); time.sleep(1000)")
    until(lambda: block_of(memory).waiting(8) == 2)
    alive = start(memory, "result = atomics.wait(memory, 8, 4, 0, WITHOUT_END)")
    until(lambda: block_of(memory).waiting(8) == 3)
    kill(dead)
    kill(belled)
    assert atomics.notify(memory, 8, 1) == 1
    assert result(alive) == 0
    assert block_of(memory).waiting() == 0


@pytest.mark.usefixtures("means")
def test_who_died_while_it_waited_waits_no_more() -> None:
    """Nobody need notify to find out."""
    memory = shared(1, 1)
    for code in (
        "atomics.wait(memory, 8, 4, 0, WITHOUT_END)",
        "import time; block.wait_async(8, 4, 0, print); time.sleep(1000)",
    ):
        dead = start(memory, code)
        until(lambda: block_of(memory).waiting(8) == 1)
        kill(dead)
        until(lambda: block_of(memory).waiting() == 0)


@pytest.mark.skipif(futex.best_parking() == futex.POLLING, reason="needs futex")
@pytest.mark.parametrize("kind", ["sleeping", "belled"])
def test_a_notification_of_who_dies_before_it_knows_passes_on(kind: str) -> None:
    """The process stands still when it is notified, and is killed then."""
    memory = shared(1, 1)
    stopped = start(
        memory,
        "atomics.wait(memory, 8, 4, 0, WITHOUT_END)"
        if kind == "sleeping"
        else "import time; block.wait_async(8, 4, 0, print); time.sleep(1000)",
    )
    until(lambda: block_of(memory).waiting(8) == 1)
    stop(stopped, memory)
    alive = start(memory, "result = atomics.wait(memory, 8, 4, 0, WITHOUT_END)")
    until(lambda: block_of(memory).waiting(8) == 2)
    assert atomics.notify(memory, 8, 1) == 1
    assert block_of(memory).waiting(8) == 1
    kill(stopped)
    assert result(alive) == 0
    assert block_of(memory).waiting() == 0


@pytest.mark.usefixtures("means")
@pytest.mark.parametrize("way", ["cancelled", "closed", "thread"])
def test_who_has_left_in_another_process_takes_no_notification_of_this_one(way: str) -> None:
    memory = shared(1, 1)
    child = start(memory, LEAVING.replace("WAY", repr(way)))
    until(lambda: block_of(memory).waiting(8) == 1)
    assert atomics.notify(memory, 8, 1) == 1
    until(lambda: block_of(memory).waiting(4) == 1)
    assert block_of(memory).waiting(12) == 0
    assert atomics.notify(memory, 12, 9) == 0
    assert atomics.notify(memory, 4, 1) == 1
    assert result(child) == way


LEAVING = """
import asyncio, threading
from pyjsapi import Atomics, Int32Array
def arm():
    return Atomics.waitAsync(Int32Array(view), 3, 0, 10**7).value
from pyjsapi.jsapi.memory import memory_object
view = memory_object(memory).buffer
async def main():
    promise = arm()
    if WAY == "cancelled":
        promise.cancel()
    if WAY != "closed":
        rest()
def rest():
    atomics.wait(memory, 8, 4, 0, WITHOUT_END)
    atomics.wait(memory, 4, 4, 0, WITHOUT_END)
if WAY == "thread":
    thread = threading.Thread(target=arm)
    thread.start()
    thread.join()
    rest()
else:
    asyncio.run(main())
    if WAY == "closed":
        rest()
result = WAY
"""


@pytest.mark.usefixtures("means")
def test_a_promise_whose_time_is_over_when_it_is_notified_is_settled() -> None:
    """Another process has notified it, and this one has not heard the bell yet."""
    memory = shared(1, 1)
    process_block.share(block_of(memory))
    woken: list[int] = []
    waiter = block_of(memory).wait_async(8, 4, 0, lambda: woken.append(1))
    page = block_of(memory).control
    assert waiter is not None and waiter.slot is not None and page is not None
    with page.lock:
        page._words[control._STATES + waiter.slot] = control.NOTIFIED
    assert not block_of(memory).withdraw(waiter)
    assert woken == [1]
    assert block_of(memory).waiting() == 0


@pytest.mark.usefixtures("means")
def test_a_bell_that_cannot_be_heard_takes_no_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    memory = shared(1, 1)
    process_block.share(block_of(memory))
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="new thread"):
            block_of(memory).wait_async(8, 4, 0, print)
    assert block_of(memory).waiting() == 0
    assert atomics.notify(memory, 8, 1) == 0
    woken = threading.Event()
    assert block_of(memory).wait_async(8, 4, 0, woken.set) is not None
    assert atomics.notify(memory, 8, 1) == 1
    assert woken.wait(60)


def test_waiting_can_be_interrupted(means: str) -> None:
    memory = shared(1, 1)
    process_block.share(block_of(memory))
    policy = WaiterPolicy()
    raised: list[BaseException] = []

    def wait() -> None:
        set_policy(policy)
        try:
            atomics.wait(memory, 0, 4, 0, WITHOUT_END)
        except KeyError as error:
            raised.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    until(lambda: block_of(memory).waiting() == 1)
    error = KeyError("enough")
    policy.interrupt(error)
    thread.join()
    assert raised == [error]
    assert block_of(memory).waiting() == 0


def test_more_waiters_than_slots_are_refused() -> None:
    memory = shared(1, 1)
    process_block.share(block_of(memory))
    waiters = [block_of(memory).wait_async(0, 4, 0, int) for _ in range(control.SLOTS)]
    with pytest.raises(OSError, match="no more can"):
        block_of(memory).wait_async(0, 4, 0, int)
    with pytest.raises(Trap, match="no more can"):
        atomics.wait(memory, 0, 4, 0, WITHOUT_END)
    assert waiters[5] is not None and block_of(memory).withdraw(waiters[5])
    assert block_of(memory).wait_async(0, 4, 0, int) is not None
    assert atomics.notify(memory, 0, (1 << 32) - 1) == control.SLOTS


def test_an_agent_that_need_not_sleep_does_not() -> None:
    """What another process is about to write is waited for awake, and that counts as another value."""
    memory = shared(1, 1)
    child = start(
        memory,
        "for turn in range(0, 400, 2):\n"
        "    while atomics.load(memory, 0, 4) != turn + 1: atomics.wait(memory, 0, 4, turn, -1)\n"
        "    atomics.store(memory, 0, 4, turn + 2)\n"
        "    atomics.notify(memory, 0, 1)\n",
    )
    for turn in range(0, 400, 2):
        atomics.store(memory, 0, 4, turn + 1)
        atomics.notify(memory, 0, 1)
        while atomics.load(memory, 0, 4) != turn + 2:
            assert atomics.wait(memory, 0, 4, turn + 1, WITHOUT_END) in (0, 1)
    result(child)
    assert block_of(memory).waiting() == 0


def test_a_waiter_that_ends_as_soon_as_it_is_notified_was_woken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Even where it is gone when the notifier asks whether it is alive."""
    memory = shared(1, 1)
    waiter = start(memory, "result = atomics.wait(memory, 0, 4, 0, WITHOUT_END)")
    until(lambda: block_of(memory).waiting() == 1)
    page = block_of(memory).control
    assert page is not None
    wake = page.parking.wake

    def wake_and_see_the_end(index: int) -> None:
        wake(index)
        assert result(waiter) == 0

    monkeypatch.setattr(type(page.parking), "wake", lambda _, index: wake_and_see_the_end(index))
    assert atomics.notify(memory, 0, 1) == 1
