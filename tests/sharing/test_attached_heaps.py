"""What memories see of the shared heaps that they have attached."""

from __future__ import annotations

import gc
import random
import threading

import pytest

from pyjsapi import RangeError, WebAssembly, structuredClone, wat2wasm
from pyjsapi.sharing.attached_heaps import attach_heap, detach_heap, heaps_of
from pyjsapi.sharing.heap import SharedHeap
from pyjsapi.sharing.heap_places import HeapDomain, HeapError
from tests.sharing.heap_modules import PAGE, Guest, preallocated

END32, END64 = 1 << 32, 1 << 64
WASM_PAGE = 65536


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
