"""The same code on different memories: by another import, by a reference, by a far pointer.

Which memory an instruction works on is fixed when the code is written. There are three ways to have one function for
many memories. Its module is instantiated once for each: nothing is slower, but there are as many instances. It takes a
reference: any memory is an argument, and each access is a call. It takes far pointers, numbers of 64 bits that say a
memory and an address in it, so that they fit into memories and structures; accessors for them are made either from the
builtins ``pyjsapi:far`` or from a module that imports several memories, which runs in browsers too.
"""

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from pyjsapi import WebAssembly, null, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.needs import missing
from pyjsapi.demos.report import Report, seconds
from pyjsapi.sharing import far_pointer
from pyjsapi.tools import far_accessors

PAGE = 65536
COUNT = 2000

_LOOP = """
    (local $sum i64)
    (loop $more
      (if (i64.eqz (local.get $n)) (then (return (local.get $sum))))
      (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u {load})))
      (local.set $at (i64.add (local.get $at) (i64.const 1)))
      (local.set $n (i64.sub (local.get $n) (i64.const 1)))
      (br $more))
    (unreachable)"""

# An import: the memory is the instance's.
BY_IMPORT = f"""
(module
  (memory (import "host" "memory") 1)
  (func (export "sum") (param $at i64) (param $n i64) (result i64)
    {_LOOP.format(load="(i32.load8_u (i32.wrap_i64 (local.get $at)))")}))"""

# A reference: the memory is an argument.
BY_REFERENCE = f"""
(module
  (import "pyjsapi:memory-ref" "load8_u" (func $load8_u (param externref i64) (result i32)))
  (func (export "sum") (param $m externref) (param $at i64) (param $n i64) (result i64)
    {_LOOP.format(load="(call $load8_u (local.get $m) (local.get $at))")}))"""

# A far pointer: memory and address are one number. Where the accessors come from, this module does not know.
BY_POINTER = f"""
(module
  (import "far" "load8_u" (func $load8_u (param i64) (result i32)))
  (import "far" "strlen" (func $strlen (param i64) (result i64)))
  (export "strlen" (func $strlen))
  (func (export "sum") (param $at i64) (param $n i64) (result i64)
    {_LOOP.format(load="(call $load8_u (local.get $at))")}))"""


def by_builtins(memories: list[WebAssembly.Memory]) -> tuple[Any, list[int]]:
    """Accessors from the builtins, and a far pointer to the start of each memory."""
    module = WebAssembly.Module(far_accessors(), builtins=["far"])
    accessors = WebAssembly.Instance(module)
    return accessors.exports, [far_pointer(memory, to=accessors) for memory in memories]


def by_imports(memories: list[WebAssembly.Memory]) -> tuple[Any, list[int]]:
    """Accessors from a module that imports the memories; their positions are the handles."""
    module = WebAssembly.Module(far_accessors(len(memories)))
    given = {str(n): memory for n, memory in enumerate(memories)}
    accessors = WebAssembly.Instance(module, {"memories": given})
    return accessors.exports, [n << 32 for n in range(len(memories))]


def sums(arrays: list[bytearray]) -> list[int]:
    """What numpy says, or Python where there is no numpy."""
    parts = [memoryview(array)[1000 : 1000 + COUNT] for array in arrays]
    if missing("numpy"):
        return [sum(part) for part in parts]
    import numpy as np

    return [int(np.frombuffer(part, np.uint8).sum()) for part in parts]


@demo(checks="UC-7 UC-15")
def main(report: Report) -> None:
    """Sum up bytes, and find the length of strings, in three memories."""
    trap = WebAssembly.RuntimeError
    arrays = [bytearray(1 + k * (n + 3) % 255 for k in range(PAGE)) for n in range(3)]
    texts = (b"one", b"three memories", b"")
    for n, text in enumerate(texts):
        arrays[n][500 * n : 500 * n + len(text) + 1] = text + b"\0"
    memories = [WebAssembly.Memory(backing=array) for array in arrays]
    right = sums(arrays)
    ways: dict[str, Callable[[], int]] = {}

    report.step("another import: one instance for each memory")
    module = WebAssembly.Module(wat2wasm(BY_IMPORT))
    instances: list[Any] = [
        WebAssembly.Instance(module, {"host": {"memory": each}}).exports for each in memories
    ]
    found = [each.sum(1000, COUNT) for each in instances]
    report.equal("the sums are right", found, right, "UC-15")
    ways["import"] = partial(instances[0].sum, 1000, COUNT)

    report.step("references: one instance for all")
    module = WebAssembly.Module(wat2wasm(BY_REFERENCE), builtins=["memory-ref"])
    guest: Any = WebAssembly.Instance(module).exports
    found = [guest.sum(each, 1000, COUNT) for each in memories]
    report.equal("the sums are right", found, right, "UC-15")
    report.raises("a null reference traps", trap, partial(guest.sum, null, 0, 1), "UC-15")
    out = partial(guest.sum, memories[0], PAGE - 1, 2)
    report.raises("out of bounds traps", trap, out, "UC-15")
    ways["reference"] = partial(guest.sum, memories[0], 1000, COUNT)

    for name, make in (("builtins", by_builtins), ("imported memories", by_imports)):
        report.step(f"far pointers, accessors from {name}")
        accessors, starts = make(memories)
        guest = WebAssembly.Instance(
            WebAssembly.Module(wat2wasm(BY_POINTER)), {"far": accessors}
        ).exports
        found = [guest.sum(start + 1000, COUNT) for start in starts]
        report.equal("the sums are right", found, right, "UC-15")
        lengths = [guest.strlen(start + 500 * n) for n, start in enumerate(starts)]
        report.equal("the lengths of the strings", lengths, [len(text) for text in texts], "UC-7")
        forged = partial(guest.strlen, max(starts) + (1 << 32))
        report.raises("a handle that was not given traps", trap, forged, "UC-7")
        ways[f"far pointer, {name}"] = partial(guest.sum, starts[0] + 1000, COUNT)

    report.step("what an access costs, all that is around it included")
    for name, call in ways.items():
        report.figure(name, seconds(call) / COUNT * 1e9, "ns")


if __name__ == "__main__":
    sys.exit(main())
