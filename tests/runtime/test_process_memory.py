"""Shared memories of several processes: one length, one order of atomic accesses, one queue of waiters."""

from __future__ import annotations

import gc
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import Worker
from pyjsapi.agents.process import ProcessBackend
from pyjsapi.agents.worker import WorkerError
from pyjsapi.blocks.processes import block as process_block
from pyjsapi.blocks.processes import control, futex, locks, machine, segment
from pyjsapi.blocks.waiting import WaiterPolicy, set_policy
from pyjsapi.jsapi.memory import memory_object
from pyjsapi.runtime import atomics
from pyjsapi.runtime.memory import MemInst, new_memory
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import I32, MemType
from pyjsapi.validation.limits import Limits

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="memories cross to processes as file descriptors"
)

PAGE = 65536
WITHOUT_END = (1 << 64) - 1


def shared(minimum: int, maximum: int) -> MemInst:
    memory = new_memory(MemType(I32, minimum, maximum, shared=True), Limits())
    assert isinstance(memory, MemInst)
    return memory


def start(memory: MemInst, code: str) -> Worker:
    """Another process that shares the memory and runs ``code``."""
    worker = Worker("tests.runtime.process_child:run", kind="process")
    worker.postMessage([memory_object(memory), code])
    return worker


def result(worker: Worker) -> Any:
    """What the code called ``result``, once its process has ended well."""
    found = worker.receive()
    assert worker.join(60)
    return found


def number(worker: Worker) -> int:
    """That of its process."""
    backend = worker._backend
    assert isinstance(backend, ProcessBackend)
    until(lambda: backend.process is not None)
    assert backend.process is not None
    return backend.process


def state(process: int) -> str:
    """A letter: ``T`` of one that has been stopped."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


def stop(worker: Worker, memory: MemInst) -> None:
    """Let the process stand still, where it does not hold the lock of the memory: nobody could go on then."""
    lock = memory.block.lock
    assert isinstance(lock, locks.RobustMutex)
    process = number(worker)
    while True:
        os.kill(process, signal.SIGSTOP)
        until(lambda: state(process) == "T")
        if not lock._functions.trylock(lock._address):
            lock.__exit__()
            return
        os.kill(process, signal.SIGCONT)
        until(lambda: state(process) != "T")


def kill(worker: Worker) -> None:
    """End the process at once."""
    os.kill(number(worker), signal.SIGKILL)
    died(worker)


def died(worker: Worker) -> None:
    """Wait for the end of a process that kills itself."""
    with pytest.raises(WorkerError, match="SIGKILL"):
        worker.receive()
    assert worker.join(60)


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0)  # lets others run


@pytest.fixture(params=["native", "fallback"])
def means(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With all that Linux and `ctypes` offer, or with what every POSIX system has."""
    if request.param == "fallback":
        monkeypatch.setattr(futex, "best_parking", lambda: futex.POLLING)
        monkeypatch.setattr(locks, "best_kind", lambda: locks.FILE)
        monkeypatch.setattr(machine, "library", lambda: None)
        monkeypatch.delattr(os, "memfd_create", raising=False)
    return str(request.param)


def test_a_block_says_how_its_accesses_are_atomic(means: str) -> None:
    memory = shared(1, 1)
    assert memory.block.backend == "gil"
    process_block.share(memory.block)
    assert memory.block.remote
    page = memory.block.control
    assert page is not None
    if means == "fallback":
        assert (page.backend, page.parking.name) == ("lock", "polling")
        assert isinstance(page.lock, locks.FileLock)
    else:
        assert page.backend == ("lock" if machine.library() is None else "libatomic")
        assert page.parking.name == futex.best_parking()
    assert memory.block.backend == page.backend


@pytest.mark.usefixtures("means")
def test_what_was_there_before_is_there_after_the_memory_crossed() -> None:
    """Bytes, views, the size and those who wait stay."""
    memory = shared(2, 5)
    view = memory.data
    view[5] = 7
    woken: list[int] = []
    thread = threading.Thread(
        target=lambda: woken.append(atomics.wait(memory, 64, 4, 0, WITHOUT_END))
    )
    thread.start()
    until(lambda: memory.block.waiting(64) == 1)
    done = threading.Event()
    assert memory.block.wait_async(64, 4, 0, done.set) is not None
    child = start(
        memory,
        "memory.data[6] = 8\nresult = [memory.data[5], memory.pages, block.waiting(64),"
        " atomics.notify(memory, 64, 9)]",
    )
    assert result(child) == [7, 2, 2, 2]
    thread.join()
    done.wait()
    assert (woken, view[6]) == ([0], 8)
    assert memory.block.waiting() == 0


def test_no_write_of_an_atomic_access_is_lost(means: str) -> None:
    """SM-15 with 4 processes: additions, and a store that no addition can undo."""
    memory = shared(1, 1)
    count = 4000 if means == "native" else 1000
    children = [
        start(
            memory,
            f"for _ in range({count}):\n"
            "    atomics.rmw_add(memory, 8, 4, 1)\n"
            "    atomics.rmw_sub(memory, 16, 8, 1)\n"
            "    atomics.rmw_xor(memory, 12, 1, 1)\n"
            "    atomics.rmw_add(memory, 24, 2, 1)\n"
            "    while True:\n"
            "        old = atomics.load(memory, 32, 4)\n"
            "        if atomics.rmw_cmpxchg(memory, 32, 4, old, old + 1) == old: break\n",
        )
        for _ in range(3)
    ]
    for _ in range(count):
        atomics.rmw_add(memory, 8, 4, 1)
    stored = 1 << 20
    atomics.store(memory, 40, 4, stored)
    for child in children:
        result(child)
    total = 3 * count
    assert atomics.load(memory, 8, 4) == total + count
    assert atomics.load(memory, 16, 8) == (1 << 64) - total
    assert atomics.load(memory, 12, 1) == total & 1
    assert atomics.load(memory, 24, 2) == total & 0xFFFF
    assert atomics.load(memory, 32, 4) == total
    assert atomics.load(memory, 40, 4) == stored


@pytest.mark.usefixtures("means")
def test_of_concurrent_growths_each_gets_another_size() -> None:
    """WT-6 with 4 processes, of which this is one."""
    memory = shared(1, 1000)
    grow = "[memory.grow(1) for _ in range(250)]"
    children = [start(memory, f"result = {grow}") for _ in range(3)]
    results = [[memory.grow(1) for _ in range(250)], *map(result, children)]
    for found in results:
        assert [size for size in found if size >= 0] == sorted({*found} - {-1})
    assert sorted(size for found in results for size in found) == [-1, *range(1, 1000)]
    assert memory.pages == 1000
    assert len(memory.data) == 1000 * PAGE


@pytest.mark.usefixtures("means")
def test_whoever_sees_what_came_after_growth_reaches_the_new_bytes() -> None:
    """WT-7 with processes: an atomic load is enough, and so is being notified."""
    memory = shared(1, 4)
    older = memory.data
    child = start(
        memory,
        "memory.grow(1); atomics.store(memory, 2 * PAGE - 4, 4, 9); atomics.store(memory, 0, 4, 1)\n"
        "while not block.waiting(4): pass\n"
        "memory.grow(1); result = atomics.notify(memory, 4, 1)",
    )
    until(lambda: atomics.load(memory, 0, 4) == 1)
    assert len(memory.data) == 2 * PAGE
    assert memory.u32[2 * PAGE // 4 - 1] == 9
    assert atomics.wait(memory, 4, 4, 0, WITHOUT_END) == 0
    assert len(memory.data) == 3 * PAGE
    assert result(child) == 1
    assert len(older) == PAGE
    memory.fill(2 * PAGE, 5, PAGE)
    assert memory.data[3 * PAGE - 1] == 5


@pytest.mark.usefixtures("means")
def test_waiters_of_all_processes_are_one_queue() -> None:
    """SM-12: woken in the order in which they came, whatever process they are in."""
    memory = shared(1, 1)
    waiting = "result = atomics.wait(memory, 16, 4, 0, WITHOUT_END)"
    first = start(memory, waiting)
    until(lambda: memory.block.waiting(16) == 1)
    woken: list[int] = []
    second = threading.Thread(
        target=lambda: woken.append(atomics.wait(memory, 16, 8, 0, WITHOUT_END))
    )
    second.start()
    until(lambda: memory.block.waiting(16) == 2)
    asynchronous = threading.Event()
    memory.block.wait_async(16, 4, 0, asynchronous.set)
    last = start(memory, waiting)
    until(lambda: memory.block.waiting(16) == 4)
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
    assert memory.block.waiting(16) == 1
    assert atomics.notify(memory, 16, (1 << 32) - 1) == 1
    assert result(last) == 0


@pytest.mark.usefixtures("means")
def test_a_wait_ends_with_its_time_or_does_not_begin() -> None:
    """SM-10"""
    memory = shared(1, 1)
    process_block.share(memory.block)
    begin = time.monotonic_ns()
    assert atomics.wait(memory, 0, 4, 0, 1_000_000) == 2
    assert time.monotonic_ns() - begin >= 1_000_000
    assert atomics.wait(memory, 0, 4, 1, WITHOUT_END) == 1
    waiter = memory.block.wait_async(0, 4, 0, lambda: None)
    assert waiter is not None
    assert memory.block.withdraw(waiter)
    assert not memory.block.withdraw(waiter)
    assert memory.block.wait_async(0, 4, 1, lambda: None) is None
    assert atomics.notify(memory, 0, 1) == 0
    assert memory.block.waiting() == 0


@pytest.mark.usefixtures("means")
def test_a_process_that_dies_with_the_lock_does_not_block_the_others() -> None:
    memory = shared(1, 3)
    dies = "import os, signal; block.lock.__enter__(); os.kill(os.getpid(), signal.SIGKILL)"
    died(start(memory, dies))
    assert memory.grow(1) == 1
    atomics.rmw_add(memory, 0, 4, 1)
    assert atomics.notify(memory, 0, 1) == 0
    assert result(start(memory, "result = [memory.grow(1), memory.pages]")) == [2, 3]


@pytest.mark.usefixtures("means")
def test_a_process_that_dies_while_it_waits_swallows_no_notification() -> None:
    memory = shared(1, 1)
    dead = start(memory, "atomics.wait(memory, 8, 4, 0, WITHOUT_END)")
    until(lambda: memory.block.waiting(8) == 1)
    belled = start(memory, "import time; block.wait_async(8, 4, 0, print); time.sleep(1000)")
    until(lambda: memory.block.waiting(8) == 2)
    alive = start(memory, "result = atomics.wait(memory, 8, 4, 0, WITHOUT_END)")
    until(lambda: memory.block.waiting(8) == 3)
    kill(dead)
    kill(belled)
    assert atomics.notify(memory, 8, 1) == 1
    assert result(alive) == 0
    assert memory.block.waiting() == 0


@pytest.mark.usefixtures("means")
def test_who_died_while_it_waited_waits_no_more() -> None:
    """Nobody need notify to find out."""
    memory = shared(1, 1)
    for code in (
        "atomics.wait(memory, 8, 4, 0, WITHOUT_END)",
        "import time; block.wait_async(8, 4, 0, print); time.sleep(1000)",
    ):
        dead = start(memory, code)
        until(lambda: memory.block.waiting(8) == 1)
        kill(dead)
        until(lambda: memory.block.waiting() == 0)


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
    until(lambda: memory.block.waiting(8) == 1)
    stop(stopped, memory)
    alive = start(memory, "result = atomics.wait(memory, 8, 4, 0, WITHOUT_END)")
    until(lambda: memory.block.waiting(8) == 2)
    assert atomics.notify(memory, 8, 1) == 1
    assert memory.block.waiting(8) == 1
    kill(stopped)
    assert result(alive) == 0
    assert memory.block.waiting() == 0


@pytest.mark.usefixtures("means")
@pytest.mark.parametrize("way", ["cancelled", "closed", "thread"])
def test_who_has_left_in_another_process_takes_no_notification_of_this_one(way: str) -> None:
    memory = shared(1, 1)
    child = start(memory, LEAVING.replace("WAY", repr(way)))
    until(lambda: memory.block.waiting(8) == 1)
    assert atomics.notify(memory, 8, 1) == 1
    until(lambda: memory.block.waiting(4) == 1)
    assert memory.block.waiting(12) == 0
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
    process_block.share(memory.block)
    woken: list[int] = []
    waiter = memory.block.wait_async(8, 4, 0, lambda: woken.append(1))
    page = memory.block.control
    assert waiter is not None and waiter.slot is not None and page is not None
    with page.lock:
        page._words[control._STATES + waiter.slot] = control.NOTIFIED
    assert not memory.block.withdraw(waiter)
    assert woken == [1]
    assert memory.block.waiting() == 0


@pytest.mark.usefixtures("means")
def test_a_bell_that_cannot_be_heard_takes_no_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    memory = shared(1, 1)
    process_block.share(memory.block)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="new thread"):
            memory.block.wait_async(8, 4, 0, print)
    assert memory.block.waiting() == 0
    assert atomics.notify(memory, 8, 1) == 0
    woken = threading.Event()
    assert memory.block.wait_async(8, 4, 0, woken.set) is not None
    assert atomics.notify(memory, 8, 1) == 1
    assert woken.wait(60)


def test_waiting_can_be_interrupted(means: str) -> None:
    memory = shared(1, 1)
    process_block.share(memory.block)
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
    until(lambda: memory.block.waiting() == 1)
    error = KeyError("enough")
    policy.interrupt(error)
    thread.join()
    assert raised == [error]
    assert memory.block.waiting() == 0


def test_more_waiters_than_slots_are_refused() -> None:
    memory = shared(1, 1)
    process_block.share(memory.block)
    waiters = [memory.block.wait_async(0, 4, 0, int) for _ in range(control.SLOTS)]
    with pytest.raises(OSError, match="no more can"):
        memory.block.wait_async(0, 4, 0, int)
    with pytest.raises(Trap, match="no more can"):
        atomics.wait(memory, 0, 4, 0, WITHOUT_END)
    assert waiters[5] is not None and memory.block.withdraw(waiters[5])
    assert memory.block.wait_async(0, 4, 0, int) is not None
    assert atomics.notify(memory, 0, (1 << 32) - 1) == control.SLOTS


def test_the_same_segment_is_the_same_block() -> None:
    memory = shared(1, 2)
    identity, descriptor = process_block.share(memory.block)
    assert process_block.share(memory.block) == (identity, descriptor)
    assert process_block.attach(os.dup(descriptor)) is memory.block
    assert process_block.attached(identity) is memory.block
    del memory
    gc.collect()
    assert process_block.attached(identity) is None


def test_other_files_are_not_attached_to() -> None:
    gc.collect()
    before = open_files()
    for content in (b"", bytes(1 << 17)):
        with tempfile.TemporaryFile() as file:
            file.write(content)
            file.flush()
            with pytest.raises(OSError, match="segment"):
                process_block.attach(os.dup(file.fileno()))
    gc.collect()
    until(lambda: open_files() <= before)


def test_without_a_segment_only_threads_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment, "_open_unnamed", no_descriptor)
    memory = shared(1, 3)
    with pytest.raises(OSError, match="no shared bytes"):
        process_block.share(memory.block)
    assert memory.grow(2) == 1
    assert atomics.rmw_add(memory, 0, 4, 1) == 0


def no_descriptor() -> int:
    raise OSError("too many open files")


def open_files() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0


@pytest.fixture
def names_in_shm() -> Iterator[Callable[[], set[str]]]:
    yield (
        lambda: (
            {name for name in os.listdir("/dev/shm") if name.startswith("pyjsapi")}
            if os.path.exists("/dev/shm")
            else set()
        )
    )


@pytest.mark.usefixtures("means")
def test_nothing_is_left_of_a_memory(names_in_shm: Callable[[], set[str]]) -> None:
    """Not after its last process let go of it, nor while it lives: a killed process cannot leave anything."""
    result(start(shared(1, 1), ""))
    gc.collect()
    files, names = open_files(), names_in_shm()
    memory = shared(1, 2)
    kill(start(memory, "atomics.wait(memory, 8, 4, 0, WITHOUT_END)"))
    until(lambda: names_in_shm() <= names)  # those of other processes come and go
    del memory
    gc.collect()
    until(lambda: open_files() <= files)


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
    assert memory.block.waiting() == 0


def test_a_waiter_that_ends_as_soon_as_it_is_notified_was_woken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Even where it is gone when the notifier asks whether it is alive."""
    memory = shared(1, 1)
    waiter = start(memory, "result = atomics.wait(memory, 0, 4, 0, WITHOUT_END)")
    until(lambda: memory.block.waiting() == 1)
    page = memory.block.control
    assert page is not None
    wake = page.parking.wake

    def wake_and_see_the_end(index: int) -> None:
        wake(index)
        assert result(waiter) == 0

    monkeypatch.setattr(type(page.parking), "wake", lambda _, index: wake_and_see_the_end(index))
    assert atomics.notify(memory, 0, 1) == 1


def test_threads_go_on_while_the_memory_crosses() -> None:
    """What began before ends after, and nothing is lost or done twice."""
    memory = shared(1, 400)
    begun = threading.Barrier(4)
    grown: list[int] = []

    def add() -> None:
        begun.wait()
        for _ in range(1500):
            atomics.rmw_add(memory, 8, 4, 1)
            atomics.rmw_cmpxchg(memory, 16, 4, 0, 0)
            memory.block.update("add", 24, 8, 1)

    def grow() -> None:
        begun.wait()
        grown.extend(memory.grow(1) for _ in range(300))

    threads = [threading.Thread(target=target) for target in (add, add, grow)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        begun.wait()
        until(lambda: atomics.load(memory, 8, 4) > 200)
        child = start(
            memory,
            "for _ in range(500): atomics.rmw_add(memory, 8, 4, 1)\n"
            "result = [memory.grow(1) for _ in range(50)]",
        )
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    grown += result(child)
    assert atomics.load(memory, 8, 4) == 3500
    assert atomics.load(memory, 24, 8) == 3000
    assert sorted(grown) == list(range(1, 351))
    assert memory.pages == len(memory.data) // PAGE == 351


@pytest.fixture
def no_ctypes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    caches = (machine.library, locks._pthread, futex._functions)
    for cache in caches:
        cache.cache_clear()
    monkeypatch.setitem(sys.modules, "ctypes", None)
    yield
    monkeypatch.undo()
    for cache in caches:
        cache.cache_clear()


def test_without_ctypes_processes_share_by_a_lock_on_the_file_and_look_again(
    no_ctypes: None,
) -> None:
    memory = shared(1, 2)
    process_block.share(memory.block)
    page = memory.block.control
    assert page is not None
    assert isinstance(page.lock, locks.FileLock)
    assert (page.backend, page.parking.name, page.base) == ("lock", "polling", 0)
    assert atomics.rmw_add(memory, 0, 4, 5) == 0
    assert atomics.rmw_cmpxchg(memory, 0, 4, 5, 6) == 5
    assert atomics.load(memory, 0, 4) == 6
    assert atomics.wait(memory, 0, 4, 6, 1000) == 2


@pytest.mark.parametrize(
    ("module", "missing", "message"),
    [
        (futex, "_functions", "futex"),
        (locks, "_pthread", "robust mutex"),
        (machine, "library", "libatomic"),
    ],
)
def test_who_lacks_what_others_agree_by_is_refused(
    module: Any, missing: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if getattr(module, missing)() is None:
        return
    memory = shared(1, 1)
    _, descriptor = process_block.share(memory.block)
    monkeypatch.setattr(module, missing, lambda: None)
    with pytest.raises(OSError, match=message):
        process_block.attach(os.dup(descriptor))
