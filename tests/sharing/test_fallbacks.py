"""Memory sharing where the system maps no file into a memory, as in Windows and Pyodide: the same can be observed.

Each script runs once as Linux can do it and once for every strategy without that; all runs tell the same.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import (
    Atomics,
    BigInt64Array,
    Int32Array,
    RangeError,
    Uint8Array,
    WebAssembly,
)
from pyjsapi.blocks import paging
from pyjsapi.blocks.heap import HeapBlock
from pyjsapi.sharing import HostResource, SharedHeap
from pyjsapi.sharing.control import map_pages, unmap_pages
from tests.sharing.accessing import PAGE, guest, readers, writers
from tests.wasi.guests import Guest as Wasi

STRATEGIES = ("auto", "segment", "copy")
MEMORIES: dict[str, dict[str, Any]] = {
    "plain": {},
    "guarded": {"storage": "guarded"},
    "shared": {"shared": True},
    "wide": {"address": "i64"},
    "reserved": {"storage": "reserve"},
}
LINUX = paging.paging() is not None


@pytest.fixture
def without_paging(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system has neither files at fixed addresses nor files without names."""
    monkeypatch.setattr(paging, "paging", lambda: None)
    monkeypatch.delattr(os, "memfd_create", raising=False)


def content(size: int = 2 * PAGE) -> bytes:
    return bytes(byte * 7 & 0xFF for byte in range(size))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(content())
    return path


class Scene:
    """A memory with something mapped into it, and what was observed of them."""

    def __init__(self, resource: Any, kind: str, strategy: str, **options: Any) -> None:
        self.memory = WebAssembly.Memory(initial=4, maximum=20, **MEMORIES[kind])
        self.resource = resource
        self.address = MEMORIES[kind].get("address", "i32")
        self.exports = guest(self.memory, self.address)
        Uint8Array(self.memory.buffer)[2 * PAGE - 2 : 2 * PAGE] = b"\xaa\xbb"
        self.mapping = self.memory.map(resource, at=2 * PAGE, strategy=strategy, **options)
        self.seen: list[Any] = []

    def call(self, name: str, *arguments: Any) -> None:
        try:
            self.seen.append((name, self.exports[name](*arguments)))
        except WebAssembly.RuntimeError as error:
            self.seen.append((name, str(error)))

    def look(self, start: int, count: int) -> None:
        """The bytes in the buffer, and through the instructions."""
        self.seen.append(bytes(Uint8Array(self.memory.buffer)[start : start + count]))
        self.seen.append([self.exports["i32.load8_u"](start + place) for place in range(count)])


def everything(scene: Scene) -> list[Any]:
    """All accesses at a page's begin, across it, and in the middle of what is mapped."""
    start, end = 2 * PAGE, scene.memory.buffer.byteLength
    for address in (start, start - 2, start + 4096, start + 4099, end - 4, end - 16):
        for name, arguments in {**writers(address), **readers(address)}.items():
            scene.call(name, *arguments)
            scene.call("v128.load", address - address % 8 - 8)
    scene.look(start - 4, 32)
    scene.call("memory.copy", start - 5, start + 3, 70000)
    scene.call("memory.fill", start + 70000, 9, 100)
    scene.call("memory.init", start - 3, 2, 12)
    scene.look(start - 8, 24)
    scene.look(start + 69990, 24)
    return scene.seen


def views(scene: Scene) -> list[Any]:
    """Typed arrays and ``Atomics``."""
    buffer, start = scene.memory.buffer, 2 * PAGE
    words, longs = Int32Array(buffer), BigInt64Array(buffer)
    place = start // 4 + 2
    scene.seen += [
        words[place],
        Atomics.add(words, place, 5),
        Atomics.compareExchange(words, place, Atomics.load(words, place), -7),
        Atomics.exchange(longs, start // 8 + 4, 2**40),
        Atomics.load(longs, start // 8 + 4),
        Atomics.or_(Uint8Array(buffer), start + 1, 0x80),
        Atomics.notify(words, place),
    ]
    words[start // 4 - 1] = 0x01020304
    part = words.subarray(start // 4 - 2, start // 4 + 4)
    part.sort()
    scene.seen.append(list(part))
    part.copyWithin(0, 1)
    part.fill(3, 5)
    scene.seen.append(list(part))
    scene.look(start - 8, 32)
    return scene.seen


def growth(scene: Scene) -> list[Any]:
    """What is mapped stays where it is, and new pages are zeros."""
    scene.call("memory.grow", 3)
    scene.look(2 * PAGE, 8)
    scene.look(7 * PAGE - 4, 4)
    scene.call("i32.store", 7 * PAGE - 4, -1)
    scene.call("i32.store", 2 * PAGE + 8, -1)
    scene.call("memory.grow", 100)
    scene.call("memory.discard", 2 * PAGE + 5000, 1)
    scene.look(2 * PAGE, 8)
    scene.look(7 * PAGE - 4, 4)
    scene.seen.append(scene.memory.buffer.byteLength)
    return scene.seen


def ends(scene: Scene) -> list[Any]:
    """`flush` has the resource show what was written, and `unmap` leaves zeros."""
    scene.call("i32.store", 2 * PAGE + 4, 0x11223344)
    scene.mapping.flush()
    scene.seen.append(scene.resource.read(0, 12))
    scene.call("i32.store", 2 * PAGE + 8, 0x55667788)
    scene.memory.unmap(2 * PAGE, PAGE)
    scene.seen.append(scene.resource.read(0, 12))
    scene.look(2 * PAGE, 12)
    scene.look(3 * PAGE, 12)
    scene.call("i32.store", 2 * PAGE, 7)
    scene.mapping.unmap()
    scene.look(2 * PAGE, 4)
    scene.look(3 * PAGE, 12)
    scene.seen.append(scene.memory.mappings)
    return scene.seen


def system(scene: Scene) -> list[Any]:
    """WASI reads into what is mapped and across its edges, and writes what is there."""
    if scene.address == "i64":
        return scene.seen  # which preview 1 does not have
    wasi = Wasi(scene.memory, stdin=io.BytesIO(bytes(range(100, 160))))
    start = 2 * PAGE
    wasi.put(512, struct.pack("<4I", start - 2, 10, start + 40, 20))
    for name in ("fd_read", "fd_write"):
        wasi.call(name, 1 if name == "fd_write" else 0, 512, 2, 8)
        scene.seen.append(wasi.result())
    scene.seen.append(wasi.stdout.getvalue())
    scene.look(start - 4, 70)
    return scene.seen


Script = Callable[[Scene], list[Any]]
SCRIPTS: tuple[Script, ...] = (everything, views, growth, ends, system)


def resources(path: Path) -> Iterator[HostResource]:
    """The same bytes in a file and in a buffer."""
    path.write_bytes(content())
    with HostResource.file(path, trusted=True) as file:
        yield file
    yield HostResource.buffer(bytearray(content()))


@pytest.mark.parametrize("kind", MEMORIES)
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: str(script.__name__))
def test_all_strategies_can_be_observed_alike(
    script: Script, strategy: str, kind: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [script(Scene(resource, kind, "auto")) for resource in resources(path)]
    assert expected[0] == expected[1]
    written = path.read_bytes()
    monkeypatch.setattr(paging, "paging", lambda: None)
    scenes = [Scene(resource, kind, strategy) for resource in _open(path)]
    assert [script(scene) for scene in scenes] == expected
    assert {scene.mapping.strategy for scene in scenes} <= {"segment", "copy"}
    for scene in scenes:
        scene.mapping.unmap()
        scene.resource.close()
    if script is ends:
        assert path.read_bytes() == written


def _open(path: Path) -> list[HostResource]:
    path.write_bytes(content())
    file = HostResource.file(path, trusted=True)
    return [file, HostResource.buffer(bytearray(content()))]


@pytest.mark.skipif(not LINUX, reason="the system maps no files at fixed addresses anyway")
def test_auto_is_what_the_system_does_where_it_can(path: Path) -> None:
    (resource, buffer) = _open(path)
    with resource:
        assert Scene(resource, "plain", "auto").mapping.strategy == "mmap"
        assert Scene(buffer, "plain", "auto").mapping.strategy == "segment"


@pytest.mark.usefixtures("without_paging")
class TestWithout:
    """Without the system's help."""

    def test_auto_takes_the_bytes_themselves_where_they_are_safe(self, path: Path) -> None:
        (resource, buffer) = _open(path)
        with resource, HostResource.file(path) as untrusted:
            assert Scene(resource, "plain", "auto").mapping.strategy == "segment"
            assert Scene(buffer, "plain", "auto").mapping.strategy == "segment"
            assert Scene(untrusted, "plain", "auto").mapping.strategy == "copy"
            with pytest.raises(RangeError, match="another strategy"):
                Scene(resource, "plain", "mmap")

    @pytest.mark.parametrize("strategy", STRATEGIES)
    def test_hr_6_read_only_is_checked_on_every_path(self, path: Path, strategy: str) -> None:
        (resource, _) = _open(path)
        with resource:
            scene = Scene(resource, "plain", strategy, mode="r")
            for name, arguments in writers(2 * PAGE + 8).items():
                with pytest.raises(WebAssembly.RuntimeError, match="read-only"):
                    scene.exports[name](*arguments)
            for name, arguments in readers(2 * PAGE + 8).items():
                scene.exports[name](*arguments)
            with pytest.raises(TypeError, match="read-only"):
                Uint8Array(scene.memory.buffer)[2 * PAGE] = 1
            scene.mapping.unmap()
        assert path.read_bytes() == content()

    @pytest.mark.parametrize("strategy", STRATEGIES)
    def test_hr_6_copy_on_write_stays_in_the_memory(self, path: Path, strategy: str) -> None:
        (resource, _) = _open(path)
        with resource:
            scene = Scene(resource, "plain", strategy, mode="cow")
            scene.exports["i32.store"](2 * PAGE, 1)
            assert scene.exports["i32.load"](2 * PAGE) == 1
            scene.mapping.flush()
            assert resource.read(0, 8) == content(8)
            scene.mapping.unmap()
        assert path.read_bytes() == content()

    def test_hr_8_a_ring(self) -> None:
        memory = WebAssembly.Memory(initial=2)
        resource = HostResource.anon(PAGE)
        memory.map(resource, at=0)
        memory.map(resource, at=PAGE)
        exports = guest(memory)
        exports["i64.store"](PAGE - 4, 0x0807060504030201)
        assert (exports["i32.load"](0), exports["i32.load"](2 * PAGE - 4)) == (
            0x08070605,
            0x04030201,
        )

    def test_a_guarded_memory_grows_as_far_as_before_and_keeps_what_is_mapped(self) -> None:
        memory = WebAssembly.Memory(initial=1, maximum=3000)
        data = bytearray(b"abcd")
        exports = guest(memory)
        exports["i32.store"](0, 77)
        memory.map(data, at=9)
        block: Any = memory._memory.block
        assert isinstance(block.base, HeapBlock)
        view = memory.view("B", 0, 9)
        assert exports["memory.grow"](2999) == 1
        assert exports["i32.load"](0) == view[0] == 77
        exports["i32.store"](3000 * PAGE - 4, 5)
        exports["i32.store8"](10, 0x21)
        assert data == b"a!cd"
        assert exports["memory.grow"](1) == -1

    def test_p_1_to_p_6_protected_pages_and_a_region_for_mappings(self) -> None:
        memory = WebAssembly.Memory(initial=4, maximum=200, noAccess=1, readOnly=2)
        exports = guest(memory)
        for address, name in ((0, "i32.load"), (PAGE, "i32.store"), (3 * PAGE - 1, "i32.store")):
            with pytest.raises(WebAssembly.RuntimeError):
                exports[name](*((address,) if name == "i32.load" else (address, 1)))
        assert (memory.bufferOffset, exports["memory.grow"](1), exports["i32.load"](PAGE)) == (
            3 * PAGE,
            4,
            0,
        )
        memory = WebAssembly.Memory(initial=10, maximum=150, maplength=15)
        exports = guest(memory)
        data = bytearray(b"\1" * PAGE)
        mapping = memory.map(data)
        assert exports["i32.load"](mapping.addr) == 0x01010101
        memory.unmap(data)
        with pytest.raises(WebAssembly.RuntimeError):
            exports["i32.load"](mapping.addr)
        assert (exports["memory.grow"](1), memory.buffer.byteLength) == (25, 11 * PAGE)

    def test_p_9_a_virtual_memory_of_20_gib(self) -> None:
        pages = 20 << 14
        memory = WebAssembly.Memory(initial=pages, maximum=pages, address="i64", virtual=True)
        exports = guest(memory, "i64")
        far = 19 << 30
        with pytest.raises(WebAssembly.RuntimeError):
            exports["i64.load"](far)
        map_pages(memory._memory, far + 5, 1, "rw")
        exports["i64.store"](far, 12)
        assert exports["i64.load"](far) == 12
        unmap_pages(memory._memory, far, 1)
        with pytest.raises(WebAssembly.RuntimeError):
            exports["i64.load"](far)

    def test_a_descriptor_aliases(self) -> None:
        first, second = WebAssembly.Memory(initial=2), WebAssembly.Memory(initial=2)
        descriptor = WebAssembly.MemoryMapDescriptor(PAGE)
        assert descriptor.map(first, PAGE) == descriptor.map(second, 0) == PAGE
        Uint8Array(first.buffer)[PAGE + 1] = 9
        assert Uint8Array(second.buffer)[1] == 9
        descriptor.unmap()
        assert (Uint8Array(second.buffer)[1], Uint8Array(first.buffer)[PAGE + 1]) == (0, 9)

    def test_a_heap_is_above_memories(self) -> None:
        heap = SharedHeap(PAGE)
        first, second = WebAssembly.Memory(initial=1), WebAssembly.Memory(initial=1)
        first.attach_heap(heap)
        second.attach_heap(heap)
        address = heap.malloc(64)
        guest(first)["i32.store"](address, 9)
        assert guest(second)["i32.load"](address) == 9

    def test_discarding_fills_with_zeros(self) -> None:
        memory = WebAssembly.Memory(initial=2, storage="reserve")
        Uint8Array(memory.buffer).fill(1)
        memory.discard(70000, 1)
        assert bytes(Uint8Array(memory.buffer)[PAGE - 1 : PAGE + 1]) == b"\1\0"

    def test_a_whole_memory_stands_on_a_resource(self) -> None:
        data = bytearray(2 * PAGE)
        memory = WebAssembly.Memory(initial=1, maximum=2, backing=data)
        exports = guest(memory)
        exports["i32.store8"](5, 6)
        assert data[5] == 6
        data[PAGE] = 7
        assert (exports["memory.grow"](1), exports["i32.load8_u"](PAGE)) == (1, 7)
