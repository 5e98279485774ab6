"""Guarded blocks against a model that knows of every byte where it is and what may be done with it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from pyjsapi.blocks.block import Block
from pyjsapi.blocks.guarded import EVERYWHERE, Addresses, GuardedBlock, guarded
from pyjsapi.blocks.heap import HeapBlock
from pyjsapi.blocks.reservation import Reservation
from pyjsapi.blocks.spans import Span, SpanTable
from pyjsapi.runtime.accessors import make_accessor
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import I32, MemType

LENGTH = 600
ABOVE = 200
"""Addresses above the length that something may be put at."""


@dataclass
class Model:
    """By address: the cell that has the byte (None for none), and whether it can be read and written."""

    cells: list[list[int] | None]
    readable: list[bool]
    writable: list[bool]
    whole: list[object]
    ground: list[list[int]] = field(default_factory=list)

    def allowed(self, address: int, count: int, write: bool) -> bool:
        places = range(address, address + count)
        if address + count > len(self.cells) or any(self.cells[at] is None for at in places):
            return False
        if not all(self.readable[at] and (self.writable[at] or not write) for at in places):
            return False
        groups = {id(self.whole[at]) if self.whole[at] is not None else 0 for at in places}
        return len(groups) <= 1

    def read(self, address: int, count: int) -> bytes:
        return bytes(self.cells[at][0] for at in range(address, address + count))  # type: ignore[index]

    def write(self, address: int, data: bytes) -> None:
        for at, byte in enumerate(data, address):
            self.cells[at][0] = byte  # type: ignore[index]


class Pair:
    """A block and the model of it."""

    def __init__(self, base: Block) -> None:
        self.block = GuardedBlock(base)
        ground = [[0] for _ in range(LENGTH)]
        self.model = Model(
            [*ground, *[None] * ABOVE],
            [True] * (LENGTH + ABOVE),
            [True] * (LENGTH + ABOVE),
            [None] * (LENGTH + ABOVE),
            ground,
        )
        self.others: list[tuple[bytearray, list[list[int]]]] = []

    def put(self, start: int, count: int, other: int, writable: bool, whole: bool) -> None:
        while len(self.others) <= other:
            self.others.append((bytearray(64), [[0] for _ in range(64)]))
        data, cells = self.others[other]
        owner = object()
        view = memoryview(data)[:count]
        if not writable:
            view = view.toreadonly()
        self.block.put(start, view, writable=writable, whole=whole, owner=owner)
        for at in range(count):
            self.model.cells[start + at] = cells[at]
            self.model.readable[start + at] = True
            self.model.writable[start + at] = writable
            self.model.whole[start + at] = owner if whole else None

    def restore(self, start: int, end: int) -> None:
        self.block.restore(start, end)
        for at in range(start, end):
            self.model.cells[at] = self.model.ground[at] if at < LENGTH else None
            self.model.readable[at] = self.model.writable[at] = True
            self.model.whole[at] = None

    def protect(self, start: int, end: int, readable: bool, writable: bool) -> None:
        self.block.protect(start, end, readable=readable, writable=writable)
        for at in range(start, end):
            if self.model.cells[at] is not None:
                self.model.readable[at] = readable
                self.model.writable[at] = writable

    def same_after(self, access: Any, address: int, count: int, write: bool) -> Any:
        """What an access gives, which succeeds just when the model says so."""
        if self.model.allowed(address, count, write):
            return access()
        with pytest.raises(Trap):
            access()
        return None


def _base(kind: str) -> Block:
    made: Block = HeapBlock(LENGTH) if kind == "heap" else Reservation(LENGTH, LENGTH + 4096)
    return made


_LOADS = {"i32_load8_u": 1, "i32_load16_u": 2, "i32_load": 4, "i64_load": 8, "v128_bytes": 16}
_STORES = {"i32_store8": 1, "i32_store16": 2, "i32_store": 4, "i64_store": 8}


class Comparison:
    """Random changes and accesses of a pair."""

    def __init__(self, seed: int, kind: str) -> None:
        self.chance = random.Random(seed)
        self.pair = Pair(_base(kind))
        type_ = MemType(I32, 0, None)
        block = self.pair.block
        self.accessors: dict[str, Any] = {
            name: block.accessor(name, type_) or make_accessor(block, type_, name)
            for name in (*_LOADS, *_STORES)
        }

    def step(self) -> None:
        chance = self.chance
        place, count = chance.randrange(LENGTH + ABOVE - 64), chance.randrange(1, 64)
        kinds = (self.change, self.load, self.load, self.store, self.store, self.read, self.write)
        chance.choice(kinds)(place, count)

    def change(self, place: int, count: int) -> None:
        chance, pair = self.chance, self.pair
        what = chance.randrange(3)
        if what == 0:
            writable, whole = chance.random() < 0.7, chance.random() < 0.3
            pair.put(place, count, chance.randrange(3), writable, whole)
        elif what == 1:
            pair.restore(place, place + count)
        else:
            readable = chance.random() < 0.8
            pair.protect(place, place + count, readable, readable and chance.random() < 0.3)

    def load(self, place: int, count: int) -> None:
        name, size = self.chance.choice(list(_LOADS.items()))
        found = self.pair.same_after(partial(self.accessors[name], place), place, size, False)
        if found is not None:
            found = found if isinstance(found, bytes) else found.to_bytes(size, "little")
            assert found == self.pair.model.read(place, size)

    def store(self, place: int, count: int) -> None:
        name, size = self.chance.choice(list(_STORES.items()))
        value = self.chance.getrandbits(64)
        data = (value & (1 << 8 * size) - 1).to_bytes(size, "little")
        self._written(partial(self.accessors[name], place, value), place, data)

    def read(self, place: int, count: int) -> None:
        access = partial(self.pair.block.read, place, count)
        found = self.pair.same_after(access, place, count, False)
        assert found is None or found == self.pair.model.read(place, count)

    def write(self, place: int, count: int) -> None:
        data = self.chance.randbytes(count)
        self._written(partial(self.pair.block.write, place, data), place, data)

    def _written(self, access: Any, place: int, data: bytes) -> None:
        if _really_writable(self.pair, place, len(data)):
            self.pair.same_after(access, place, len(data), True)
            if self.pair.model.allowed(place, len(data), True):
                self.pair.model.write(place, data)


@pytest.mark.parametrize("kind", ["heap", "reservation"])
@pytest.mark.parametrize("seed", range(12))
def test_accesses_do_what_the_model_says(seed: int, kind: str) -> None:
    compared = Comparison(seed, kind)
    for _ in range(1500):
        compared.step()
    pair = compared.pair
    for data, cells in pair.others:
        assert data == bytes(cell[0] for cell in cells)
    assert pair.block.base.read(0, LENGTH) == bytes(cell[0] for cell in pair.model.ground)


def _really_writable(pair: Pair, place: int, count: int) -> bool:
    """Whether no view in the way is itself read-only: `protect` may say otherwise, and who calls it looks."""
    spans = pair.block.table.between(place, place + count)
    return not any(span.data is not None and span.data.readonly and span.writable for span in spans)


def test_spans_that_go_on_are_one() -> None:
    data = memoryview(bytearray(10))
    table = SpanTable([Span(0, 5, data, 0), Span(5, 10, data, 0)])
    assert len(table.spans) == 1
    cut = table.replaced(3, 4, [])
    assert [(span.start, span.end) for span in cut.spans] == [(0, 3), (4, 10)]
    assert not cut.covers(2, 3)
    assert cut.covers(4, 6)
    assert table.replaced(3, 4, [Span(3, 4, data, 0)]).spans == table.spans
    other = memoryview(bytearray(10))  # the same content, but other bytes
    assert len(SpanTable([Span(0, 5, data, 0), Span(5, 10, other, 0)]).spans) == 2


@pytest.mark.parametrize("kind", ["heap", "reservation"])
def test_growth_keeps_what_was_put(kind: str) -> None:
    block = GuardedBlock(_base(kind))
    data = bytearray(b"abcd")
    block.write(0, b"before")
    block.put(100, memoryview(data))
    block.protect(0, 3, readable=True, writable=False)
    block.extend(LENGTH + 50)
    assert block.read(LENGTH, 50) == bytes(50)
    block.write(LENGTH - 1, b"xy")
    block.store(100, 4, 0x64636261)
    assert bytes(data) + block.read(0, 6) == b"abcdbefore"
    with pytest.raises(Trap):
        block.write(2, b"x")
    block.put(LENGTH + 60, memoryview(bytearray(4)))
    with pytest.raises(MemoryError, match="other memory is mapped"):
        block.extend(LENGTH + 61)


def test_addresses_without_bytes() -> None:
    block = GuardedBlock(Addresses(1 << 40, 1 << 41), bare=EVERYWHERE)
    assert block.length == 1 << 40
    with pytest.raises(Trap, match="nothing is mapped"):
        block.load(1 << 39, 4)
    block.put(1 << 39, memoryview(bytearray(8)))
    block.store((1 << 39) + 4, 4, 7)
    assert block.load((1 << 39) + 4, 4) == 7
    with pytest.raises(Trap):
        block.load((1 << 39) + 5, 4)


def test_what_traps_writes_nothing() -> None:
    block = guarded(HeapBlock(100), 100)
    block.protect(50, 60, readable=True, writable=False)
    writes: tuple[Callable[[], None], ...] = (
        lambda: block.write(45, b"x" * 10),
        lambda: block.fill(45, 1, 10),
        lambda: block.copy(45, 80, 10),
        lambda: block.discard(45, 10),
        lambda: block.store(47, 4, 0x01010101),
    )
    for write in writes:
        with pytest.raises(Trap, match="read-only"):
            write()
    assert block.peek(0, 100) == bytes(100)
