"""Memories whose pages are not all to be read, written or there (memory-control proposal; P-1 … P-7, P-12, P-13)."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import Int32Array, RangeError, Uint8Array, WebAssembly, wat2wasm
from pyjsapi.sharing import HostResource
from tests.sharing.accessing import PAGE, guest, readers, writers

REFUSED = WebAssembly.RuntimeError


def _segments(memory: Any, *segments: tuple[int, str]) -> Any:
    data = " ".join(f'(data (i32.const {at}) "{text}")' for at, text in segments)
    text = f'(module (import "h" "m" (memory 0)) {data})'
    return WebAssembly.Instance(WebAssembly.Module(wat2wasm(text)), {"h": {"m": memory}})


def test_p_1_every_access_of_the_first_page_traps() -> None:
    exports = guest(WebAssembly.Memory(initial=3, noAccess=1))
    for name, arguments in (readers(0) | writers(8)).items():
        with pytest.raises(REFUSED, match="nothing is mapped"):
            exports[name](*arguments)
    assert exports["i32.load"](PAGE) == 0


def test_p_2_segments_write_what_is_read_only_afterwards() -> None:
    memory = WebAssembly.Memory(initial=3, readOnly=1)
    _segments(memory, (16, "constant"), (PAGE - 2, "both"))
    exports = guest(memory)
    assert exports["i32.load8_u"](16) == ord("c")
    for name, arguments in writers(16).items():
        if name != "memory.copy":
            with pytest.raises(REFUSED, match="read-only memory"):
                exports[name](*arguments)
    assert memory.view("B", PAGE - 2, 2).tobytes() == b"bo"
    assert memory.view("B", PAGE, 2).tobytes() == b"th"
    with pytest.raises(REFUSED, match="nothing is mapped"):
        _segments(WebAssembly.Memory(initial=1, noAccess=1), (0, "x"))


def test_p_2_active_segments_do_not_write_what_was_protected_otherwise() -> None:
    memory = WebAssembly.Memory(initial=1)
    memory.map(b"constant", at=0, mode="r")
    with pytest.raises(REFUSED, match="read-only"):
        _segments(memory, (0, "x"))
    memory = WebAssembly.Memory(initial=1)
    memory.protect(0, 1, "r")
    with pytest.raises(REFUSED, match="read-only"):
        _segments(memory, (0, "x"))
    assert memory.view("B", 0, 1).tobytes() == b"\0"


def test_p_3_nothing_is_written_by_what_traps() -> None:
    memory = WebAssembly.Memory(initial=4, noAccess=1, readOnly=1)
    exports = guest(memory)
    exports["memory.fill"](2 * PAGE, 7, 100)
    before = Uint8Array(memory.buffer).tobytes()
    for name, arguments in {
        "v128.load": (PAGE - 8,),
        "i64.load": (PAGE - 1,),
        "v128.store": (2 * PAGE - 8, 1),
        "i64.store": (2 * PAGE - 1, -1),
        "memory.copy": (2 * PAGE, PAGE - 1, 2),
        "memory.fill": (2 * PAGE - 1, 1, 10),
        "memory.init": (2 * PAGE - 1, 0, 10),
        "memory.discard": (2 * PAGE - 1, 2),
    }.items():
        with pytest.raises(REFUSED):
            exports[name](*arguments)
    with pytest.raises(REFUSED):
        exports["memory.copy"](2 * PAGE - 1, 2 * PAGE, 2)
    assert Uint8Array(memory.buffer).tobytes() == before
    assert memory.view("B", PAGE, PAGE).tobytes() == bytes(PAGE)


def test_p_4_only_the_rest_grows() -> None:
    memory = WebAssembly.Memory(initial=3, maximum=4, noAccess=1, readOnly=1)
    exports = guest(memory)
    assert exports["memory.size"]() == 3
    assert exports["memory.grow"](1) == 3
    assert exports["memory.grow"](1) == -1
    exports["i32.store"](4 * PAGE - 4, 5)
    with pytest.raises(REFUSED):
        exports["i32.store"](2 * PAGE - 1, 5)
    with pytest.raises(RangeError, match="protected pages"):
        WebAssembly.Memory(initial=1, noAccess=1, readOnly=1)


def test_p_5_what_the_host_sees() -> None:
    memory = WebAssembly.Memory(initial=5, noAccess=1, readOnly=2)
    assert (memory.bufferOffset, memory.buffer.byteLength) == (3 * PAGE, 2 * PAGE)
    Uint8Array(memory.buffer)[0] = 9
    assert guest(memory)["i32.load8_u"](3 * PAGE) == 9
    view = memory.readOnlyBuffer
    assert view is not None
    assert len(view) == 2 * PAGE
    with pytest.raises(TypeError):
        view[0] = 1
    plain = WebAssembly.Memory(initial=1)
    assert (plain.bufferOffset, plain.readOnlyBuffer) == (0, None)


def test_p_6_a_region_for_mappings() -> None:
    memory = WebAssembly.Memory(initial=10, maximum=150, maplength=15)
    exports = guest(memory)
    assert exports["memory.size"]() == 25
    assert memory.buffer.byteLength == 655360
    Uint8Array(memory.buffer)[0] = 7
    assert exports["i32.load8_u"](983040) == 7
    buffer = bytearray(b"abc" + bytes(PAGE - 3))
    address = int(memory.map(buffer, PAGE))
    assert address < 983040 and address % PAGE == 0
    assert exports["i32.load8_u"](address + 1) == ord("b")
    exports["i32.store8"](address, 1)
    assert buffer[0] == 1
    memory.unmap(buffer)
    with pytest.raises(REFUSED, match="nothing is mapped"):
        exports["i32.load8_u"](address)
    for _ in range(15):
        memory.map(bytearray(PAGE), PAGE)
    with pytest.raises(RangeError, match="no room"):
        memory.map(bytearray(PAGE), PAGE)
    assert memory.grow(1) == 25
    assert exports["i32.load8_u"](26 * PAGE - 1) == 0


def test_p_6_the_system_maps_files_there_too() -> None:
    memory = WebAssembly.Memory(initial=1, maximum=4, maplength=2)
    exports = guest(memory)
    with HostResource.memfd(PAGE) as resource:
        for strategy in ("mmap", "segment", "copy"):
            with memory.map(resource, PAGE, at=PAGE, strategy=strategy):
                exports["i32.store8"](PAGE + 1, len(strategy))
            assert resource.read(1, 1) == bytes((len(strategy),))
            with pytest.raises(REFUSED, match="nothing is mapped"):
                exports["i32.load8_u"](PAGE + 1)


def test_p_7_regions_that_are_not_possible() -> None:
    with pytest.raises(TypeError, match="maximum"):
        WebAssembly.Memory(initial=1, maplength=1)
    with pytest.raises(RangeError, match="maximum"):
        WebAssembly.Memory(initial=1, maximum=10, maplength=15)
    with pytest.raises(TypeError, match="do not go together"):
        WebAssembly.Memory(initial=1, maximum=10, maplength=1, virtual=True)
    with pytest.raises(TypeError, match="shared"):
        WebAssembly.Memory(initial=1, maximum=10, shared=True, noAccess=1)


def test_protection_can_be_changed() -> None:
    memory = WebAssembly.Memory(initial=3)
    exports = guest(memory)
    exports["i32.store8"](PAGE, 1)
    memory.protect(PAGE + 5, 1, "r")
    assert exports["i32.load8_u"](PAGE) == 1
    with pytest.raises(REFUSED, match="write to read-only memory at address 65536"):
        exports["i32.store8"](PAGE, 2)
    exports["i32.store8"](2 * PAGE, 2)
    memory.protect(PAGE, 1, "none")
    with pytest.raises(REFUSED, match="protected"):
        exports["i32.load8_u"](2 * PAGE - 1)
    memory.protect(PAGE, 1, "rw")
    assert exports["i32.load8_u"](PAGE) == 1
    exports["i32.store8"](PAGE, 2)
    with pytest.raises(RangeError):
        memory.protect(2 * PAGE, PAGE + 1, "r")
    with pytest.raises(TypeError, match="access"):
        memory.protect(0, 1, "x")
    memory.map(b"abc", at=0, mode="r")
    with pytest.raises(RangeError, match="read-only mapping"):
        memory.protect(0, 1, "rw")


def test_a_virtual_memory_has_no_buffer() -> None:
    memory = WebAssembly.Memory(initial=4, virtual=True)
    with pytest.raises(TypeError, match="virtual"):
        memory.buffer  # noqa: B018
    with pytest.raises(RangeError, match="cannot be read"):
        memory.view("B", 0, 1)
    memory.map(bytearray(b"abc"), at=PAGE)
    assert memory.view("B", PAGE, 3).tobytes() == b"abc"


def test_a_shared_memory_is_guarded_for_all_its_threads() -> None:
    """And waiting at mapped bytes is woken by a notification there."""
    memory = WebAssembly.Memory(initial=2, maximum=4, shared=True)
    data = bytearray(64)
    memory.map(data, at=PAGE)
    text = """(module (import "h" "m" (memory 1 4 shared))
      (func (export "wait") (result i32)
        (memory.atomic.wait32 (i32.const 65536) (i32.const 0) (i64.const -1)))
      (func (export "wake") (result i32) (memory.atomic.notify (i32.const 65536) (i32.const 1)))
      (func (export "add") (drop (i32.atomic.rmw.add (i32.const 65540) (i32.const 1)))))"""
    module = WebAssembly.Module(wat2wasm(text))
    exports = [WebAssembly.Instance(module, {"h": {"m": memory}}).exports for _ in range(4)]
    woken: list[int] = []
    waiter = threading.Thread(target=lambda: woken.append(exports[0].wait()))
    waiter.start()
    while not exports[1].wake():
        pass
    waiter.join()
    assert woken == [0]

    def count(one: Any) -> None:
        for _ in range(500):
            one.add()

    threads = [threading.Thread(target=count, args=(one,)) for one in exports]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert data[4:8] == (2000).to_bytes(4, "little")
    assert Int32Array(memory.buffer)[PAGE // 4 + 1] == 2000


def test_p_12_a_file_and_a_socket_are_read_straight_into_a_memory(tmp_path: Path) -> None:
    content = bytes(range(256)) * 4096
    path = tmp_path / "file"
    path.write_bytes(content)
    memory = WebAssembly.Memory(initial=17, maximum=17, shared=True)

    async def read() -> int:
        with path.open("rb") as file:
            done = await memory.read_into(file, PAGE, len(content))
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            theirs.sendall(b"hello")
            assert await memory.read_into(ours, 0, 100) == 5
        return done

    assert asyncio.run(read()) == len(content) == 1 << 20
    assert memory.view("B", PAGE, len(content)).tobytes() == content
    assert memory.view("B", 0, 6).tobytes() == b"hello\0"
    assert memory.stats.bytes_copied == 0


def test_p_13_a_resource_shows_its_bytes_for_a_while() -> None:
    memory = WebAssembly.Memory(initial=2)
    exports = guest(memory)
    with HostResource.buffer(bytearray(b"given" + bytes(11))) as resource:
        resource.map_into(memory, PAGE)
        assert exports["i32.load8_u"](PAGE) == ord("g")
        exports["i32.store8"](PAGE, ord("G"))
        resource.unmap()
        assert exports["i64.load"](PAGE) == 0
        assert resource.read(0, 5) == b"Given"
        resource.map_into(memory, 8, "r")
        exports["i32.store8"](8, ord("x"))
        assert exports["i32.load8_u"](8) == ord("x")
        resource.unmap()
        assert resource.read(0, 5) == b"Given"
        assert exports["i64.load"](8) == 0
