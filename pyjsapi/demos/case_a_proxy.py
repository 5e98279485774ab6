"""A proxy whose filters are WebAssembly, with a native library between them: one buffer from the socket to the end.

The host receives a message and hands it from filter to filter. It does not know a filter's allocator, and a message
has any size, so there is no fixed area for it in a filter's memory. A shared heap is above the memories of all filters:
the host allocates there, the socket's bytes are received there, each filter works on the same address, and zlib, which
is native, on the same bytes. The memories may grow meanwhile; the buffers do not move.
"""

import random
import socket
import sys
import zlib

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.pictures import Part, Space
from pyjsapi.demos.report import Report

MESSAGES = 1_000
LONGEST = 20_000
HEAP = 1 << 20

# Letters become capitals.
UPPER = """
(module
  (memory (export "memory") 1 64)
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func (export "filter") (param $at i32) (param $length i32)
    (local $end i32) (local $c i32)
    (local.set $end (i32.add (local.get $at) (local.get $length)))
    (loop $more
      (local.set $c (i32.load8_u (local.get $at)))
      (if (i32.lt_u (i32.sub (local.get $c) (i32.const 97)) (i32.const 26))
        (then (i32.store8 (local.get $at) (i32.xor (local.get $c) (i32.const 32)))))
      (br_if $more (i32.ne
        (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $end))))))
"""

# The checksum is put behind the message; how many lines it has is the answer.
SEAL = """
(module
  (memory (export "memory") 1)
  (func (export "filter") (param $at i32) (param $length i32) (param $crc i32) (result i32)
    (local $end i32) (local $lines i32)
    (local.set $end (i32.add (local.get $at) (local.get $length)))
    (i32.store (local.get $end) (local.get $crc))
    (loop $more
      (local.set $lines (i32.add (local.get $lines)
        (i32.eq (i32.load8_u (local.get $at)) (i32.const 10))))
      (br_if $more (i32.ne
        (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $end))))
    (local.get $lines)))
"""


def messages() -> list[bytes]:
    """Messages of any size: words and lines."""
    chance = random.Random(3)
    text = b"the proxy passes it on\nline by line, " * (LONGEST // 30)
    cuts = [(chance.randrange(500), chance.randrange(1, LONGEST)) for _ in range(MESSAGES)]
    # Most are short, as in life.
    return [text[at : at + (size if size % 10 == 0 else size % 200 + 1)] for at, size in cuts]


@demo(checks="CS-A", needs="sockets")
def main(report: Report) -> None:
    """Send messages through, and look at each."""
    from pyjsapi.sharing import SharedHeap

    upper, seal = (
        WebAssembly.Instance(WebAssembly.Module(wat2wasm(text))).exports for text in (UPPER, SEAL)
    )
    heap = SharedHeap(HEAP)
    for filter_ in (upper, seal):
        filter_.memory.attach_heap(heap)
    report.picture(
        *(
            Space(name, filter_.memory.buffer.byteLength, (Part(heap.start(), HEAP, "heap"),))
            for name, filter_ in (("filter 1", upper), ("filter 2", seal))
        )
    )

    report.step(f"{MESSAGES:,} messages: socket, filter 1, zlib, filter 2")
    total = wrong = 0
    moved = set()
    kept = heap.malloc(100)  # a buffer that stays while memories grow
    place = heap.addr_to_native(kept)
    sender, receiver = socket.socketpair()
    with sender, receiver:
        for number, message in enumerate(messages()):
            sender.sendall(message)
            size = len(message)
            at = heap.malloc(size + 4)
            view = heap.view(at, size)
            got = 0
            while got < size:
                got += receiver.recv_into(view[got:])
            upper.filter(at, size)
            if number % 100 == 50:
                upper.grow()
                moved.add(heap.addr_to_native(kept) - place)
            crc = zlib.crc32(view)
            lines = seal.filter(at, size, crc)
            sealed = bytes(heap.view(at, size + 4))
            wanted = message.upper()
            right = wanted + zlib.crc32(wanted).to_bytes(4, "little"), wanted.count(b"\n")
            wrong += (sealed, lines) != right
            heap.free(at)
            total += size
    heap.free(kept)
    report.figure("bytes that went through", total)
    report.figure("longest message", max(len(message) for message in messages()), "bytes")
    report.equal("content, checksum and lines of each are right", wrong, 0, "CS-A")
    report.equal("the first filter's memory grew meanwhile", upper.grow(), 11, "CS-A")
    report.equal("and no buffer moved", moved, {0}, "CS-A")
    copied = [filter_.memory.stats.bytes_copied for filter_ in (upper, seal)]
    report.equal("nothing was copied", copied, [0, 0], "CS-A")

    report.step("what was allocated is free again")
    whole = heap.malloc(HEAP // 2)
    report.check("half of the heap can be had in one piece", whole != 0)


if __name__ == "__main__":
    sys.exit(main())
