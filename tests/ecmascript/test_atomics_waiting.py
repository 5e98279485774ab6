"""``Atomics.wait``, ``waitAsync`` and ``notify`` where threads wait and event loops run."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi import Atomics, BigInt64Array, Int32Array, SharedArrayBuffer
from pyjsapi.blocks.shared import SharedBlock


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0)  # lets another thread run


def block_of(array: Int32Array | BigInt64Array) -> SharedBlock:
    buffer = array.buffer
    assert isinstance(buffer, SharedArrayBuffer)
    return buffer._block


def wait_async(
    array: Int32Array | BigInt64Array, index: int = 0, timeout: float | None = None
) -> concurrent.futures.Future[str]:
    """The promise of a wait that begins where no event loop runs."""
    promise = Atomics.waitAsync(array, index, 0, timeout).value
    assert isinstance(promise, concurrent.futures.Future)
    return promise


def start(target: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


def test_sm_12_blocking_and_asynchronous_waiters_are_one_queue() -> None:
    array = Int32Array(SharedArrayBuffer(16))
    block = block_of(array)
    woken: list[str] = []

    def wait(name: str, kind: type[Int32Array | BigInt64Array]) -> Callable[[], None]:
        def run() -> None:
            assert Atomics.wait(kind(array.buffer), 0, 0) == "ok"
            woken.append(name)

        return run

    first = start(wait("first", Int32Array))
    until(lambda: block.waiting(0) == 1)
    second = wait_async(array)
    third = start(wait("third", BigInt64Array))
    until(lambda: block.waiting(0) == 3)
    fourth = wait_async(BigInt64Array(array.buffer))
    assert Atomics.notify(array, 0, 1) == 1
    first.join()
    assert (woken, second.done()) == (["first"], False)
    assert Atomics.notify(array, 0, 1) == 1
    assert (second.result(0), woken) == ("ok", ["first"])
    assert Atomics.notify(array, 0, 1) == 1
    third.join()
    assert (woken, fourth.done()) == (["first", "third"], False)
    assert Atomics.notify(array, 0) == 1
    assert fourth.result(0) == "ok"


@pytest.mark.parametrize("kind", [Int32Array, BigInt64Array])
def test_at_1_waiting_asynchronously(kind: type[Int32Array | BigInt64Array]) -> None:
    array = kind(SharedArrayBuffer(16))
    block = block_of(array)
    assert Atomics.waitAsync(array, 0, 1) == {"async": False, "value": "not-equal"}
    assert Atomics.waitAsync(array, 0, 0, 0) == {"async": False, "value": "timed-out"}
    assert block.waiting() == 0
    promises = [wait_async(array) for _ in range(3)]
    assert block.waiting(0) == 3
    assert Atomics.notify(array, 1) == 0
    assert Atomics.notify(array, 0, 0) == 0
    assert Atomics.notify(array, 0, -5) == 0
    assert Atomics.notify(array, 0, 1) == 1
    assert [promise.done() for promise in promises] == [True, False, False]
    assert Atomics.notify(array, 0) == 2
    assert [promise.result(0) for promise in promises] == ["ok"] * 3
    assert Atomics.notify(array, 0) == 0


def test_a_promise_that_is_cancelled_leaves_the_queue() -> None:
    array = Int32Array(SharedArrayBuffer(8))
    wait_async(array).cancel()
    assert block_of(array).waiting() == 0
    assert Atomics.notify(array, 0) == 0


def test_at_1_the_key_of_a_queue_is_the_byte() -> None:
    buffer = SharedArrayBuffer(64)
    promise = wait_async(Int32Array(buffer, 8), 2)
    assert Atomics.notify(Int32Array(buffer), 3) == 0
    assert Atomics.notify(BigInt64Array(buffer), 2) == 1
    assert promise.result(0) == "ok"


@pytest.mark.parametrize("timeout", [None, float("nan"), float("inf"), 1e300, 2**63 - 1, 10**400])
def test_at_1_timeouts_without_end_and_beyond_what_the_system_can_say(
    timeout: float | None,
) -> None:
    array = Int32Array(SharedArrayBuffer(16))
    results: list[str] = []
    thread = start(lambda: results.append(Atomics.wait(array, 3, 0, timeout)))
    until(lambda: block_of(array).waiting(12) == 1)
    promise = wait_async(array, 3, timeout)
    assert Atomics.notify(array, 3) == 2
    thread.join()
    assert (results, promise.result(0)) == (["ok"], "ok")


def test_at_1_a_wait_ends_with_its_time() -> None:
    array = Int32Array(SharedArrayBuffer(8))
    before = time.monotonic_ns()
    assert Atomics.wait(array, 0, 0, 1) == "timed-out"
    assert time.monotonic_ns() - before >= 1_000_000
    assert wait_async(array, 0, 1).result(60) == "timed-out"
    assert block_of(array).waiting() == 0


def test_at_1_promises_of_an_event_loop() -> None:
    array = Int32Array(SharedArrayBuffer(16))

    def awaitable(index: int = 0, timeout: float | None = None) -> asyncio.Future[str]:
        promise = Atomics.waitAsync(array, index, 0, timeout).value
        assert isinstance(promise, asyncio.Future)
        return promise

    async def main() -> None:
        promises = [awaitable(), awaitable(), awaitable(1, 1)]
        thread = start(lambda: Atomics.notify(array, 0))
        assert await asyncio.gather(*promises) == ["ok", "ok", "timed-out"]
        thread.join()
        awaitable().cancel()
        assert block_of(array).waiting() == 0

    asyncio.run(main())


def test_whoever_is_interrupted_leaves_the_queue() -> None:
    from pyjsapi.blocks.waiting import WaiterPolicy, set_policy

    array = Int32Array(SharedArrayBuffer(16))
    policy = WaiterPolicy()
    raised: list[BaseException] = []

    def wait() -> None:
        set_policy(policy)
        try:
            Atomics.wait(array, 0, 0)
        except KeyboardInterrupt as error:
            raised.append(error)

    thread = start(wait)
    until(lambda: block_of(array).waiting() == 1)
    policy.interrupt(KeyboardInterrupt())
    thread.join()
    assert len(raised) == 1
    assert Atomics.notify(array, 0) == 0


def test_many_waiters_and_notifiers_lose_nobody() -> None:
    """Every turn is handed on by one notification; one that is lost would leave all waiting."""
    array = Int32Array(SharedArrayBuffer(8))
    rounds, players = 150, 4

    def play(number: int) -> Callable[[], None]:
        def run() -> None:
            for turn in range(number, rounds, players):
                while (now := Atomics.load(array, 0)) != turn:
                    Atomics.wait(array, 0, now)
                Atomics.add(array, 0, 1)
                Atomics.notify(array, 0)

        return run

    threads = [start(play(number)) for number in range(players)]
    for thread in threads:
        thread.join(60)
    assert array[0] == rounds
