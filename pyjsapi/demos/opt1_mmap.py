"""A guest maps files and shared memory by itself: mmap as functions that it imports.

Option 1 of the discussion. Where mmap of the system takes a file descriptor, these functions take a reference to a
resource of the host: an ``externref``, which nobody can make up. A guest can map what it was given, where it likes, and
for reading alone if it likes; what cannot be done gives -1. Its memory 0 is reached by calls, so that the guest may do
all this while its own code is running.
"""

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from pyjsapi import WebAssembly, null, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.needs import missing
from pyjsapi.demos.pictures import space_of
from pyjsapi.demos.report import Report
from pyjsapi.sharing import HostResource

PAGE = 65536
READ, READ_WRITE = 1, 3
ACCESSES = 33_334
"""Of each of three parties, a store and a load each."""

GUEST = """
(module
  ;; resource, offset in it, address, length, protection
  (import "pyjsapi:mmap" "map" (func $map (param externref i64 i32 i32 i32) (result i32)))
  (import "pyjsapi:mmap" "unmap" (func $unmap (param i32 i32) (result i32)))
  (import "pyjsapi:mmap" "size" (func $size (param externref) (result i64)))
  (memory (export "memory") 8 16)
  (data (i32.const 0) "written by the guest")
  (func (export "note") (param $file externref) (result i32)  ;; write into a file's second page
    (local $at i32) (local $length i32)
    (local.set $length (i32.sub (i32.wrap_i64 (call $size (local.get $file))) (i32.const 65536)))
    (local.set $at (call $map (local.get $file) (i64.const 65536)
      (i32.const 0x20000) (local.get $length) (i32.const 3)))
    (memory.copy (local.get $at) (i32.const 0) (i32.const 20))
    (call $unmap (local.get $at) (local.get $length)))
  ;; Store into cells of its own (every third) and load from anybody's, by a sequence of numbers.
  (func (export "party") (param $at i32) (param $number i32) (param $count i32) (result i32)
    (local $seed i32) (local $sum i32)
    (local.set $seed (local.get $number))
    (loop $more
      (local.set $seed (i32.add (i32.const 12345)
        (i32.mul (local.get $seed) (i32.const 1103515245))))
      (i32.store (i32.add (local.get $at) (i32.mul (i32.const 4) (i32.add (local.get $number)
          (i32.mul (i32.const 3) (i32.rem_u (i32.shr_u (local.get $seed) (i32.const 8)) (i32.const 5400))))))
        (local.get $seed))
      (local.set $sum (i32.add (local.get $sum) (i32.load (i32.add (local.get $at)
        (i32.and (i32.shr_u (local.get $seed) (i32.const 3)) (i32.const 0xfffc))))))
      (br_if $more (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $sum))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "store") (param $at i32) (param $value i32) (i32.store (local.get $at) (local.get $value)))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (export "map" (func $map)) (export "unmap" (func $unmap)))
"""


def guest() -> WebAssembly.Instance:
    """An instance that may map what it is given."""
    return WebAssembly.Instance(WebAssembly.Module(wat2wasm(GUEST), builtins=["mmap"]))


def elsewhere(name: str) -> None:
    """What the other process runs: the third party."""
    exports: Any = guest().exports
    at = exports.map(HostResource.shm(name, trusted=True), 0, 5 * PAGE, PAGE, READ_WRITE)
    exports.party(at, 2, ACCESSES)
    print(bytes(exports.memory.view("B", at, PAGE)).hex())


def expected(parties: int) -> bytes:
    """What the cells hold in the end."""
    cells = [0] * (PAGE // 4)
    for number in range(parties):
        seed = number
        for _ in range(ACCESSES):
            seed = (seed * 1103515245 + 12345) & 0xFFFF_FFFF
            cells[number + 3 * ((seed >> 8) % 5400)] = seed
    return b"".join(cell.to_bytes(4, "little") for cell in cells)


def parties(report: Report) -> None:
    """Three parties on the same bytes, each of which maps them elsewhere."""
    alone = missing("processes") is not None
    with HostResource.anon(PAGE) if alone else HostResource.shm(size=PAGE) as resource:
        guests: list[Any] = [guest().exports, guest().exports]
        places = (PAGE, 7 * PAGE)
        for each, at in zip(guests, places, strict=True):
            each.map(resource, 0, at, PAGE, READ_WRITE)
        spaces = (space_of(f"guest {n}", each.memory, {}) for n, each in enumerate(guests))
        report.picture(*spaces)
        code = f"from pyjsapi.demos.opt1_mmap import elsewhere; elsewhere({resource.name!r})"
        command = [sys.executable, "-c", code]
        other = None if alone else subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for number, each in enumerate(guests):
            each.party(places[number], number, ACCESSES)
        seen = other.communicate()[0] if other else ""
        right = expected(2 if alone else 3)
        for number, each in enumerate(guests):
            found = bytes(each.memory.view("B", places[number], PAGE))
            report.check(f"guest {number} sees what all have written", found == right, "O1-3")
        if other:
            report.check("so does the other process", bytes.fromhex(seen) == right, "O1-3")


@demo(checks="O1-1 O1-2 O1-3 O1-4 O1-5")
def main(report: Report) -> None:
    """Map a file, grow, share with others, and try what is not allowed."""
    trap = WebAssembly.RuntimeError
    instance = guest()
    exports: Any = instance.exports
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(b"." * (PAGE + 30))
        report.step("a guest maps a part of a file, writes, and unmaps it")
        with HostResource.file(path, trusted=True) as file:
            report.equal("it says that all went well", exports.note(file), 0, "O1-1")
        wanted = b"." * 10 + b"written by the guest" + b"." * 10
        report.equal("the file has what it wrote", path.read_bytes()[-40:], wanted, "O1-1")
        report.equal("where it was mapped there are zeros", exports.load(0x20000), 0, "O1-1")

    report.step("its memory grows while something is mapped")
    data = bytearray(PAGE)
    resource = HostResource.buffer(data)
    report.equal(
        "mapped at", exports.map(resource, 0, 3 * PAGE, PAGE, READ_WRITE), 3 * PAGE, "O1-2"
    )
    report.equal("it had 8 pages", exports.grow(), 8, "O1-2")
    exports.store(3 * PAGE, 77)
    data[4] = 78
    report.equal("the host sees its stores", data[0], 77, "O1-2")
    report.equal("it sees the host's", exports.load(3 * PAGE + 4), 78, "O1-2")
    report.figure("bytes copied", exports.memory.stats.bytes_copied)
    report.step(f"instances and a process: {3 * ACCESSES:,} stores and as many loads")
    parties(report)

    report.step("what is mapped for reading is not written")
    constant = HostResource.buffer(b"constant")
    at = exports.map(constant, 0, -1, 8, READ)
    report.equal("the host chose a free page", at, 0, "O1-4")
    report.equal("the guest reads it", exports.load(at), int.from_bytes(b"cons", "little"), "O1-4")
    report.raises("a store traps", trap, lambda: exports.store(at, 0), "O1-4")

    report.step("what a guest cannot do")
    for what, thing in (("null", null), ("a number", 7), ("bytes of the host", bytearray(PAGE))):
        refused = partial(exports.map, thing, 0, 0, 8, READ_WRITE)
        report.raises(f"{what}: no resource", trap, refused, "O1-5")
    report.equal("beyond the memory", exports.map(resource, 0, 9 * PAGE, PAGE, READ), -1, "O1-5")
    report.step(f"the host finds the reason: {instance.last_mmap_error}")


if __name__ == "__main__":
    sys.exit(main())
