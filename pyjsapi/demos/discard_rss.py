"""A memory gives pages back to the system without becoming shorter.

A linear memory never shrinks, so what a program needed once it has for good. ``memory.discard`` is the way out that
the memory-control proposal has: pages become zeros, and the system may have their room until somebody writes to them
again. The memory's length stays what it was, and addresses stay valid. Here a guest fills a memory, all but the first
part is discarded, and the resident bytes of the process are looked at where the system shows them.
"""

import sys

from pyjsapi import RangeError, Uint8Array, WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.needs import missing
from pyjsapi.demos.report import Report

MIB = 1 << 20
KEPT = 1 * MIB

FILL = """
(module
  (memory (import "host" "memory") 0 4096)
  (func (export "fill") (param $value i32)
    (memory.fill (i32.const 0) (local.get $value) (i32.mul (memory.size) (i32.const 65536))))
  ;; The or of a word in each 4 KiB from an address on.
  (func (export "any") (param $from i32) (result i32)
    (local $end i32) (local $any i32)
    (local.set $end (i32.mul (memory.size) (i32.const 65536)))
    (loop $more
      (local.set $any (i32.or (local.get $any) (i32.load offset=128 (local.get $from))))
      (br_if $more (i32.lt_u
        (local.tee $from (i32.add (local.get $from) (i32.const 4096))) (local.get $end))))
    (local.get $any))
  (func (export "put") (param $at i32) (i32.store (local.get $at) (i32.const 7)))
  (func (export "get") (param $at i32) (result i32) (i32.load (local.get $at))))
"""


def resident() -> float | None:
    """MiB of this process that are in the machine's memory, where Linux tells."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[1])
    except OSError:
        return None
    import resource

    return pages * resource.getpagesize() / MIB


@demo(checks="UC-14")
def main(report: Report) -> None:
    """Fill, discard, and look."""
    size = 256 * MIB if missing("threads") is None else 16 * MIB  # Pyodide has little
    memory = WebAssembly.Memory(initial=size >> 16, maximum=4096, storage="reserve")
    module = WebAssembly.Module(wat2wasm(FILL))
    guest = WebAssembly.Instance(module, {"host": {"memory": memory}}).exports

    report.step(f"a guest fills {size // MIB} MiB")
    before = resident()
    guest.fill(1)
    full = resident()
    report.equal("every byte is 1", guest.any(0), 0x01010101)

    report.step(f"all but {KEPT // MIB} MiB are discarded")
    memory.discard(KEPT, size - KEPT)
    after = resident()
    for text, value in (("before", before), ("when full", full), ("afterwards", after)):
        if value is not None:
            report.figure(f"resident {text}", value, "MiB")
    if full is not None and after is not None:
        report.figure("given back", full - after, "MiB")
    report.equal("what was discarded is 0", guest.any(KEPT), 0, "UC-14")
    report.equal("what was not is as it was", guest.get(KEPT - 4), 0x01010101, "UC-14")
    report.equal("the length is the same", memory.buffer.byteLength, size, "UC-14")
    guest.put(size - 4)
    last = Uint8Array(memory.buffer)[size - 4]
    report.equal("the pages can be used again", (guest.get(size - 4), last), (7, 7), "UC-14")

    report.step("whole pages go: those that any of the bytes are in")
    guest.fill(2)
    memory.discard(70_000, 1)
    around = [guest.get(at) for at in (65_532, 65_536, 131_068, 131_072)]
    report.equal("page 1 is 0 and its neighbours are not", around, [0x02020202, 0, 0, 0x02020202])
    report.raises("bytes that are not there", RangeError, lambda: memory.discard(size - 1, 2))


if __name__ == "__main__":
    sys.exit(main())
