"""Memories for speed and memories for size: where the bytes are kept is the host's choice, for each memory.

Engines reserve gigabytes of addresses for a memory, so that it never moves and needs no checks. That is right for a
program's main memory, and too much for fifty small ones. ``storage="reserve"`` takes the addresses up to the maximum,
``storage="heap"`` as many bytes as there are pages, and moves them when they grow. It is no part of the memory's type:
any module can import either, and computes the same.
"""

import hashlib
import sys
from typing import Literal

from pyjsapi import Uint8Array, WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.report import Report, seconds

MIB = 1 << 20
MEMORIES = 50
MAXIMUM = 160  # pages: 10 MiB

PROGRAM = """
(module
  (memory (import "host" "memory") 1)
  ;; A page of numbers, each from the one before it.
  (func (export "work") (param $seed i32)
    (local $at i32)
    (loop $more
      (local.set $seed
        (i32.add (i32.mul (local.get $seed) (i32.const 1664525)) (i32.const 1013904223)))
      (i32.store (local.get $at) (local.get $seed))
      (br_if $more (i32.lt_u
        (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 65536)))))
  (func (export "grow") (result i32) (memory.grow (i32.const 1))))
"""


def virtual() -> float | None:
    """MiB of addresses that this process has taken, where Linux tells."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            line = next(line for line in file if line.startswith("VmSize:"))
    except (OSError, StopIteration):
        return None
    return int(line.split()[1]) / 1024


def digests(
    report: Report, storage: Literal["heap", "reserve"], module: WebAssembly.Module
) -> list[str]:
    """Make memories, have a page of each written, and let each grow; hashes of their bytes."""
    report.step(f'{MEMORIES} memories of a page, storage="{storage}"')
    before = virtual()
    memories = [
        WebAssembly.Memory(initial=1, maximum=MAXIMUM, storage=storage) for _ in range(MEMORIES)
    ]
    after = virtual()
    if before is not None and after is not None:
        report.figure(f"addresses taken, {storage}", after - before, "MiB")
    guests = [
        WebAssembly.Instance(module, {"host": {"memory": memory}}).exports for memory in memories
    ]
    for seed, guest in enumerate(guests):
        guest.work(seed)
    report.figure(f"a page of numbers, {storage}", seconds(lambda: guests[0].work(0)) * 1e3, "ms")
    report.equal("each grows by a page", {guest.grow() for guest in guests}, {1}, "UC-22")
    sizes = {memory.buffer.byteLength for memory in memories}
    report.equal("and has two then", sizes, {2 << 16}, "UC-22")
    return [hashlib.sha256(Uint8Array(memory.buffer).tobytes()).hexdigest() for memory in memories]


@demo(checks="UC-22")
def main(report: Report) -> None:
    """Make both kinds, and compare."""
    module = WebAssembly.Module(wat2wasm(PROGRAM))
    small = digests(report, "heap", module)
    large = digests(report, "reserve", module)
    report.check("all of them have the same bytes", small == large, "UC-22")
    report.equal("no two programs computed the same", len(set(small)), MEMORIES, "UC-22")


if __name__ == "__main__":
    sys.exit(main())
