"""Shared heaps: sizes, places, chains, blocks."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from pyjsapi import RangeError, WebAssembly
from pyjsapi.sharing import HostResource
from pyjsapi.sharing.attached_heaps import attach_heap, detach_heap
from pyjsapi.sharing.heap import SharedHeap
from pyjsapi.sharing.heap_places import HeapDomain, HeapError
from tests.sharing.heap_modules import PAGE, Guest, preallocated

END32, END64 = 1 << 32, 1 << 64
WASM_PAGE = 65536


# ---- sizes and places


@pytest.mark.parametrize("size", [1, 255, 256, PAGE - 1, PAGE, PAGE + 1, 65536, 1 << 30])
def test_a_heap_has_whole_pages_at_the_upper_end(size: int) -> None:
    heap = SharedHeap(size)
    assert heap.size == -(-size // PAGE) * PAGE
    assert heap.managed and not heap.attached and heap.next is None
    assert heap.start() == END32 - heap.size and heap.start("i64") == END64 - heap.size


@pytest.mark.parametrize("size", [0, -1, (1 << 30) + 1, 1 << 32, (1 << 32) + PAGE])
def test_sizes_that_cannot_be(size: int) -> None:
    with pytest.raises(RangeError, match="between 1 and"):
        SharedHeap(size)


def test_a_preallocated_heap_must_have_whole_pages_of_a_buffer_that_is_large_enough() -> None:
    data = bytearray(2 * PAGE)
    heap = SharedHeap(PAGE, backing=data)
    assert not heap.managed and heap.malloc(8) == 0
    heap.view()[5] = 7
    assert data[5] == 7
    for size in (1, PAGE - 1, PAGE + 1):
        with pytest.raises(RangeError, match="whole pages"):
            SharedHeap(size, backing=data)
    with pytest.raises(RangeError, match="its backing has"):
        SharedHeap(3 * PAGE, backing=data)
    with pytest.raises(TypeError, match="contiguous buffer"):
        SharedHeap(PAGE, backing=object())
    with pytest.raises(TypeError, match="mode='r'"):
        SharedHeap(PAGE, backing=bytes(PAGE))


def test_a_backing_must_not_become_shorter(tmp_path: Path) -> None:
    path = tmp_path / "bytes"
    path.write_bytes(b"x" * PAGE)
    with HostResource.file(path) as file, pytest.raises(TypeError, match="trusted=True"):
        SharedHeap(PAGE, backing=file)
    with HostResource.file(path, trusted=True) as file:
        heap = SharedHeap(PAGE, backing=file)
        heap.view()[0] = ord("y")
    assert path.read_bytes().startswith(b"yx")
    with HostResource.file(path, trusted=True, writable=False) as file:
        with pytest.raises(TypeError, match="mode='r'"):
            SharedHeap(PAGE, backing=file)
        assert SharedHeap(PAGE, backing=file, mode="r").view()[0] == ord("y")


def test_a_memory_may_end_where_the_heap_starts() -> None:
    try:
        memory = WebAssembly.Memory(initial=65535, maximum=65536, storage="guarded")
    except RangeError as error:
        pytest.skip(str(error))
    heap = SharedHeap(WASM_PAGE)
    memory.attach_heap(heap)
    block = memory._memory.block
    assert block.reaches(heap.start() - 1, 1) and block.reaches(END32 - 1, 1)
    with pytest.raises(RangeError):
        memory.grow(1)
    memory.detach_heap()
    with pytest.raises(HeapError, match="starts at"):
        memory.attach_heap(SharedHeap(WASM_PAGE + 1))


def test_an_address_can_be_given() -> None:
    heap = SharedHeap(PAGE, address=0x1000_0000)
    assert heap.start() == heap.start("i64") == 0x1000_0000
    far = SharedHeap(PAGE, address=1 << 40)
    assert far.start("i64") == 1 << 40
    with pytest.raises(RangeError, match="no 32-bit address reaches"):
        far.start()
    with pytest.raises(RangeError, match="no 32-bit address reaches"):
        far.malloc(8)
    assert far.malloc(8, "i64") == 1 << 40
    for wrong in (0, -PAGE, 1, END64 - PAGE + 1, END64):
        with pytest.raises(RangeError, match="cannot start at"):
            SharedHeap(PAGE, address=wrong)
    with pytest.raises(TypeError, match="not both"):
        SharedHeap(PAGE, address=PAGE, domain=HeapDomain())
    with pytest.raises(TypeError, match="'i32' or 'i64'"):
        far.start("i16")


def test_heaps_of_a_domain_have_places_of_their_own_from_the_top() -> None:
    domain = HeapDomain()
    first = SharedHeap(WASM_PAGE, domain=domain)
    second = SharedHeap(PAGE, domain=domain)
    third = SharedHeap(WASM_PAGE, domain=domain)
    assert first.start() == END32 - WASM_PAGE
    assert second.start() == first.start() - PAGE
    assert third.start() == second.start() - WASM_PAGE
    assert third.start("i64") - third.start() == END64 - END32
    where = second.start()
    del second
    assert SharedHeap(2 * PAGE, domain=domain).start() == third.start() - 2 * PAGE
    assert SharedHeap(PAGE, domain=domain).start() == where


# ---- chains


def test_o4_3_what_cannot_be_chained() -> None:
    managed, other = SharedHeap(PAGE), SharedHeap(PAGE)
    with pytest.raises(HeapError, match="one managed heap"):
        managed.chain(other)
    body, head = preallocated(), preallocated()
    assert SharedHeap.chain(head, body) is head
    with pytest.raises(HeapError, match="is the body"):
        managed.chain(body)
    with pytest.raises(HeapError, match="is the body"):
        body.chain(managed)
    with pytest.raises(HeapError, match="head of a chain already"):
        head.chain(managed)
    with pytest.raises(HeapError, match="to itself"):
        managed.chain(managed)
    guest = Guest()
    attach_heap(guest.instances[0], head)
    for first, second in ((managed, head), (managed, body)):
        with pytest.raises(HeapError, match=r"attached|is the body"):
            first.chain(second)
    with pytest.raises(HeapError, match="attached"):
        head.unchain()
    with pytest.raises(HeapError, match="attached"):
        head.reset()
    with pytest.raises(HeapError, match="attached"):
        body.reset()
    with pytest.raises(HeapError, match="attached"):
        head.reset_chain()
    detach_heap(guest.instances[0])
    assert managed.chain(head) is managed
    with pytest.raises(HeapError, match="heads no chain"):
        other.unchain()


def test_a_third_managed_heap_is_found_wherever_it_is_in_the_chain() -> None:
    first = SharedHeap(PAGE).chain(preallocated())
    with pytest.raises(HeapError, match="one managed heap"):
        SharedHeap(PAGE).chain(first)
    longer = preallocated().chain(first)
    with pytest.raises(HeapError, match="one managed heap"):
        SharedHeap(PAGE).chain(longer)


def test_o4_4_a_chain_is_taken_apart_and_made_anew() -> None:
    first, second, third = SharedHeap(WASM_PAGE), preallocated(), preallocated(2 * PAGE)
    first.chain(second)
    assert first.start() == END32 - PAGE - WASM_PAGE and second.start() == END32 - PAGE
    assert first.unchain() is second
    assert first.start() == END32 - WASM_PAGE
    assert third.chain(second) is third and first.chain(third) is first
    assert list(first.members()) == [first, third, second]
    assert [heap.start() for heap in first.members()] == [
        END32 - 3 * PAGE - WASM_PAGE,
        END32 - 3 * PAGE,
        END32 - PAGE,
    ]
    assert first.unchain(entire=True) is second
    assert [heap.next for heap in (first, second, third)] == [None] * 3
    assert [heap.start() + heap.size for heap in (first, second, third)] == [END32] * 3


def test_a_chain_must_have_room_below() -> None:
    body = preallocated(address=PAGE)
    with pytest.raises(RangeError, match="no room"):
        preallocated().chain(body)
    domain = HeapDomain()
    above, below = preallocated(domain=domain), preallocated(domain=domain)
    head = preallocated(domain=domain)
    with pytest.raises(HeapError, match="another heap of the domain"):
        head.chain(above)
    assert head.chain(below).start() == END32 - 3 * PAGE


def test_a_body_is_free_when_its_head_is_gone() -> None:
    body = preallocated()
    head = preallocated().chain(body)
    del head
    assert SharedHeap(PAGE).chain(body).next is body


# ---- blocks


def test_blocks_are_of_the_managed_heap_of_the_chain() -> None:
    managed = SharedHeap(PAGE)
    head = preallocated().chain(managed)
    address = head.malloc(100)
    assert address == managed.start()
    assert head.malloc(PAGE) == 0
    head.view(address, 100)[:] = bytes(range(100))
    assert managed.view()[:100] == bytes(range(100))
    head.free(address)
    head.free(0)
    for wrong in (address, address + 8):
        with pytest.raises(HeapError, match="no block"):
            head.free(wrong)
    with pytest.raises(HeapError, match="no block"):
        head.free(head.start())
    with pytest.raises(RangeError, match="does not have"):
        head.free(8)
    with pytest.raises(HeapError, match="not all allocated"):
        head.view(address, 100)
    with pytest.raises(RangeError):
        head.malloc(-1)
    assert head.malloc(PAGE, "i64") == END64 - PAGE


@pytest.mark.parametrize("size", [END32, END64 - 1, END64 - PAGE, END64 - 8])
def test_lengths_of_64_bits_do_not_wrap(size: int) -> None:
    heap = SharedHeap(PAGE)
    assert heap.malloc(size) == 0 and heap.malloc(size, "i64") == 0
    assert heap.malloc(PAGE) == heap.start()
    with pytest.raises(RangeError):
        heap.view(heap.start(), size)
    with pytest.raises(RangeError):
        heap.view(heap.start("i64") + 8, size)


def test_reset_frees_and_clears() -> None:
    managed, body = SharedHeap(PAGE), preallocated()
    managed.chain(body)
    first = managed.malloc(64)
    managed.view(first, 64)[:] = b"Z" * 64
    body.view()[:] = b"Y" * PAGE
    managed.reset()
    assert bytes(managed.view()) == bytes(PAGE) and body.view()[0] == ord("Y")
    assert managed.malloc(64) == first
    managed.reset_chain()
    assert bytes(body.view()) == bytes(PAGE)
    with pytest.raises(TypeError, match="read-only"):
        SharedHeap(PAGE, backing=bytes(PAGE), mode="r").reset()


def test_o4_10_native_code_and_guests_see_each_others_bytes() -> None:
    heap = SharedHeap(PAGE).chain(preallocated())
    guest = Guest()
    attach_heap(guest.instances[0], heap)
    address = heap.malloc(64)
    native = heap.addr_to_native(address)
    ctypes.memset(native, 0x5A, 64)
    assert guest.call("i32.load", address + 60) == 0x5A5A5A5A
    guest.call("i64.store", address, 0x0102030405060708)
    assert ctypes.string_at(native, 9) == b"\x08\x07\x06\x05\x04\x03\x02\x01\x5a"
    assert heap.native_to_addr(native + 63) == address + 63
    assert heap.native_to_addr(native + 63, "i64") == address + 63 + END64 - END32
    last = heap.addr_to_native(END32 - 1)
    assert heap.native_to_addr(last) == END32 - 1
    for wrong in (heap.start() - 1, END32, 0, 5):
        with pytest.raises(RangeError):
            heap.addr_to_native(wrong)
    with pytest.raises(TypeError, match="read-only"):
        read_only = SharedHeap(PAGE, backing=bytes(PAGE), mode="r")
        read_only.addr_to_native(read_only.start())
    outside = ctypes.create_string_buffer(8)
    assert heap.native_to_addr(ctypes.addressof(outside)) == 0
