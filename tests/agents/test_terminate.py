"""Workers in threads that are terminated in the middle of something that must not stay half done."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import Agent, Atomics, Int32Array, SharedArrayBuffer, WebAssembly, Worker
from pyjsapi.agents import thread as thread_module
from pyjsapi.agents import worker as worker_module
from pyjsapi.agents.agent import WorkerTerminated
from pyjsapi.agents.worker import WorkerError

SOON = 60.0
ROUNDS = 12


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0)  # lets another thread run


class Counted:
    """Runs a function again and again, in a worker that is terminated after so many times."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.count = 0
        self._function = function

    def _run(self) -> None:
        while True:
            self._function()
            self.count += 1

    def end_after(self, times: int) -> None:
        worker = Worker(self._run)
        until(lambda: self.count >= times)
        worker.terminate()
        assert worker.join(SOON)


def repeatedly(function: Callable[[], Any]) -> None:
    for times in range(1, ROUNDS + 1):
        Counted(function).end_after(times)


# ---- places


def test_whoever_starts_threads_is_terminated(busy_switching: None) -> None:
    """Up to CPython 3.11 a thread that does not run yet has the identity of the one that starts it."""
    started: list[threading.Thread] = []

    def start() -> None:
        thread = threading.Thread(target=int)
        thread.start()
        started[:] = [thread]

    def wait() -> None:
        threading.Timer(0, int).start()

    before = threading.active_count()
    for function in (start, wait):
        repeatedly(function)
    until(lambda: threading.active_count() <= before)


def test_whoever_starts_timers_of_waits_is_terminated(busy_switching: None) -> None:
    buffer = SharedArrayBuffer(8)
    array = Int32Array(buffer)
    repeatedly(lambda: Atomics.waitAsync(array, 0, 0, 50))
    assert buffer._block.waiting() == 0


def test_whoever_posts_or_receives_all_the_time_is_terminated() -> None:
    def post(scope: Any) -> None:
        while True:
            scope.postMessage(None)

    def receive(scope: Any) -> None:
        while True:
            scope.receive()

    for target in (post, receive):
        worker = Worker(target)
        for _ in range(100):
            worker.postMessage(None)
        worker.terminate()
        assert worker.join(SOON)


def test_whoever_starts_workers_is_terminated_with_them() -> None:
    before = threading.active_count()

    def wait(scope: Any) -> None:
        scope.receive()

    repeatedly(lambda: Worker(wait))
    until(lambda: threading.active_count() <= before)


def test_whom_a_worker_has_started_goes_on_when_it_returns() -> None:
    inner: list[Worker] = []
    done = threading.Event()

    def wait(scope: Any) -> None:
        scope.receive()
        done.set()

    def outer() -> None:
        inner.append(Worker(wait))

    assert Worker(outer).join(SOON)
    inner[0].postMessage("go on")
    assert done.wait(SOON)


class Silent(logging.Handler):
    """A handler with a lock, which does nothing."""

    def emit(self, record: logging.LogRecord) -> None:
        pass


def test_no_lock_of_the_library_stays_locked(busy_switching: None) -> None:
    logger = logging.Logger("of a test")
    logger.addHandler(handler := Silent())

    def log() -> None:
        logger.warning("message")
        for _ in range(100):
            len("")

    for times in range(1, ROUNDS + 1):
        Counted(log).end_after(times)
        assert handler.lock is not None and handler.lock.acquire(timeout=SOON)
        handler.lock.release()


def test_a_module_is_imported_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, busy_switching: None
) -> None:
    (tmp_path / "imported_by_workers.py").write_text(
        "values = []\nfor n in range(2000):\n    values.append(n)\ndone = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def load() -> None:
        importlib.import_module("imported_by_workers")
        del sys.modules["imported_by_workers"]

    for times in range(1, ROUNDS + 1):
        Counted(load).end_after(times)
        module = sys.modules.get("imported_by_workers")
        assert module is None or module.done
        assert importlib.import_module("imported_by_workers").done
        del sys.modules["imported_by_workers"]


def test_finalisers_drop_nothing(monkeypatch: pytest.MonkeyPatch, busy_switching: None) -> None:
    dropped: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda found: dropped.append(found.exc_type))

    class Slow:
        def __del__(self) -> None:
            for _ in range(5):
                len("")

    repeatedly(Slow)
    # From CPython 3.13 on the exception may come a step late, and that step may be a finaliser's: it comes again.
    assert dropped == [] or (sys.version_info >= (3, 13) and {*dropped} == {WorkerTerminated})


def test_growth_is_known_to_all_or_to_nobody(busy_switching: None) -> None:
    for times in range(1, ROUNDS + 1):
        memory = WebAssembly.Memory(initial=1, maximum=1000, shared=True)
        buffer = memory.buffer
        assert isinstance(buffer, SharedArrayBuffer)
        block = buffer._block
        with Worker(lambda scope: scope.postMessage(scope.receive())) as other:
            other.postMessage(memory)
            same = other.receive(SOON)

        def grow(memory: Any = memory) -> None:
            if memory.buffer.byteLength < 900 * 65536:
                memory.grow(1)

        Counted(grow).end_after(times)
        assert len(same._memory.data) == len(memory._memory.data) == block.length
        assert memory.grow(1) == block.length // 65536 - 1
        assert len(same._memory.data) == block.length


# ---- ends


def test_a_task_that_suppresses_its_cancellation_is_terminated() -> None:
    async def stubborn(scope: Any) -> None:
        scope.postMessage("ready")
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await scope.receive_async()

    worker = Worker(stubborn)
    assert worker.receive(SOON) == "ready"
    worker.terminate()
    assert worker.join(SOON)


def test_tasks_beside_the_main_one_end_with_it() -> None:
    ended: list[str] = []

    async def spin(scope: Any) -> None:
        try:
            while True:
                await asyncio.sleep(0)
        finally:
            ended.append("spinning")

    async def main(scope: Any) -> None:
        task = asyncio.create_task(spin(scope))
        await asyncio.sleep(0)
        scope.postMessage("ready")
        await scope.receive_async()
        del task

    worker = Worker(main)
    assert worker.receive(SOON) == "ready"
    worker.terminate()
    assert worker.join(SOON)
    assert ended == ["spinning"]


def test_a_worker_may_terminate_itself() -> None:
    def run(scope: Any) -> None:
        worker: Worker = holder[scope.receive()]
        worker.terminate()
        while True:
            pass

    holder: dict[str, Worker] = {}
    holder["itself"] = worker = Worker(run)
    worker.postMessage("itself")
    assert worker.join(SOON)


def test_without_ctypes_a_worker_ends_where_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*rest: Any) -> None:
        raise ImportError("no ctypes")

    monkeypatch.setattr(thread_module, "raise_in", missing)
    monkeypatch.setattr(thread_module, "take_back", missing)

    def run(scope: Any) -> None:
        scope.postMessage("ready")
        scope.receive()

    worker = Worker(run)
    assert worker.receive(SOON) == "ready"
    worker.terminate()
    assert worker.join(SOON)


def test_whatever_goes_wrong_at_its_end_a_worker_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for it learns of it."""
    told: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", told.append)

    def fail(agent: Agent) -> None:
        raise RuntimeError("the end fails")

    monkeypatch.setattr(Agent, "end", fail)
    with pytest.raises(WorkerError, match="its end failed"):
        Worker(lambda: None).join(SOON)
    until(lambda: len(told) == 1)


def test_an_error_that_cannot_be_shown_is_an_error_all_the_same() -> None:
    class Hidden(Exception):
        def __str__(self) -> str:
            raise ValueError("not to be shown")

    def run() -> None:
        raise Hidden

    with pytest.raises(WorkerError, match="Hidden, which cannot be shown"):
        Worker(run).join(SOON)


def test_a_worker_that_cannot_be_started_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    before = len(worker_module._RUNNING)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="new thread"):
            Worker(int)
    assert len(worker_module._RUNNING) == before


def test_a_message_for_a_closed_event_loop_is_no_error() -> None:
    """It was closed while somebody awaited; the end of a worker is such a message too."""
    loop = asyncio.new_event_loop()

    def run(scope: Any) -> None:
        scope.receive()

    worker = Worker(run)
    waiting = loop.create_task(worker.receive_async())
    loop.run_until_complete(asyncio.sleep(0))
    kept = worker._futures[:]
    assert len(kept) == 1
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(waiting)
    loop.close()
    worker._futures[:] = kept
    worker.postMessage("end")
    assert worker.join(SOON)


PROGRAM = """
import sys
from pyjsapi import Worker
sys.setswitchinterval(1e-6)
async def target(scope):
    await scope.receive_async()
for _ in range(60):
    worker = Worker(target)
    worker.terminate()
    worker.join()
"""


def test_a_worker_that_is_terminated_as_it_starts_prints_nothing() -> None:
    """Not that a coroutine was never awaited."""
    program = subprocess.run(
        [sys.executable, "-X", "dev", "-c", PROGRAM],
        capture_output=True, text=True, timeout=2 * SOON,
    )  # fmt: skip
    assert (program.returncode, program.stderr) == (0, "")


def test_after_an_exception_that_was_dropped_a_good_place_is_looked_for_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a finaliser, say: where a thread is found in nothing else, it would be dropped there for ever."""
    asked: list[bool] = []

    def raise_in(_thread: object, _error: object, anywhere: bool) -> bool:
        asked.append(anywhere)
        return anywhere

    for name, value in {"raise_in": raise_in, "_SOON": 1, "_PATIENCE": 1, "_LOOKS": 3}.items():
        monkeypatch.setattr(thread_module, name, value)
    runs, release = threading.Event(), threading.Event()

    def work() -> None:
        runs.set()
        release.wait()

    worker = Worker(work)
    assert runs.wait(SOON)  # One that has not begun just does not.
    worker.terminate()
    until(lambda: len(asked) >= 8)
    release.set()
    assert worker.join(60)
    assert asked[:8] == [False, False, False, True] * 2
