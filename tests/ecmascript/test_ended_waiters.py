"""Waiters of agents that have ended, and of promises that nobody waits for: no notification is theirs.

Everything holds for a block of one process and for one that processes share.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi import Atomics, Int32Array, SharedArrayBuffer, Worker
from pyjsapi.blocks import timers
from pyjsapi.blocks.processes.block import share
from pyjsapi.blocks.shared import SharedBlock
from pyjsapi.blocks.waiting import Parked, WaiterPolicy, set_policy

SOON = 60.0
LONG = 10**7
"""Milliseconds that no test takes."""
CROSSING = hasattr(os, "fork")


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0)  # lets another thread run


@pytest.fixture(
    params=[
        "local",
        pytest.param("shared", marks=pytest.mark.skipif(not CROSSING, reason="no processes")),
    ]
)
def array(request: pytest.FixtureRequest) -> Int32Array:
    array = Int32Array(SharedArrayBuffer(64))
    if request.param == "shared":
        share(block(array))
    return array


def block(array: Int32Array) -> SharedBlock:
    buffer = array.buffer
    assert isinstance(buffer, SharedArrayBuffer)
    return buffer._block


def promise(
    array: Int32Array, timeout: int | None = None, *, index: int = 0
) -> concurrent.futures.Future[str]:
    """That of a wait that begins where no event loop runs."""
    found = Atomics.waitAsync(array, index, 0, timeout).value
    assert isinstance(found, concurrent.futures.Future)
    return found


class Live:
    """A thread that waits at the first element."""

    def __init__(self, array: Int32Array) -> None:
        self.results: list[str] = []
        before = block(array).waiting(0)
        self._thread = threading.Thread(
            target=lambda: self.results.append(Atomics.wait(array, 0, 0)), daemon=True
        )
        self._thread.start()
        until(lambda: block(array).waiting(0) == before + 1)

    def result(self) -> str:
        self._thread.join(SOON)
        return self.results[0]


def the_next_one_gets_it(array: Int32Array) -> None:
    """Nobody waits; and a notification is that of whoever comes now."""
    assert block(array).waiting() == 0
    assert Atomics.notify(array, 0) == 0
    live = Live(array)
    assert Atomics.notify(array, 0, 1) == 1
    assert live.result() == "ok"


async def arm(array: Int32Array, timeout: int | None = None) -> asyncio.Future[str]:
    found = Atomics.waitAsync(array, 0, 0, timeout).value
    assert isinstance(found, asyncio.Future)
    return found


# ---- agents that end


@pytest.mark.parametrize("timeout", [None, LONG])
def test_a_thread_that_ends_takes_its_waiters_along(array: Int32Array, timeout: int | None) -> None:
    promises: list[concurrent.futures.Future[str]] = []

    def run() -> None:
        promises.append(promise(array, timeout))
        Atomics.waitAsync(array, 0, 0, timeout)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(SOON)
    the_next_one_gets_it(array)
    # Whoever has the promise elsewhere need not wait for it.
    with pytest.raises(concurrent.futures.CancelledError):
        promises[0].result(SOON)
    assert concurrent.futures.wait(promises, SOON).done == set(promises)


@pytest.mark.parametrize("ended", ["returns", "fails", "terminated", "closes"])
@pytest.mark.parametrize("way", ["loop", "thread"])
def test_a_worker_that_ends_takes_its_waiters_along(
    array: Int32Array, ended: str, way: str
) -> None:
    def end(scope: Any) -> None:
        if ended == "fails":
            raise ValueError
        if ended == "closes":
            scope.onmessage = print
            scope.close()

    def without_loop(scope: Any) -> None:
        Atomics.waitAsync(array, 0, 0)
        scope.postMessage("armed")
        if ended == "terminated":
            scope.receive()
        end(scope)

    async def with_loop(scope: Any) -> None:
        Atomics.waitAsync(array, 0, 0)
        scope.postMessage("armed")
        if ended == "terminated":
            await scope.receive_async()
        end(scope)

    worker = Worker(with_loop if way == "loop" else without_loop)
    worker.onerror = lambda event: event.preventDefault()
    assert worker.receive(SOON) == "armed"
    if ended == "terminated":
        worker.terminate()
    assert worker.join(SOON)
    the_next_one_gets_it(array)


@pytest.mark.parametrize("timeout", [None, LONG])
def test_an_event_loop_that_is_closed_takes_its_waiters_along(
    array: Int32Array, timeout: int | None
) -> None:
    loop = asyncio.new_event_loop()
    kept = loop.run_until_complete(arm(array, timeout))
    assert block(array).waiting() == 1
    loop.close()
    the_next_one_gets_it(array)
    assert not kept.done()
    asyncio.run(arm(array, timeout))
    the_next_one_gets_it(array)


def test_an_event_loop_that_is_closed_leaves_nothing_in_the_queues() -> None:
    """Nobody need look first whether somebody is gone: another process could not."""
    array = Int32Array(SharedArrayBuffer(64))
    asyncio.run(arm(array))
    assert block(array)._queues._queues == {}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_an_event_loop_that_is_dropped_takes_its_waiters_along(array: Int32Array) -> None:
    loop = asyncio.new_event_loop()
    loop.run_until_complete(arm(array))
    del loop
    gc.collect()
    the_next_one_gets_it(array)


def test_a_thread_that_ends_leaves_its_open_event_loop_without_waiters(array: Int32Array) -> None:
    loop = asyncio.new_event_loop()
    promises: list[asyncio.Future[str]] = []
    thread = threading.Thread(target=lambda: promises.append(loop.run_until_complete(arm(array))))
    thread.start()
    thread.join(SOON)
    the_next_one_gets_it(array)
    with pytest.raises(asyncio.CancelledError):  # if the loop goes on elsewhere
        loop.run_until_complete(promises[0])
    loop.close()


def test_an_event_loop_that_goes_on_in_another_thread_keeps_what_began_there(
    array: Int32Array,
) -> None:
    loop = asyncio.new_event_loop()
    kept = loop.run_until_complete(arm(array))
    thread = threading.Thread(target=lambda: loop.run_until_complete(arm(array)))
    thread.start()
    thread.join(SOON)
    assert block(array).waiting() == 1
    assert Atomics.notify(array, 0) == 1
    assert loop.run_until_complete(kept) == "ok"
    loop.close()


def test_whoever_drops_a_promise_waits_on(array: Int32Array) -> None:
    """As in JavaScript: an agent that lives has its waiters, whoever else knows of them."""
    Atomics.waitAsync(array, 0, 0)

    async def main() -> None:
        Atomics.waitAsync(array, 0, 0)
        gc.collect()
        assert Atomics.notify(array, 0) == 2

    asyncio.run(main())
    assert block(array).waiting() == 0


# ---- promises that are cancelled


def test_a_promise_that_is_cancelled_is_not_counted_from_that_moment_on(array: Int32Array) -> None:
    async def main() -> None:
        cancelled, kept = await arm(array), await arm(array)
        assert cancelled.cancel()
        assert block(array).waiting() == 1
        assert Atomics.notify(array, 0, 1) == 1
        assert await kept == "ok"

    asyncio.run(main())
    other = promise(array, LONG)
    assert other.cancel()
    assert concurrent.futures.wait([other], SOON).done == {other}
    the_next_one_gets_it(array)


def test_a_notification_of_a_promise_that_is_cancelled_before_it_knows_passes_on(
    array: Int32Array,
) -> None:
    async def main() -> None:
        cancelled, kept = await arm(array), await arm(array)
        assert Atomics.notify(array, 0, 1) == 1
        assert cancelled.cancel()
        assert await asyncio.wait_for(kept, SOON) == "ok"
        assert block(array).waiting() == 0

    asyncio.run(main())


def test_a_notification_of_an_event_loop_that_is_closed_before_it_knows_passes_on(
    array: Int32Array,
) -> None:
    loop = asyncio.new_event_loop()
    loop.run_until_complete(arm(array))
    live = Live(array)
    assert Atomics.notify(array, 0, 1) == 1
    loop.close()
    assert live.result() == "ok"


def test_a_notification_of_whoever_is_interrupted_before_he_knows_passes_on(
    array: Int32Array,
) -> None:
    """He has been woken, but raises the exception that ends him."""

    class Late(WaiterPolicy):
        def park(self, lock: Parked, timeout: int) -> bool:
            super().park(lock, timeout)
            raise KeyError("too late")

    raised: list[BaseException] = []

    def run() -> None:
        set_policy(Late())
        try:
            Atomics.wait(array, 0, 0)
        except KeyError as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: block(array).waiting() == 1)
    live = Live(array)
    assert Atomics.notify(array, 0, 1) == 1
    thread.join(SOON)
    assert len(raised) == 1
    assert live.result() == "ok"
    assert block(array).waiting() == 0


def test_a_promise_that_the_program_settles_itself_is_not_woken(array: Int32Array) -> None:
    async def main() -> None:
        mine = await arm(array)
        mine.set_result("mine")
        assert block(array).waiting() == 0

    asyncio.run(main())
    promise(array).set_result("mine")
    the_next_one_gets_it(array)


def test_cancellation_and_notification_at_once_lose_nothing(
    array: Int32Array, busy_switching: None
) -> None:
    """Whatever comes first: of two waiters one notification wakes the one that was not cancelled."""
    for _ in range(100):
        cancelled, kept = promise(array), promise(array)
        thread = threading.Thread(target=cancelled.cancel)
        thread.start()
        Atomics.notify(array, 0, 1)
        thread.join(SOON)
        if cancelled.cancelled():
            assert kept.result(SOON) == "ok"
        else:
            assert (cancelled.result(0), kept.done()) == ("ok", False)
            assert Atomics.notify(array, 0) == 1
    assert block(array).waiting() == 0


# ---- timeouts


def test_waits_with_a_timeout_have_one_thread(array: Int32Array) -> None:
    count = 3000 if block(array).control is None else 1000
    before = threading.active_count()
    promises = [promise(array, LONG + n % 7) for n in range(count)]
    assert threading.active_count() <= before + 2  # and one that hears of other processes
    assert Atomics.notify(array, 0) == count
    assert {one.result(SOON) for one in promises} == {"ok"}
    promises = [promise(array, 1 + n % 3) for n in range(count)]
    assert {one.result(SOON) for one in promises} == {"timed-out"}
    until(lambda: threading.active_count() <= before)
    assert block(array).waiting() == 0


def test_what_a_promise_calls_may_wait_for_another(array: Int32Array) -> None:
    """It would wait for ever in the thread that both of them wait for."""
    results: list[str] = []
    done = threading.Event()
    last = promise(array, 2, index=1)
    last.add_done_callback(lambda _: None)

    def call(ended: concurrent.futures.Future[str]) -> None:
        results.append(ended.result())
        results.append(promise(array, 2, index=1).result(SOON))
        done.set()

    promise(array, 1).add_done_callback(call)
    assert done.wait(SOON)
    assert results == ["timed-out"] * 2


def test_a_wait_whose_timer_cannot_be_started_does_not_begin(
    array: Int32Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(nanoseconds: int, action: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(timers, "call_later", refuse)
    with pytest.raises(RuntimeError, match="new thread"):
        Atomics.waitAsync(array, 0, 0, LONG)
    the_next_one_gets_it(array)


# ---- forks, and the end of the program


@pytest.mark.skipif(not CROSSING, reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_in_a_fork_nobody_waits_who_waits_in_the_other_process(array: Int32Array) -> None:
    """His notification is not taken there either, and nothing that is held in the other process blocks this one."""
    live, other = Live(array), promise(array, LONG)
    is_shared = block(array).control is not None
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        if not is_shared:
            block(array).lock.__enter__()
        held.set()
        release.wait()
        if not is_shared:
            block(array).lock.__exit__(None, None, None)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    process = os.fork()
    if process == 0:
        status = 1
        try:
            found: list[int | str] = [block(array).waiting()]
            other.cancel()
            gc.collect()
            found.append(block(array).waiting())
            found.append(promise(array, 2, index=1).result(SOON))
            status = 0 if found == [2 * is_shared, 2 * is_shared, "timed-out"] else 2
        finally:
            os._exit(status)
    release.set()
    holder.join()
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    assert block(array).waiting() == 2
    assert Atomics.notify(array, 0) == 2
    assert (live.result(), other.result(SOON)) == ("ok", "ok")


PROGRAM = """
import asyncio, threading
from pyjsapi import Atomics, Int32Array, SharedArrayBuffer, Worker
from pyjsapi.blocks.processes.block import share
kept = []
for crossing in (False, True):
    array = Int32Array(SharedArrayBuffer(64))
    if crossing:
        share(array.buffer._block)
    kept.append(Atomics.waitAsync(array, 0, 0, 10**7).value)
    Atomics.waitAsync(array, 0, 0)
    async def arm():
        kept.append(Atomics.waitAsync(array, 0, 0, 10**7).value)
        Atomics.waitAsync(array, 0, 0)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(arm())
    kept.append(loop)
    def run(scope):
        Atomics.waitAsync(array, 0, 0, 10**7)
        scope.postMessage(1)
        scope.receive()
    kept.append(Worker(run))
    kept[-1].receive()
    thread = threading.Thread(target=lambda: Atomics.wait(array, 0, 0), daemon=True)
    thread.start()
print("the end")
"""


@pytest.mark.skipif(not CROSSING, reason="no processes")
def test_a_program_ends_silently_whoever_waits() -> None:
    program = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM], capture_output=True, text=True, timeout=SOON
    )
    assert (program.returncode, program.stdout, program.stderr) == (0, "the end\n", "")
