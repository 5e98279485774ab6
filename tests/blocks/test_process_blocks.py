"""Blocks of several processes: one length, one order of atomic accesses, and nothing left of who has gone."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pyjsapi.blocks.processes import block as process_block
from pyjsapi.blocks.processes import futex, locks, machine, segment
from pyjsapi.runtime import atomics
from tests.blocks.processes import (
    PAGE,
    WITHOUT_END,
    block_of,
    died,
    kill,
    result,
    shared,
    start,
    until,
)

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="memories cross to processes as file descriptors"
)


def test_a_block_says_how_its_accesses_are_atomic(means: str) -> None:
    memory = shared(1, 1)
    assert block_of(memory).backend == "gil"
    process_block.share(block_of(memory))
    assert block_of(memory).remote
    page = block_of(memory).control
    assert page is not None
    if means == "fallback":
        assert (page.backend, page.parking.name) == ("lock", "polling")
        assert isinstance(page.lock, locks.FileLock)
    else:
        assert page.backend == ("lock" if machine.library() is None else "libatomic")
        assert page.parking.name == futex.best_parking()
    assert block_of(memory).backend == page.backend


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
    until(lambda: block_of(memory).waiting(64) == 1)
    done = threading.Event()
    assert block_of(memory).wait_async(64, 4, 0, done.set) is not None
    child = start(
        memory,
        "memory.data[6] = 8\nresult = [memory.data[5], memory.pages, block.waiting(64),"
        " atomics.notify(memory, 64, 9)]",
    )
    assert result(child) == [7, 2, 2, 2]
    thread.join()
    done.wait()
    assert (woken, view[6]) == ([0], 8)
    assert block_of(memory).waiting() == 0


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
def test_a_process_that_dies_with_the_lock_does_not_block_the_others() -> None:
    memory = shared(1, 3)
    dies = "import os, signal; block.lock.__enter__(); os.kill(os.getpid(), signal.SIGKILL)"
    died(start(memory, dies))
    assert memory.grow(1) == 1
    atomics.rmw_add(memory, 0, 4, 1)
    assert atomics.notify(memory, 0, 1) == 0
    assert result(start(memory, "result = [memory.grow(1), memory.pages]")) == [2, 3]


def test_the_same_segment_is_the_same_block() -> None:
    memory = shared(1, 2)
    identity, descriptor = process_block.share(block_of(memory))
    assert process_block.share(block_of(memory)) == (identity, descriptor)
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
        process_block.share(block_of(memory))
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
            block_of(memory).update("add", 24, 8, 1)

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
    process_block.share(block_of(memory))
    page = block_of(memory).control
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
    _, descriptor = process_block.share(block_of(memory))
    monkeypatch.setattr(module, missing, lambda: None)
    with pytest.raises(OSError, match=message):
        process_block.attach(os.dup(descriptor))
