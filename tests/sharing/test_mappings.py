"""Resources of the host in memories: see ``Memory.map`` (HR-1 … HR-9)."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import RangeError, Uint8Array, WebAssembly
from pyjsapi.sharing import HostResource
from tests.sharing.accessing import PAGE, guest, writers

numpy = pytest.importorskip("numpy")
ZERO_COPY = ("mmap", "segment")
EVERY = (*ZERO_COPY, "copy")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of two pages, each byte of which says where it is."""
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * (2 * PAGE // 256))
    return path


@pytest.fixture
def resource(path: Path) -> Iterator[HostResource]:
    with HostResource.file(path, trusted=True) as made:
        yield made


@pytest.fixture
def memory() -> Any:
    return WebAssembly.Memory(initial=4, maximum=20)


@pytest.mark.parametrize("strategy", ZERO_COPY)
def test_hr_1_a_mapped_file_is_the_file(
    memory: Any, resource: HostResource, path: Path, strategy: str
) -> None:
    exports = guest(memory)
    mapping = memory.map(resource, PAGE, at=2 * PAGE, strategy=strategy)
    assert (mapping.strategy, mapping.zero_copy, mapping.addr) == (strategy, True, 2 * PAGE)
    assert exports["i32.load"](2 * PAGE) == 0x03020100
    exports["i32.store8"](2 * PAGE + 5, 200)
    with path.open("r+b", buffering=0) as file:
        assert os.pread(file.fileno(), 1, 5) == b"\xc8"
        os.pwrite(file.fileno(), b"!", 9)
    assert exports["i32.load8_u"](2 * PAGE + 9) == ord("!")
    assert memory.stats.bytes_copied == 0
    proof = mapping.proof()
    assert proof["zero_copy"] and proof["visible_without_flush"] and proof["strategy"] == strategy
    assert proof["address"] == memory.address_of(2 * PAGE)


def test_hr_1_auto_maps_what_cannot_become_shorter(memory: Any, resource: HostResource) -> None:
    assert memory.map(resource, PAGE).strategy == "mmap"
    assert memory.map(bytearray(100), at=PAGE + 3).strategy == "segment"


@pytest.mark.parametrize("strategy", EVERY)
def test_hr_2_growth_leaves_mappings_where_they_are(
    memory: Any, resource: HostResource, strategy: str
) -> None:
    exports = guest(memory)
    mapping = memory.map(resource, PAGE, at=PAGE, strategy=strategy)
    assert exports["memory.grow"](10) == 4
    assert exports["i32.load8_u"](PAGE + 7) == 7
    exports["i32.store8"](PAGE + 7, 70)
    mapping.flush()
    assert resource.read(7, 1) == b"F"
    exports["i32.store8"](14 * PAGE - 1, 3)
    assert Uint8Array(memory.buffer)[14 * PAGE - 1] == 3
    assert memory.mappings == (mapping,)


@pytest.mark.parametrize("strategy", EVERY)
def test_hr_3_unmapping_leaves_zeros(
    memory: Any, resource: HostResource, path: Path, strategy: str
) -> None:
    exports = guest(memory)
    exports["memory.fill"](0, 9, 4 * PAGE)
    mapping = memory.map(resource, PAGE, at=PAGE, strategy=strategy)
    exports["i32.store8"](PAGE + 1, 99)
    array = Uint8Array(memory.buffer)
    view = memory.view("B", PAGE, 10) if strategy == "mmap" else None
    mapping.unmap()
    mapping.unmap()
    assert [exports["i32.load8_u"](PAGE + place) for place in (-1, 0, 1, PAGE - 1, PAGE)] == [
        *(9, 0, 0, 0, 9),
    ]
    assert array[PAGE + 1] == 0
    if view is not None:
        assert bytes(view) == bytes(10)
    assert path.read_bytes()[:3] == b"\x00\x63\x02"
    assert memory.mappings == ()


def test_hr_4_a_copy_is_visible_when_it_is_flushed(memory: Any, resource: HostResource) -> None:
    exports = guest(memory)
    mapping = memory.map(resource, PAGE, at=PAGE, strategy="copy")
    assert not mapping.zero_copy
    exports["i32.store8"](PAGE + 1, 99)
    assert resource.read(1, 1) == b"\x01"
    mapping.flush()
    assert resource.read(1, 1) == b"\x63"
    exports["i32.store8"](PAGE + 2, 98)
    memory.unmap(resource)
    assert resource.read(1, 2) == b"\x63\x62"
    assert memory.stats.bytes_copied == 3 * PAGE


def test_hr_5_a_segment_at_any_address_behaves_as_flat_memory(memory: Any) -> None:
    """Random accesses of all sizes across its edges, against a model."""
    array = numpy.arange(999, dtype=numpy.uint8)
    exports = guest(memory)
    exports["memory.fill"](69000, 85, 4000)
    memory.map(array, at=70001)
    model = bytearray(4 * PAGE)
    model[69000:73000] = bytes([85]) * 4000
    model[70001:71000] = array.tobytes()
    chance = random.Random(5)
    sizes = {"i32.store8": 1, "i32.store16": 2, "i32.store": 4, "i64.store": 8}
    for _ in range(2000):
        edge = chance.choice((70001, 71000))
        address = edge + chance.randrange(-18, 18)
        name, size = chance.choice(list(sizes.items()))
        value = chance.getrandbits(8 * size)
        exports[name](address, value)
        model[address : address + size] = value.to_bytes(size, "little")
        other = edge + chance.randrange(-18, 18)
        found = exports["i64.load"](other) & (1 << 64) - 1
        assert found == int.from_bytes(model[other : other + 8], "little")
        if chance.random() < 0.2:
            to, from_, count = (chance.randrange(69900, 71100) for _ in range(3))
            count -= 69900
            exports["memory.copy"](to, from_, count)
            model[to : to + count] = model[from_ : from_ + count]
        if chance.random() < 0.1:
            exports["memory.fill"](address, value & 255, 33)
            model[address : address + 33] = bytes([value & 255]) * 33
        if chance.random() < 0.1:
            exports["v128.store"](address, value)
            model[address : address + 16] = (value & (1 << 64) - 1).to_bytes(8, "little") * 2
            assert exports["v128.load"](address) & (1 << 64) - 1 == value & (1 << 64) - 1
    assert Uint8Array(memory.buffer).tobytes() == bytes(model)
    assert array.tobytes() == bytes(model[70001:71000])
    assert memory.address_of(70001) == array.ctypes.data
    assert memory.stats.bytes_copied == 0


@pytest.mark.parametrize("strategy", ("auto", *EVERY))
def test_hr_6_read_only_is_checked_on_every_path_that_writes(
    memory: Any, resource: HostResource, strategy: str
) -> None:
    exports = guest(memory)
    memory.map(resource, PAGE, at=PAGE, mode="r", strategy=strategy)
    before = Uint8Array(memory.buffer).tobytes()
    assert exports["i32.load"](PAGE) == 0x03020100
    for name, arguments in writers(PAGE + 8).items():
        with pytest.raises(WebAssembly.RuntimeError, match="read-only memory"):
            exports[name](*arguments)
    with pytest.raises(WebAssembly.RuntimeError, match="read-only memory"):
        exports["i32.store"](PAGE - 2, -1)
    with pytest.raises(TypeError, match="read-only memory"):
        Uint8Array(memory.buffer)[PAGE] = 1
    assert memory.view("B", PAGE, 9).readonly
    assert Uint8Array(memory.buffer).tobytes() == before
    assert resource.read(0, PAGE) == before[PAGE : 2 * PAGE]


@pytest.mark.parametrize("strategy", ("auto", *EVERY))
def test_hr_6_copy_on_write_stays_in_the_memory(
    memory: Any, resource: HostResource, path: Path, strategy: str
) -> None:
    exports = guest(memory)
    memory.map(resource, PAGE, at=PAGE, mode="cow", strategy=strategy)
    exports["i32.store8"](PAGE + 1, 99)
    assert exports["i32.load"](PAGE) == 0x03026300
    memory.flush()
    memory.unmap(PAGE)
    assert path.read_bytes()[:4] == b"\0\1\2\3"


def test_hr_6_a_file_that_is_open_for_reading(memory: Any, path: Path) -> None:
    with HostResource.file(path, writable=False, trusted=True) as resource:
        with pytest.raises(TypeError, match="read-only"):
            memory.map(resource)
        memory.map(resource, PAGE, at=0, mode="cow")
        memory.map(resource, PAGE, at=PAGE, mode="r")
    exports = guest(memory)
    exports["i32.store8"](0, 1)
    with pytest.raises(WebAssembly.RuntimeError, match="read-only memory at address 65536"):
        exports["i32.store8"](PAGE, 1)


def test_hr_7_what_is_refused(memory: Any, resource: HostResource) -> None:
    memory.map(resource, PAGE, at=PAGE)
    for options in (
        {"at": PAGE + 4096, "length": 4096},
        {"at": 0, "length": PAGE + 1},
        {"at": 4 * PAGE, "length": 1},
        {"at": -1, "length": 1},
        {"at": 3 * PAGE + 1, "length": PAGE},
        {"at": 0, "offset": PAGE, "length": PAGE + 1},
        {"at": 0, "offset": 2 * PAGE + 1},
        {"at": 0, "offset": -1, "length": 1},
        {"at": 0, "length": -1},
        {"at": 1, "length": 4096, "strategy": "mmap"},
        {"at": 0, "length": 100, "strategy": "mmap"},
        {"at": 0, "offset": 100, "length": 4096, "strategy": "mmap"},
    ):
        with pytest.raises(RangeError):
            memory.map(resource, **options)
    with pytest.raises(TypeError, match="mode"):
        memory.map(resource, at=0, length=1, mode="w")
    with pytest.raises(TypeError, match="strategy"):
        memory.map(resource, at=0, length=1, strategy="magic")
    assert len(memory.mappings) == 1


def test_hr_7_auto_takes_a_segment_for_what_does_not_match_pages(
    memory: Any, resource: HostResource
) -> None:
    """And a window that is not aligned does not show its neighbours in the file."""
    exports = guest(memory)
    mapping = memory.map(resource, 10, at=PAGE + 1, offset=33)
    assert mapping.strategy == "segment"
    found = [exports["i32.load8_u"](PAGE + place) for place in range(13)]
    assert found == [0, *range(33, 43), 0, 0]
    exports["memory.fill"](PAGE, 0, 20)
    assert resource.read(32, 12) == bytes([32, *bytes(10), 43])


@pytest.mark.parametrize("kind", ["memfd", "bytearray"])
def test_hr_8_a_ring(kind: str) -> None:
    """The same bytes twice, side by side."""
    made: Any = HostResource.memfd(PAGE) if kind == "memfd" else bytearray(PAGE)
    memory = WebAssembly.Memory(initial=4)
    for place in (PAGE, 2 * PAGE):
        memory.map(made, at=place)
    exports = guest(memory)
    exports["i64.store"](2 * PAGE - 4, 0x0807060504030201)
    assert exports["i32.load"](PAGE) == 0x08070605
    assert exports["i32.load"](3 * PAGE - 4) == 0x04030201


def test_hr_9_buffers_that_cannot_be_mapped(memory: Any) -> None:
    with pytest.raises(TypeError, match="contiguous"):
        memory.map(numpy.zeros((4, 4), numpy.uint8)[:, ::2])
    with pytest.raises(TypeError, match="read-only"):
        memory.map(b"constant")
    with pytest.raises(TypeError):
        memory.map(object())
    memory.map(b"constant", at=0, mode="r")
    assert guest(memory)["i32.load8_u"](0) == ord("c")


def test_parts_of_a_mapping_can_be_unmapped(memory: Any, resource: HostResource) -> None:
    mapping = memory.map(resource, at=0)
    memory.unmap(4096, 4096)
    exports = guest(memory)
    found = [exports["i32.load8_u"](place + 1) for place in (0, 4096, 8192)]
    assert found == [1, 0, 1]
    assert mapping.parts == [(0, 4096), (8192, 2 * PAGE)]
    assert memory.map(resource, 4096, at=4096).addr == 4096
    with pytest.raises(RangeError, match="whole pages"):
        memory.unmap(8200, 4)
    memory.unmap(0, memory.buffer.byteLength)
    assert memory.mappings == ()


def test_holes_are_found_from_the_beginning(memory: Any) -> None:
    first, second = memory.map(bytearray(10)), memory.map(bytearray(PAGE + 1))
    assert (first.addr, second.addr) == (0, PAGE)
    assert memory.map(bytearray(1)).addr == 3 * PAGE
    with pytest.raises(RangeError, match="no room"):
        memory.map(bytearray(1))
    first.unmap()
    assert memory.map(bytearray(1)).addr == 0


def test_a_file_that_becomes_shorter_under_auto_ends_nothing(memory: Any, path: Path) -> None:
    exports = guest(memory)
    with HostResource.file(path) as resource:
        mapping = memory.map(resource, at=0)
        assert (mapping.strategy, resource.stable) == ("copy", False)
        os.truncate(path, 100)
        assert exports["i32.load8_u"](PAGE + 5) == 5
        exports["i32.store8"](PAGE + 5, 1)
        with pytest.raises(OSError, match="become shorter"):
            mapping.flush()
        with pytest.raises(OSError, match="become shorter"):
            mapping.unmap()
        assert exports["i32.load8_u"](PAGE + 5) == 0
        assert memory.mappings == ()
        assert path.stat().st_size == 100
        with pytest.raises(OSError, match="become shorter"):
            memory.map(resource, at=0)


def test_unmapping_while_another_thread_reads(memory: Any, resource: HostResource) -> None:
    """It sees what is mapped, or zeros, never anything else; and no access ends the process."""
    exports = guest(memory)
    memory.map(resource, PAGE, at=PAGE).unmap()
    stop = threading.Event()
    seen: set[int] = set()

    def read() -> None:
        load = exports["i32.load"]
        while not stop.is_set():
            seen.add(load(PAGE + 4))

    thread = threading.Thread(target=read)
    thread.start()
    for _ in range(300):
        memory.map(resource, PAGE, at=PAGE).unmap()
    stop.set()
    thread.join()
    assert seen <= {0, 0x07060504}


def test_a_memory_cannot_be_guarded_while_its_code_runs() -> None:
    memory = WebAssembly.Memory(initial=1)
    calls: list[Any] = []

    def call() -> None:
        with pytest.raises(WebAssembly.RuntimeError, match="storage='guarded'") as caught:
            memory.map(bytearray(8), at=0)
        calls.append(caught.value)

    from pyjsapi import wat2wasm

    text = """(module (import "h" "m" (memory 1)) (import "h" "f" (func $f))
      (func (export "run") (result i32)
        (i32.store (i32.const 0) (i32.const 5)) (call $f) (i32.load (i32.const 0))))"""
    module = WebAssembly.Module(wat2wasm(text))
    run = WebAssembly.Instance(module, {"h": {"m": memory, "f": call}}).exports.run
    assert run() == 5
    assert len(calls) == 1
    memory.map(bytearray(b"\7\0\0\0"), at=0)
    assert memory.stats.maps == 1
    calls.clear()
    module_reading = guest(memory)
    assert module_reading["i32.load"](0) == 7


def test_the_host_may_guard_a_memory_while_code_runs_that_does_not_reach_it() -> None:
    from pyjsapi import wat2wasm

    memory = WebAssembly.Memory(initial=1)
    text = """(module (import "h" "m" (memory 1)) (import "h" "f" (func $f))
      (func $get (result i32) (i32.load (i32.const 0)))
      (func (export "run") (result i32) (call $f) (call $get)))"""
    module = WebAssembly.Module(wat2wasm(text))
    data = bytearray(b"\x2a\0\0\0")
    imports = {"h": {"m": memory, "f": lambda: memory.map(data, at=0) and None}}
    assert WebAssembly.Instance(module, imports).exports.run() == 42


def test_two_instances_of_one_memory_are_guarded_together_or_not_at_all() -> None:
    memory = WebAssembly.Memory(initial=1)
    one, other = guest(memory), guest(memory)
    one["i32.store"](0, 1)
    assert other["i32.load"](0) == 1
    data = bytearray(b"\5\0\0\0")
    memory.map(data, at=0)
    assert (one["i32.load"](0), other["i32.load"](0)) == (5, 5)
    other["i32.store"](0, 6)
    assert data == b"\6\0\0\0"
    assert guest(memory)["i32.load"](0) == 6
