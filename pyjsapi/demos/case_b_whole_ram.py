"""A guest whose memory is the machine's whole RAM, beside a program that is no WebAssembly.

On small devices there is no system below: the guest's memory is the RAM, and programs in other languages work in the
same one. RAM is a shared segment of 64 MiB here, the guest's memory stands on all of it, and the neighbour is another
process, which reaches the bytes by their machine addresses through ctypes. Both push nodes to one linked list, under a
lock that is a word of the RAM: the guest takes it with an atomic instruction, the neighbour with libatomic.
"""

import ctypes
import subprocess
import sys

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.needs import Missing
from pyjsapi.demos.report import Report

RAM = 64 << 20
NODES = 3_000
LOCK, HEAD, FREE, FIRST = 0, 4, 8, 64  # addresses; nodes are 16 bytes: value, next

GUEST = f"""
(module
  (memory (import "machine" "ram") {RAM >> 16} {RAM >> 16} shared)
  (func $lock
    (block $taken
      (loop $retry
        (br_if $taken (i32.eqz
          (i32.atomic.rmw.cmpxchg (i32.const {LOCK}) (i32.const 0) (i32.const 1))))
        ;; the neighbour has no way to wake a sleeper: look again in 20 microseconds
        (drop (memory.atomic.wait32 (i32.const {LOCK}) (i32.const 1) (i64.const 20000)))
        (br $retry))))
  (func (export "push") (param $value i32) (param $count i32)
    (local $node i32)
    (loop $more
      (call $lock)
      (local.set $node (i32.load (i32.const {FREE})))
      (i32.store (i32.const {FREE}) (i32.add (local.get $node) (i32.const 16)))
      (i32.store (local.get $node) (local.get $value))
      (i32.store offset=4 (local.get $node) (i32.load (i32.const {HEAD})))
      (i32.store (i32.const {HEAD}) (local.get $node))
      (i32.atomic.store (i32.const {LOCK}) (i32.const 0))
      (local.set $value (i32.add (local.get $value) (i32.const 1)))
      (br_if $more (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))
  (func (export "last") (result i32) (i32.load (i32.const {RAM - 4})))
  (func (export "walk") (result i64)  ;; how many nodes there are, and the sum of their values
    (local $node i32) (local $count i64) (local $sum i64)
    (local.set $node (i32.load (i32.const {HEAD})))
    (block $end (loop $more
      (br_if $end (i32.eqz (local.get $node)))
      (local.set $count (i64.add (local.get $count) (i64.const 1)))
      (local.set $sum (i64.add (local.get $sum) (i64.load32_u (local.get $node))))
      (local.set $node (i32.load offset=4 (local.get $node)))
      (br $more)))
    (i64.or (i64.shl (local.get $count) (i64.const 40)) (local.get $sum))))
"""

NEIGHBOUR = f"""
import ctypes, struct, sys
from pyjsapi.sharing import HostResource

ram = HostResource.shm(sys.argv[1], trusted=True).view()
atomic = ctypes.CDLL("libatomic.so.1")
exchange, store = (getattr(atomic, "__atomic_" + name) for name in ("compare_exchange_4", "store_4"))
lock = ctypes.c_uint32.from_buffer(ram, {LOCK})
print("on", flush=True)
sys.stdin.readline()
for value in range(1_000_000, 1_000_000 + {NODES}):
    while True:  # 0 is replaced by 1, or it is somebody else's
        free = ctypes.c_uint32(0)
        if exchange(ctypes.byref(lock), ctypes.byref(free), 1, 5, 5):
            break
    node, = struct.unpack_from("<I", ram, {FREE})
    head, = struct.unpack_from("<I", ram, {HEAD})
    struct.pack_into("<II", ram, node, value, head)
    struct.pack_into("<I", ram, {FREE}, node + 16)
    struct.pack_into("<I", ram, {HEAD}, node)
    store(ctypes.byref(lock), 0, 5)
struct.pack_into("<I", ram, {RAM - 4}, 0x12345678)
print("done", flush=True)
"""


@demo(checks="CS-B", needs="linux")
def main(report: Report) -> None:
    """Push from both sides, and walk the list."""
    from pyjsapi.sharing import HostResource

    try:
        ctypes.CDLL("libatomic.so.1")
    except OSError as error:
        raise Missing(f"needs libatomic: {error}") from None
    with HostResource.shm(size=RAM) as ram:
        report.step(f"the guest's memory is all of {ram!r}")
        memory = WebAssembly.Memory(initial=RAM >> 16, maximum=RAM >> 16, shared=True, backing=ram)
        module = WebAssembly.Module(wat2wasm(GUEST))
        guest = WebAssembly.Instance(module, {"machine": {"ram": memory}}).exports
        ram.view()[FREE : FREE + 4] = FIRST.to_bytes(4, "little")
        report.equal("its length is that of the RAM", memory.buffer.byteLength, RAM, "CS-B")

        report.step(f"guest and neighbour push {NODES:,} nodes each")
        command = [sys.executable, "-c", NEIGHBOUR, str(ram.name)]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as neighbour:
            assert neighbour.stdin and neighbour.stdout
            neighbour.stdout.readline()
            neighbour.stdin.write("go\n")
            neighbour.stdin.flush()
            guest.push(1, NODES)
            alone = memory.view("I", FREE, 1)[0]
            said = neighbour.stdout.readline()
        report.equal("the neighbour came to its end", said, "done\n")
        report.figure("nodes when the guest was done", (alone - FIRST) // 16)
        count, total = divmod(guest.walk(), 1 << 40)
        wanted = sum(range(1, NODES + 1)) + sum(range(1_000_000, 1_000_000 + NODES))
        report.equal("no node is lost", count, 2 * NODES, "CS-B")
        report.equal("each value is there once", total, wanted, "CS-B")
        end = memory.view("I", FREE, 1)[0]
        report.equal("no node was given twice", end, FIRST + 16 * 2 * NODES, "CS-B")
        report.equal("the guest sees the RAM's last word", guest.last(), 0x12345678, "CS-B")
        report.equal("nothing was copied", memory.stats.bytes_copied, 0, "CS-B")


if __name__ == "__main__":
    sys.exit(main())
