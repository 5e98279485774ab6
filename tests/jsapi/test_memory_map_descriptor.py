"""``WebAssembly.MemoryMapDescriptor``: what V8's own does, and what is better here."""

from __future__ import annotations

import gc
import pickle
import subprocess
import sys
import weakref
from typing import Any

import pytest

from pyjsapi import DataCloneError, RangeError, Uint8Array, WebAssembly, structuredClone, wat2wasm
from pyjsapi.blocks.paging import page_size

PAGE = 65536
Descriptor = WebAssembly.MemoryMapDescriptor


def filled(memory: WebAssembly.Memory, address: int, *values: int) -> None:
    Uint8Array(memory.buffer)[address : address + len(values)] = list(values)


def at(memory: WebAssembly.Memory, *addresses: int) -> list[int]:
    view = Uint8Array(memory.buffer)
    return [view[address] for address in addresses]


def test_the_namespace_has_it_and_loads_nothing_for_it() -> None:
    program = "import sys, pyjsapi; pyjsapi.WebAssembly.MemoryMapDescriptor; sys.exit('pyjsapi.sharing' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (None, "convertible to a valid number"),
        (float("nan"), "convertible to a valid number"),
        ("x", "convertible to a valid number"),
        (-1, "non-negative"),
        (-0.5, "non-negative"),
        (2**32, "unsigned long range"),
        (float("inf"), "convertible to a valid number"),
    ],
)
def test_sizes_are_numbers_of_an_unsigned_long(size: Any, message: str) -> None:
    with pytest.raises(TypeError, match=rf"MemoryMapDescriptor\(\): size must be .*{message}"):
        Descriptor(size)
    with pytest.raises(TypeError, match=f"Argument 1 must be .*{message}"):
        Descriptor(1).map(WebAssembly.Memory(initial=1), size)


def test_a_size_is_rounded_up_to_pages_of_the_system() -> None:
    memory = WebAssembly.Memory(initial=2)
    page = page_size()
    for size, mapped in ((1, page), (page, page), (page + 1, 2 * page), ("1e3", page), (0, 0)):
        assert Descriptor(size).map(memory, PAGE) == mapped


def test_memories_that_map_it_have_the_same_bytes() -> None:
    first, second = WebAssembly.Memory(initial=2), WebAssembly.Memory(initial=2, maximum=4)
    buffer = first.buffer
    descriptor = Descriptor(PAGE)
    assert descriptor.map(first, 0) == PAGE
    assert descriptor.map(second, PAGE) == PAGE
    assert first.buffer is buffer
    assert buffer.byteLength == 2 * PAGE
    filled(first, 5, 1, 2)
    assert at(second, PAGE + 5, PAGE + 6, 5) == [1, 2, 0]
    second.grow(1)
    filled(second, PAGE + 5, 9)
    assert at(first, 5) == [9]


def test_one_memory_can_map_it_twice_as_a_ring() -> None:
    memory = WebAssembly.Memory(initial=2)
    descriptor = Descriptor(PAGE)
    descriptor.map(memory, 0)
    descriptor.map(memory, PAGE)
    module = WebAssembly.Module(
        wat2wasm("""(module (memory (import "" "m") 2)
          (func (export "put") (i64.store (i32.const 65532) (i64.const 0x0807060504030201))))""")
    )
    WebAssembly.Instance(module, {"": {"m": memory}}).exports.put()
    assert at(memory, 65532, 65535, 0, 3, PAGE, PAGE + 3) == [1, 4, 5, 8, 5, 8]


def test_unmap_takes_the_last_map_away_and_leaves_zeros() -> None:
    memory = WebAssembly.Memory(initial=2)
    filled(memory, 0, 3)
    descriptor = Descriptor(PAGE)
    descriptor.unmap()
    descriptor.map(memory, 0)
    assert at(memory, 0) == [0]
    filled(memory, 0, 7)
    descriptor.map(memory, PAGE)
    descriptor.unmap()
    assert at(memory, 0, PAGE) == [7, 0]
    descriptor.unmap()
    assert at(memory, 0) == [7]
    descriptor.map(memory, PAGE)
    assert at(memory, PAGE) == [7]


def test_of_overlapping_maps_the_later_wins() -> None:
    memory = WebAssembly.Memory(initial=3)
    low, high = Descriptor(2 * PAGE), Descriptor(2 * PAGE)
    low.map(memory, 0)
    filled(memory, 0, 1)
    filled(memory, PAGE, 1)
    high.map(memory, PAGE)
    assert at(memory, 0, PAGE) == [1, 0]
    filled(memory, PAGE, 2)
    low.map(memory, 0)
    assert at(memory, 0, PAGE, 2 * PAGE) == [1, 1, 0]


def test_what_a_memory_cannot_have_is_refused() -> None:
    descriptor = Descriptor(PAGE)
    memory = WebAssembly.Memory(initial=1)
    shared = WebAssembly.Memory(initial=1, maximum=1, shared=True)
    wide = WebAssembly.Memory(initial=1, address="i64")
    wrong = [
        (descriptor, memory, PAGE),
        (descriptor, memory, 2 * PAGE),
        (Descriptor(2 * PAGE), memory, 0),
    ]
    for each, target, offset in [*wrong, (descriptor, shared, 0), (descriptor, wide, 0)]:
        with pytest.raises(WebAssembly.RuntimeError):
            each.map(target, offset)
    with pytest.raises(RangeError):
        descriptor.map(memory, 5)
    things: list[Any] = [None, {}, descriptor]
    for thing in things:
        with pytest.raises(TypeError):
            descriptor.map(thing, 0)
    assert memory.mappings == ()


def test_it_keeps_no_memory_alive() -> None:
    descriptor = Descriptor(PAGE)
    memory = WebAssembly.Memory(initial=1)
    descriptor.map(memory, 0)
    there = weakref.ref(memory._memory)
    del memory
    gc.collect()
    assert there() is None
    descriptor.unmap()
    assert descriptor.map(WebAssembly.Memory(initial=1), 0) == PAGE


def test_it_cannot_be_stored_or_cloned() -> None:
    descriptor = Descriptor(1)
    with pytest.raises(DataCloneError):
        structuredClone(descriptor)
    with pytest.raises(DataCloneError):
        pickle.dumps(descriptor)
    assert repr(descriptor) == f"<WebAssembly.MemoryMapDescriptor of {page_size()} bytes>"
