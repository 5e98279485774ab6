"""Resources of the host by themselves: what they are made of, how they end, what is not safe of them."""

from __future__ import annotations

import array
import ctypes
import gc
import mmap
import multiprocessing
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import ArrayBuffer, RangeError, Uint8Array, WebAssembly
from pyjsapi.sharing import HostResource
from tests.sharing.accessing import PAGE, guest


def _buffers() -> dict[str, Any]:
    return {
        "bytearray": bytearray(64),
        "memoryview": memoryview(bytearray(64)),
        "mmap": mmap.mmap(-1, 64),
        "ctypes": (ctypes.c_uint16 * 32)(),
        "array": array.array("d", [0.0] * 8),
        "RawArray": multiprocessing.RawArray("i", 16),
        "numpy": pytest.importorskip("numpy").zeros((4, 4), "float32"),
        "typed array": Uint8Array(ArrayBuffer(64)).mv,
    }


@pytest.mark.parametrize("kind", list(_buffers()))
def test_any_writable_buffer(kind: str) -> None:
    given = _buffers()[kind]
    resource = HostResource.buffer(given)
    assert (resource.size, resource.readonly, resource.kind) == (64, False, "buffer")
    memory = WebAssembly.Memory(initial=1)
    memory.map(resource, at=100)
    guest(memory)["i64.store"](101, 0x0807060504030201)
    assert bytes(memoryview(given).cast("B"))[:10] == b"\0\1\2\3\4\5\6\7\x08\0"
    memory.unmap(given)
    assert memory.mappings == ()


def test_shared_memory_of_the_system_goes_with_who_made_it() -> None:
    made = HostResource.shm(size=PAGE)
    assert made.name is not None
    other = HostResource.shm(made.name)
    assert (made.stable, other.stable, other.size) == (True, False, PAGE)
    made.write(5, b"x")
    assert other.read(5, 1) == b"x"
    with pytest.raises(FileExistsError):
        HostResource.shm(made.name, size=PAGE, create=True)
    other.close()
    third = HostResource.shm(made.name, trusted=True)
    assert third.stable
    made.close()
    with pytest.raises(FileNotFoundError):
        HostResource.shm(made.name)
    assert third.read(5, 1) == b"x"
    name = HostResource.shm(size=10).name
    gc.collect()
    with pytest.raises(FileNotFoundError):
        HostResource.shm(name)
    with pytest.raises(RangeError, match="size"):
        HostResource.shm(create=True)


def test_what_is_mapped_stays_when_its_resource_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content" + bytes(PAGE))
    memory = WebAssembly.Memory(initial=3)
    for strategy in ("mmap", "segment"):
        with HostResource.file(path, trusted=True) as resource:
            memory.map(resource, PAGE, at=PAGE if strategy == "mmap" else 0, strategy=strategy)
        with pytest.raises(ValueError, match="closed"):
            resource.read(0, 1)
        resource.close()
    exports = guest(memory)
    assert [exports["i32.load8_u"](at) for at in (0, PAGE)] == [ord("c")] * 2
    exports["i32.store8"](PAGE, ord("C"))
    assert path.read_bytes()[:7] == b"Content"


def test_parts_of_a_file_are_given_as_they_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    resource = HostResource.file(path, offset=3, length=4)
    assert (resource.read(0, 4), resource.size) == (b"3456", 4)
    resource.write(1, b"xy")
    assert path.read_bytes() == b"0123xy6789"
    assert bytes(resource.view()) == b"3xy6"
    for offset, length in ((3, 8), (11, None), (-1, 1), (0, -1), (sys.maxsize, 1)):
        with pytest.raises(RangeError):
            HostResource.file(path, offset=offset, length=length)
    descriptor = os.open(path, os.O_RDONLY)
    with HostResource.file(descriptor, writable=False) as other:
        os.close(descriptor)
        assert other.read(0, 2) == b"01"
        with pytest.raises(TypeError, match="read-only"):
            other.write(0, b"x")


def test_a_file_without_a_name_cannot_become_shorter() -> None:
    resource = HostResource.memfd(PAGE)
    assert resource.stable and resource.descriptor is not None
    with pytest.raises(PermissionError):
        os.ftruncate(resource.descriptor, 10)
    assert HostResource.file(resource.descriptor).stable


def test_zeros_of_this_process() -> None:
    for size in (0, 10, PAGE):
        resource = HostResource.anon(size)
        assert (resource.size, resource.read(0, size)) == (size, bytes(size))
        memory = WebAssembly.Memory(initial=1)
        mapping = memory.map(resource, at=0)
        guest(memory)["i32.store8"](0, 1)
        assert resource.read(0, min(size, 1)) == b"\1"[:size]
        mapping.unmap()
