"""Memory sharing in Pyodide, where no file is mapped by the system: run inside it by `test_hosts.py`."""

from __future__ import annotations

import gc
import os
from typing import Any

import js
from pyodide.ffi import to_js

from pyjsapi import Atomics, Int32Array, RangeError, Uint8Array, WebAssembly, javascript, wat2wasm
from pyjsapi.sharing import HostResource
from pyjsapi.sharing.control import map_pages, unmap_pages
from tests.bridge.inside.helpers import PAGE, raises, shared

ACCESS = """
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))"""


def guest(memory: Any, pages: str = "1", access: str = ACCESS) -> Any:
    module = WebAssembly.Module(wat2wasm(f'(module (memory (import "" "m") {pages}) {access})'))
    return WebAssembly.Instance(module, {"": {"m": memory}}).exports


def traps(function: Any, *arguments: Any) -> str:
    return raises(WebAssembly.RuntimeError, function, *arguments)


def bytes_of_javascript(*values: int) -> Any:
    array = js.Uint8Array.new(len(values))
    array.assign(bytes(values))
    return array


def case_a_buffer_of_javascript_is_copied() -> None:
    memory = WebAssembly.Memory(initial=1)
    exports = guest(memory)
    array = bytes_of_javascript(1, 2, 3, 4, 5, 6, 7, 8)
    with HostResource.js(array) as resource:
        assert (resource.kind, resource.size, resource.readonly) == ("js", 8, False)
        mapping = memory.map(resource, at=100)
        assert (mapping.strategy, mapping.zero_copy, memory.stats.bytes_copied) == (
            "copy",
            False,
            8,
        )
        assert exports.load(100) == 0x04030201
        exports.store(104, 0x0C0B0A09)
        assert array[4] == 5
        mapping.flush()
        assert list(array.to_bytes()) == [1, 2, 3, 4, 9, 10, 11, 12]
        exports.store(100, 0)
        mapping.unmap()
        assert list(array.to_bytes()) == [0, 0, 0, 0, 9, 10, 11, 12]
        assert exports.load(104) == 0
        raises(TypeError, lambda: memory.map(resource, at=100, strategy="segment"))
        raises(RangeError, lambda: memory.map(resource, at=100, strategy="mmap"))


def case_a_part_of_a_shared_buffer_of_javascript_is_copied_too() -> None:
    memory = WebAssembly.Memory(initial=1)
    array = js.Uint8Array.new(js.SharedArrayBuffer.new(64), 32, 16)
    array.fill(7)
    mapping = memory.map(HostResource.js(array), 4, at=9, offset=12, mode="r")
    exports = guest(memory)
    assert exports.load(9) == 0x07070707
    assert "read-only" in traps(exports.store, 12, 1)
    assert exports.load(13) == 0
    mapping.unmap()
    exports.store(12, 1)
    assert array[15] == 7
    for thing in (to_js([1, 2]), js.Object.new(), bytearray(4), None):
        raises(TypeError, HostResource.js, thing)


def case_hr_5_a_bytearray_is_a_segment_at_any_address() -> None:
    memory = WebAssembly.Memory(initial=2, maximum=300)
    data = bytearray(range(200))
    exports = guest(memory)
    exports.store(70000, -1)
    mapping = memory.map(data, at=70001)
    assert (mapping.strategy, mapping.zero_copy) == ("segment", True)
    assert mapping.proof()["same_address"]
    assert exports.load(70000) == 0x020100FF
    exports.store(69999, 0x44332211)
    assert (data[0], data[1], data[2]) == (0x33, 0x44, 2)
    exports.fill(70199, 9, 4)
    assert data[198:] == b"\t\t"
    view = Uint8Array(memory.buffer)
    assert list(view[70000:70003]) == [0x22, 0x33, 0x44]
    view[70003] = 77
    assert data[2] == 77
    # As far as before: nothing is reserved.
    assert exports.grow(200) == 2
    assert exports.load(202 * PAGE - 4) == 0
    data[5] = 55
    assert exports.load(70006) & 0xFF == 55
    memory.unmap(data)
    assert exports.load(70001) == 0
    assert data[5] == 55
    assert memory.stats.bytes_copied == 0


def case_atomics_reach_a_segment() -> None:
    memory = WebAssembly.Memory(initial=1)
    data = bytearray(16)
    memory.map(data, at=1024)
    array = Int32Array(memory.buffer, 1024, 4)
    assert Atomics.add(array, 1, 5) == 0
    assert Atomics.compareExchange(array, 1, 5, -2) == 5
    assert data[4:8] == b"\xfe\xff\xff\xff"


def case_hr_8_a_buffer_mapped_twice_is_a_ring() -> None:
    memory = WebAssembly.Memory(initial=2)
    data = bytearray(PAGE)
    memory.map(data, at=0)
    memory.map(data, at=PAGE)
    exports = guest(memory)
    exports.store(PAGE - 2, 0x04030201)
    assert exports.load(0) == exports.load(PAGE) == 0x0403
    assert data[-2:] == b"\1\2"


def case_hr_4_files_are_copied() -> None:
    path = "/tmp/sharing.bin"
    with open(path, "wb") as file:
        file.write(b"abcd" * 1000)
    memory = WebAssembly.Memory(initial=1)
    exports = guest(memory)
    with HostResource.file(path, trusted=True) as resource:
        mapping = memory.map(resource, at=0)
        assert mapping.strategy == "copy"
        exports.store(0, 0x34333231)
        with open(path, "rb") as file:
            assert file.read(8) == b"abcdabcd"
        mapping.flush()
        with open(path, "rb") as file:
            assert file.read(8) == b"1234abcd"
        raises(RangeError, lambda: memory.map(resource, at=4096, strategy="mmap"))
        mapping.unmap()
    os.unlink(path)
    raises(NotImplementedError, HostResource.memfd, 1)


def case_p_9_a_virtual_memory_of_20_gib() -> None:
    pages = 20 << 14
    memory = WebAssembly.Memory(initial=pages, maximum=pages, address="i64", virtual=True)
    access = """
      (func (export "load") (param i64) (result i64) (i64.load (local.get 0)))
      (func (export "store") (param i64 i64) (i64.store (local.get 0) (local.get 1)))"""
    exports = guest(memory, f"i64 {pages}", access)
    far = 19 << 30
    traps(exports.load, far)
    assert map_pages(memory._memory, far + 70000, 1, "rw") == far + PAGE
    exports.store(far + PAGE, 12)
    assert exports.load(far + PAGE) == 12
    traps(exports.load, far)
    data = bytearray(b"\5" * 16)
    memory.map(data, at=10 << 30)
    assert exports.load(10 << 30) == 0x0505050505050505
    unmap_pages(memory._memory, far + PAGE, 1)
    traps(exports.load, far + PAGE)
    assert memory.grow(0) == pages
    copy = """
      (func (export "copy") (param i64 i64 i64) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
      (func (export "fill") (param i64 i32 i64) (memory.fill (local.get 0) (local.get 1) (local.get 2)))"""
    bulk = guest(memory, f"i64 {pages}", copy)
    map_pages(memory._memory, far, PAGE, "rw")
    bulk.fill(far, 3, 100)
    bulk.copy(far + 50, 10 << 30, 16)
    assert [exports.load(far), exports.load(far + 56)] == [0x0303030303030303, 0x0505050505050505]
    traps(bulk.copy, (20 << 30) - 8, far, 9)
    raises(TypeError, lambda: memory.buffer)


def case_p_1_to_p_5_pages_out_of_reach_and_read_only_pages() -> None:
    memory = WebAssembly.Memory(initial=4, maximum=6, noAccess=1, readOnly=2)
    access = f'(data (i32.const {PAGE}) "\\05\\06") {ACCESS}'
    exports = guest(memory, "4", access)
    traps(exports.load, 0)
    assert exports.load(PAGE) == 0x0605
    assert "read-only" in traps(exports.store, PAGE, 1)
    assert "read-only" in traps(exports.fill, 3 * PAGE - 1, 1, 4)
    assert exports.load(3 * PAGE) == 0
    assert (memory.bufferOffset, memory.buffer.byteLength) == (3 * PAGE, PAGE)
    assert exports.grow(2) == 4
    exports.store(6 * PAGE - 4, 1)
    assert memory.readOnlyBuffer is not None
    assert memory.readOnlyBuffer[1] == 6


def case_p_6_a_region_for_mappings() -> None:
    memory = WebAssembly.Memory(initial=10, maximum=150, maplength=15)
    exports = guest(memory, "25")
    traps(exports.load, 0)
    data = bytearray(b"\1" * PAGE)
    mapping = memory.map(data)
    assert exports.load(mapping.addr) == 0x01010101
    memory.unmap(data)
    traps(exports.load, mapping.addr)
    assert exports.grow(1) == 25


def case_a_heap_is_above_memories() -> None:
    from pyjsapi.sharing import SharedHeap

    heap = SharedHeap(65536)
    first, second = WebAssembly.Memory(initial=1), WebAssembly.Memory(initial=1)
    first.attach_heap(heap)
    second.attach_heap(heap)
    address = heap.malloc(64)
    guest(first).store(address, 9)
    assert guest(second).load(address) == 9
    second.detach_heap()
    traps(guest(second).load, address)


def case_shared_memories_of_javascript_are_mapped_as_copies_and_not_guarded() -> None:
    javascript.enable()
    memory = shared()
    data = bytearray(b"abcd")
    mapping = memory.map(data, at=8)
    assert mapping.strategy == "copy"
    assert js.Uint8Array.new(javascript.to_javascript(memory).buffer)[8] == 97
    mapping.unmap()
    assert Uint8Array(memory.buffer)[8] == 0
    for guarding in (
        lambda: memory.map(data, at=8, mode="r"),
        lambda: memory.map(data, at=8, strategy="segment"),
        lambda: memory.protect(0, 1, "r"),
    ):
        assert "other workers" in traps(guarding)


def case_nothing_is_left_of_memories_that_nobody_has() -> None:
    """Guarded memories take as many bytes as they have, not as many as they might."""
    for _ in range(200):
        memory = WebAssembly.Memory(initial=16)
        memory.protect(0, 1, "r")
    gc.collect()
    assert memory.view("B", PAGE, 1)[0] == 0
