"""`MemInst`: growth in place or by moving, users, bulk operations before bounds."""

from __future__ import annotations

import gc
import mmap
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import pytest

from pyjsapi.blocks.heap import MAPPED_BYTES
from pyjsapi.runtime.memory import MemInst, new_memory
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import I32, I64, MemType
from pyjsapi.validation.limits import Limits

PAGE = 65536


class User:
    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def memory_moved(self, memidx: int, storage: MemInst) -> None:
        self.seen.append((memidx, len(storage.data)))
        # A user must find every view usable at this moment.
        assert storage.u32[0] == storage.data[0]

    def memory_held(self) -> AbstractContextManager[None]:
        return nullcontext()

    def memory_reached_elsewhere(self, memidx: int) -> bool:
        return False

    def memory_guarded(self, memidx: int, guarded: bool) -> bool:
        return True

    def memory_accessed_anew(self, memidx: int, memory: MemInst) -> None:
        raise AssertionError("the memory is not reached by calls")


def memory(minimum: int, maximum: int | None = None, **limits: int) -> MemInst:
    return new_memory(MemType(I32, minimum, maximum), Limits(**limits))


def test_growth_happens_in_place() -> None:
    storage = memory(1)
    data = storage.data
    storage.u32[0] = 5
    assert storage.grow(2) == 1
    assert storage.data is data
    assert (storage.pages, storage.u32[0], len(storage.u32)) == (3, 5, 3 * PAGE // 4)


def test_a_view_from_outside_makes_the_bytes_move() -> None:
    storage = memory(1)
    storage.data[7] = 9
    held = memoryview(storage.data)
    old = storage.data
    assert storage.grow(1) == 1
    assert storage.data is not old
    assert (storage.data[7], held[7], len(held)) == (9, 9, PAGE)


def test_growth_stops_at_the_maximum_and_at_the_limits() -> None:
    assert memory(1, 2).grow(2) == -1
    assert memory(1, max_memory_pages=3).grow(3) == -1
    assert memory(1, max_memory_bytes=2 * PAGE).grow(1) == 1
    assert memory(1, max_memory_bytes=2 * PAGE).grow(2) == -1
    with pytest.raises(MemoryError, match="limit is 3 pages"):
        memory(4, max_memory_pages=3)


def test_users_are_told_now_and_at_every_move_and_held_weakly() -> None:
    storage = memory(0)
    storage.grow(1)
    user = User()
    storage.attach(user, 3)
    storage.grow(0)
    storage.grow(1)
    assert user.seen == [(3, PAGE), (3, 2 * PAGE)]
    del user
    gc.collect()
    storage.grow(1)
    assert storage._users == []


def test_growth_can_be_limited_but_not_below_the_size() -> None:
    storage = memory(2, 9)
    storage.limit_growth(4)
    assert storage.may_exceed == 4 * PAGE
    assert storage.grow(3) == -1
    storage.limit_growth(1)
    assert storage.grow(1) == -1
    assert storage.grow(0) == 2


def test_the_type_has_the_current_size() -> None:
    storage = memory(1, 9)
    storage.grow(2)
    assert storage.type == MemType(I32, 3, 9)
    assert storage.declared_type == MemType(I32, 1, 9)


def test_large_memories_are_committed_lazily_and_grow() -> None:
    pages = MAPPED_BYTES // PAGE
    storage = memory(pages)
    assert isinstance(storage.data, mmap.mmap)
    storage.u64[0] = 1 << 40
    assert storage.grow(1) == pages
    assert storage.u64[0] == 1 << 40
    storage.fill(pages * PAGE, 0xAB, PAGE)
    assert storage.data[(pages + 1) * PAGE - 1] == 0xAB
    with memoryview(storage.data) as held:
        assert storage.grow(1) == pages + 1
        assert held[0] == storage.data[0]


def test_a_memory_of_65536_pages_can_be_made_where_addresses_allow() -> None:
    if sys.maxsize < 2**32:
        with pytest.raises(MemoryError, match="4294967296 bytes"):
            memory(65536)
        return
    storage = memory(65536)
    assert storage.pages == 65536
    storage.data[2**32 - 1] = 1
    assert storage.grow(1) == -1


def test_i64_memories_have_their_own_limit() -> None:
    assert new_memory(MemType(I64, 0, None), Limits()).ceiling == 1 << 18


@pytest.mark.parametrize(
    ("address", "count"), [(PAGE, 1), (PAGE - 1, 2), (2**32 - 1, 1), (PAGE + 1, 0)]
)
def test_bulk_operations_trap_before_they_write(address: int, count: int) -> None:
    storage, other = memory(1), memory(1)
    other.fill(0, 7, PAGE)
    operations: tuple[Callable[[], None], ...] = (
        lambda: storage.fill(address, 1, count),
        lambda: storage.copy(other, address, 0, count),
        lambda: storage.copy(other, 0, address, count),
        lambda: storage.init(address, 0, count, b"\1" * PAGE),
        lambda: storage.init(0, address, count, b""),
    )
    for operation in operations:
        with pytest.raises(Trap, match="out of bounds memory access"):
            operation()
    assert not any(storage.data)


@pytest.mark.parametrize("count", [5, 5000])
@pytest.mark.parametrize("distance", [1, -1, 0])
def test_overlapping_copies_move(count: int, distance: int) -> None:
    storage = memory(1)
    pattern = bytes(i * 7 & 0xFF for i in range(count))
    storage.data[100 : 100 + count] = pattern
    storage.copy(storage, 100 + distance, 100, count)
    assert storage.data[100 + distance : 100 + distance + count] == pattern


@pytest.mark.parametrize("count", [0, 3, 6000])
def test_copies_across_memories(count: int) -> None:
    source, target = memory(1), memory(1)
    source.fill(0, 0x5A, PAGE)
    target.copy(source, 10, 20, count)
    assert target.data[10 : 10 + count] == b"\x5a" * count
    assert target.data[10 + count] == 0
    assert len(target.data) == PAGE


@pytest.mark.parametrize("count", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (3 << 20) + 5])
def test_a_fill_is_stored_piece_by_piece(count: int) -> None:
    storage = memory(49)
    storage.fill(3, 0x1FF, count)
    assert storage.data[: count + 4] == bytes(3) + b"\xff" * count + b"\0"
    end = len(storage.data)
    storage.fill(end - count, 1, count)
    assert storage.data[end - count :] == b"\1" * count
    with pytest.raises(Trap):
        storage.fill(end - count + 1, 2, count)
    assert 2 not in storage.data[:4]
