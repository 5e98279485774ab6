"""Memories with 64-bit addresses, and memories whose pages have one byte.

``(memory i64 …)`` takes addresses beyond 4 GiB, in instructions, in sizes and in the API; the types tell it apart from
other memories, so that linking does not mix them up. What is declared is reserved, not spent: the memory here has
6 GiB, of which a few pages are touched. ``(pagesize 1)`` is for the other end: a memory of 10 bytes has 10 bytes, and
the eleventh traps. Both copy to each other and to an ordinary memory.
"""

import sys

from pyjsapi import RangeError, Uint8Array, WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.report import Report

GIB = 1 << 30
PAGES = 6 * GIB >> 16

PROGRAM = """
(module
  (memory $big (import "host" "big") i64 0)
  (memory $small (export "small") 10 20 (pagesize 1))
  (memory $plain (export "plain") 1)
  (data (memory $small) (i32.const 0) "0123456789")

  (func (export "put") (param $at i64) (param $value i64) (i64.store $big (local.get $at) (local.get $value)))
  (func (export "get") (param $at i64) (result i64) (i64.load $big (local.get $at)))
  (func (export "size") (result i64) (memory.size $big))
  (func (export "tail") (param $at i64) (i64.store $big offset=0x1_0000_0000 (local.get $at) (i64.const 7)))

  (func (export "small_get") (param $at i32) (result i32) (i32.load8_u $small (local.get $at)))
  (func (export "small_size") (result i32) (memory.size $small))
  (func (export "small_grow") (param $delta i32) (result i32) (memory.grow $small (local.get $delta)))

  ;; Between a 64-bit memory and another each address has its memory's type, and the count the smaller of both.
  (func (export "carry") (param $at i64)
    (memory.copy $big $small (local.get $at) (i32.const 0) (i32.const 10))
    (memory.copy $plain $big (i32.const 100) (local.get $at) (i32.const 10))))
"""
NARROW = '(module (import "host" "big" (memory 0)))'


@demo(checks="M64-3 PS-2")
def main(report: Report) -> None:
    """Make a memory of 6 GiB where that can be had, and one of 10 bytes."""
    report.step(f"a memory of {PAGES:,} pages with 64-bit addresses")
    pages = PAGES
    try:
        big = WebAssembly.Memory(address="i64", initial=pages, maximum=pages)
    except RangeError as error:  # as in Pyodide
        report.step(f"it cannot be had ({error}); one of two pages then")
        pages = 2
        big = WebAssembly.Memory(address="i64", initial=pages, maximum=pages)
    guest = WebAssembly.Instance(
        WebAssembly.Module(wat2wasm(PROGRAM)), {"host": {"big": big}}
    ).exports
    end = pages << 16
    report.equal("memory.size is an i64", guest.size(), pages, "M64-3")
    places = [at for at in (8, 4 * GIB, end - 8) if at < end]
    for at in places:
        guest.put(at, at + 1)
    found, wanted = [guest.get(at) for at in places], [at + 1 for at in places]
    report.equal("words at the start, at 4 GiB, and the last one", found, wanted, "M64-3")
    trap = WebAssembly.RuntimeError
    report.raises("a word beyond the end traps", trap, lambda: guest.get(end - 7), "M64-3")
    if end > 4 * GIB:
        guest.tail(0)
        report.equal("an offset may have more than 32 bits", guest.get(4 * GIB), 7, "M64-3")
    else:
        report.raises("an offset may have more than 32 bits", trap, lambda: guest.tail(0), "M64-3")
    narrow = WebAssembly.Module(wat2wasm(NARROW))
    report.raises(
        "it is no memory with 32-bit addresses",
        WebAssembly.LinkError,
        lambda: WebAssembly.Instance(narrow, {"host": {"big": big}}),
        "M64-3",
    )

    report.step("a memory of 10 pages of one byte")
    report.equal("its buffer has 10 bytes", guest.small.buffer.byteLength, 10, "PS-2")
    report.equal("the last byte is there", guest.small_get(9), ord("9"), "PS-2")
    report.raises("the next one traps", trap, lambda: guest.small_get(10), "PS-2")
    guest.carry(end - 10)
    copied = Uint8Array(guest.plain.buffer, 100, 10).tobytes()
    report.equal(
        "its bytes were at the end of the big one, then in an ordinary one",
        copied,
        b"0123456789",
        "PS-2",
    )
    report.equal("it grows by a byte", guest.small_grow(1), 10)
    report.equal("and has 11 then", (guest.small_size(), guest.small_get(10)), (11, 0))
    report.equal("up to its maximum", guest.small_grow(10), -1)


if __name__ == "__main__":
    sys.exit(main())
