"""Shared heaps: sizes, places, chains, blocks, what memories see of them."""

from __future__ import annotations

import ctypes
import mmap
import random
import threading
from pathlib import Path

import pytest

from pyjsapi import RangeError, WebAssembly, structuredClone, wat2wasm
from pyjsapi.sharing import HostResource
from pyjsapi.sharing.attached_heaps import attach_heap, detach_heap, heaps_of
from pyjsapi.sharing.heap import SharedHeap
from pyjsapi.sharing.heap_places import HeapDomain, HeapError
from tests.sharing.heap_modules import Guest

PAGE = mmap.PAGESIZE
END32, END64 = 1 << 32, 1 << 64
WASM_PAGE = 65536


def preallocated(size: int = PAGE, **options: object) -> SharedHeap:
    return SharedHeap(size, backing=bytearray(size), **options)  # type: ignore[arg-type]


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


# ---- attached


def test_o4_8_a_heap_that_is_detached_is_not_there() -> None:
    heap = SharedHeap(WASM_PAGE)
    guest = Guest()
    memory = guest.instances[0]
    assert guest.traps("i32.load", heap.start())
    attach_heap(memory, heap)
    assert heap.attached and heaps_of(memory) == (heap,)
    guest.call("i32.store", heap.start(), 77)
    assert guest.call("i32.load", heap.start()) == 77
    assert guest.call("size") == 1
    with pytest.raises(HeapError, match="places of their own"):
        attach_heap(memory, heap)
    detach_heap(memory, heap)
    assert guest.traps("i32.load", heap.start()) and guest.traps("i32.store", heap.start(), 1)
    assert not heap.attached and heaps_of(memory) == ()
    with pytest.raises(HeapError, match="is not attached"):
        detach_heap(memory, heap)
    detach_heap(memory)
    heap.reset()
    attach_heap(memory, heap)
    assert guest.call("i32.load", heap.start()) == 0


def test_memories_attach_heaps() -> None:
    heap = SharedHeap(PAGE)
    memory = WebAssembly.Memory(initial=1)
    memory.attach_heap(heap, mode="r")
    assert heaps_of(memory._memory) == (heap,)
    memory.detach_heap()
    memory.attach_heap(heap)
    memory.detach_heap(heap)
    with pytest.raises(RuntimeError, match="is not attached"):
        memory.detach_heap(heap)
    with pytest.raises(TypeError, match="a SharedHeap"):
        memory.attach_heap(bytearray(PAGE))


def test_a_heap_is_detached_from_memories_that_are_gone() -> None:
    heap = SharedHeap(PAGE)
    guest = Guest()
    attach_heap(guest.instances[0], heap)
    assert heap.attached
    del guest
    import gc

    gc.collect()
    assert not heap.attached
    heap.reset()


def test_o4_5_a_memory_grows_up_to_the_heap() -> None:
    heap = SharedHeap(WASM_PAGE, address=3 * WASM_PAGE)
    guest = Guest()
    attach_heap(guest.instances[0], heap)
    assert guest.call("grow", 3) == -1
    with pytest.raises(RangeError):
        guest.memory.grow(3)
    assert guest.call("grow", 2) == 1 and guest.call("size") == 3
    guest.call("i32.store", 3 * WASM_PAGE, 5)
    assert heap.view()[0] == 5
    assert guest.traps("i32.load", 3 * WASM_PAGE - 1)
    assert guest.call("grow", 0) == 3 and guest.call("grow", 1) == -1
    detach_heap(guest.instances[0])
    assert guest.traps("i32.load", 3 * WASM_PAGE)
    assert guest.call("grow", 1) == 3
    assert guest.call("i32.load", 3 * WASM_PAGE) == 0
    with pytest.raises(HeapError, match="the memory has 262144 bytes"):
        attach_heap(guest.instances[0], heap)


def test_o4_6_heaps_of_memories_with_64_bit_addresses_end_where_those_do() -> None:
    heap = SharedHeap(WASM_PAGE)
    guest, small = Guest("i64"), Guest()
    attach_heap(guest.instances[0], heap)
    attach_heap(small.instances[0], heap)
    assert heap.start("i64") == END64 - WASM_PAGE
    guest.call("i64.store", END64 - 8, 0x1122334455667788)
    assert small.call("i64.load", END32 - 8) == 0x1122334455667788
    assert guest.traps("i64.load", END64 - 7) and guest.traps("i32.load", END32 - WASM_PAGE)
    assert guest.call("v128", END64 - 16) == 0x1122334455667788
    assert guest.traps("v128", END64 - 15)
    assert guest.traps("fill", END64 - 8, 0, 9)
    assert guest.traps("fill", END64 - WASM_PAGE, 0, END64 - 1)
    assert guest.call("i64.load", END64 - 8) == 0x1122334455667788
    guest.call("fill", END64 - 8, 0, 8)
    assert heap.view()[-8:] == bytes(8)


def test_o4_7_neighbours_share_heaps_in_pairs() -> None:
    domain = HeapDomain()
    h12, h23 = SharedHeap(WASM_PAGE, domain=domain), SharedHeap(WASM_PAGE, domain=domain)
    guests = [Guest() for _ in range(3)]
    for guest, heaps in zip(guests, ((h12,), (h12, h23), (h23,)), strict=True):
        for heap in heaps:
            attach_heap(guest.instances[0], heap)
    one, two, three = guests
    a, b = h12.malloc(64), h23.malloc(64)
    assert one.traps("i32.load", b) and three.traps("i32.load", a)
    one.call("i64.store", a, 0x1234)
    two.call("copy", b, a, 64)
    assert three.call("i64.load", b) == 0x1234
    detach_heap(two.instances[0], h12)
    assert two.traps("i32.load", a) and two.call("i64.load", b) == 0x1234


def test_o4_9_other_memories_of_the_instance_do_not_see_it() -> None:
    heap = SharedHeap(WASM_PAGE)
    guest = Guest(memories=2)
    attach_heap(guest.instances[0], heap)
    guest.call("i32.store", heap.start(), 9)
    assert guest.traps("i32.load", heap.start(), memory=1)
    assert guest.traps("fill", heap.start(), 0, 1, memory=1)
    attach_heap(guest.instances[1], heap)
    assert guest.call("i32.load", heap.start(), memory=1) == 9


def test_a_heap_can_be_for_reading_only() -> None:
    heap = SharedHeap(PAGE)
    writer, reader = Guest(), Guest()
    attach_heap(writer.instances[0], heap)
    attach_heap(reader.instances[0], heap, "r")
    start = heap.start()
    writer.call("i32.store", start, 5)
    assert reader.call("i32.load", start) == 5
    for name, *arguments in (
        ("i32.store", start, 6),
        ("i64.store", start, 6),
        ("rmw16", start, 6),
        ("v128.store", start, 6),
        ("fill", start, 6, 8),
        ("copy", start, 0, 8),
        ("init", start, 0, 8),
    ):
        assert reader.call(str(name), *map(int, arguments)) == "r"
    assert writer.call("i32.load", start) == 5
    fixed = SharedHeap(PAGE, backing=b"x" * PAGE, mode="r", address=1 << 20)
    attach_heap(reader.instances[0], fixed)
    assert reader.call("i32.load8_u", 1 << 20) == ord("x")
    assert reader.call("i32.store8", 1 << 20, 1) == "r"
    with pytest.raises(HeapError, match="reading only"):
        attach_heap(writer.instances[0], fixed, "rw")
    with pytest.raises(TypeError, match="'rw' or 'r'"):
        attach_heap(writer.instances[0], fixed, "x")
    assert fixed.view().readonly


# ---- boundaries, against a model


class Model:
    """Bytes in pieces, of which an access must be within one."""

    def __init__(self, *pieces: tuple[int, int]) -> None:
        self.pieces = pieces

    def has(self, address: int, size: int) -> bool:
        return any(start <= address and address + size <= end for start, end in self.pieces)


@pytest.mark.parametrize("kind", ["i32", "i64"])
def test_o4_2_accesses_at_every_boundary_are_as_the_model_says(kind: str) -> None:
    end = END32 if kind == "i32" else END64
    first, second, third = SharedHeap(WASM_PAGE), preallocated(), preallocated(2 * PAGE)
    first.chain(second.chain(third))
    guest = Guest(kind)
    attach_heap(guest.instances[0], first)
    model = Model(
        (0, WASM_PAGE),
        *((heap.start(kind), heap.start(kind) + heap.size) for heap in first.members()),
    )
    expected = random.Random(4)
    for start in [0, *(edge for piece in model.pieces for edge in piece)]:
        for delta in range(-17, 18):
            address = start + delta
            if not 0 <= address < end:
                continue
            for name, size in (
                *(("i32.load8_u", 1), ("i32.load16_u", 2), ("i32.load", 4), ("i64.load", 8)),
                ("v128", 16),
            ):
                assert guest.traps(name, address) is not model.has(address, size), (name, address)
            for name, size in (
                *(("i32.store8", 1), ("i32.store16", 2), ("i32.store", 4), ("i64.store", 8)),
            ):
                value = expected.getrandbits(8 * size)
                failed = guest.traps(name, address, value)
                assert failed is not model.has(address, size), (name, address)
                if not failed:
                    loaded = guest.call(
                        name.replace("store", "load").replace("8", "8_u").replace("16", "16_u"),
                        address,
                    )
                    assert loaded & (1 << 8 * size) - 1 == value
            if address % 2 == 0:
                assert guest.traps("rmw16", address, 1) is not model.has(address, 2)
            for count in (0, 1, 7, 16, 17, 35):
                if count:
                    inside = model.has(address, count)
                    assert guest.traps("fill", address, 7, count) is not inside
                    assert guest.traps("copy", address, 64, count) is not inside
                    assert guest.traps("copy", 64, address, count) is not inside
                if count <= 16:
                    assert guest.traps("init", address, 0, count) is not (
                        model.has(address, count)
                    ), (address, count)


def test_o4_2_the_last_bytes_of_a_member() -> None:
    first, second = SharedHeap(WASM_PAGE), preallocated()
    first.chain(second)
    guest = Guest()
    attach_heap(guest.instances[0], first)
    edge = second.start()
    assert guest.call("rmw16", edge - 2, 3) == 0 and guest.call("rmw16", edge, 4) == 0
    with pytest.raises(WebAssembly.RuntimeError, match="unaligned atomic"):
        guest.call("rmw16", edge - 1, 1)
    assert guest.traps("i32.store16", edge - 1, 1)
    assert guest.traps("fill", edge - 8, 1, 16)
    assert bytes(first.view()[-8:]) == b"\0\0\0\0\0\0\3\0"
    assert bytes(second.view()[:2]) == b"\4\0"
    guest.call("fill", edge - 8, 1, 8)
    guest.call("fill", edge, 2, PAGE)
    assert guest.traps("fill", edge, 2, PAGE + 1)
    assert second.view() == b"\2" * PAGE and first.view()[-9:] == b"\0" + b"\1" * 8
    assert guest.traps("copy", edge - 8, 0, 16)
    guest.call("copy", 0, edge - 8, 8)
    assert guest.call("i64.load", 0) == 0x0101010101010101


def test_offsets_do_not_wrap_into_memory() -> None:
    heap = SharedHeap(WASM_PAGE)
    guest = Guest()
    attach_heap(guest.instances[0], heap)
    heap.view()[-1] = 9
    assert guest.call("load8+4294967295", 0) == 9
    for address in (1, 2, WASM_PAGE, END32 - 1):
        assert guest.traps("load8+4294967295", address)


# ---- threads


def test_a_heap_may_go_while_another_thread_reads() -> None:
    heap = SharedHeap(PAGE)
    heap.view()[:] = b"\7" * PAGE
    guest = Guest()
    memory = guest.instances[0]
    attach_heap(memory, heap)
    seen: set[object] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(guest.call("i32.load8_u", heap.start() + 5))

    thread = threading.Thread(target=read)
    thread.start()
    for _ in range(200):
        detach_heap(memory)
        attach_heap(memory, heap)
    done.set()
    thread.join()
    assert seen <= {7, "oob"}


# ---- guests that allocate

ALLOCATING = """(module
  (import "env" "shared_heap_malloc" (func $malloc (param i32) (result i32)))
  (import "env" "shared_heap_free" (func $free (param i32)))
  (memory (export "memory") 1)
  (func (export "malloc") (param i32) (result i32) (call $malloc (local.get 0)))
  (func (export "free") (param i32) (call $free (local.get 0)))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "put") (param i32 i32) (i32.store8 (local.get 0) (local.get 1))))"""


def test_o4_1_messages_go_by_their_addresses() -> None:
    pool = bytearray(PAGE)
    chain = SharedHeap(WASM_PAGE).chain(SharedHeap(PAGE, backing=pool))
    module = WebAssembly.Module(wat2wasm(ALLOCATING))
    guests = [WebAssembly.Instance(module, chain.imports()).exports for _ in range(2)]
    producer, consumer = guests
    for guest in guests:
        attach_heap(guest.memory._memory, chain)
    addresses = []
    for number in range(1, 9):
        text = f"Hello, this is buf {number} allocated from shared heap\0".encode()
        address = producer.malloc(1024 * number) & END32 - 1
        assert address
        for place, byte in enumerate(text):
            producer.put(address + place, byte)
        addresses.append((address, text))
    assert chain.next is not None and chain.next.start() == END32 - PAGE
    for number in range(8):
        text = f"Data: {number} stores to pre-allocated shared heap\0".encode()
        address = END32 - PAGE + 512 * number
        for place, byte in enumerate(text):
            producer.put(address + place, byte)
        addresses.append((address, text))
    for address, text in addresses:
        assert bytes(consumer.load(address + place) for place in range(len(text))) == text
    assert pool.startswith(b"Data: 0 stores")
    for address, _ in addresses[:8]:
        consumer.free(address)
    assert producer.malloc(WASM_PAGE) & END32 - 1 == chain.start()
    assert producer.malloc(1) == 0
    with pytest.raises(WebAssembly.RuntimeError, match="no block"):
        consumer.free(addresses[1][0])
    with pytest.raises(WebAssembly.RuntimeError, match="no block"):
        consumer.free(END32 - PAGE)
    with pytest.raises(WebAssembly.RuntimeError, match="no block"):
        consumer.free(64)
    consumer.free(0)
    assert producer.malloc(-1) == 0


def test_guests_with_64_bit_addresses_allocate() -> None:
    heap = SharedHeap(PAGE)
    text = ALLOCATING.replace("i32)", "i64)").replace(
        '(memory (export "memory") 1', '(memory (export "memory") i64 1'
    )
    text = text.replace("_malloc", "_malloc64").replace("_free", "_free64")
    text = text.replace("(result i64) (i32.load8_u", "(result i32) (i32.load8_u").replace(
        "i32 i64)", "i64 i32)"
    )
    guest = WebAssembly.Instance(WebAssembly.Module(wat2wasm(text)), heap.imports()).exports
    attach_heap(guest.memory._memory, heap)
    address = guest.malloc(100) & END64 - 1
    assert address == END64 - PAGE
    guest.put(address - END64, 7)
    assert guest.load(address - END64) == 7 and heap.view()[0] == 7
    guest.free(address - END64)
    with pytest.raises(WebAssembly.RuntimeError, match="no block"):
        guest.free(address - END64)


def test_agents_to_which_the_memory_is_posted_see_its_heaps() -> None:
    heap = SharedHeap(PAGE)
    memory = WebAssembly.Memory(initial=1, maximum=2, shared=True)
    memory.attach_heap(heap)
    theirs = structuredClone(memory)
    assert theirs is not memory and heaps_of(theirs._memory) == (heap,)
    module = WebAssembly.Module(
        wat2wasm("""(module (import "" "m" (memory 1 2 shared))
          (func (export "store") (param i32) (i32.store (local.get 0) (i32.const 7))))""")
    )
    store = WebAssembly.Instance(module, {"": {"m": theirs}}).exports.store
    thread = threading.Thread(target=store, args=(heap.start() + 8,))
    thread.start()
    thread.join()
    assert heap.view()[8] == 7
    with pytest.raises(HeapError, match="places of their own"):
        theirs.attach_heap(heap)
    memory.detach_heap(heap)
    assert not heap.attached and heaps_of(theirs._memory) == ()
    with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
        store(heap.start() + 8)
