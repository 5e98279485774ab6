"""A machine with several RAMs: one is there from the start, others come later, and each has its functions.

RAM 0 is fixed: the module says in a section of its own (``pyjsapi.memory-map``) which of the host's resources memory 1
shows, and it does before the start function runs. RAM 1 is found later, and mapped into memory 2 while the instance
lives. RAM 2 comes as a reference: the guest has no memory for it at all, and reads it with the memory as an operand. A
native library, the C library's ``qsort``, works on the same bytes by their machine addresses.
"""

import ctypes
import json
import struct
import sys
from typing import TYPE_CHECKING, Any

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.pictures import Part, Space, space_of
from pyjsapi.demos.report import Report

if TYPE_CHECKING:
    from pyjsapi.sharing import HostResource

PAGE = 65536
COUNT = 1_000  # numbers in each RAM

PLAN = {
    "version": 1,
    "memories": [{"memory": 1, "resource": "ram 0", "length": PAGE, "at": 0, "mode": "rw"}],
}


def sum_function(name: str, memory: str) -> str:
    """A function for one address space: the sum of so many i32 from an address on."""
    return f"""
  (func (export "{name}") (param $at i32) (param $count i32) (result i64)
    (local $sum i64)
    (loop $more
      (local.set $sum (i64.add (local.get $sum) (i64.load32_s {memory} (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $more (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $sum))"""


GUEST = f"""
(module
  (@custom "pyjsapi.memory-map" {json.dumps(json.dumps(PLAN))})
  (import "pyjsapi:memory-ref" "load32" (func $load (param externref i64) (result i32)))
  (import "pyjsapi:memory-ref" "store32" (func $store (param externref i64 i32)))
  (memory $own 1)
  (memory $ram0 (export "ram 0") 1)
  (memory $ram1 (export "ram 1") 4)
  (global $boot (export "boot") (mut i32) (i32.const 0))
  (func $start (global.set $boot (i32.load $ram0 (i32.const 60000))))
  (start $start)
  {sum_function("sum 0", "$ram0")}
  {sum_function("sum 1", "$ram1")}
  (func (export "sum 2") (param $ram externref) (param $at i64) (param $count i32) (result i64)
    (local $sum i64)
    (loop $more
      (local.set $sum (i64.add (local.get $sum)
        (i64.extend_i32_s (call $load (local.get $ram) (local.get $at)))))
      (local.set $at (i64.add (local.get $at) (i64.const 4)))
      (br_if $more (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $sum))
  (func (export "first 1") (param $at i32) (result i32) (i32.load $ram1 (local.get $at)))
  ;; From one RAM to another, and into a third through its reference.
  (func (export "carry") (param $ram externref)
    (memory.copy $ram1 $ram0 (i32.const 200000) (i32.const 60000) (i32.const 4))
    (call $store (local.get $ram) (i64.const 60000) (i32.load $ram1 (i32.const 200000)))))
"""


def numbers(ram: int) -> list[int]:
    """What is in a RAM at first."""
    return [(7 + ram) * i % 1009 - 500 for i in range(COUNT)]


def packed(values: list[int]) -> bytes:
    """The same as bytes."""
    return struct.pack(f"<{COUNT}i", *values)


def from_the_start(report: Report, ram0: "HostResource") -> Any:
    """RAM 0, which the module's section asks for: the exports of an instance that has it."""
    report.step("RAM 0 is there when the start function runs, as the module's section says")
    module = WebAssembly.Module(wat2wasm(GUEST), builtins=["memory-ref"])
    guest = WebAssembly.Instance(module, {}, resources={"ram 0": ram0}).exports
    report.equal("it read the word at the start", guest.boot.value, 0xB007, "CS-C")
    report.equal("and sums the numbers", guest["sum 0"](0, COUNT), sum(numbers(0)), "CS-C")
    report.raises(
        "without the resource it is not instantiated",
        WebAssembly.LinkError,
        lambda: WebAssembly.Instance(module, {}, resources={"other": ram0}),
        "CS-C",
    )
    return guest


def sort(memory: WebAssembly.Memory, at: int) -> None:
    """Have the C library sort the numbers at an address of a memory."""
    pointer = ctypes.POINTER(ctypes.c_int32)
    compare = ctypes.CFUNCTYPE(ctypes.c_int, pointer, pointer)
    order = compare(lambda one, other: one[0] - other[0])
    ctypes.CDLL(None).qsort(ctypes.c_void_p(memory.address_of(at)), COUNT, 4, order)


@demo(checks="CS-C", needs="mmap")
def main(report: Report) -> None:
    """Start with one RAM, get two others, and work on all three."""
    from pyjsapi.sharing import HostResource

    ram0, ram1 = HostResource.shm(size=PAGE), HostResource.shm(size=2 * PAGE)
    ram2 = bytearray(PAGE)
    for number, view in enumerate((ram0.view(), ram1.view(), memoryview(ram2))):
        view[: 4 * COUNT] = packed(numbers(number))
    ram0.view()[60_000:60_004] = (0xB007).to_bytes(4, "little")
    with ram0, ram1:
        guest = from_the_start(report, ram0)

        report.step("RAM 1 is found later, and mapped at an address of the host's choice")
        memory, at = guest["ram 1"], 2 * PAGE
        report.equal("there is nothing yet", guest["sum 1"](at, COUNT), 0)
        mapping = memory.map(ram1, at=at, length=PAGE)
        report.figure("strategy", mapping.strategy)
        found = guest["sum 1"](at, COUNT)
        report.equal("the guest sums its numbers", found, sum(numbers(1)), "CS-C")

        report.step("RAM 2 comes as a reference")
        third = WebAssembly.Memory(backing=ram2)
        report.equal("so are its", guest["sum 2"](third, 0, COUNT), sum(numbers(2)), "CS-C")
        names = {ram0: "ram 0", ram1: "ram 1"}
        report.picture(
            space_of("memory 1", guest["ram 0"], names),
            space_of("memory 2", memory, names),
            Space("a reference", PAGE, (Part(0, PAGE, "ram 2"),)),
        )

        report.step("a native library sorts RAM 1, the guest carries a word through all three")
        sort(memory, at)
        report.equal(
            "the guest sees the least first", guest["first 1"](at), min(numbers(1)), "CS-C"
        )
        ordered = packed(sorted(numbers(1)))
        report.check("RAM 1 is sorted", ram1.view()[: len(ordered)] == ordered, "CS-C")
        guest.carry(third)
        word = int.from_bytes(ram2[60_000:60_004], "little")
        report.equal("the word from RAM 0 is in RAM 2", word, 0xB007, "CS-C")
        copied = [each.stats.bytes_copied for each in (guest["ram 0"], memory, third)]
        report.equal("nothing was copied by the host", copied, [0, 0, 0], "CS-C")


if __name__ == "__main__":
    sys.exit(main())
