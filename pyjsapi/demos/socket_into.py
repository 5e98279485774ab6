"""What comes from a socket is received straight into a memory, and a file is read into one.

``recv_into`` takes any buffer, so it takes a view of the memory: the system puts the bytes where the guest reads them,
and no ``bytes`` object is between. ``await memory.read_into(…)`` does the same on an event loop, for sockets, files and
streams ("bring your own buffer" of the memory-control proposal). The guest computes CRC-32, and sees the first bytes
while the last are still to come.
"""

import asyncio
import io
import random
import socket
import sys
import zlib

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.report import Report

SIZE = 200_000
AT = 65_537  # any address

CRC = """
(module
  (memory (import "host" "memory") 16)
  (memory $table 1)
  (func $make  ;; the table of the polynomial, behind the start function
    (local $i i32) (local $c i32) (local $k i32)
    (loop $each
      (local.set $c (local.get $i)) (local.set $k (i32.const 8))
      (loop $bit
        (local.set $c (i32.xor (i32.shr_u (local.get $c) (i32.const 1))
          (i32.and (i32.const 0xedb88320) (i32.sub (i32.const 0) (i32.and (local.get $c) (i32.const 1))))))
        (br_if $bit (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
      (i32.store $table (i32.shl (local.get $i) (i32.const 2)) (local.get $c))
      (br_if $each (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 256)))))
  (start $make)
  (func (export "crc") (param $at i32) (param $length i32) (result i32)
    (local $c i32) (local $end i32)
    (local.set $c (i32.const -1))
    (local.set $end (i32.add (local.get $at) (local.get $length)))
    (block $done (loop $more
      (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
      (local.set $c (i32.xor (i32.shr_u (local.get $c) (i32.const 8))
        (i32.load $table (i32.shl
          (i32.and (i32.xor (local.get $c) (i32.load8_u (local.get $at))) (i32.const 255)) (i32.const 2)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $more)))
    (i32.xor (local.get $c) (i32.const -1))))
"""


@demo(checks="P-12", needs="sockets")
async def main(report: Report) -> None:
    """Receive with and without an event loop, and read a file."""
    data = random.Random(12).randbytes(SIZE)
    module = WebAssembly.Module(wat2wasm(CRC))
    memory = WebAssembly.Memory(initial=16, maximum=16, shared=True)
    shared = wat2wasm(CRC.replace('"memory") 16)', '"memory") 16 16 shared)'))
    guest = WebAssembly.Instance(WebAssembly.Module(shared), {"host": {"memory": memory}}).exports

    report.step("recv_into a view of the memory")
    sender, receiver = socket.socketpair()
    with sender, receiver:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
        sender.sendall(data[:1000])
        got = receiver.recv_into(memory.view("B", AT, 1000))
        crc = guest.crc(AT, got) % 2**32
        report.equal("the guest has what was sent", crc, zlib.crc32(data[:got]), "P-12")

        report.step(f"await read_into: {SIZE:,} bytes, in the pieces in which they come")
        receiver.setblocking(False)
        sender.setblocking(False)
        sending = asyncio.create_task(asyncio.get_running_loop().sock_sendall(sender, data))
        done, pieces, early = 0, 0, None
        while done < SIZE:
            done += await memory.read_into(receiver, AT + done, SIZE - done)
            pieces += 1
            if early is None:
                early = guest.crc(AT, 100) % 2**32, done
        await sending
        report.figure("pieces", pieces)
        report.equal(
            "the first bytes were there at once", (early or (0,))[0], zlib.crc32(data[:100])
        )
        crc = guest.crc(AT, SIZE) % 2**32
        report.equal("and all of them at the end", crc, zlib.crc32(data), "P-12")

    report.step("the same from a file, into a memory that is not shared")
    memory = WebAssembly.Memory(initial=16)
    guest = WebAssembly.Instance(module, {"host": {"memory": memory}}).exports
    count = await memory.read_into(io.BytesIO(data), AT, SIZE)
    crc = guest.crc(AT, count) % 2**32
    report.equal("the guest has the file", crc, zlib.crc32(data), "P-12")
    report.equal("nothing was copied on the way", memory.stats.bytes_copied, 0, "P-12")


if __name__ == "__main__":
    sys.exit(main())
