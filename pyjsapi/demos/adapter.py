"""Two modules pass each other strings, lists and records, and neither can see the other's memory.

This is what the component model does between components: an adapter, generated from the signature of a function,
reads arguments where the caller has them and writes them where the callee's allocator says. ``make_adapter`` makes it,
an ordinary module that imports both memories, which is what several memories are for. It is compared here with what a
host does without it: make Python values of the bytes, and bytes of the values.
"""

import struct
import sys
from typing import Any

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.pictures import whole
from pyjsapi.demos.report import Report, seconds
from pyjsapi.tools import make_adapter

SIGNATURE = """
  record item { name: string, price: u32, weight: f32 }
  bill: func(items: list<item>, currency: string) -> tuple<u64, string>;
  keep: func(text: string);
"""
TUPLE, STRING, ITEMS, HEAP = 64, 512, 1024, 4096  # addresses

# Allocates upwards; what it gave is never given back.
ALLOCATOR = f"""
  (memory (export "memory") 40)
  (global $top (mut i32) (i32.const {HEAP}))
  (func $realloc (export "cabi_realloc")
    (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (global.set $top (i32.and
      (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get $align))))
    (global.get $top)
    (global.set $top (i32.add (global.get $top) (local.get $size))))
  (func (export "reset") (global.set $top (i32.const {HEAP})))
"""
SHOP = f"(module {ALLOCATOR})"
# The sum of all prices, and the first name with the currency behind it. A list's items have 16 bytes:
# address and length of the name, price, weight.
OFFICE = f"""
(module {ALLOCATOR}
  (func (export "keep") (param i32 i32))
  (func (export "bill")
    (param $items i32) (param $count i32) (param $currency i32) (param $length i32) (result i32)
    (local $sum i64) (local $text i32) (local $first i32)
    (local.set $first (i32.load offset=4 (local.get $items)))
    (local.set $text (call $realloc (i32.const 0) (i32.const 0) (i32.const 1)
      (i32.add (local.get $first) (local.get $length))))
    (memory.copy (local.get $text) (i32.load (local.get $items)) (local.get $first))
    (memory.copy (i32.add (local.get $text) (local.get $first))
      (local.get $currency) (local.get $length))
    (loop $more
      (local.set $sum (i64.add (local.get $sum) (i64.load32_u offset=8 (local.get $items))))
      (local.set $items (i32.add (local.get $items) (i32.const 16)))
      (br_if $more (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (i64.store (i32.const {TUPLE}) (local.get $sum))
    (i32.store offset=8 (i32.const {TUPLE}) (local.get $text))
    (i32.store offset=12 (i32.const {TUPLE}) (i32.add (local.get $first) (local.get $length)))
    (i32.const {TUPLE})))
"""
GOODS = [("café", 250, 0.25), ("tea", 1999, 1.5), ("", 1, 0.0), ("☕" * 40, 4_000_000_000, 7.0)]


def write_goods(view: memoryview) -> None:
    """What the shop sells, in its memory."""
    at = STRING
    for k, (name, price, weight) in enumerate(GOODS):
        encoded = name.encode()
        view[at : at + len(encoded)] = encoded
        struct.pack_into("<IIIf", view, ITEMS + 16 * k, at, len(encoded), price, weight)
        at += len(encoded)
    view[at : at + 4] = b" EUR"
    struct.pack_into("<II", view, TUPLE + 32, at, 4)


@demo(checks="UC-21")
def main(report: Report) -> None:
    """A bill, and what it costs to pass a string."""
    shop, office = (
        WebAssembly.Instance(WebAssembly.Module(wat2wasm(t))).exports for t in (SHOP, OFFICE)
    )
    module = WebAssembly.Module(make_adapter(SIGNATURE))
    adapter = WebAssembly.Instance(module, {"caller": shop, "callee": office}).exports
    theirs, ours = shop.memory.buffer.mv, office.memory.buffer.mv
    write_goods(theirs)
    currency = struct.unpack_from("<II", theirs, TUPLE + 32)

    report.picture(
        whole("shop", "shop's", theirs.nbytes),
        whole("office", "office's", ours.nbytes),
        whole("adapter, memory 0", "shop's", theirs.nbytes),
        whole("adapter, memory 1", "office's", ours.nbytes),
    )
    report.step("the shop asks the office for a bill")
    adapter.bill(ITEMS, len(GOODS), *currency, TUPLE)
    total, place, length = struct.unpack_from("<QII", theirs, TUPLE)
    report.equal("the sum is right", total, sum(price for _, price, _ in GOODS), "UC-21")
    text = str(theirs[place : place + length], "utf-8")
    report.equal("the text is in the shop's memory", text, "café EUR", "UC-21")
    items = [struct.unpack_from("<IIIf", ours, HEAP + 16 * k) for k in range(len(GOODS))]
    seen = [(str(ours[at : at + n], "utf-8"), price, weight) for at, n, price, weight in items]
    report.equal("the office has got the items, in its own", seen, GOODS, "UC-21")
    imported = [
        entry
        for guest in (SHOP, OFFICE)
        for entry in WebAssembly.Module.imports(WebAssembly.Module(wat2wasm(guest)))
    ]
    report.equal("neither imports anything of the other", imported, [], "UC-21")

    def out_of_bounds() -> None:
        adapter.keep(theirs.nbytes - 3, 4)

    report.raises(
        "bytes that are not the caller's trap", WebAssembly.RuntimeError, out_of_bounds, "UC-21"
    )

    report.step("a string of a size, by the adapter and by way of a Python string")
    for size in (1 << 10, 1 << 15, 1 << 20):
        measure(report, size, shop, office, adapter)


def measure(report: Report, size: int, shop: Any, office: Any, adapter: Any) -> None:
    """How long a string takes."""
    theirs, ours = shop.memory.buffer.mv, office.memory.buffer.mv
    theirs[HEAP : HEAP + size] = b"abcdefgh" * (size // 8)

    def by_adapter() -> None:
        office.reset()
        adapter.keep(HEAP, size)

    def by_values() -> None:
        office.reset()
        encoded = str(theirs[HEAP : HEAP + size], "utf-8").encode()
        at = office.cabi_realloc(0, 0, 1, len(encoded))
        ours[at : at + len(encoded)] = encoded
        office.keep(at, len(encoded))

    by_values()
    kept = bytes(ours[HEAP : HEAP + size])
    ours[HEAP : HEAP + size] = bytes(size)
    by_adapter()
    same = bytes(ours[HEAP : HEAP + size]) == kept == bytes(theirs[HEAP : HEAP + size])
    report.check(f"{size:,} bytes arrive either way", same, "UC-21")
    taken, otherwise = seconds(by_adapter), seconds(by_values)
    report.figure("by the adapter", taken * 1e6, "µs")
    report.figure("by values", otherwise / taken, "times that")


if __name__ == "__main__":
    sys.exit(main())
