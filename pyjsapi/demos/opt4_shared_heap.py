"""A heap above the memories: WAMR's shared heap, chains of heaps, and neighbours that share in pairs.

Option 4 of the discussion. Instances keep memories of their own; a shared heap appears above them, at the same
addresses in each instance that has it attached. So an address can be passed like a value, and nothing is copied. The
producer and the consumer are those of WAMR's sample: eight messages in blocks that the heap gives out, eight in a pool
that the host brought.
"""

import ctypes
import mmap
import sys
import zlib
from typing import Any

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.pictures import space_of
from pyjsapi.demos.report import Report
from pyjsapi.sharing import HeapDomain, HeapError, SharedHeap

PAGE = mmap.PAGESIZE
TOP = 1 << 32
TRAP = WebAssembly.RuntimeError

GUEST = wat2wasm(
    """
(module
  (import "env" "shared_heap_malloc" (func $malloc (param i32) (result i32)))
  (import "env" "shared_heap_free" (func $free (param i32)))
  (memory (export "memory") 1)
  (memory (export "second") 1)
  (data (i32.const 100) "Hello, this is buf 00\\00")

  (func $write (export "write") (param $at i32) (param $number i32) (result i32)
    (memory.copy (local.get $at) (i32.const 100) (i32.const 22))
    (i32.store8 offset=19 (local.get $at)
      (i32.add (i32.const 48) (i32.div_u (local.get $number) (i32.const 10))))
    (i32.store8 offset=20 (local.get $at)
      (i32.add (i32.const 48) (i32.rem_u (local.get $number) (i32.const 10))))
    (local.get $at))
  (func (export "produce") (param $size i32) (param $number i32) (result i32)
    (call $write (call $malloc (local.get $size)) (local.get $number)))
  (func (export "consume") (param $at i32)  ;; into its own memory, where the host looks
    (memory.copy (i32.const 1000) (local.get $at) (i32.const 22)))
  (export "free" (func $free))
  (func (export "load") (param $at i32) (result i32) (i32.load (local.get $at)))
  (func (export "store") (param $at i32) (param $value i32) (i32.store (local.get $at) (local.get $value)))
  (func (export "fill") (param $at i32) (param $count i32)
    (memory.fill (local.get $at) (i32.const 7) (local.get $count)))
  (func (export "copy") (param $to i32) (param $from i32) (param $count i32)
    (memory.copy (local.get $to) (local.get $from) (local.get $count)))
  (func (export "load_second") (param $at i32) (result i32) (i32.load 1 (local.get $at)))
  (func (export "grow") (param $pages i32) (result i32) (memory.grow (local.get $pages))))
"""
)


def guest(heap: SharedHeap) -> Any:
    """An instance that allocates from a heap and has it attached."""
    instance = WebAssembly.Instance(WebAssembly.Module(GUEST), heap.imports())
    instance.exports.memory.attach_heap(heap)
    return instance.exports


def text(consumer: Any, address: int) -> bytes:
    """What the consumer finds at an address."""
    consumer.consume(address)
    return bytes(consumer.memory.view("B", 1000, 21))


def messages(report: Report) -> None:
    """Sixteen messages, and what else a chain of heaps does."""
    report.step("a chain: a heap that gives out blocks, and above it a pool that the host brought")
    pool = bytearray(PAGE)
    body = SharedHeap(PAGE, backing=pool)
    chain = SharedHeap(65536).chain(body)
    producer, consumer = guest(chain), guest(chain)
    guests, names = {"producer": producer, "consumer": consumer}, {chain: "managed", body: "pool"}
    report.picture(*(space_of(name, each.memory, names) for name, each in guests.items()))
    report.equal("the pool ends where addresses end", body.start(), TOP - PAGE, "O4-1")
    sent = {producer.produce(1024 * number, number): number for number in range(1, 9)}
    for number in range(9, 17):
        sent[producer.write(body.start() + PAGE // 8 * (number - 9), number)] = number
    for address, number in sent.items():
        expected = b"Hello, this is buf %02d" % number
        report.equal(f"{address % TOP:#x}: {expected!r}", text(consumer, address), expected, "O4-1")
        if number <= 8:
            consumer.free(address)
    report.check("the host has the pool's bytes in its own buffer", b"buf 16" in pool, "O4-1")
    report.raises("a block is freed once", TRAP, lambda: consumer.free(chain.start()))

    report.step("an access is within one heap of the chain")
    edge = body.start()
    report.raises("not across two", TRAP, lambda: producer.load(edge - 2), "O4-2")
    report.raises("nor may a fill", TRAP, lambda: producer.fill(edge - 8, 16), "O4-2")
    producer.fill(edge - 8, 8)
    producer.fill(edge, PAGE)
    report.equal("up to the edges it may", pool, b"\7" * PAGE, "O4-2")
    report.raises("the second memory has no heap", TRAP, lambda: producer.load_second(edge), "O4-9")
    report.raises("chains stay while they are attached", HeapError, chain.unchain, "O4-3")


def native_code(report: Report) -> None:
    """C and a guest write to the same bytes."""
    report.step("native code has the same bytes")
    heap = SharedHeap(65536)
    exports = guest(heap)
    address = heap.malloc(4096)
    native = heap.addr_to_native(address)
    ctypes.memset(native, 0x5A, 4096)
    report.equal("memset is seen by the guest", exports.load(address + 4092), 0x5A5A5A5A, "O4-10")
    exports.store(address, 0x12345678)
    crc = zlib.crc32((ctypes.c_char * 4096).from_address(native))
    right = zlib.crc32(b"\x78\x56\x34\x12" + b"Z" * 4092)
    report.equal("zlib reads what the guest wrote", crc, right, "O4-10")


def pairs(report: Report) -> None:
    """Neighbours share: what a third one sees of it, and what becomes of it."""
    report.step("neighbours share in pairs: 1 and 2 one heap, 2 and 3 another")
    domain = HeapDomain()
    h12, h23 = SharedHeap(65536, domain=domain), SharedHeap(65536, domain=domain)
    one, two, three = guest(h12), guest(h12), guest(h23)
    two.memory.attach_heap(h23)
    guests, names = {"1": one, "2": two, "3": three}, {h12: "h12", h23: "h23"}
    report.picture(*(space_of(name, each.memory, names) for name, each in guests.items()))
    a, b = h12.malloc(64), h23.malloc(64)
    one.store(a, 4711)
    two.copy(b, a, 64)
    report.equal("data goes from 1 by 2 to 3", three.load(b), 4711, "O4-7")
    report.raises("1 does not see what 2 and 3 share", TRAP, lambda: one.load(b), "O4-7")

    report.step("detached, it is not there; a memory grows up to it")
    two.memory.detach_heap(h12)
    report.raises("2 has lost it", TRAP, lambda: two.load(a), "O4-8")
    report.equal("1 has not", one.load(a), 4711, "O4-8")
    two.memory.attach_heap(SharedHeap(65536, address=3 * 65536))
    report.equal("growth into the heap fails", two.grow(3), -1, "O4-5")
    report.equal("up to it, it does not", two.grow(2), 1, "O4-5")


@demo(checks="O4-1 O4-2 O4-3 O4-5 O4-7 O4-8 O4-9 O4-10")
def main(report: Report) -> None:
    """Send messages by their addresses, then look at every edge."""
    messages(report)
    native_code(report)
    pairs(report)


if __name__ == "__main__":
    sys.exit(main())
