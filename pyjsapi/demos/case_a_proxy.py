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


class Proxy:
    """The two filters, the heap that they have in common, and what happened to the messages."""

    def __init__(self) -> None:
        from pyjsapi.sharing import SharedHeap

        self.upper, self.seal = (
            WebAssembly.Instance(WebAssembly.Module(wat2wasm(text))).exports
            for text in (UPPER, SEAL)
        )
        self.heap = SharedHeap(HEAP)
        for memory in self.memories:
            memory.attach_heap(self.heap)
        self.bytes = 0

    @property
    def memories(self) -> tuple[WebAssembly.Memory, WebAssembly.Memory]:
        """The filters' memories."""
        return self.upper.memory, self.seal.memory

    def pass_on(self, receiver: socket.socket, size: int) -> tuple[bytes, int]:
        """Receive a message and have it filtered: what came out, and how many lines it has."""
        at = self.heap.malloc(size + 4)
        view = self.heap.view(at, size)
        got = 0
        while got < size:
            got += receiver.recv_into(view[got:])
        self.upper.filter(at, size)
        lines = self.seal.filter(at, size, zlib.crc32(view))
        sealed = bytes(self.heap.view(at, size + 4))
        self.heap.free(at)
        self.bytes += size
        return sealed, lines


def expected(message: bytes) -> tuple[bytes, int]:
    """What should come out."""
    capitals = message.upper()
    return capitals + zlib.crc32(capitals).to_bytes(4, "little"), message.count(b"\n")


@demo(checks="CS-A", needs="sockets")
def main(report: Report) -> None:
    """Send messages through, and look at each."""
    proxy = Proxy()
    heap = Part(proxy.heap.start(), HEAP, "heap")
    report.picture(
        *(
            Space(f"filter {number}", memory.buffer.byteLength, (heap,))
            for number, memory in enumerate(proxy.memories, 1)
        )
    )

    report.step(f"{MESSAGES:,} messages: socket, filter 1, zlib, filter 2")
    wrong, places = 0, set()
    kept = proxy.heap.malloc(100)  # a buffer that stays while memories grow
    sender, receiver = socket.socketpair()
    with sender, receiver:
        for number, message in enumerate(messages()):
            sender.sendall(message)
            wrong += proxy.pass_on(receiver, len(message)) != expected(message)
            if number % 100 == 50:
                proxy.upper.grow()
            places.add(proxy.heap.addr_to_native(kept))
    proxy.heap.free(kept)
    report.figure("went through", proxy.bytes, "bytes")
    report.figure("longest message", max(len(message) for message in messages()), "bytes")
    report.equal("content, checksum and lines of each are right", wrong, 0, "CS-A")
    report.equal("the first filter's memory grew meanwhile", proxy.upper.grow(), 11, "CS-A")
    report.equal("and no buffer moved", len(places), 1, "CS-A")
    copied = [memory.stats.bytes_copied for memory in proxy.memories]
    report.equal("nothing was copied", copied, [0, 0], "CS-A")
    half = proxy.heap.malloc(HEAP // 2)
    report.check("what was allocated is free again: half of the heap is in one piece", half != 0)


if __name__ == "__main__":
    sys.exit(main())
