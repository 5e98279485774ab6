"""A guest reads a record batch of Apache Arrow where it is.

Arrow keeps a column as plain buffers: the values one after another, and a bit for each that says whether it is there.
So a guest that knows the layout needs no library and no copy: each buffer is mapped into its memory, read-only because
batches are, at an address that suits it. The buffers are the ones that pyarrow has; what the guest computes is compared
with what pyarrow computes, and a slice of a batch is only another offset.
"""

import math
import random
import sys
from typing import Any

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.pictures import space_of
from pyjsapi.demos.report import Report

ROWS = 5_000
PAGE = 65536
BITS, PRICES, COUNTS = PAGE, 2 * PAGE, 3 * PAGE  # addresses

SUM = """
(module
  (memory (import "host" "memory") 5)
  (func $there (param $bits i32) (param $row i32) (result i32)
    (i32.and (i32.const 1) (i32.shr_u
      (i32.load8_u (i32.add (local.get $bits) (i32.shr_u (local.get $row) (i32.const 3))))
      (i32.and (local.get $row) (i32.const 7)))))
  ;; The sum of price times count over the rows that have a price.
  (func (export "total")
    (param $bits i32) (param $prices i32) (param $counts i32) (param $row i32) (param $end i32)
    (result f64)
    (local $sum f64)
    (block $done (loop $more
      (br_if $done (i32.ge_u (local.get $row) (local.get $end)))
      (if (call $there (local.get $bits) (local.get $row))
        (then (local.set $sum (f64.add (local.get $sum) (f64.mul
          (f64.load (i32.add (local.get $prices) (i32.shl (local.get $row) (i32.const 3))))
          (f64.convert_i32_s
            (i32.load (i32.add (local.get $counts) (i32.shl (local.get $row) (i32.const 2))))))))))
      (local.set $row (i32.add (local.get $row) (i32.const 1)))
      (br $more)))
    (local.get $sum))
  (func (export "spoil") (param i32) (i32.store (local.get 0) (i32.const 0))))
"""


def batch(arrow: Any) -> Any:
    """Prices, of which some are missing, and counts."""
    chance = random.Random(5)
    prices = [
        chance.randrange(100, 10_000) / 4 if chance.random() < 0.9 else None for _ in range(ROWS)
    ]
    counts = [chance.randrange(1, 50) for _ in range(ROWS)]
    columns = [arrow.array(prices, arrow.float64()), arrow.array(counts, arrow.int32())]
    return arrow.record_batch(columns, names=["price", "count"])


def mapped(report: Report, memory: WebAssembly.Memory, columns: list[tuple[str, Any, int]]) -> None:
    """Map buffers into the memory, at an address each."""
    from pyjsapi.sharing import HostResource

    names = {}
    for name, buffer, at in columns:
        resource = HostResource.buffer(buffer)
        names[resource] = name
        mapping = memory.map(resource, at=at, mode="r")
        same = mapping.proof()["resource_address"]
        report.equal(f"{name}: the bytes are where pyarrow has them", same, buffer.address)
    report.picture(space_of("memory", memory, names))
    report.equal("nothing was copied", memory.stats.bytes_copied, 0)


def as_pyarrow(report: Report, guest: Any, rows: Any, text: str) -> None:
    """Compare the guest's sum over some rows with that of pyarrow."""
    import pyarrow.compute as compute

    first = rows.column("price").offset
    found = guest.total(BITS, PRICES, COUNTS, first, first + rows.num_rows)
    products = compute.multiply(rows.column("price"), compute.cast(rows.column("count"), "double"))
    wanted = compute.sum(products).as_py()
    report.check(text, math.isclose(found, wanted, rel_tol=1e-12))


@demo(needs="pyarrow")
def main(report: Report) -> None:
    """Map the buffers, and compute."""
    import pyarrow

    records = batch(pyarrow)
    report.step(
        f"a batch of {records.num_rows:,} rows and {records.nbytes:,} bytes, made by pyarrow"
    )
    memory = WebAssembly.Memory(initial=5)
    module = WebAssembly.Module(wat2wasm(SUM))
    guest = WebAssembly.Instance(module, {"host": {"memory": memory}}).exports
    bits, prices = records.column("price").buffers()
    _, counts = records.column("count").buffers()
    columns = [("bits", bits, BITS), ("prices", prices, PRICES), ("counts", counts, COUNTS)]
    mapped(report, memory, columns)

    report.step("the guest sums price times count")
    as_pyarrow(report, guest, records, "as pyarrow does")
    as_pyarrow(report, guest, records.slice(1003, 500), "and of a slice")

    report.step("the batch cannot be written, as Arrow has it")
    report.raises("a store traps", WebAssembly.RuntimeError, lambda: guest.spoil(PRICES))
    stored = guest.spoil(PRICES + prices.size + 8)
    report.equal("behind a buffer the memory is the guest's own", stored, None)
    for mapping in memory.mappings:
        mapping.unmap()
    left = guest.total(BITS, PRICES, COUNTS, 0, ROWS)
    report.equal("after unmapping nothing is there", left, 0.0)


if __name__ == "__main__":
    sys.exit(main())
