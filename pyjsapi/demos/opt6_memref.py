"""References to memories: code that works on any memory, gets them as arguments, and makes new ones.

Option 6 of the discussion. An instruction names its memory by a constant. But an ``externref`` can refer to a memory
already, and so what is missing are loads and stores that take one: here they are functions that a guest imports from
``pyjsapi:memory-ref``. A reference is kept in locals, tables and globals, is passed on, and cannot be made up. The
types stay static: all addresses are i64, whatever the memory's own are.
"""

import sys
from functools import partial
from typing import Any

from pyjsapi import DataCloneError, Uint8Array, WebAssembly, null, structuredClone, wat2wasm
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.report import Report

PAGE = 65536

GUEST = """
(module
  (import "pyjsapi:memory-ref" "of" (func $of (param i32) (result externref)))
  (import "pyjsapi:memory-ref" "new" (func $new (param i64 i64 i32) (result externref)))
  (import "pyjsapi:memory-ref" "load8_u" (func $load8_u (param externref i64) (result i32)))
  (import "pyjsapi:memory-ref" "load32" (func $load32 (param externref i64) (result i32)))
  (import "pyjsapi:memory-ref" "store32" (func $store32 (param externref i64 i32)))
  (import "pyjsapi:memory-ref" "copy" (func $copy (param externref i64 externref i64 i64)))
  (import "pyjsapi:memory-ref" "eq" (func $eq (param externref externref) (result i32)))
  (import "host" "run_child" (func $run_child (param externref) (result i32)))
  (memory (export "own") 1)
  (memory (export "shared") 1 2 shared)
  (table (export "memories") 3 externref)

  (func $sum (export "sum") (param $m externref) (param $at i64) (param $n i64) (result i64)
    (local $sum i64)
    (loop $more
      (if (i64.eqz (local.get $n)) (then (return (local.get $sum))))
      (local.set $n (i64.sub (local.get $n) (i64.const 1)))
      (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u
        (call $load8_u (local.get $m) (i64.add (local.get $at) (local.get $n))))))
      (br $more))
    (unreachable))
  (func (export "sum_nth") (param $n i32) (result i64)
    (call $sum (table.get (local.get $n)) (i64.const 100) (i64.const 200)))
  ;; A new memory, given to a child, which adds 1 to the word at 8.
  (func (export "with_child") (result i32) (local $m externref)
    (local.set $m (call $new (i64.const 1) (i64.const -1) (i32.const 0)))
    (call $store32 (local.get $m) (i64.const 8) (i32.const 41))
    (drop (call $run_child (local.get $m)))
    (call $load32 (local.get $m) (i64.const 8)))
  (func (export "is_own") (param $m externref) (result i32)
    (call $eq (local.get $m) (call $of (i32.const 0))))
  (export "of" (func $of)) (export "load32" (func $load32)) (export "store32" (func $store32))
  (export "copy" (func $copy)))
"""
CHILD = """
(module
  (import "parent" "memory" (memory 1))
  (func (export "run") (result i32)
    (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
    (i32.load (i32.const 8))))
"""


def run_child(memory: WebAssembly.Memory) -> Any:
    """What the guest asks of the host: a new instance, whose memory is the one it made."""
    child = WebAssembly.Module(wat2wasm(CHILD))
    return WebAssembly.Instance(child, {"parent": {"memory": memory}}).exports.run()


def filled(seed: int, **members: Any) -> WebAssembly.Memory:
    """A memory of numbers that follow each other."""
    memory = WebAssembly.Memory(initial=1, **members)
    Uint8Array(memory.buffer)[:] = bytes((seed * n) & 0xFF for n in range(PAGE))
    return memory


def leave(report: Report, exports: Any) -> None:
    """Give references to another agent."""
    report.step("references that leave for another agent")
    clone: Any = structuredClone(exports.of(1))
    exports.store32(clone, 12, 77)
    report.equal(
        "a shared memory is cloned: the same bytes", exports.load32(exports.of(1), 12), 77, "O6-4"
    )
    alone = partial(structuredClone, exports.of(0))
    report.raises("one that is not shared is not", DataCloneError, alone, "O6-4")


def protect(report: Report, exports: Any) -> None:
    """Use a reference to a memory of which not all may be read and written."""
    trap = WebAssembly.RuntimeError
    report.step("protections and mappings hold for references too")
    guarded = WebAssembly.Memory(initial=3, noAccess=1)
    guarded.map(b"constant", at=2 * PAGE, mode="r")
    constant = int.from_bytes(b"cons", "little")
    report.equal("what is mapped is read", exports.load32(guarded, 2 * PAGE), constant, "O6-5")
    report.raises("and not written", trap, partial(exports.store32, guarded, 2 * PAGE, 0), "O6-5")
    report.raises(
        "the null page is out of reach", trap, partial(exports.load32, guarded, 0), "O6-5"
    )


@demo(checks="O6-1 O6-2 O6-3 O6-4 O6-5")
def main(report: Report) -> None:
    """Give a guest memories of several kinds, and let it make one."""
    trap = WebAssembly.RuntimeError
    module = WebAssembly.Module(wat2wasm(GUEST), builtins=["memory-ref"])
    exports: Any = WebAssembly.Instance(module, {"host": {"run_child": run_child}}).exports

    report.step("one function on three memories, of different types")
    memories = {
        "32-bit addresses": filled(3),
        "64-bit addresses": filled(5, address="i64"),
        "shared": filled(7, maximum=2, shared=True),
    }
    for name, memory in memories.items():
        right = sum(Uint8Array(memory.buffer, 100, 200))
        report.equal(f"{name}: the sum", exports.sum(memory, 100, 200), right, "O6-1")
    for name, thing in (("null", null), ("a string", "memory"), ("a number", 7)):
        report.raises(f"{name} traps", trap, partial(exports.sum, thing, 0, 1), "O6-1")
    some = memories["32-bit addresses"]
    out = partial(exports.sum, some, PAGE - 1, 2)
    report.raises("out of bounds traps", trap, out, "O6-1")

    report.step("references in a table")
    for n, memory in enumerate(memories.values()):
        exports.memories.set(n, memory)
    by_table = [exports.sum_nth(n) for n in range(3)]
    rights = [sum(Uint8Array(memory.buffer, 100, 200)) for memory in memories.values()]
    report.equal("the same sums", by_table, rights, "O6-2")
    report.check("they come back as the same objects", exports.memories.get(0) is some, "O6-2")
    exports.copy(exports.of(0), 0, some, 100, 50)
    copied = list(Uint8Array(exports.own.buffer, 0, 50)) == list(Uint8Array(some.buffer, 100, 50))
    report.check("bytes are copied from one memory to another", copied)
    report.equal(
        "the guest knows its own", (exports.is_own(exports.own), exports.is_own(some)), (1, 0)
    )

    report.step("a memory that the guest makes, and a child of which it is the memory")
    report.equal("the child has added 1 to 41", exports.with_child(), 42, "O6-3")
    leave(report, exports)
    protect(report, exports)


if __name__ == "__main__":
    sys.exit(main())
