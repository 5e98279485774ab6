"""The import module ``test:shm/exchange``: guests that lend blocks to each other."""

from __future__ import annotations

import gc
import mmap
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi import RangeError, WebAssembly, wat2wasm
from pyjsapi.sharing.exchange import MODULE, SHARED, WRITE, Exchange
from pyjsapi.sharing.state import state_of
from tests.sharing.exchange_modules import PAGES, impl, main

PAGE = mmap.PAGESIZE
STRATEGIES = ("mmap", "segment", "copy", "auto")
each_strategy = pytest.mark.parametrize("strategy", STRATEGIES)
SIZE = PAGES * 65536
"""Bytes of a guest's memory."""
RESULT = 16
"""Where results are written."""


@each_strategy
def test_o5_1_three_increments_by_an_instance_of_its_own(strategy: str) -> None:
    exchange = Exchange(strategy=strategy)
    _, worker = impl(exchange)
    _, owner = main(exchange, worker.increment)
    assert owner.main() == 3
    with pytest.raises(WebAssembly.RuntimeError, match="no memory block 1"):
        owner.drop(1)


class Script:
    """Calls of two guests, and what they wrote and gave back."""

    def __init__(self, strategy: str) -> None:
        exchange = Exchange(strategy=strategy)
        _, self.impl = impl(exchange)
        _, self.main = main(exchange, self.impl.increment)
        self.seen: list[object] = []

    def call(self, guest: Any, name: str, *arguments: int) -> Any:
        """Call, and remember the result and what is where results are."""
        guest.store8(RESULT, 0xEE)
        try:
            found = getattr(guest, name)(*arguments)
        except WebAssembly.RuntimeError as trap:
            found = str(trap)
        memory = guest.memory._memory
        self.seen.append((name, arguments, found, memory.block.read(RESULT, 12)))
        return found

    def area(self, guest: Any) -> tuple[int, int]:
        return guest.load32(RESULT + 4), guest.load32(RESULT + 8)

    def run(self) -> None:
        call, one, two = self.call, self.main, self.impl
        block = call(one, "new", 1024)
        call(one, "attach", block, WRITE, RESULT)  # no storage
        for guest in (one, two):
            call(guest, "storage", 1000, 2 * PAGE - 1, RESULT)  # wrong size
            call(guest, "storage", 1000, call(guest, "minimum", block), RESULT)
            call(guest, "storage", SIZE - PAGE, 2 * PAGE, RESULT)  # out of bounds
        call(one, "attach", block, WRITE, RESULT)
        place, size = self.area(one)
        self.seen.append((place, size))
        call(two, "attach", block, WRITE, RESULT)  # busy
        call(two, "attach", block, 0, RESULT)
        one.store8(place + 1023, 77)
        call(one, "detach", block, 1025)  # too many
        call(one, "detach", block, 1024)
        call(one, "detach", block, 0)  # nothing is attached
        self.seen.append(one.load8(place + 1023))
        copy = call(two, "clone", block)
        call(two, "attach", copy, SHARED, RESULT)
        place, _ = self.area(two)
        self.seen.append(two.load8(place + 1023))
        call(two, "store8", place, 1)
        call(one, "attach", block, 0, RESULT)  # two readers
        call(one, "attach", block, WRITE, RESULT)
        call(two, "detach", copy, 1)  # consumes of a shared one
        call(two, "detach", copy, 0)
        call(one, "detach", block, 1000)
        call(two, "drop", copy)
        call(two, "attach", copy, 0, RESULT)
        part = call(one, "partition", block, 1000, 24, 0)
        call(two, "attach", part, 0, RESULT)
        place, size = self.area(two)
        self.seen.append((place, size, two.load8(place + 23), two.load8(place + 24)))
        call(two, "detach", part, 0)
        call(one, "partition", block, 1000, 25, 0)
        for forged in (0, 99, -1):
            for name, *rest in (("attach", 0, RESULT), ("detach", 0), ("drop",), ("clone",)):
                call(one, str(name), forged, *map(int, rest))
        call(one, "attach", block, 4, RESULT)  # no such flag


@each_strategy
def test_o5_3_transcripts_are_the_same(strategy: str) -> None:
    expected, script = Script("copy"), Script(strategy)
    expected.run()
    script.run()
    assert script.seen == expected.seen


def test_results_are_laid_out_as_the_interface_says() -> None:
    exchange = Exchange()
    _, guest = impl(exchange)
    _, other = impl(exchange)
    block = guest.new(1024)

    def result(who: Any, name: str, *arguments: int) -> bytes:
        who.memory._memory.fill(RESULT, 0xEE, 12)
        getattr(who, name)(*arguments, RESULT)
        found: bytes = who.memory._memory.block.read(RESULT, 12)
        return found

    rest = b"\xee" * 12
    assert result(guest, "attach", block, WRITE) == b"\1" + rest[:3] + b"\0" + rest[:7]
    assert result(guest, "storage", 1000, PAGE) == b"\1\2" + rest[:10]
    assert result(guest, "storage", 1000, 4 * PAGE) == b"\0" + rest[:11]
    assert result(guest, "storage", 1000, 4 * PAGE) == b"\1\3" + rest[:10]
    place = (-(-1000 // PAGE) * PAGE).to_bytes(4, "little") + (1024).to_bytes(4, "little")
    assert result(guest, "attach", block, WRITE) == b"\0" + rest[:3] + place
    assert result(other, "attach", block, WRITE) == b"\1" + rest[:3] + b"\1" + rest[:7]


def test_a_result_that_cannot_be_written_changes_nothing() -> None:
    exchange = Exchange()
    _, guest = impl(exchange)
    block = guest.new(8)
    guest.storage(1000, 8 * PAGE, RESULT)
    for result, message in (
        (18, "multiple of 4"),
        (SIZE - 8, "out of bounds"),
        (-4, "out of bounds"),
    ):
        with pytest.raises(WebAssembly.RuntimeError, match=message):
            guest.attach(block, 0, result)
    assert not exchange.block(block).attached
    with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
        guest.storage(1000, 2 * PAGE, SIZE - 1)
    guest.storage(1000, 2 * PAGE, SIZE - 2)


def test_sizes_are_unsigned_and_may_be_too_large() -> None:
    _, guest = impl(Exchange())
    for size in (0, -1, -4096):
        with pytest.raises(WebAssembly.RuntimeError, match="a memory block has between"):
            guest.new(size)
    assert guest.optimum(1, 1024) == 3 * PAGE
    assert guest.optimum(-1, -1) == -1
    guest.storage(-PAGE, 2 * PAGE, RESULT)
    assert guest.load8(RESULT) == 1


def test_the_host_says_which_memory_is_the_guests() -> None:
    exchange = Exchange()
    guest = exchange.guest()
    attach = guest.imports()[MODULE]["[method]memory-block.attach"]
    handle = guest.imports()[MODULE]["[constructor]memory-block"](8)
    with pytest.raises(Exception, match=r"set Guest\.memory"):
        attach(handle, 0, 16)
    memory = WebAssembly.Memory(initial=PAGES)
    bound = exchange.guest(memory)
    assert bound.memory is memory._memory and memory._memory.by_calls
    bound.imports()[MODULE]["[static]memory-block.add-storage"](0, 8 * PAGE, SIZE - 16)
    bound.imports()[MODULE]["[method]memory-block.attach"](handle, WRITE, SIZE - 16)
    assert exchange.block(handle).attached
    exchange.drop(handle)


def test_a_guest_lends_bytes_that_it_has() -> None:
    exchange = Exchange()
    _, one = impl(exchange)
    _, two = impl(exchange)
    block = one.local(700, 8)
    two.storage(1000, 8 * PAGE, RESULT)
    one.attach(block, WRITE, RESULT)
    assert (one.load8(RESULT), one.load32(RESULT + 4), one.load32(RESULT + 8)) == (0, 700, 8)
    one.detach(block, 8)
    two.attach(block, 0, RESULT)
    assert (two.load8(RESULT), two.load8(RESULT + 4)) == (1, 3)
    with pytest.raises(WebAssembly.RuntimeError, match="does not have"):
        one.local(SIZE - 2, 8)


def test_with_mmap_nothing_is_copied() -> None:
    exchange = Exchange(strategy="mmap")
    worker, exports = impl(exchange)
    owner, functions = main(exchange, exports.increment)
    run: Callable[[], int] = functions.main
    assert run() == 3
    for guest in (worker, owner):
        assert state_of(guest.memory).stats.bytes_copied == 0


def test_o5_5_what_a_guest_has_attached_cannot_be_given_away() -> None:
    exchange = Exchange()
    _, guest = impl(exchange)
    give = WebAssembly.Instance(
        WebAssembly.Module(
            wat2wasm("""(module (import "host" "take" (func $take (param i32) (result i32)))
              (export "take" (func $take)))""")
        ),
        {"host": {"take": exchange.take}},
    ).exports.take
    guest.storage(1000, 8 * PAGE, RESULT)
    block = guest.new(8)
    guest.attach(block, WRITE, RESULT)
    with pytest.raises(WebAssembly.RuntimeError, match="detach it before"):
        give(block)
    guest.detach(block, 8)
    moved = give(block)
    assert moved != block and guest.minimum(moved) == 8 + 2 * PAGE
    for dead in (block, 0):
        with pytest.raises(WebAssembly.RuntimeError, match="no memory block"):
            give(dead)


def test_addresses_are_of_32_bits() -> None:
    with pytest.raises(TypeError, match="32 bits"):
        Exchange().guest(WebAssembly.Memory(initial=1, address="i64"))


def test_blocks_that_a_guest_makes_count_for_its_memory() -> None:
    text = """(module
      (import "test:shm/exchange" "[constructor]memory-block" (func $new (param i32) (result i32)))
      (import "test:shm/exchange" "[resource-drop]memory-block" (func $drop (param i32)))
      (memory (export "memory") 1)
      (export "new" (func $new)) (export "drop" (func $drop)))"""
    module = WebAssembly.Module(
        wat2wasm(text), builtins=["shm-exchange"], limits={"max_memory_bytes": 3 << 16}
    )
    exports = WebAssembly.Instance(module).exports
    first = exports.new(1 << 16)
    exports.new(1 << 16)
    with pytest.raises(WebAssembly.RuntimeError, match=r"Limits\.max_memory_bytes"):
        exports.new(1)
    with pytest.raises(RangeError):
        exports.memory.grow(1)
    exports.drop(first)
    gc.collect()
    exports.new(1 << 16)
