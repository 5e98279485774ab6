"""Constants that code can read and not write: read-only pages at the beginning of a memory, or anywhere.

A C program's ``.rodata`` is as writable as the rest of its memory: a stray pointer changes a string constant, or the
null pointer's page, and nobody notices. With static protection the first pages of a memory cannot be reached, and the
next can only be read; the module's own data segments fill them while it is instantiated, and from then on every way of
writing traps, bulk operations and atomics included. ``Memory.protect`` does the same later, for any pages.
"""

import sys
from functools import partial

from pyjsapi import RangeError, Uint8Array, WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.pictures import Part, Space
from pyjsapi.demos.report import Report

PAGE = 65536
TEXT = b"a constant"

PROGRAM = """
(module
  (memory (import "host" "memory") 3)
  (data (i32.const 65536) "a constant")  ;; page 1, which is read-only
  (data $passive "another")
  (func (export "load") (param $at i32) (result i32) (i32.load8_u (local.get $at)))
  (func (export "store") (param $at i32) (i32.store8 (local.get $at) (i32.const 1)))
  (func (export "vector") (param $at i32)
    (v128.store (local.get $at) (v128.const i32x4 1 2 3 4)))
  (func (export "add") (param $at i32) (drop (i32.atomic.rmw.add (local.get $at) (i32.const 1))))
  (func (export "fill") (param $at i32) (memory.fill (local.get $at) (i32.const 1) (i32.const 8)))
  (func (export "copy") (param $at i32)
    (memory.copy (local.get $at) (i32.const 131072) (i32.const 8)))
  (func (export "init") (param $at i32)
    (memory.init $passive (local.get $at) (i32.const 0) (i32.const 7))))
"""
WAYS = ("store", "vector", "add", "fill", "copy", "init")


@demo(checks="UC-28")
def main(report: Report) -> None:
    """Read what is constant, and try all ways of writing it."""
    trap = WebAssembly.RuntimeError
    module = WebAssembly.Module(wat2wasm(PROGRAM))

    report.step("a memory of three pages: one out of reach, one read-only, one for everything")
    memory = WebAssembly.Memory(initial=3, noAccess=1, readOnly=1)
    guest = WebAssembly.Instance(module, {"host": {"memory": memory}}).exports
    sections = Part(0, PAGE, "null pointers", mode="none"), Part(PAGE, PAGE, "constants", mode="r")
    report.picture(Space("memory", 3 * PAGE, sections))
    found = bytes(guest.load(PAGE + i) for i in range(len(TEXT)))
    report.equal("the constant came from a data segment", found, TEXT, "UC-28")
    report.raises("the null pointer traps", trap, lambda: guest.load(0), "UC-28")
    for way in WAYS:
        report.raises(f"{way} traps", trap, partial(guest[way], PAGE), "UC-28")
    across = "a vector that begins in the read-only part traps"
    report.raises(across, trap, lambda: guest.vector(2 * PAGE - 8), "UC-28")
    for way in WAYS:
        guest[way](2 * PAGE)
    found = bytes(guest.load(PAGE + i) for i in range(len(TEXT)))
    report.equal("nothing has changed", found, TEXT, "UC-28")

    report.step("what the host sees")
    constants = memory.readOnlyBuffer or memoryview(b"")
    report.equal("the read-only part", bytes(constants[: len(TEXT)]), TEXT, "UC-28")

    def write() -> None:
        constants[0] = 1

    report.raises("cannot be written by the host", TypeError, write, "UC-28")
    report.equal("the buffer begins behind it", memory.bufferOffset, 2 * PAGE)
    report.equal("and has the rest", memory.buffer.byteLength, PAGE)

    report.step("pages that are protected later")
    plain = WebAssembly.Memory(initial=3)
    guest = WebAssembly.Instance(module, {"host": {"memory": plain}}).exports
    guest.store(2 * PAGE)
    plain.protect(PAGE, PAGE, "r")
    report.raises("page 1 cannot be written any more", trap, lambda: guest.store(PAGE), "UC-28")
    report.equal("but read", guest.load(PAGE), TEXT[0], "UC-28")
    plain.protect(PAGE, PAGE, "rw")
    guest.store(PAGE)
    report.equal("until it is allowed again", Uint8Array(plain.buffer)[PAGE], 1)
    report.raises(
        "only pages that there are", RangeError, lambda: plain.protect(3 * PAGE, PAGE, "r")
    )


if __name__ == "__main__":
    sys.exit(main())
