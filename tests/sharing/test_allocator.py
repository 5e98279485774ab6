"""The allocator against a model: a set of the bytes of each block."""

from __future__ import annotations

import random
import threading

import pytest

from pyjsapi.sharing.allocator import ALIGNMENT, Allocator


def test_blocks_are_taken_from_the_start_and_given_back_whole() -> None:
    heap = Allocator(4096)
    first, second = heap.malloc(1), heap.malloc(100)
    assert (first, second) == (0, 8)
    assert heap.free_bytes == 4096 - 8 - 104
    assert heap.free(0) and heap.malloc(8) == 0
    assert heap.free(8) and heap.free(0) and heap.free_bytes == 4096
    assert heap.malloc(4096) == 0
    assert heap.malloc(0) is None


def test_a_block_of_no_bytes_is_one() -> None:
    heap = Allocator(4096)
    assert (heap.malloc(0), heap.malloc(0)) == (0, ALIGNMENT)
    assert heap.free(0) and not heap.free(0)


@pytest.mark.parametrize("size", [4097, 1 << 32, (1 << 64) - 1, (1 << 64) - 7])
def test_lengths_do_not_wrap(size: int) -> None:
    heap = Allocator(4096)
    assert heap.malloc(size) is None
    assert heap.malloc(4096) == 0


def test_what_is_no_block_is_not_freed() -> None:
    heap = Allocator(4096)
    start = heap.malloc(64)
    assert start == 0
    assert not heap.free(8) and not heap.free(64) and not heap.free(-8) and not heap.free(4096)
    assert heap.free(start) and not heap.free(start)


@pytest.mark.parametrize("seed", range(20))
def test_random_programs_are_as_the_model_says(seed: int) -> None:
    chance = random.Random(seed)
    heap, size = Allocator(2048), 2048
    blocks: dict[int, int] = {}

    def taken() -> set[int]:
        return {byte for start, end in blocks.items() for byte in range(start, end)}

    for _ in range(400):
        if blocks and chance.random() < 0.45:
            start = chance.choice(list(blocks))
            assert heap.free(start)
            del blocks[start]
            continue
        wanted = chance.choice((0, 1, 7, 8, 9, 40, 200, 700))
        found = heap.malloc(wanted)
        need = max(-(-wanted // 8) * 8, 8)
        used = taken()
        fits = [
            start
            for start in range(0, size - need + 1, 8)
            if used.isdisjoint(range(start, start + need))
        ]
        assert found == (fits[0] if fits else None)
        if found is not None:
            blocks[found] = found + need
        start, count = chance.randrange(size), chance.randrange(1, 64)
        used = taken()
        assert heap.is_taken(start, count) is used.issuperset(range(start, start + count))
    assert heap.free_bytes == size - len(taken())


def test_threads_never_get_bytes_of_each_other() -> None:
    heap = Allocator(1 << 16)
    owners: dict[int, int] = {}
    clashes: list[int] = []

    def work(number: int) -> None:
        chance = random.Random(number)
        mine: list[tuple[int, int]] = []
        for _ in range(300):
            size = chance.randrange(1, 400)
            start = heap.malloc(size)
            if start is not None:
                for byte in range(start, start + size):
                    if owners.setdefault(byte, number) != number:
                        clashes.append(byte)
                mine.append((start, size))
            if mine and chance.random() < 0.6:
                start, size = mine.pop(chance.randrange(len(mine)))
                for byte in range(start, start + size):
                    del owners[byte]
                assert heap.free(start)
        for start, size in mine:
            for byte in range(start, start + size):
                del owners[byte]
            assert heap.free(start)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clashes == [] and owners == {}
    assert heap.free_bytes == 1 << 16
