"""Shared memories: bytes that never move, growth and atomic accesses in several threads, waiting in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from pyjsapi.blocks.shared import SharedBlock
from pyjsapi.blocks.shared import shared as shared_block
from pyjsapi.runtime import atomics
from pyjsapi.runtime.memory import MemInst, new_memory
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import I32, I64, MemType
from pyjsapi.validation.limits import Limits

PAGE = 65536
WITHOUT_END = (1 << 64) - 1


def shared(minimum: int, maximum: int) -> MemInst:
    memory = new_memory(MemType(I32, minimum, maximum, shared=True), Limits())
    assert isinstance(memory, MemInst)
    return memory


def block_of(memory: MemInst) -> SharedBlock:
    return shared_block(memory.block)


def run_threads(*targets: Callable[[], None]) -> None:
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0)  # lets another thread run


def test_growth_leaves_older_views_alive_on_the_same_bytes() -> None:
    memory = shared(1, 3)
    before = memory.data
    assert memory.grow(2) == 1
    assert (memory.pages, len(memory.data), len(before)) == (3, 3 * PAGE, PAGE)
    before[5] = 7
    assert memory.data[5] == 7
    assert memory.u32[2 * PAGE // 4] == 0
    assert memory.grow(1) == -1
    assert memory.grow(0) == 3


def test_the_maximum_is_reserved_and_not_committed() -> None:
    memory = shared(1, 65536)
    assert memory.ceiling * PAGE == len(block_of(memory).reservation)
    assert memory.ceiling > 1


def test_a_memory_without_pages_can_be_shared() -> None:
    memory = shared(0, 0)
    assert (memory.pages, memory.grow(0), memory.grow(1)) == (0, 0, -1)


def test_the_largest_of_64_bit_memories_is_reserved_as_far_as_possible() -> None:
    memory = new_memory(MemType(I64, 0, 1 << 48, shared=True), Limits())
    assert memory.grow(1) == 0
    assert memory.data[PAGE - 1] == 0


@pytest.mark.usefixtures("busy_switching")
def test_wt_6_of_concurrent_growths_each_gets_another_size() -> None:
    memory = shared(1, 1000)
    results: list[list[int]] = [[] for _ in range(4)]

    def grow(found: list[int]) -> Callable[[], None]:
        return lambda: found.extend(memory.grow(1) for _ in range(250))

    run_threads(*map(grow, results))
    assert all(
        [size for size in found if size >= 0] == sorted({*found} - {-1}) for found in results
    )
    assert sorted(size for found in results for size in found) == [-1, *range(1, 1000)]
    assert memory.pages == 1000


@pytest.mark.usefixtures("busy_switching")
def test_wt_7_whoever_knows_the_new_size_reaches_the_new_bytes() -> None:
    memory = shared(1, 500)
    seen = []

    def probe() -> None:
        while memory.pages < 500:
            seen.append(atomics.load(memory, memory.pages * PAGE - 4, 4))
            memory.fill(memory.pages * PAGE - 8, 0, 8)
            memory.copy(memory, memory.pages * PAGE - 4096, 0, 4096)

    def grow() -> None:
        for _ in range(499):
            memory.grow(1)

    run_threads(probe, probe, grow)
    assert not any(seen)


@pytest.mark.usefixtures("busy_switching")
def test_sm_15_no_write_of_an_atomic_access_is_lost() -> None:
    memory = shared(1, 1)

    def count() -> None:
        for _ in range(2500):
            atomics.rmw_add(memory, 8, 4, 1)
            atomics.rmw_xor(memory, 12, 4, 1)

    run_threads(count, count, count, count)
    assert atomics.load(memory, 8, 4) == 10_000
    assert atomics.load(memory, 12, 4) == 0


@pytest.mark.usefixtures("busy_switching")
def test_sm_15_a_store_is_never_between_the_read_and_the_write_of_another() -> None:
    """After the last store, which is far above, only additions of one can follow."""
    memory = shared(1, 1)
    stored = 1 << 20

    def add() -> None:
        for _ in range(2500):
            atomics.rmw_add(memory, 0, 4, 1)

    run_threads(add, add, lambda: atomics.store(memory, 0, 4, stored))
    assert stored <= atomics.load(memory, 0, 4) <= stored + 5000


def test_sm_12_waiters_are_woken_in_the_order_in_which_they_came() -> None:
    """Waits for 32 and for 64 bits at one address are one queue."""
    memory = shared(1, 1)
    woken: list[str] = []
    threads = []
    for position, (name, size) in enumerate((("a", 4), ("b", 8), ("c", 4))):

        def wait(name: str = name, size: int = size) -> None:
            assert atomics.wait(memory, 16, size, 0, WITHOUT_END) == 0
            woken.append(name)

        threads.append(threading.Thread(target=wait))
        threads[-1].start()
        until(lambda: block_of(memory).waiting(16) == position + 1)  # noqa: B023
    assert atomics.notify(memory, 16, 0) == 0
    assert atomics.notify(memory, 8, 1) == 0
    assert atomics.notify(memory, 16, 1) == 1
    threads[0].join()
    assert woken == ["a"]
    assert atomics.notify(memory, 16, (1 << 32) - 1) == 2
    for thread in threads[1:]:
        thread.join()
    assert sorted(woken) == ["a", "b", "c"]
    assert block_of(memory).waiting() == 0


@pytest.mark.parametrize("timeout", [(1 << 63) - 1, WITHOUT_END, 1 << 63], ids=hex)
def test_sm_13_a_wait_may_be_as_long_as_the_type_allows(timeout: int) -> None:
    memory = shared(1, 1)
    results = []
    thread = threading.Thread(
        target=lambda: results.append(atomics.wait(memory, 0, 4, 0, timeout)), daemon=True
    )
    thread.start()
    until(lambda: block_of(memory).waiting() > 0)
    assert atomics.notify(memory, 0, 1) == 1
    thread.join()
    assert results == [0]


def test_sm_10_a_wait_ends_with_its_time() -> None:
    memory = shared(1, 1)
    start = time.monotonic_ns()
    assert atomics.wait(memory, 0, 4, 0, 1_000_000) == 2
    assert time.monotonic_ns() - start >= 1_000_000
    assert atomics.wait(memory, 0, 4, 0, 0) == 2
    assert atomics.wait(memory, 0, 4, 1, WITHOUT_END) == 1
    assert block_of(memory).waiting() == 0
    assert atomics.notify(memory, 0, 1) == 0


def test_sm_14_expected_values_are_little_endian() -> None:
    memory = shared(1, 1)
    memory.init(0, 0, 8, bytes(range(1, 9)))
    assert atomics.wait(memory, 0, 4, 0x04030201, 0) == 2
    assert atomics.wait(memory, 0, 4, 0x01020304, 0) == 1
    assert atomics.wait(memory, 0, 8, 0x0807060504030201, 0) == 2
    assert atomics.wait(memory, 0, 8, 0x0102030405060708, 0) == 1


def test_sm_10_an_unshared_memory_has_no_waiters() -> None:
    memory = new_memory(MemType(I32, 1, None), Limits())
    assert type(memory) is MemInst
    assert atomics.notify(memory, 0, 5) == 0
    for address in (0, PAGE):
        with pytest.raises(Trap, match="expected shared memory"):
            atomics.wait(memory, address, 4, 0, 0)
    with pytest.raises(Trap, match="unaligned atomic"):
        atomics.wait(memory, 1, 4, 0, 0)


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_read_modify_write_wraps_to_the_width_of_the_access(size: int) -> None:
    memory = new_memory(MemType(I32, 1, None), Limits())
    full = (1 << 8 * size) - 1
    atomics.store(memory, 8, size, (1 << 64) - 1)
    assert bytes(memory.data[7:17]) == b"\0" + b"\xff" * size + bytes(9 - size)
    assert atomics.rmw_add(memory, 8, size, 1) == full
    assert atomics.rmw_sub(memory, 8, size, 1) == 0
    assert atomics.rmw_and(memory, 8, size, 0x0F) == full
    assert atomics.rmw_or(memory, 8, size, 0xF0) == 0x0F
    assert atomics.rmw_xor(memory, 8, size, full) == 0xFF
    assert atomics.rmw_xchg(memory, 8, size, 5) == full ^ 0xFF
    wide = 5 | (1 << 8 * size) if size < 8 else 5
    assert atomics.rmw_cmpxchg(memory, 8, size, wide, 9) == 5
    assert atomics.rmw_cmpxchg(memory, 8, size, 5, 7) == 9
    assert atomics.load(memory, 8, size) == 9
    with pytest.raises(Trap, match="out of bounds"):
        atomics.load(memory, PAGE, size)
    if size > 1:
        with pytest.raises(Trap, match="unaligned"):
            atomics.rmw_add(memory, PAGE + 1, size, 0)
