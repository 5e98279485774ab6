"""The sub-proposals of memory control: protected pages, a mappable region, virtual memories, discarding, own buffers.

Option 3 of the discussion. What a system's memory management offers a process, a linear memory gets piece by piece:
pages at the beginning that are out of reach or read-only (static protection); a region at the beginning into which the
host maps its buffers (mappable); memories where no page is there until it is mapped (virtual); pages that are given
back (discard); and bytes that others put straight into the memory (bring your own buffer).
"""

import sys
import tempfile
from functools import partial
from operator import index
from pathlib import Path
from typing import Any

from pyjsapi import RangeError, Uint8Array, WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.discard_rss import resident
from pyjsapi.demos.pictures import space_of
from pyjsapi.demos.report import Report

PAGE = 65536
TRAP = WebAssembly.RuntimeError

PLAIN = """
(module
  (memory (import "host" "memory") 1)
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "store") (param i32) (i32.store8 (local.get 0) (i32.const 7)))
  (func (export "vector") (param i32) (drop (v128.load (local.get 0))))
  (func (export "add") (param i32) (drop (i32.atomic.rmw.add (local.get 0) (i32.const 1))))
  (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "fill") (param i32 i32) (memory.fill (local.get 0) (i32.const 9) (local.get 1)))
  (func (export "discard") (param i32 i32) (memory.discard (local.get 0) (local.get 1)))
  (func (export "size") (result i32) (memory.size))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  {data})
"""
VIRTUAL = """
(module
  (import "pyjsapi:memory-control" "map" (func $map (param i32 i32 i32 i32) (result i32)))
  (import "pyjsapi:memory-control" "unmap" (func $unmap (param i32 i32 i32)))
  (import "pyjsapi:memory-control" "protect" (func $protect (param i32 i32 i32 i32)))
  (memory (import "host" "memory") 1)
  (func (export "map") (param i32 i32) (result i32)  ;; for reading and writing
    (call $map (i32.const 0) (local.get 0) (local.get 1) (i32.const 3)))
  (func (export "unmap") (param i32 i32) (call $unmap (i32.const 0) (local.get 0) (local.get 1)))
  (func (export "protect") (param i32 i32 i32)
    (call $protect (i32.const 0) (local.get 0) (local.get 1) (local.get 2)))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "store") (param i32) (i32.store8 (local.get 0) (i32.const 7))))
"""


def guest(memory: WebAssembly.Memory, text: str = PLAIN, data: str = "") -> Any:
    """An instance on a memory."""
    module = WebAssembly.Module(
        wat2wasm(text.replace("{data}", data)),
        builtins=["memory-control"] if text is VIRTUAL else [],
        features={"memory_control": True},
    )
    return WebAssembly.Instance(module, {"host": {"memory": memory}}).exports


def static_protection(report: Report) -> None:
    """P-1 to P-5: one page out of reach, one read-only, the rest for everything."""
    report.step("static protection: no access, read-only, read and write")
    memory = WebAssembly.Memory(initial=4, maximum=5, noAccess=1, readOnly=1)
    g = guest(memory, data='(data (i32.const 65536) "constant")')
    report.raises("a null pointer traps", TRAP, lambda: g.load(0), "P-1")
    report.equal("the page behind it does not", g.load(PAGE), ord("c"), "P-1")
    report.raises("a constant cannot be written", TRAP, lambda: g.store(PAGE), "P-2")
    report.equal(
        "a segment has filled it", bytes(map(g.load, range(PAGE, PAGE + 8))), b"constant", "P-2"
    )
    for text, call in (
        ("a vector across the edge", lambda: g.vector(PAGE - 8)),
        ("a copy from the page out of reach", lambda: g.copy(2 * PAGE, PAGE - 1, 2)),
        ("a copy to the constants", lambda: g.copy(2 * PAGE - 1, 3 * PAGE, 2)),
        ("a fill that begins there", lambda: g.fill(2 * PAGE - 1, 2)),
        ("an atomic addition", lambda: g.add(2 * PAGE - 4)),
    ):
        report.raises(f"{text} traps", TRAP, call, "P-3")
    written = [g.load(2 * PAGE - 1), g.load(2 * PAGE)]
    report.equal("and nothing was written", written, [0, 0], "P-3")
    report.equal("all pages count in memory.size", (g.size(), g.grow(), g.size()), (4, 4, 5), "P-4")
    report.raises("growth adds pages for everything alone", TRAP, lambda: g.store(PAGE), "P-4")
    report.equal("the buffer begins behind them", memory.bufferOffset, 2 * PAGE, "P-5")
    constants = memory.readOnlyBuffer or memoryview(b"")
    report.equal("the constants are in one of their own", constants[:8], b"constant", "P-5")
    report.check("which is read-only", constants.readonly, "P-5")


def mappable(report: Report) -> None:
    """P-6 and P-7: a region of 15 pages for the host's buffers, 10 ordinary ones behind it."""
    report.step("a mappable region: the host's buffers appear below the ordinary pages")
    memory = WebAssembly.Memory(initial=10, maximum=150, maplength=15)
    g = guest(memory)
    report.equal(
        "25 pages, 10 in the buffer", (g.size(), memory.buffer.byteLength), (25, 655_360), "P-6"
    )
    Uint8Array(memory.buffer)[0] = 7
    report.equal("the buffer begins behind the region", g.load(983_040), 7, "P-6")
    mine = bytearray(b"mine" * (PAGE // 4))
    at = index(memory.map(mine, PAGE))
    report.check("a buffer gets a place", at < 983_040 and at % PAGE == 0, "P-6")
    report.picture(space_of("memory", memory, {memory.mappings[0].resource: "mine"}))
    g.store(at)
    report.equal(
        "guest and host see the same bytes", (g.load(at + 1), mine[0]), (ord("i"), 7), "P-6"
    )
    memory.unmap(mine)
    report.raises("without it there is nothing", TRAP, lambda: g.load(at), "P-6")
    for _ in range(15):
        memory.map(bytearray(PAGE))
    report.raises("a 16th page is too many", RangeError, lambda: memory.map(bytearray(PAGE)), "P-6")
    report.equal("growth goes on behind", g.grow(), 25, "P-6")
    make = partial(WebAssembly.Memory, initial=1, maplength=15)
    report.raises("a maximum is needed", TypeError, make, "P-7")
    report.raises("which leaves room for the region", RangeError, partial(make, maximum=10), "P-7")


def virtual(report: Report) -> None:
    """P-8 to P-10: no page is there until it is mapped."""
    report.step("a virtual memory: pages are mapped, protected and unmapped by the guest")
    g = guest(WebAssembly.Memory(initial=8, virtual=True), VIRTUAL)
    report.raises("nothing is there", TRAP, lambda: g.load(PAGE), "P-8")
    report.equal("a page is mapped", g.map(70_000, 1), PAGE, "P-8")
    g.store(2 * PAGE - 1)
    report.equal("all of it", [g.load(PAGE), g.load(2 * PAGE - 1)], [0, 7], "P-8")
    report.raises("not twice", TRAP, lambda: g.map(2 * PAGE - 1, 2), "P-8")
    g.protect(PAGE, PAGE, 1)
    report.raises("it is made read-only", TRAP, lambda: g.store(PAGE), "P-8")
    g.unmap(PAGE, PAGE)
    g.unmap(PAGE, PAGE)
    report.raises("and unmapped, twice", TRAP, lambda: g.load(PAGE), "P-8")
    before = resident()
    gib = 20 if sys.maxsize > 1 << 32 else 1  # a Python of 32 bits counts no further
    huge = WebAssembly.Memory(address="i64", initial=gib << 14, virtual=True)
    after = resident()
    report.equal(f"{gib} GiB are no matter", huge.type()["minimum"], gib << 14, "P-9")
    if before is not None and after is not None:
        report.figure("resident for them", after - before, "MiB")
    g.map(4 * PAGE, PAGE)
    g.store(5 * PAGE - 1)
    for text, at in (("before", 4 * PAGE - 1), ("behind", 5 * PAGE)):
        report.raises(f"a guard page {text} a buffer", TRAP, partial(g.store, at), "P-10")


async def bytes_go_and_come(report: Report) -> None:
    """P-11 to P-13: pages are discarded, a file is read into the memory, a resource is there for a while."""
    from pyjsapi.sharing import HostResource

    report.step("discarding, reading into a memory, mapping for a while")
    memory = WebAssembly.Memory(initial=32, maximum=32, shared=True)
    text = PLAIN.replace('"memory") 1)', '"memory") 1 32 shared)')
    g = guest(memory, text)
    g.fill(0, 3 * PAGE)
    g.discard(70_000, 1)
    around = [g.load(at) for at in (PAGE - 1, PAGE, 2 * PAGE - 1, 2 * PAGE)]
    report.equal("a page is zeros, its neighbours are not", around, [9, 0, 0, 9], "P-11")
    report.raises("there must be such a page", TRAP, lambda: g.discard(32 * PAGE - 1, 2), "P-11")
    data = bytes(range(256)) * 4096  # a MiB
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data"
        path.write_bytes(data)
        with path.open("rb", buffering=0) as file:
            count = await memory.read_into(file, 5 * PAGE, len(data))
    same = Uint8Array(memory.buffer, 5 * PAGE, count).tobytes() == data
    report.equal("a file is read straight into it", (count, same), (1 << 20, True), "P-12")
    if memory.address_of(0) is not None:  # else the bytes are JavaScript's, in a page
        report.equal("nothing was copied", memory.stats.bytes_copied, 0, "P-12")
    g = guest(own := WebAssembly.Memory(initial=2))
    for mode, kept in (("rw", 7), ("r", 1)):
        buffer = bytearray(b"\1" * 64)
        resource = HostResource.buffer(buffer)
        resource.map_into(own, 100, mode)
        report.equal(f"{mode}: the host's data are there", g.load(101), 1, "P-13")
        g.store(100)
        resource.unmap()
        report.equal(f"{mode}: and zeros afterwards", (buffer[0], g.load(101)), (kept, 0), "P-13")


@demo(checks=" ".join(f"P-{number}" for number in range(1, 14)))
async def main(report: Report) -> None:
    """All thirteen."""
    static_protection(report)
    mappable(report)
    virtual(report)
    await bytes_go_and_come(report)


if __name__ == "__main__":
    sys.exit(main())
