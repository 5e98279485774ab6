"""The four requirements of the memory-sharing discussion, each with what it takes to believe it.

A: several subsets of memory are shared, between whom it pleases. B: memory of the host, or of hardware, is shared with
an instance. C: access is random, at any width and place. D: nothing is copied. Files that the system maps into the
memories do all four; "hardware" is a process without WebAssembly that counts in a file of the system's memory.
"""

import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.needs import missing
from pyjsapi.demos.pictures import space_of
from pyjsapi.demos.report import Report

if TYPE_CHECKING:
    from pyjsapi.sharing import HostResource

PAGE = 65536
OPERATIONS = 100_000
TICKS = 100_000

GUEST = """
(module
  (memory (import "host" "memory") 4)
  (func (export "load") (param i32) (result i64) (i64.load (local.get 0)))
  (func (export "store") (param i32 i64) (i64.store (local.get 0) (local.get 1)))
  (func (export "load1") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "load2") (param i32) (result i32) (i32.load16_u (local.get 0)))
  (func (export "load4") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "store1") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
  (func (export "store2") (param i32 i32) (i32.store16 (local.get 0) (local.get 1)))
  (func (export "store4") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  ;; Watches a counter until it has passed a number: how often it changed, or -1 if it ever fell.
  (func (export "watch") (param $at i32) (param $until i64) (result i32)
    (local $seen i64) (local $now i64) (local $changes i32)
    (loop $more
      (local.set $now (i64.load (local.get $at)))
      (if (i64.lt_u (local.get $now) (local.get $seen)) (then (return (i32.const -1))))
      (local.set $changes
        (i32.add (local.get $changes) (i64.ne (local.get $now) (local.get $seen))))
      (local.set $seen (local.get $now))
      (br_if $more (i64.lt_u (local.get $now) (local.get $until))))
    (local.get $changes)))
"""

HARDWARE = """
import mmap, sys
with open(sys.argv[1], "r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
    with memoryview(mapped).cast("Q") as registers:  # of 64 bits, each written at once
        print("on", flush=True)
        sys.stdin.readline()
        for tick in range(1, int(sys.argv[2]) + 1):
            registers[8] = tick
        print(registers[16])
"""


def resource() -> "HostResource":
    """A page that several can map: shared memory of the system, or in Pyodide bytes of this process."""
    from pyjsapi.sharing import HostResource

    return HostResource.anon(PAGE) if missing("mmap") else HostResource.shm(size=PAGE)


def guest(module: WebAssembly.Module) -> tuple[Any, Any]:
    """An instance, and its memory, with room for mappings."""
    memory = WebAssembly.Memory(initial=4, maximum=4, storage="reserve")
    return WebAssembly.Instance(module, {"host": {"memory": memory}}).exports, memory


def requirement_a(report: Report, module: WebAssembly.Module) -> None:
    """Three instances, two ranges: one and two share the first, two and three the second."""
    report.step("A: two ranges among three instances, at addresses of their own")
    with resource() as red, resource() as blue:
        guests = [guest(module) for _ in range(3)]
        (one, m1), (two, m2), (three, m3) = guests
        m1.map(red, at=PAGE)
        m2.map(red, at=3 * PAGE)
        m2.map(blue, at=0)
        m3.map(blue, at=2 * PAGE)
        names = {red: "red", blue: "blue"}
        report.picture(*(space_of(f"guest {i}", m, names) for i, (_, m) in enumerate(guests, 1)))
        one.store(PAGE + 8, 11)
        report.equal("one tells two in red", two.load(3 * PAGE + 8), 11, "RQ-A")
        two.store(16, 22)
        report.equal("two tells three in blue", three.load(2 * PAGE + 16), 22, "RQ-A")
        trap = WebAssembly.RuntimeError
        m3.protect(PAGE, PAGE, "none")  # where the first has red, the third has nothing at all
        report.raises("three cannot reach red", trap, lambda: three.load(PAGE + 8), "RQ-A")
        report.equal(
            "nor is blue in one", [one.load(at + 16) for at in (0, 2 * PAGE)], [0, 0], "RQ-A"
        )
        copied = sum(memory.stats.bytes_copied for _, memory in guests)
        report.equal("nothing was copied", copied, 0, "RQ-D")


def requirement_b(report: Report, module: WebAssembly.Module) -> None:
    """A process without WebAssembly counts in a register, and the guest watches."""
    from pyjsapi.sharing import HostResource

    report.step("B: a process without WebAssembly counts in a bank of registers")
    place = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        path = Path(folder) / "registers"
        path.write_bytes(bytes(PAGE))
        command = [sys.executable, "-c", HARDWARE, str(path), str(TICKS)]
        exports, memory = guest(module)
        pipe = subprocess.PIPE
        with (
            HostResource.file(path, trusted=True) as bank,
            memory.map(bank, at=PAGE),
            subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as hardware,
        ):
            assert hardware.stdin and hardware.stdout
            hardware.stdout.readline()
            exports.store(PAGE + 128, 0x5E7)  # the guest writes a register too
            hardware.stdin.write("go\n")
            hardware.stdin.flush()
            changes = exports.watch(PAGE + 64, TICKS)
            report.figure("values that the guest saw go by", changes, f"of {TICKS:,}")
            report.check("the counter never fell, and reached its end", changes > 0, "RQ-B")
            said = int(hardware.stdout.readline())
            report.equal("the process saw the guest's register", said, 0x5E7, "RQ-B")


def requirement_c(report: Report, module: WebAssembly.Module) -> None:
    """Two guests read and write at random, at addresses of their own; a model has what should be there."""
    report.step(f"C: {OPERATIONS:,} accesses of 1, 2, 4 and 8 bytes, at random, from two sides")
    chance = random.Random(19)
    with resource() as shared:
        sides = [(guest(module), at) for at in (0, 2 * PAGE)]
        mappings = [memory.map(shared, at=at) for (_, memory), at in sides]
        model, wrong = bytearray(PAGE), 0
        for _ in range(OPERATIONS // 2):
            for (exports, _), at in sides:
                size = chance.choice((1, 2, 4, 8))
                place = chance.randrange(PAGE - size + 1)
                suffix = "" if size == 8 else str(size)
                if chance.random() < 0.5:
                    value = chance.getrandbits(8 * size)
                    exports["store" + suffix](at + place, value)
                    model[place : place + size] = value.to_bytes(size, "little")
                else:
                    found = exports["load" + suffix](at + place) % 256**size
                    wrong += found != int.from_bytes(model[place : place + size], "little")
        report.equal("every read was right", wrong, 0, "RQ-C")
        report.check("the bytes at the end are those of the model", shared.view() == model, "RQ-C")

        report.step("D: what can be said of the copying")
        for mapping, ((exports, memory), at) in zip(mappings, sides, strict=True):
            proof = mapping.proof()
            report.figure(f"strategy at {at}", proof["strategy"])
            claims = mapping.zero_copy, memory.stats.bytes_copied, memory.address_of(at + 5)
            wanted = True, 0, mapping.address + 5
            report.equal("zero copy, no byte copied, one address", claims, wanted, "RQ-D")
            exports.store(at + 40, at + 1)
            seen = int.from_bytes(shared.read(40, 8), "little")
            report.equal("a store is in the resource without a flush", seen, at + 1, "RQ-D")

    own = bytearray(999)
    exports, memory = guest(module)
    proof = memory.map(own, at=70_001).proof()  # any buffer, at any address
    report.figure("strategy for a bytearray", proof["strategy"])
    exports.store1(70_001, 9)
    claims = proof["same_address"], proof["bytes_copied"], own[0]
    report.equal(
        "one address, no byte copied, and the store is there", claims, (True, 0, 9), "RQ-D"
    )


@demo(checks="RQ-A RQ-B RQ-C RQ-D")
def main(report: Report) -> None:
    """All four."""
    module = WebAssembly.Module(wat2wasm(GUEST))
    requirement_a(report, module)
    if missing("processes") is None:
        requirement_b(report, module)
    requirement_c(report, module)


if __name__ == "__main__":
    sys.exit(main())
