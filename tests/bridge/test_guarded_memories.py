"""Memories whose bytes JavaScript can have, with mappings and protection: outside of Pyodide, bytes are in Python."""

from __future__ import annotations

from typing import Any

import pytest

from pyjsapi import RangeError, WebAssembly
from pyjsapi.blocks.guarded_elsewhere import GuardedElsewhere
from pyjsapi.blocks.shifted import ShiftedBlock
from pyjsapi.bridge.face.sharing import show_mapped
from pyjsapi.bridge.memory.linked import LinkedBlock, linked, make_memory
from pyjsapi.engines.python import compile_module, instantiate, invoke
from pyjsapi.jsapi.memory import memory_object
from pyjsapi.runtime.memory import MemInst
from pyjsapi.sharing import HostResource
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import I32, MemType
from pyjsapi.text import wat2wasm
from pyjsapi.validation.limits import Limits

pytestmark = pytest.mark.usefixtures("memories")

PAGE = 65536
MODULE = """(module (memory (import "" "m") 1)
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "store64") (param i32 i64) (i64.store (local.get 0) (local.get 1)))
  (func (export "double") (param i32) (result f64) (f64.load (local.get 0)))
  (func (export "add") (param i32 i32) (result i32) (i32.atomic.rmw.add (local.get 0) (local.get 1)))
  (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "size") (result i32) (memory.size))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"""


class Guest:
    """A module on a memory that is reached by calls from the start."""

    def __init__(self, memory: MemInst) -> None:
        self.instance = instantiate(compile_module(wat2wasm(MODULE)), [memory])

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> Any:
            function: Any = self.instance.exports[name]
            results = invoke(function, arguments)
            return results[0] if results else None

        return call


@pytest.fixture(name="memory")
def _memory() -> MemInst:
    return make_memory(MemType(I32, 2, 5), Limits())


def test_code_that_was_translated_before_sees_what_is_mapped(memory: MemInst) -> None:
    guest = Guest(memory)
    guest.store(70000, 5)
    assert guest.load(70000) == 5
    data = bytearray(b"\1\2\3\4" * 300)
    mapping = memory_object(memory).map(data, at=70000)
    assert (mapping.strategy, mapping.zero_copy) == ("segment", True)
    assert isinstance(memory.block, GuardedElsewhere)
    assert guest.load(70000) == 0x04030201
    guest.store(70004, 0x55667788)
    assert data[4:8] == bytes.fromhex("88776655")
    data[8] = 77
    assert guest.load(70008) & 0xFF == 77
    mapping.unmap()
    assert guest.load(70000) == 0
    assert data[4] == 0x88


def test_hr_5_accesses_go_across_the_edges_of_a_segment(memory: MemInst) -> None:
    guest = Guest(memory)
    data = bytearray(999)
    memory_object(memory).map(data, at=70001)
    guest.store64(69997, 0x0807060504030201)
    assert memory.block.read(69997, 8) == bytes(range(1, 9))
    assert data[:4] == bytes(range(5, 9))
    assert guest.load(69999) == 0x06050403
    guest.fill(70998, 9, 4)
    assert data[997:] == b"\t\t"
    guest.copy(69996, 70998, 8)
    assert data[:3] == bytes([0, 0, 0])
    guest.store64(70001, 0x3FF0000000000000)
    assert guest.double(70001) == 1.0
    assert guest.add(70500, 5) == 0
    assert data[499] == 5


def test_what_is_protected_traps_and_nothing_is_written(memory: MemInst) -> None:
    guest = Guest(memory)
    memory_object(memory).protect(PAGE, 1, "r")
    with pytest.raises(Trap, match="read-only"):
        guest.store(PAGE - 2, -1)
    with pytest.raises(Trap, match="read-only"):
        guest.fill(0, 7, 2 * PAGE)
    assert guest.load(0) == guest.load(PAGE - 4) == 0
    memory_object(memory).protect(PAGE, 1, "none")
    with pytest.raises(Trap, match="protected"):
        guest.load(PAGE)
    memory_object(memory).protect(PAGE, 1, "rw")
    guest.store(PAGE, 3)
    assert guest.load(PAGE) == 3


def test_it_grows_by_itself_and_by_its_base(memory: MemInst) -> None:
    guest = Guest(memory)
    memory_object(memory).protect(0, 1, "r")
    assert guest.grow(1) == 2
    guest.store(2 * PAGE, 4)
    assert guest.load(2 * PAGE) == 4
    linked(memory).extend(4 * PAGE)
    assert guest.size() == 4
    guest.store(3 * PAGE, 6)
    assert guest.load(3 * PAGE) == 6
    assert guest.grow(2) == 0xFFFFFFFF
    with pytest.raises(Trap):
        guest.load(4 * PAGE)


def test_there_is_no_view_of_bytes_that_javascript_can_have(memory: MemInst) -> None:
    face = memory_object(memory)
    data = bytearray(b"abcd")
    face.map(data, at=8)
    with pytest.raises(RangeError, match="JavaScript"):
        face.view("B", 0, 4)
    assert bytes(face.view("B", 8, 4)) == b"abcd"
    assert face.address_of(0) is None
    assert face.address_of(8) is not None


def test_a_copy_needs_no_guard(memory: MemInst) -> None:
    data = bytearray(b"abcd")
    mapping = memory_object(memory).map(data, at=8, strategy="copy")
    assert isinstance(memory.block, LinkedBlock)
    memory.block.write(8, b"x")
    assert data == b"abcd"
    mapping.unmap()
    assert data == b"xbcd"
    assert memory.block.read(8, 4) == bytes(4)


def test_the_bytes_below_can_show_what_is_mapped(memory: MemInst) -> None:
    memory_object(memory).map(bytearray(b"abcd"), at=8)
    assert linked(memory).read(8, 4) == bytes(4)
    show_mapped(memory)
    assert linked(memory).read(7, 6) == b"\0abcd\0"


def test_files_cannot_be_mapped_by_the_system(memory: MemInst, tmp_path: Any) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(PAGE))
    with HostResource.file(path, trusted=True) as resource:
        with pytest.raises(RangeError, match="another strategy"):
            memory_object(memory).map(resource, at=0, strategy="mmap")
        assert memory_object(memory).map(resource, at=0).strategy == "segment"


def test_p_6_mappings_come_before_the_buffer() -> None:
    data = bytearray(15 * PAGE)
    own = make_memory(MemType(I32, 10, 135), Limits())
    base = ShiftedBlock(own.block, 15 * PAGE)
    memory = MemInst(
        MemType(I32, 25, 150), page_limit=150, block=GuardedElsewhere(base, bare=15 * PAGE)
    )
    guest = Guest(memory)
    assert guest.size() == 25
    own.block.write(0, b"\7")
    assert guest.load(983040) == 7
    with pytest.raises(Trap, match="nothing is mapped"):
        guest.load(0)
    memory_object(memory).map(data, at=0)
    guest.store(4, 5)
    assert data[4] == 5
    memory_object(memory).unmap(data)
    with pytest.raises(Trap, match="nothing is mapped"):
        guest.load(4)
    assert guest.grow(1) == 25
    assert own.block.length == 11 * PAGE


def test_p_3_read_only_pages_come_before_the_buffer() -> None:
    own = make_memory(MemType(I32, 1, 2), Limits())
    base = ShiftedBlock(own.block, 3 * PAGE, 2 * PAGE)
    block = GuardedElsewhere(base, bare=PAGE, fixed=2 * PAGE)
    memory = MemInst(MemType(I32, 4, 5), page_limit=5, block=block)
    memory.initialise(PAGE, b"\1\2\3\4")
    memory.initialise(3 * PAGE - 2, b"abcd")
    guest = Guest(memory)
    assert guest.load(PAGE) == 0x04030201
    assert guest.load(3 * PAGE - 2) == int.from_bytes(b"abcd", "little")
    assert own.block.read(0, 3) == b"cd\0"
    for store in (PAGE, 3 * PAGE - 1, 2 * PAGE):
        with pytest.raises(Trap, match="read-only"):
            guest.store(store, 1)
    with pytest.raises(Trap):
        guest.load(PAGE - 1)
    guest.store(3 * PAGE, 1)
    assert own.block.load(0, 4) == 1
    assert memory.buffer_offset == 3 * PAGE


def test_shared_bytes_of_javascript_are_refused() -> None:
    from pyjsapi.blocks.guarded import guarded
    from pyjsapi.blocks.shared import SharedBlock

    class Elsewhere(SharedBlock):
        by_calls = True

    block = Elsewhere(memoryview(bytearray(PAGE)), PAGE)
    with pytest.raises(BufferError, match="other workers"):
        guarded(block, PAGE)
    memory = MemInst(MemType(I32, 1, 1, True), page_limit=1, block=block)
    with pytest.raises(WebAssembly.RuntimeError, match="other workers"):
        memory_object(memory).protect(0, 1, "r")
