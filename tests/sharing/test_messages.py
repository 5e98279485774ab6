"""What memories and resources say when they are asked for something that cannot be."""

from __future__ import annotations

import copy
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import DataCloneError, RangeError, WebAssembly, structuredClone
from pyjsapi.sharing import Exchange, HostResource, MemoryBlock, SharedHeap, far_pointer

REFUSED: dict[str, Callable[[Any], Any]] = {
    r"a HostResource or a buffer .* is needed, not 'abc'": lambda m: m.map("abc"),
    r"a HostResource or a buffer .* is needed, not 3": lambda m: WebAssembly.Memory(backing=3),
    r"a HostResource or a buffer .* is needed, not undefined": lambda m: m.unmap(None),
    r"Memory.map\(\): at must be an integer, not str": lambda m: m.map(bytearray(8), at="0"),
    r"Memory.map\(\): offset must be an integer, not float": lambda m: m.map(b"", offset=1.0),
    r"Memory.map\(\): length must be an integer, not float": lambda m: m.map(b"", 1.5),
    r"Memory.protect\(\): address must be an integer, not str": lambda m: m.protect("0", 1, "r"),
    r"Memory.protect\(\): access 'w' must be one of none, r, rw": lambda m: m.protect(0, 1, "w"),
    r"Memory.discard\(\): length must be an integer, not float": lambda m: m.discard(0, 1.5),
    r"Memory.view\(\): address must be an integer, not str": lambda m: m.view("B", "0"),
    r"Memory.view\(\): format 'zz' must be one": lambda m: m.view("zz"),
    r"HostResource.memfd\(\): size must be an integer, not str": lambda m: HostResource.memfd("8"),  # type: ignore[arg-type]
    r"HostResource.anon\(\): size must be an integer, not float": lambda m: HostResource.anon(8.0),  # type: ignore[arg-type]
    r"SharedHeap\(\): size must be an integer, not str": lambda m: SharedHeap("8"),  # type: ignore[arg-type]
    r"a memory block needs a WebAssembly.Memory, not 3": lambda m: MemoryBlock(8).attach(3),  # type: ignore[arg-type]
    r"Exchange.add\(\): a MemoryBlock is needed, not 3": lambda m: Exchange().add(3),  # type: ignore[arg-type]
    r"far_pointer\(\): 'to' must be instances, not 3": lambda m: far_pointer(m, to=3),  # type: ignore[arg-type]
    r"Memory.protect\(\): address must be an integer, not NoneType": lambda m: m.protect(
        None, 1, "r"
    ),
    r"Memory.view\(\): address must be an integer, not NoneType": lambda m: m.view("B", None),
    r"Memory.unmap\(\): length goes with an address": lambda m: m.unmap(bytearray(8), 8),
    r"HostResource.shm\(\): size must be an integer, not str": lambda m: HostResource.shm(size="8"),  # type: ignore[arg-type]
    r"HostResource.shm\(\): name must be a string, not 8": lambda m: HostResource.shm(8),  # type: ignore[arg-type]
    r"HostResource.file\(\): offset must be an integer, not float": lambda m: HostResource.file(
        __file__,
        writable=False,
        offset=1.5,  # type: ignore[arg-type]
    ),
    r"HostResource.file\(\): length must be an integer, not str": lambda m: HostResource.file(
        __file__,
        writable=False,
        length="8",  # type: ignore[arg-type]
    ),
    r"SharedHeap\(\): size must be an integer, not NoneType": lambda m: SharedHeap(None),  # type: ignore[arg-type]
    r"SharedHeap\(\): domain must be a HeapDomain, not 5": lambda m: SharedHeap(8, domain=5),  # type: ignore[arg-type]
    r"SharedHeap.chain\(\): a SharedHeap is needed, not 5": lambda m: SharedHeap(8).chain(5),  # type: ignore[arg-type]
    r"MemoryBlock.local\(\): addr must be an integer, not float": lambda m: MemoryBlock.local(
        m,
        1.5,  # type: ignore[arg-type]
        8,
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_wrong_arguments_are_named(message: str) -> None:
    memory = WebAssembly.Memory(initial=1)
    with pytest.raises(TypeError, match=message):
        REFUSED[message](memory)
    assert not memory.mappings


def test_integers_of_numpy_are_integers() -> None:
    numpy = pytest.importorskip("numpy")
    memory = WebAssembly.Memory(initial=4)
    eight = numpy.uint8(200)  # whose own sums are of 8 bits
    data = bytearray(b"\1" * 70_000)
    mapping = memory.map(data, numpy.uint8(100), at=eight, offset=numpy.uint8(255))
    assert {type(value) for value in (mapping.addr, mapping.length, mapping.offset)} == {int}
    assert memory.view("B", eight, numpy.uint8(2)).tolist() == [1, 1]
    assert isinstance(memory.address_of(eight), int)
    memory.protect(numpy.uint16(65535), numpy.uint8(1), "r")
    memory.unmap(eight)
    assert not memory.mappings
    memory.map(data, at=65536)
    memory.unmap(numpy.int64(65536), numpy.int64(70_000))
    assert not memory.mappings
    array = numpy.ones(8, dtype="u1")
    memory.map(array, at=0)
    memory.unmap(array)
    assert not memory.mappings
    memory.discard(numpy.uint32(131072), numpy.uint8(1))
    assert SharedHeap(numpy.uint8(200)).size == 4096


@pytest.mark.parametrize("make", [HostResource.memfd, HostResource.anon])
def test_no_resource_is_longer_than_addresses(make: Callable[[int], HostResource]) -> None:
    for size in (2**63, 2**64, 2**200):
        with pytest.raises(RangeError, match=f"the size cannot be {size}"):
            make(size)


@pytest.mark.parametrize("make", [HostResource.memfd, HostResource.anon])
def test_no_resource_has_less_than_nothing(make: Callable[[int], HostResource]) -> None:
    with pytest.raises(RangeError, match="the size cannot be -1"):
        make(-1)


def test_what_is_not_mapped_is_unmapped_by_nothing() -> None:
    memory = WebAssembly.Memory(initial=1)
    memory.unmap(bytearray(8))
    memory.unmap(0)
    memory.unmap(0, 65536)
    assert memory.stats.unmaps == 0


def test_a_closed_resource_cannot_be_mapped(tmp_path: Path) -> None:
    memory = WebAssembly.Memory(initial=1)
    path = tmp_path / "file"
    path.write_bytes(bytes(65536))
    for resource in (HostResource.file(path), HostResource.buffer(bytearray(65536))):
        resource.close()
        with pytest.raises(ValueError, match="the resource is closed"):
            memory.map(resource)


def test_files_are_read_and_written_where_the_system_has_no_pread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "pread")
    monkeypatch.delattr(os, "pwrite")
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)))
    memory = WebAssembly.Memory(initial=1)
    with HostResource.file(path) as resource, memory.map(resource, 100, at=7, offset=50):
        assert bytes(memory.view("B", 7, 3)) == b"234"
        memory.view("B", 7, 1)[0] = 0
    assert path.read_bytes() == bytes([*range(50), 0, *range(51, 256)])


def test_what_is_mapped_outlives_a_resource_that_is_closed() -> None:
    memory = WebAssembly.Memory(initial=1)
    resource = HostResource.memfd(65536)
    memory.map(resource, at=0)
    resource.close()
    memory.view()[5] = 7
    memory.flush()
    assert (memory.view()[5], repr(resource)) == (7, "<closed HostResource memfd of 65536 bytes>")
    memory.unmap(0, 65536)
    assert memory.view()[5] == 0


def test_a_copy_ends_even_where_it_cannot_be_copied_back(tmp_path: Path) -> None:
    memory = WebAssembly.Memory(initial=1)
    path = tmp_path / "file"
    path.write_bytes(b"\1" * 65536)
    with HostResource.file(path) as resource:
        mapping = memory.map(resource, at=0)
        assert mapping.strategy == "copy"
    memory.view()[0] = 2
    with pytest.raises(ValueError, match="the resource is closed"):
        mapping.unmap()
    assert (memory.mappings, memory.view()[0], path.read_bytes()[0]) == ((), 0, 1)
    mapping.unmap()


@pytest.mark.parametrize("copy_of", [copy.copy, copy.deepcopy, pickle.dumps, structuredClone])
def test_what_is_of_this_process_is_not_copied(copy_of: Callable[[Any], object]) -> None:
    """A copy had the number of a descriptor, and closing it closed the other's."""
    memory = WebAssembly.Memory(initial=1)
    block = MemoryBlock(8)
    with HostResource.anon(65536) as resource:
        mapping = memory.map(resource, at=0)
        area = block.attach(WebAssembly.Memory(initial=1), write=True, at=0)
        for thing in (resource, mapping, SharedHeap(4096), block, area):
            with pytest.raises(DataCloneError, match=r"could not be cloned|cannot be stored"):
                copy_of(thing)


def test_buffers_of_guarded_memories_are_no_resources() -> None:
    memory = WebAssembly.Memory(initial=1, storage="guarded")
    with pytest.raises(TypeError, match="the bytes are those of a guarded memory"):
        memory.map(memory.buffer)
