"""Memory blocks: who may attach them when, what is written where, whichever strategy is behind it."""

from __future__ import annotations

import gc
import random
import threading
from collections.abc import Callable
from typing import NoReturn

import pytest

from pyjsapi import RangeError, WebAssembly
from pyjsapi.sharing.block_errors import BlockError, Failure
from pyjsapi.sharing.memory_blocks import Area, MemoryBlock
from pyjsapi.sharing.resources import HostResource
from pyjsapi.sharing.state import state_of
from tests.sharing.heap_modules import PAGE, ROOMY, Guest, guest_with_storage

SIZE = ROOMY * 65536
"""Bytes of a guest's memory."""
STRATEGIES = ("mmap", "segment", "copy", "auto")
each_strategy = pytest.mark.parametrize("strategy", STRATEGIES)


def fails(failure: Failure, call: Callable[[], object]) -> None:
    with pytest.raises(BlockError) as caught:
        call()
    assert caught.value.failure is failure


@each_strategy
def test_what_is_written_is_read_after_it_was_detached(strategy: str) -> None:
    writer, reader = guest_with_storage(), guest_with_storage()
    with MemoryBlock(1000, strategy=strategy) as block:
        area = block.attach(writer.memory, write=True)
        assert (area.size, area.valid, area.write) == (1000, 0, True)
        assert area.addr % PAGE == 0 and area.addr >= 100
        writer.call("i64.store", area.addr + 992, 0x0102030405060708)
        area.detach(1000)
        with block.attach(reader.memory) as seen:
            assert (seen.valid, seen.start) == (1000, 0)
            assert reader.call("i64.load", seen.addr + 992) == 0x0102030405060708
            assert reader.call("i32.store", seen.addr, 1) == "r"
            assert reader.call("fill", seen.addr + 500, 1, 1) == "r"
            assert seen.read(992) == bytes(range(8, 0, -1))
        assert block.valid == 1000


@each_strategy
def test_o5_2_who_writes_is_alone(strategy: str) -> None:
    one, two, three = (guest_with_storage() for _ in range(3))
    block = MemoryBlock(64, strategy=strategy)
    other = block.clone()
    writing = block.attach(one.memory, write=True)
    fails(Failure.BUSY, lambda: other.attach(two.memory, write=True))
    fails(Failure.BUSY, lambda: block.attach(two.memory, write=True))
    fails(Failure.BUSY, lambda: other.attach(two.memory))
    fails(Failure.BUSY, lambda: block.attach(one.memory))
    writing.detach(64)
    first, second = block.attach(two.memory), other.attach(three.memory)
    fails(Failure.BUSY, lambda: block.attach(one.memory, write=True))
    first.detach()
    fails(Failure.BUSY, lambda: block.attach(one.memory, write=True))
    second.detach()
    block.attach(one.memory, write=True).detach()
    with pytest.raises(BlockError, match="detached already"):
        second.detach()
    fails(Failure.INTERNAL, block.detach)


class Program:
    """A random program over blocks, and everything that its guests can see."""

    def __init__(self, strategy: str) -> None:
        self.chance = random.Random(5)
        self.guests = [guest_with_storage() for _ in range(3)]
        blocks = [MemoryBlock(size, strategy=strategy) for size in (16, PAGE, PAGE + 1, 3000)]
        parts = (blocks[2].partition(0, PAGE), blocks[3].partition(100, 50))
        self.blocks = [*blocks, blocks[1].clone(), *parts]
        self.areas: list[tuple[Guest, Area]] = []
        self.seen: list[object] = []

    def run(self, steps: int) -> None:
        for _ in range(steps):
            if not self.areas or self.chance.random() < 0.3:
                self.attach(self.chance.choice(self.guests), self.chance.choice(self.blocks))
            else:
                guest, area = self.chance.choice(self.areas)
                if self.chance.random() < 0.25:
                    self.detach(guest, area)
                else:
                    self.access(guest, area)
        for _, area in self.areas:
            area.detach(0)
        for block in self.blocks:
            with block.attach(self.guests[0].memory) as area:
                self.seen.append(area.read())
        for guest in self.guests:
            self.seen.append(guest.instances[0].block.read(0, SIZE))

    def attach(self, guest: Guest, block: MemoryBlock) -> None:
        write, shared = self.chance.random() < 0.5, self.chance.random() < 0.3
        try:
            area = block.attach(guest.memory, write=write, shared=shared)
        except BlockError as error:
            self.seen.append(error.failure)
            return
        self.areas.append((guest, area))
        self.seen.append((area.addr, area.size, area.start, area.valid))

    def detach(self, guest: Guest, area: Area) -> None:
        try:
            area.detach(self.chance.choice((0, 0, None, 5, area.size, area.size + 1)))
        except RangeError:
            self.seen.append("range")
        else:
            self.areas.remove((guest, area))

    def access(self, guest: Guest, area: Area) -> None:
        where = area.addr + self.chance.choice((0, 1, 50, area.size - 1, area.size, PAGE - 1))
        what = self.chance.random()
        if what < 0.45:
            self.seen.append(guest.call("i32.store8", where, self.chance.randrange(256)))
        elif what < 0.55:
            self.seen.append(guest.call("fill", where, self.chance.randrange(256), 9))
        else:
            self.seen.append(guest.call("i32.load8_u", where))


def transcript(strategy: str) -> list[object]:
    program = Program(strategy)
    program.run(600)
    return program.seen


def test_o5_3_strategies_cannot_be_told_apart() -> None:
    expected = transcript("copy")
    assert {"r", "range", Failure.BUSY, Failure.NO_STORAGE, None} <= set(expected)
    for strategy in ("mmap", "segment", "auto"):
        assert transcript(strategy) == expected


def test_o5_3_systems_without_files_in_memory_cannot_be_told_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = transcript("auto")

    def refuse(*_: object, **__: object) -> NoReturn:
        raise NotImplementedError

    monkeypatch.setattr(HostResource, "memfd", refuse)
    monkeypatch.setattr(HostResource, "shm", refuse)
    assert transcript("auto") == expected
    assert transcript("mmap") == expected


@each_strategy
def test_o5_4_where_a_block_was_there_are_zeros_of_the_memory(strategy: str) -> None:
    writer, reader = guest_with_storage(), guest_with_storage()
    writer.call("fill", 100, 0xEE, 12 * PAGE)
    block = MemoryBlock(100, strategy=strategy)
    area = block.attach(writer.memory, write=True)
    assert writer.call("i32.load8_u", area.addr) == 0
    writer.call("fill", area.addr, 7, 100)
    writer.call("i32.store8", area.addr + 100, 9)  # behind it, in the same page
    area.detach()
    assert [writer.call("i32.load8_u", area.addr + place) for place in (0, 99, 100, PAGE - 1)] == (
        [0, 0, 0, 0]
    )
    writer.call("fill", area.addr, 8, 100)
    with block.attach(reader.memory) as seen:
        assert seen.read() == b"\7" * 100
        assert reader.call("i32.load8_u", seen.addr + 100) == 0
        assert writer.call("i32.load8_u", area.addr) == 8
    for use in (lambda: area.read(), lambda: area.put(b"x")):
        fails(Failure.INTERNAL, use)


@each_strategy
def test_o5_5_what_is_lent_cannot_be_given_away(strategy: str) -> None:
    guest = guest_with_storage()
    block = MemoryBlock(10, strategy=strategy)
    area = block.attach(guest.memory, write=True)
    with pytest.raises(RuntimeError, match="detach it before"):
        block.take()
    area.put(b"0123456789")
    area.detach(10)
    moved = block.take()
    for use in (
        block.take,
        block.clone,
        block.detach,
        lambda: block.attach(guest.memory),
        lambda: block.partition(0, 1),
    ):
        with pytest.raises(RuntimeError, match="closed or moved"):
            use()
    with moved.attach(guest.memory) as seen:
        assert seen.read() == b"0123456789"


@each_strategy
def test_o5_7_a_partition_is_a_part_and_nothing_else(strategy: str) -> None:
    owner, worker = guest_with_storage(), guest_with_storage()
    block = MemoryBlock(2 * PAGE, strategy=strategy)
    with block.attach(owner.memory, write=True) as area:
        area.put(bytes(range(256)) * (2 * PAGE // 256))
    for start, size in ((PAGE, PAGE), (10, 20), (PAGE - 3, 6), (0, 2 * PAGE)):
        part = block.partition(start, size)
        worker.call("fill", 100, 0xEE, 12 * PAGE)
        with part.attach(worker.memory, write=True) as area:
            assert area.size == size
            expected = bytes(place % 256 for place in range(start, start + size))
            assert area.read() == expected
            if size % PAGE:  # the guest's own bytes
                assert worker.call("i32.load8_u", area.addr + size) == 0xEE
            worker.call("i32.store8", area.addr + size, 0xDD)
            worker.call("i32.store8", area.addr, 0xAA)
        with block.attach(owner.memory) as whole:
            assert whole.read(start, 1) == b"\xaa"
            assert 0xDD not in whole.read()[start + size : start + size + 1]
        with part.attach(worker.memory, write=True) as area:
            area.put(expected)
    for start, size in ((0, 0), (-1, 4), (0, 2 * PAGE + 1), (2 * PAGE, 1), (1, -1)):
        with pytest.raises(RangeError):
            block.partition(start, size)


def test_partitions_exclude_each_other_where_they_have_bytes_in_common() -> None:
    guests = [guest_with_storage() for _ in range(3)]
    block = MemoryBlock(100)
    left, right, middle = block.partition(0, 50), block.partition(50, 50), block.partition(40, 20)
    writing = left.attach(guests[0].memory, write=True)
    right.attach(guests[1].memory, write=True).detach()
    fails(Failure.BUSY, lambda: middle.attach(guests[2].memory))
    fails(Failure.BUSY, lambda: block.attach(guests[2].memory))
    writing.detach()
    reading = block.attach(guests[0].memory)
    with middle.attach(guests[2].memory):
        fails(Failure.BUSY, lambda: left.attach(guests[1].memory, write=True))
    reading.detach()


def test_bytes_are_consumed_in_order() -> None:
    guest = guest_with_storage()
    block = MemoryBlock(10)
    block.attach(guest.memory, write=True).detach(8)
    reading = block.attach(guest.memory)
    assert (reading.start, reading.valid) == (0, 8)
    for wrong in (-1, 9):
        with pytest.raises(RangeError, match="bytes consumed of 8"):
            reading.detach(wrong)
    assert reading.attached
    reading.detach(3)
    reading = block.attach(guest.memory, shared=True)
    assert (reading.start, reading.valid) == (3, 5)
    with pytest.raises(RangeError, match="consumes 0"):
        reading.detach(1)
    reading.detach(0)
    writing = block.attach(guest.memory, write=True)
    assert writing.valid == 5
    with pytest.raises(RangeError, match="11 bytes written"):
        writing.detach(11)
    writing.detach(4)
    block.attach(guest.memory).detach(4)
    reading = block.attach(guest.memory)
    assert (reading.start, reading.valid) == (0, 0)
    reading.detach()
    block.attach(guest.memory, write=True, shared=True).detach(6)
    reading = block.attach(guest.memory)
    assert reading.shared and reading.valid == 6
    reading.detach()


def test_storage_is_donated_by_guests() -> None:
    guest = Guest(pages=ROOMY)
    block = MemoryBlock(PAGE)
    assert block.minimum_size == 3 * PAGE and MemoryBlock.optimum_size(3, 5) == 5 * PAGE
    fails(Failure.NO_STORAGE, lambda: block.attach(guest.memory))
    fails(Failure.WRONG_SIZE, lambda: MemoryBlock.add_storage(guest.memory, 0, 2 * PAGE - 1))
    fails(Failure.INTERNAL, lambda: MemoryBlock.add_storage(guest.memory, SIZE - PAGE, 2 * PAGE))
    fails(Failure.INTERNAL, lambda: MemoryBlock.add_storage(guest.memory, -1, 2 * PAGE))
    MemoryBlock.add_storage(guest.memory, 1, block.minimum_size)
    fails(Failure.INTERNAL, lambda: MemoryBlock.add_storage(guest.memory, PAGE, 2 * PAGE))
    area = block.attach(guest.memory)
    assert area.addr == PAGE
    fails(Failure.NO_STORAGE, lambda: MemoryBlock(PAGE + 1).attach(guest.memory))
    with MemoryBlock(1).attach(guest.memory) as small:
        assert small.addr == 2 * PAGE
    area.detach()
    assert block.attach(guest.memory, at=8 * PAGE).addr == 8 * PAGE
    with pytest.raises(RangeError):
        MemoryBlock(PAGE).attach(guest.memory, at=SIZE)
    with pytest.raises(RangeError):
        MemoryBlock(PAGE).attach(guest.memory, at=8 * PAGE)
    for size in (0, -1, 1 << 32):
        with pytest.raises(RangeError):
            MemoryBlock(size)
    with pytest.raises(TypeError, match="a strategy is one of"):
        MemoryBlock(1, strategy="magic")


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("size", [1, PAGE - 1, PAGE, PAGE + 1])
def test_the_sizes_that_are_recommended_are_enough(count: int, size: int) -> None:
    for start in (0, 1, PAGE - 1, 77):
        guest = Guest(pages=ROOMY)
        MemoryBlock.add_storage(guest.memory, start, MemoryBlock.optimum_size(count, size))
        areas = [MemoryBlock(size).attach(guest.memory) for _ in range(count)]
        assert len({area.addr for area in areas}) == count
        lonely = Guest(pages=ROOMY)
        MemoryBlock.add_storage(lonely.memory, start, MemoryBlock(size).minimum_size)
        MemoryBlock(size).attach(lonely.memory).detach()


def test_a_local_block_is_where_it_is() -> None:
    guest, other = Guest(), guest_with_storage()
    guest.call("i32.store8", 500, 7)
    block = MemoryBlock.local(guest.memory, 500, 20)
    with block.attach(guest.memory, write=True) as area:
        assert (area.addr, area.size) == (500, 20)
        assert area.read(0, 1) == b"\7"
        area.put(b"8", 1)
    assert guest.call("i32.load8_u", 501) == ord("8")
    fails(Failure.INTERNAL, lambda: block.attach(other.memory))
    fails(Failure.INTERNAL, lambda: block.attach(guest.memory, at=0))
    with pytest.raises(RangeError):
        MemoryBlock.local(guest.memory, 65530, 7)


def test_closing_a_handle_detaches_it_and_leaves_others() -> None:
    one, two = guest_with_storage(), guest_with_storage()
    block = MemoryBlock(8)
    other = block.clone()
    area = block.attach(one.memory, write=True)
    area.put(b"abcdefgh")
    assert block.handles == 2 and block.attached
    block.close()
    block.close()
    assert not area.attached and other.valid == 0 and other.handles == 1
    assert one.call("i32.load8_u", area.addr) == 0
    with other.attach(two.memory, write=True) as area:
        assert area.read() == b"abcdefgh"
    with pytest.raises(ZeroDivisionError), other.attach(two.memory, write=True) as area:
        area.put(b"x")
        raise ZeroDivisionError
    assert other.valid == 0 and not other.attached


def test_several_memories_must_be_told_apart() -> None:
    one, two = guest_with_storage(), guest_with_storage()
    block = MemoryBlock(8)
    block.attach(one.memory)
    block.attach(two.memory)
    with pytest.raises(BlockError, match="say which"):
        block.detach()
    block.detach(0, one.memory)
    fails(Failure.INTERNAL, lambda: block.detach(0, one.memory))
    block.detach()
    assert not block.attached


def test_threads_take_turns() -> None:
    block = MemoryBlock(8, strategy="copy")
    guests = [guest_with_storage() for _ in range(4)]
    done = []

    def work(guest: Guest) -> None:
        mine = block.clone()
        turns = 0
        while turns < 25:
            try:
                area = mine.attach(guest.memory, write=True)
            except BlockError as error:
                assert error.failure is Failure.BUSY
                continue
            guest.call("i32.store", area.addr, guest.call("i32.load", area.addr) + 1)
            area.detach()
            turns += 1
        done.append(turns)

    threads = [threading.Thread(target=work, args=(guest,)) for guest in guests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [25] * 4
    with block.attach(guests[0].memory) as area:
        assert area.read(0, 4) == (100).to_bytes(4, "little")


@each_strategy
def test_a_block_may_go_while_another_thread_reads_it(strategy: str) -> None:
    guest = guest_with_storage()
    block = MemoryBlock(PAGE, strategy=strategy)
    with block.attach(guest.memory, write=True) as area:
        area.put(b"\7" * PAGE)
    where = area.addr
    seen: set[object] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(guest.call("i32.load8_u", where + 9))

    guest.instances[0].guarded()
    thread = threading.Thread(target=read)
    thread.start()
    for _ in range(100):
        block.attach(guest.memory).detach()
    done.set()
    thread.join()
    assert seen <= {0, 7}


def test_with_mmap_nothing_is_copied() -> None:
    guest = guest_with_storage()
    block = MemoryBlock(PAGE, strategy="mmap")
    with block.attach(guest.memory, write=True) as area:
        area.put(b"x" * PAGE)
    with block.attach(guest.memory) as area:
        assert guest.call("i32.load8_u", area.addr) == ord("x")
    assert state_of(guest.instances[0]).stats.bytes_copied == 0


def test_addresses_can_be_written_again_after_a_reader_left() -> None:
    guest = guest_with_storage()
    block = MemoryBlock(PAGE, strategy="mmap")
    with block.attach(guest.memory) as area:
        assert guest.call("i32.store8", area.addr, 1) == "r"
    assert guest.call("i32.store8", area.addr, 1) is None
    assert guest.call("i32.load8_u", area.addr) == 1


def test_a_block_is_free_when_the_memory_is_gone_that_had_it() -> None:
    block, other = MemoryBlock(8), guest_with_storage()
    lost = block.clone()
    guest = guest_with_storage()
    lost.attach(guest.memory, write=True)
    del lost
    gc.collect()
    fails(Failure.BUSY, lambda: block.attach(other.memory))  # the guest may still write
    assert block.handles == 1
    del guest
    gc.collect()
    block.attach(other.memory, write=True).detach()


def test_an_area_over_protected_bytes_says_so_as_code_does() -> None:
    memory = WebAssembly.Memory(initial=2)
    with MemoryBlock(100) as block, block.attach(memory, write=True, at=65536) as area:
        memory.protect(65536, 1, "none")
        for access in (area.read, lambda: area.put(b"x")):
            with pytest.raises(WebAssembly.RuntimeError, match="memory that is protected"):
                access()
        with pytest.raises(TypeError, match="offset must be an integer, not float"):
            area.read(1.5)  # type: ignore[arg-type]
