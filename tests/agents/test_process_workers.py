"""Workers that are processes: what crosses, how they end, and that nothing is left of them."""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import (
    Atomics,
    DataCloneError,
    Int32Array,
    MessageChannel,
    SharedArrayBuffer,
    WebAssembly,
    Worker,
    wat2wasm,
)
from pyjsapi.agents import process
from pyjsapi.agents.worker import WorkerError
from pyjsapi.blocks.processes.futex import is_alive
from tests.agents import process_targets

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")

PAGE = 65536
ROOT = Path(__file__).resolve().parents[2]

MODULE = """
(module
  (memory (import "env" "memory") 1 1000 shared)
  (func (export "add") (param $address i32) (param $count i32) (result i32)
    (loop $again
      (drop (i32.atomic.rmw.add (local.get $address) (i32.const 1)))
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (i32.atomic.load (local.get $address)))
  (func (export "grow") (param $times i32) (result i32) (local $sum i32) (local $old i32)
    ;; counts what failed
    (loop $again
      (local.set $old (memory.grow (i32.const 1)))
      (if (i32.eq (local.get $old) (i32.const -1))
        (then (local.set $sum (i32.add (local.get $sum) (i32.const 1))))
        ;; the old size is the number of a byte, in which every size is counted once
        (else (drop (i32.atomic.rmw8.add_u (local.get $old) (i32.const 1)))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum))
  ;; the Overview's mutex
  (func $lock (param $address i32)
    (loop $retry
      (if (i32.atomic.rmw.cmpxchg (local.get $address) (i32.const 0) (i32.const 1))
        (then
          (drop (memory.atomic.wait32 (local.get $address) (i32.const 1) (i64.const -1)))
          (br $retry)))))
  (func $unlock (param $address i32)
    (i32.atomic.store (local.get $address) (i32.const 0))
    (drop (memory.atomic.notify (local.get $address) (i32.const 1))))
  (func (export "guarded") (param $times i32) (result i32)
    (loop $again
      (call $lock (i32.const 2000))
      (i32.store (i32.const 2004) (i32.add (i32.load (i32.const 2004)) (i32.const 1)))
      (call $unlock (i32.const 2000))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (i32.load (i32.const 2004)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "wait") (param $address i32) (result i32)
    (memory.atomic.wait32 (local.get $address) (i32.const 0) (i64.const -1))))
"""


def start(target: str) -> Worker:
    return Worker(f"{process_targets.__name__}:{target}", kind="process")


def shared(initial: int, maximum: int) -> WebAssembly.Memory:
    return WebAssembly.Memory(initial=initial, maximum=maximum, shared=True)


def until(condition: Callable[[], Any]) -> None:
    while not condition():
        time.sleep(0)  # lets others run


def waiting(memory: WebAssembly.Memory, address: int) -> int:
    buffer = memory.buffer
    assert isinstance(buffer, SharedArrayBuffer)
    return buffer._block.waiting(address)


@pytest.fixture(scope="module")
def module() -> WebAssembly.Module:
    return WebAssembly.Module(wat2wasm(MODULE))


@pytest.fixture
def four(module: WebAssembly.Module) -> Iterator[tuple[WebAssembly.Memory, list[Worker]]]:
    """A memory, and four workers that have instances on it."""
    memory = shared(1, 1000)
    workers = [start("instance") for _ in range(4)]
    for worker in workers:
        worker.postMessage([module, memory])
    yield memory, workers
    for worker in workers:
        worker.postMessage(None)
        assert worker.join(60)


def call(workers: list[Worker], name: str, *arguments: Any) -> list[Any]:
    for worker in workers:
        worker.postMessage([name, arguments])
    return [worker.receive() for worker in workers]


def test_a_module_has_the_same_engine_in_the_worker(module: WebAssembly.Module) -> None:
    lowered = WebAssembly.Module(module._compiled.data, engine="lowered")
    with start("engine") as worker:
        worker.postMessage(lowered)
        name, back = worker.receive()
    assert (name, back.engine) == ("lowered", "lowered")


Four = tuple[WebAssembly.Memory, list[Worker]]


def test_cl_3_sm_15_wt_6_programs_of_four_processes(four: Four) -> None:
    """Increments are exact, guarded ones too; of concurrent growths each gets another size."""
    memory, workers = four
    call(workers, "add", 3000, 2500)
    cells = Int32Array(memory.buffer)
    assert Atomics.load(cells, 750) == 10_000
    call(workers, "guarded", 250)
    assert cells[501] == 1000
    failed = call(workers, "grow", 250)
    assert sum(failed) == 1
    assert memory.type()["minimum"] == 1000
    counts = bytes(memory.buffer.mv[:1000])
    assert counts == bytes([0] + [1] * 999)


def test_sm_12_notify_wakes_waiters_of_several_processes_in_order(four: Four) -> None:
    memory, workers = four
    cells = Int32Array(memory.buffer)
    for count, worker in enumerate(workers):
        worker.postMessage(["wait", [4000]])
        until(lambda: waiting(memory, 4000) == count + 1)  # noqa: B023
    assert Atomics.notify(cells, 1000, 1) == 1
    assert workers[0].receive() == 0
    assert Atomics.notify(cells, 1000) == 3
    assert [worker.receive() for worker in workers[1:]] == [0, 0, 0]


def test_a_memory_that_its_maker_drops_lives_on_where_others_wait(
    module: WebAssembly.Module,
) -> None:
    workers = [start("instance") for _ in range(2)]
    memory = shared(1, 2)
    for worker in workers:
        worker.postMessage([module, memory])
    workers[0].postMessage(["wait", [2000]])
    while waiting(memory, 2000) != 1:
        time.sleep(0)
    del memory
    gc.collect()
    assert call(workers[1:], "guarded", 1) == [1]
    assert workers[0].receive() == 0
    for worker in workers:
        worker.terminate()
        assert worker.join(60)


def test_sm_6_growth_in_a_worker_is_seen_here(four: Four) -> None:
    memory, workers = four
    buffer, growable = memory.buffer, shared(1, 4).toResizableBuffer()
    assert call(workers[:1], "grow", 2) == [0]
    assert memory.buffer is not buffer
    assert (buffer.byteLength, memory.buffer.byteLength) == (PAGE, 3 * PAGE)
    assert growable.byteLength == PAGE


def test_wt_7_a_message_is_enough_to_reach_what_was_there_before_it(
    four: Four, module: WebAssembly.Module
) -> None:
    """Plain accesses of an instance that nobody told of the growth."""
    memory, workers = four
    exports = WebAssembly.Instance(module, {"env": {"memory": memory}}).exports
    with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
        exports.load(2 * PAGE)
    assert call(workers[:1], "grow", 3) == [0]
    assert exports.load(2 * PAGE) == 0
    assert exports.load(4 * PAGE - 4) == 0


def test_values_of_all_kinds_come_back() -> None:
    with start("echo") as worker:
        memory = shared(1, 4)
        memory.toResizableBuffer()
        block = SharedArrayBuffer(5)
        values: list[Any] = [1, -(2**70), 2.5, "\ud800", b"bytes", {"a": {1, 2}}, memory, memory]
        values += [block, Int32Array([1, 2]), None, True]
        worker.postMessage(values)
        back = worker.receive()
        assert back[:6] == values[:6]
        assert back[6] is back[7] is not memory
        assert back[6].buffer.growable
        back[6].buffer.mv[3] = 9
        assert memory.buffer.mv[3] == 9
        assert back[6].grow(2) == 1
        assert memory.buffer.byteLength == 3 * PAGE
        assert (back[8] is not block, back[8].byteLength, back[8].growable) == (True, 5, False)
        back[8].mv[4] = 7
        assert block.mv[4] == 7
        assert (list(back[9]), back[10], back[11]) == ([1, 2], None, True)


def test_a_memory_that_cannot_arrive_is_an_error_for_who_reads_the_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(descriptor: int) -> None:
        os.close(descriptor)
        raise OSError("no room left")

    with start("make_memory") as worker:
        monkeypatch.setattr(process, "attach", refuse)
        with pytest.raises(DataCloneError, match="did not arrive"):
            worker.receive()


def test_large_messages_in_both_directions_do_not_wait_for_each_other() -> None:
    with start("echo") as worker:
        data = bytes(range(256)) * 8192
        for _ in range(4):
            worker.postMessage(data)
        for _ in range(4):
            assert worker.receive() == data


def test_cl_2_what_cannot_cross_does_not() -> None:
    memory = WebAssembly.Memory(initial=1)
    with start("echo") as worker:
        for value in (memory, lambda: 1, object()):
            with pytest.raises(DataCloneError):
                worker.postMessage(value)
        with pytest.raises(DataCloneError):
            worker.postMessage(1, [shared(1, 1)])
        worker.postMessage("still there")
        assert worker.receive() == "still there"
    with pytest.raises(DataCloneError, match="by name"):
        Worker(lambda: None, kind="process")


def test_a_memory_of_one_worker_is_used_by_all() -> None:
    with start("make_memory") as maker, start("echo") as other:
        memory = maker.receive()
        cells = Int32Array(memory.buffer)
        assert cells[0] == 42
        other.postMessage(memory)
        again = other.receive()
        until(lambda: waiting(again, 4) == 1)
        assert Atomics.notify(Int32Array(again.buffer), 1) == 1
        third, buffer, growable = maker.receive()
        assert memory.buffer.byteLength == buffer.byteLength == 2 * PAGE
        assert third.buffer.mv[0] == 42
        assert (growable.growable, growable.byteLength, growable.maxByteLength) == (True, 8, 64)


def test_ports_cross_and_are_relayed_between_processes() -> None:
    with (
        start("through_port") as first,
        start("through_port") as second,
        start("make_port") as third,
    ):
        channel = MessageChannel()
        for worker, name, port in (
            (first, "first", channel.port1),
            (second, "second", channel.port2),
        ):
            worker.postMessage({"port": port, "name": name}, [port])
        port = third.receive()
        port.postMessage(["hello"])
        assert third.receive() == ["hello"]


@pytest.mark.parametrize(
    ("name", "class_"), [("RuntimeError", WebAssembly.RuntimeError), ("KeyError", KeyError)]
)
def test_an_error_reaches_onerror_with_class_message_and_traceback(
    name: str, class_: type[Exception]
) -> None:
    events: list[Any] = []
    worker = start("fail")
    worker.onerror = events.append
    worker.postMessage(name)
    assert worker.join(60)
    (event,) = events
    assert "it failed" in event.message
    assert event.filename.endswith("process_targets.py")
    assert "in fail" in event.stack
    assert event.lineno > 0
    if name == "RuntimeError":
        assert isinstance(event.error, class_)


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("exit", "status 3"),
        ("kill", "SIGKILL"),
        ("crash", "SIGSEGV"),
        ("grandchild", "status 5"),
        ("fork", "status 6"),
    ],
)
def test_a_worker_that_dies_is_an_error_after_its_last_words(way: str, reason: str) -> None:
    worker = start("end_by")
    worker.postMessage(way)
    assert worker.receive() == "last words"
    with pytest.raises(WorkerError, match=reason):
        worker.receive()
    assert worker.join(60)
    worker.postMessage("to nobody")
    events: list[Any] = []
    worker = start("end_by")
    worker.onerror = events.append
    worker.postMessage(way)
    assert worker.join(60)
    assert [reason in event.message for event in events] == [True]


def test_sys_exit_is_an_orderly_end() -> None:
    worker = start("end_by")
    worker.postMessage("sys.exit")
    assert worker.receive() == "last words"
    assert worker.join(60)


@pytest.mark.parametrize("way", ["loop", "sleep", "wait", "lock", "receive"])
def test_terminate_ends_a_worker_in_any_state(way: str) -> None:
    """And what it held or waited for is free for the others."""
    memory = shared(1, 3)
    cells = Int32Array(memory.buffer)
    worker = start("hang")
    worker.postMessage([way, memory])
    until(lambda: cells[0])
    if way == "wait":
        until(lambda: waiting(memory, 4) == 1)
    worker.terminate()
    worker.terminate()
    assert worker.join(60)
    assert Atomics.notify(cells, 1) == 0
    assert memory.grow(1) == 1
    assert Atomics.add(cells, 0, 1) == 1


def test_a_worker_is_terminated_before_it_has_started() -> None:
    worker = start("hang")
    worker.terminate()
    assert worker.join(60)


def test_workers_see_the_path_directory_and_environment_of_their_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYJSAPI_TEST", "set")
    monkeypatch.chdir(tmp_path)
    with start("describe") as worker:
        pid, directory, argv, variable, path = worker.receive()
    assert pid != os.getpid()
    assert (directory, argv, variable, path) == (os.getcwd(), sys.argv, "set", sys.path)


def test_a_worker_has_workers_and_functions_to_call_at_exit() -> None:
    memory = shared(1, 2)
    worker = start("nest")
    worker.postMessage(memory)
    worker.receive().buffer.mv[7] = 7
    assert memory.buffer.mv[7] == 7
    assert worker.receive() == "at exit"
    assert worker.join(60)


@pytest.mark.parametrize("kind_of_path", [str, Path])
def test_a_script_can_be_a_process(tmp_path: Path, kind_of_path: Any) -> None:
    script = tmp_path / "worker.py"
    script.write_text("value = await_me = receive()\npostMessage([__name__, value + 1])\n")
    with Worker(kind_of_path(script), kind="process") as worker:
        worker.postMessage(1)
        assert worker.receive() == ["__worker__", 2]


def test_when_the_server_dies_its_workers_end_and_the_next_one_starts_another() -> None:
    worker = start("echo")
    worker.postMessage(1)
    assert worker.receive() == 1
    number = worker._backend.process  # type: ignore[attr-defined]
    server = process.fork_server()
    os.kill(server._process.pid, signal.SIGKILL)
    with pytest.raises(WorkerError, match="out of reach"):
        worker.receive()
    assert worker.join(60)
    until(lambda: not is_alive(number))
    with start("echo") as other:
        other.postMessage(2)
        assert other.receive() == 2
        assert process.fork_server() is not server


PROGRAM = """
import os, signal, sys
from pyjsapi import Int32Array, WebAssembly, Worker
memory = WebAssembly.Memory(initial=1, maximum=1, shared=True)
workers = [Worker("tests.agents.process_targets:hang", kind="process") for _ in range(2)]
for worker, way in zip(workers, ("loop", "wait")):
    worker.postMessage([way, memory])
while not Int32Array(memory.buffer)[0]:
    pass
numbers = [worker._backend.process for worker in workers]
print(*numbers, workers[0]._backend._server._process.pid, flush=True)
{end}
"""


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), signal.SIGKILL)", "sys.exit()"])
def test_nothing_outlives_the_program(end: str) -> None:
    """No `if __name__ == "__main__"` is needed either."""
    code = PROGRAM.format(end=end)
    program = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert program.stderr == ""
    numbers = list(map(int, program.stdout.split()))
    assert len(numbers) == 3
    until(lambda: not any(map(is_alive, numbers)))


def resources() -> tuple[int, int, set[str], list[str]]:
    gc.collect()
    files = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    names = set(os.listdir("/dev/shm")) if os.path.exists("/dev/shm") else set()
    return threading.active_count(), files, {n for n in names if "pyjsapi" in n}, children()


def children() -> list[str]:
    """The processes of the server and its own."""
    server = process.fork_server()._process.pid
    found = Path(f"/proc/{server}/task/{server}/children")
    return found.read_text().split() if found.exists() else []


def test_of_200_workers_nothing_is_left() -> None:
    """No threads, descriptors, segments or processes, however the workers ended."""
    memory = shared(1, 2)
    cells = Int32Array(memory.buffer)
    with start("nothing") as worker:
        worker.postMessage(memory)
    before = resources()
    for round_ in range(20):
        workers = [start("nothing" if number % 2 else "hang") for number in range(10)]
        for number, worker in enumerate(workers):
            if number % 2 == 0:
                worker.postMessage(["wait", memory])
        if round_ % 2:
            until(lambda: waiting(memory, 4) == 5)
        for worker in workers[::2]:
            worker.terminate()
        for worker in workers:
            assert worker.join(60)
        assert Atomics.notify(cells, 1) == 0
        del workers, worker
    until(lambda: threading.active_count() <= before[0] and children() == before[3])
    until(lambda: resources()[1] <= before[1])
    # Names of other processes come and go.
    until(lambda: resources()[2] <= before[2] and resources()[3] == before[3])


def test_cl_3_what_pickle_stores_is_refused_and_what_multiprocessing_sends_is_shared(
    module: WebAssembly.Module,
) -> None:
    memory = shared(1, 4)
    with pytest.raises(DataCloneError):
        pickle.dumps(memory)
    context = multiprocessing.get_context("spawn")
    import pyjsapi.agents.pickling

    assert vars(pyjsapi.agents.pickling)["Memory"] is WebAssembly.Memory
    queue, answers = context.Queue(), context.Queue()
    child = context.Process(
        target=process_targets.queue_user, args=(queue, answers, memory, module)
    )
    child.start()
    queue.put(memory)
    assert answers.get(timeout=60) == [True, 5, 1]
    child.join()
    cells = Int32Array(memory.buffer)
    assert (cells[0], cells[2], memory.buffer.byteLength) == (2, 5, 2 * PAGE)
    for one in (queue, answers):
        one.close()
        one.join_thread()
