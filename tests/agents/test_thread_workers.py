"""Workers in threads: targets, messages, errors, and how they end."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import (
    Agent,
    Atomics,
    DataCloneError,
    Int32Array,
    MessageChannel,
    SharedArrayBuffer,
    WebAssembly,
    Worker,
    null,
    wat2wasm,
)
from pyjsapi.agents.agent import WorkerTerminated
from pyjsapi.agents.events import MessageEvent
from pyjsapi.agents.kinds import WorkerKind
from pyjsapi.agents.ports import PortClosed
from pyjsapi.agents.scope import WorkerScope, worker_scope
from pyjsapi.agents.worker import WorkerError

SOON = 60.0
"""Seconds after which something counts as hanging."""


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0)  # lets another thread run


def echo(scope: Any) -> None:
    """A target with an importable name."""
    for _ in range(2):
        scope.postMessage(scope.receive())


def handle(scope: Any) -> None:
    def answer(event: Any) -> None:
        if event.data == "close":
            scope.close()
        scope.postMessage(["got", event.data])

    scope.onmessage = answer


# ---- targets


def test_a_function_with_a_scope_and_one_without() -> None:
    with Worker(echo, name="Eve") as worker:
        worker.postMessage([1])
        worker.postMessage(2)
        assert [worker.receive(SOON), worker.receive(SOON)] == [[1], 2]
        assert worker.join(SOON)
    ran = threading.Event()
    assert Worker(ran.set).join(SOON)
    assert ran.is_set()
    names: list[str] = []
    with Worker(lambda scope: names.append(scope.name), {"name": "Ada"}) as worker:
        assert worker.join(SOON)
    assert names == ["Ada"]


def test_a_function_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "named_target.py").write_text(
        "class C:\n    @staticmethod\n    def f(s): s.postMessage(s.name)"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with Worker("named_target:C.f", name="N") as worker:
        assert worker.receive(SOON) == "N"


SCRIPT = """
import pyjsapi
values = [receive()]
def onmessage(event):
    values.append(event.data)
    if len(values) == 3:
        postMessage([__name__, self.name, values])
        close()
"""
ASYNC_SCRIPT = """
async for value in self:
    postMessage(value + 1)
    break
"""


@pytest.mark.parametrize("kind", [str, Path])
def test_a_script(tmp_path: Path, kind: Any) -> None:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    with Worker(kind(path), name="s") as worker:
        for number in range(3):
            worker.postMessage(number)
        assert worker.receive(SOON) == ["__worker__", "s", [0, 1, 2]]
        assert worker.join(SOON)


@pytest.mark.parametrize("kind", ["thread", "process"])
def test_a_script_has_the_names_that_the_package_exports(tmp_path: Path, kind: WorkerKind) -> None:
    path = tmp_path / "script.py"
    path.write_text(
        "module = WebAssembly.Module(wat2wasm('(module (memory (export \"m\") 2))'))\n"
        "memory = WebAssembly.Instance(module).exports.m\n"
        "shared = Int32Array(SharedArrayBuffer(4))\n"
        "postMessage([Uint8Array(memory.buffer).length, Atomics.add(shared, 0, 5), null])\n"
        "postMessage([isinstance(self, MessagePort), Worker.__name__, structuredClone((1, 2))])\n"
    )
    with Worker(str(path), kind=kind) as worker:
        assert worker.receive(SOON) == [2 * 65536, 0, null]
        assert worker.receive(SOON) == [False, "Worker", (1, 2)]


def test_a_script_that_awaits(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(ASYNC_SCRIPT)
    with Worker(str(path)) as worker:
        worker.postMessage(41)
        assert worker.receive(SOON) == 42


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("no_such_module_here:f", "no_such_module_here"),
        ("json:no_such_name", "no_such_name"),
    ],
)
def test_a_name_that_is_none_is_an_error_of_the_worker(target: Any, message: str) -> None:
    with Worker(target) as worker, pytest.raises(WorkerError, match=message):
        worker.receive(SOON)


@pytest.mark.parametrize("kind", ["thread", "process"])
def test_what_cannot_be_a_target_is_refused_at_once(kind: WorkerKind) -> None:
    expected = (
        "^the target 'nonsense' must be 'module:function' or the path of a script ending in .py$"
    )
    with pytest.raises(TypeError, match=expected):
        Worker("nonsense", kind=kind)
    with pytest.raises(
        TypeError, match=r"^the target must be a callable, a name or a path, not 5$"
    ):
        Worker(5, kind=kind)  # type: ignore[arg-type]
    for missing in ("/no/such/script.py", Path("/no/such/script"), Path("/")):
        with pytest.raises(FileNotFoundError, match="there is no such script") as caught:
            Worker(missing, kind=kind)
        assert caught.value.filename == str(missing)


def test_a_thread_where_no_kind_is_named() -> None:
    with Worker(echo) as worker:
        assert worker.kind == "thread"


def test_a_kind_that_is_elsewhere() -> None:
    expected = (
        r"^workers of kind 'web' exist in Pyodide only; here there is 'thread' and 'process'$"
    )
    with pytest.raises(ValueError, match=expected):
        Worker(echo, kind="web")


def test_an_unknown_kind() -> None:
    with pytest.raises(ValueError, match="'thread', 'process' or 'web'"):
        Worker(echo, kind="fibre")  # type: ignore[arg-type]


# ---- messages


def test_a_worker_with_a_handler_lives_until_it_closes() -> None:
    with Worker(handle) as worker:
        for message in ("a", "close", "lost"):
            worker.postMessage(message)
        assert worker.join(SOON)
        assert [worker.receive(0), worker.receive(0)] == [["got", "a"], ["got", "close"]]
        with pytest.raises(PortClosed):
            worker.receive(0)


def test_handlers_of_the_starter_run_while_it_waits() -> None:
    got: list[Any] = []
    with Worker(handle) as worker:
        worker.onmessage = lambda event: got.append(event.data[1])
        for message in (1, 2, "close"):
            worker.postMessage(message)
        assert worker.join(SOON)
    assert got == [1, 2, "close"]


def test_event_loops_on_both_sides() -> None:
    async def answer(scope: WorkerScope) -> None:
        assert worker_scope() is scope

        def last(event: MessageEvent) -> None:
            scope.postMessage(event.data)
            scope.close()

        async for number in scope:
            await asyncio.sleep(0)
            scope.postMessage(number * 2)
            if number == 2:
                scope.onmessage = last
                break

    async def main() -> list[Any]:
        with Worker(answer) as worker:
            for number in (1, 2, 3):
                worker.postMessage(number)
            return [data async for data in worker]

    assert asyncio.run(main()) == [2, 4, 3]
    assert worker_scope() is None


def test_what_cannot_be_cloned_is_told_to_whoever_posts() -> None:
    with Worker(handle) as worker:
        with pytest.raises(DataCloneError):
            worker.postMessage(lambda: None)
        worker.postMessage("still there")
        assert worker.receive(SOON) == ["got", "still there"]


def test_modules_and_memories_cross() -> None:
    def add(scope: Any) -> None:
        module, memory = scope.receive()
        WebAssembly.Instance(module, {"env": {"m": memory}}).exports.add(20)
        scope.postMessage([memory, memory.buffer])

    text = """(memory (import "env" "m") 1 1 shared)
      (func (export "add") (param i32) (drop (i32.atomic.rmw.add (i32.const 4) (local.get 0))))"""
    memory = WebAssembly.Memory(initial=1, maximum=1, shared=True)
    array = Int32Array(memory.buffer)
    array[1] = 1
    with Worker(add) as worker:
        worker.postMessage([WebAssembly.Module(wat2wasm(text)), memory])
        returned, buffer = worker.receive(SOON)
    assert array[1] == Int32Array(returned.buffer)[1] == Int32Array(buffer)[1] == 21
    assert returned is not memory


def test_sm_6_growth_in_a_worker_is_seen_at_the_next_access_of_buffer() -> None:
    memory = WebAssembly.Memory(initial=1, maximum=3, shared=True)
    other = WebAssembly.Memory(initial=1, maximum=3, shared=True)
    before, others = memory.buffer, other.buffer
    with Worker(lambda scope: scope.postMessage(scope.receive().grow(2))) as worker:
        worker.postMessage(memory)
        assert worker.receive(SOON) == 1
    assert memory.buffer is not before
    assert (memory.buffer.byteLength, before.byteLength) == (3 * 65536, 65536)
    assert memory.buffer is memory.buffer
    assert other.buffer is others


def test_sm_7_growth_in_a_worker_is_seen_by_a_growable_buffer_at_once() -> None:
    memory = WebAssembly.Memory(initial=1, maximum=4, shared=True)
    buffer = memory.toResizableBuffer()
    with Worker(lambda scope: scope.postMessage(scope.receive().grow(3))) as worker:
        worker.postMessage(buffer and memory)
        assert worker.receive(SOON) == 1
    assert (memory.buffer is buffer, buffer.byteLength) == (True, 4 * 65536)


def test_a_worker_starts_workers_of_its_own() -> None:
    def outer(scope: Any) -> None:
        with Worker(echo) as inner:
            inner.postMessage(scope.receive() + 1)
            scope.postMessage(inner.receive(SOON))

    with Worker(outer) as worker:
        worker.postMessage(1)
        assert worker.receive(SOON) == 2


# ---- errors


def fail() -> None:
    raise ValueError("of the worker")


def test_an_error_reaches_onerror() -> None:
    events: list[Any] = []
    with Worker(fail) as worker:
        worker.onerror = events.append
        assert worker.join(SOON)
        Agent.current().run_tasks()
    (event,) = events
    assert (event.type, event.message, event.target) == ("error", "of the worker", worker)
    assert isinstance(event.error, ValueError)
    assert event.filename == __file__
    assert "def" not in event.message
    assert "in fail" in event.stack
    assert event.lineno > 0


def test_an_error_does_not_hang_whoever_waits() -> None:
    for take in ("receive", "join"):
        with Worker(fail) as worker, pytest.raises(WorkerError, match="of the worker") as caught:
            getattr(worker, take)(SOON)
        assert isinstance(caught.value.__cause__, ValueError)
        assert caught.value.event is not None

    async def main() -> None:
        with Worker(fail) as worker, pytest.raises(WorkerError):
            await worker.receive_async()

    asyncio.run(main())


def test_an_error_in_a_handler_does_not_end_the_worker() -> None:
    def listen(scope: Any) -> None:
        def divide(event: Any) -> None:
            scope.postMessage(12 // event.data)

        scope.onmessage = divide

    async def listen_async(scope: Any) -> None:
        listen(scope)

    for target in (listen, listen_async):
        with Worker(target) as worker:
            events: list[Any] = []
            worker.onerror = events.append
            for number in (0, 3, 0, 4):
                worker.postMessage(number)
            assert [worker.receive(SOON), worker.receive(SOON)] == [4, 3]
            Agent.current().run_tasks()
            assert [type(event.error) for event in events] == [ZeroDivisionError] * 2


def test_a_trap_in_a_worker_is_a_runtime_error() -> None:
    def trap() -> None:
        module = WebAssembly.Module(wat2wasm('(func (export "f") unreachable)'))
        WebAssembly.Instance(module).exports.f()

    with Worker(trap) as worker, pytest.raises(WorkerError, match="unreachable") as caught:
        worker.receive(SOON)
    cause = caught.value.__cause__
    assert isinstance(cause, WebAssembly.RuntimeError)
    assert [(frame.name, frame.line, frame.column) for frame in cause.wasm_frames] == [("f", 1, 20)]
    assert caught.value.event is not None
    assert cause.__notes__[0] in caught.value.event.stack


def test_an_error_that_nobody_asks_for_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    worker = Worker(fail)
    while not worker._over:
        time.sleep(0)
    del worker
    gc.collect()
    assert "of the worker" in capsys.readouterr().err


def test_sys_exit_ends_a_worker_in_order() -> None:
    def leave() -> None:
        raise SystemExit(3)

    assert Worker(leave).join(SOON)


# ---- ending


def wait_in_atomics(scope: Any) -> None:
    Atomics.wait(Int32Array(scope.receive()), 0, 0)


def wait_in_wasm(scope: Any) -> None:
    memory = scope.receive()
    text = """(memory (import "env" "m") 1 1 shared)
      (func (export "wait") (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))"""
    WebAssembly.Instance(WebAssembly.Module(wat2wasm(text)), {"env": {"m": memory}}).exports.wait()


@pytest.mark.parametrize("target", [wait_in_atomics, wait_in_wasm])
def test_a_worker_that_waits_for_a_notification_is_terminated(target: Any) -> None:
    memory = WebAssembly.Memory(initial=1, maximum=1, shared=True)
    buffer = memory.buffer
    assert isinstance(buffer, SharedArrayBuffer)
    block = buffer._block
    with Worker(target) as worker:
        worker.postMessage(memory.buffer if target is wait_in_atomics else memory)
        until(lambda: block.waiting(0) == 1)
        worker.terminate()
        assert worker.join(SOON)
    assert block.waiting() == 0
    assert Atomics.notify(Int32Array(memory.buffer), 0) == 0


def test_a_worker_that_waits_for_a_message_is_terminated() -> None:
    def on_port(scope: Any) -> None:
        scope.postMessage("ready")
        MessageChannel().port1.receive()

    async def asleep(scope: Any) -> None:
        scope.postMessage("ready")
        await scope.receive_async()

    def receiving(scope: Any) -> None:
        scope.postMessage("ready")
        scope.receive()

    def handling(scope: Any) -> None:
        scope.onmessage = print
        scope.postMessage("ready")

    for target in (on_port, asleep, receiving, handling):
        with Worker(target) as worker:
            assert worker.receive(SOON) == "ready"
            worker.terminate()
            worker.terminate()
            assert worker.join(SOON)
            with pytest.raises(PortClosed):
                worker.receive(SOON)


LOOPS = """
  (memory (export "m") 1) (tag $t)
  (func (export "plain") (param $f i32) (i32.store (i32.const 0) (i32.const 1)) (loop $l (br $l)))
  (func $recurse (export "recurse") (param i32) (loop $l (if (i32.lt_u (local.get 0) (i32.const 50))
    (then (call $recurse (i32.add (local.get 0) (i32.const 1))))) (br $l)))
  (func (export "catching") (param i32)
    (loop $l (block $h (try_table (catch_all $h) (loop $m (br $m)))) (br $l)))
"""


@pytest.mark.parametrize("name", ["plain", "recurse", "catching"])
def test_an_endless_loop_of_wasm_is_terminated(name: str) -> None:
    entered = threading.Event()

    def spin() -> None:
        exports = WebAssembly.Instance(WebAssembly.Module(wat2wasm(LOOPS))).exports
        entered.set()
        exports[name](0)

    with Worker(spin) as worker:
        assert entered.wait(SOON)
        worker.terminate()
        assert worker.join(SOON)


def test_termination_is_no_exception_that_programs_catch() -> None:
    caught: list[BaseException] = []
    entered = threading.Event()

    def stubborn() -> None:
        try:
            entered.set()
            while True:
                pass
        except Exception as error:
            caught.append(error)
        finally:
            entered.clear()

    with Worker(stubborn) as worker:
        assert entered.wait(SOON)
        worker.terminate()
        assert worker.join(SOON)
    assert (caught, entered.is_set()) == ([], False)
    assert not issubclass(WorkerTerminated, Exception)


def test_a_worker_that_catches_its_termination_gets_it_again() -> None:
    entered = threading.Event()
    caught: list[BaseException] = []

    def stubborn() -> None:
        while len(caught) < 2:
            try:
                entered.set()
                while True:
                    pass
            except BaseException as error:
                caught.append(error)

    with Worker(stubborn) as worker:
        assert entered.wait(SOON)
        worker.terminate()
        assert worker.join(SOON)
    assert [type(error) for error in caught] == [WorkerTerminated] * 2


def test_a_worker_that_is_terminated_at_once_runs_nothing_or_little() -> None:
    async def asleep(scope: Any) -> None:
        await scope.receive_async()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for target in (handle, echo, asleep) * 20:
            worker = Worker(target)
            worker.terminate()
            worker.terminate()
            assert worker.join(SOON)
    finally:
        sys.setswitchinterval(interval)


def test_messages_of_a_terminated_worker_are_lost() -> None:
    def chatter(scope: Any) -> None:
        while True:
            scope.postMessage("x")

    with Worker(chatter) as worker:
        worker.receive(SOON)
        worker.terminate()
        assert worker.join(SOON)
        with pytest.raises(PortClosed):
            worker.receive(0)
        worker.postMessage("to nobody")


def test_others_wait_on_when_a_waiter_is_terminated_or_the_memory_is_dropped() -> None:
    buffer = SharedArrayBuffer(8)
    block = buffer._block
    workers = []
    for position in range(3):
        worker = Worker(wait_in_atomics)
        worker.postMessage(buffer)
        until(lambda: block.waiting(0) == position + 1)  # noqa: B023
        workers.append(worker)
    workers[0].terminate()
    assert workers[0].join(SOON)
    del buffer
    gc.collect()
    assert block.waiting(0) == 2
    assert block.notify(0, 5) == 2
    assert all(worker.join(SOON) for worker in workers)


def test_200_workers_leave_no_threads_descriptors_or_objects() -> None:
    def once(count: int) -> None:
        memory = WebAssembly.Memory(initial=1, maximum=1, shared=True)
        workers = [Worker(handle if n % 2 else wait_in_atomics) for n in range(count)]
        for number, worker in enumerate(workers):
            worker.postMessage(memory if number % 2 else memory.buffer)
        for number, worker in enumerate(workers):
            if number % 2:
                assert worker.receive(SOON)[0] == "got"
        for worker in workers:
            worker.terminate()
        assert all(worker.join(SOON) for worker in workers)

    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0

    once(4)
    gc.collect()
    before = (threading.active_count(), descriptors())
    alive = sum(isinstance(thing, Worker) for thing in gc.get_objects())
    for _ in range(5):
        once(40)
    gc.collect()
    until(lambda: threading.active_count() <= before[0])
    gc.collect()  # what the last threads left
    assert descriptors() <= before[1]
    assert sum(isinstance(thing, Worker) for thing in gc.get_objects()) <= alive
