"""Small functions of many modules on the stack memory of the thread that calls them.

Where thousands of small modules answer requests, a stack of its own for each instance would be most of what they take.
With two memories a module has memory 0 for the thread's stack, which the host owns and gives to whatever runs in the
thread, and memory 1 for its heap, here a table that all threads read and none can write. The stack pointer is the first
word of the stack. Each thread carries one stack through all modules; no module has one.
"""

import hashlib
import sys
from typing import Any

from pyjsapi import Uint8Array, Uint32Array, WebAssembly, Worker, wat2wasm
from pyjsapi.agents.scope import WorkerScope
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.report import Report

THREADS = 4
CALLS = 10_000
TOP = 65536

# x is pushed, a value from the table is added, the next module is called, and what was pushed is mixed in.
FUNCTION = """
(module
  (import "thread" "stack" (memory $stack 1 1))
  (import "module" "heap" (memory $heap 1 1 shared))
  (import "module" "next" (func $next (param i32) (result i32)))
  (func (export "call") (param $x i32) (result i32)
    (local $frame i32) (local $y i32)
    (local.set $frame (i32.sub (i32.load $stack (i32.const 0)) (i32.const 16)))
    (i32.store $stack (i32.const 0) (local.get $frame))
    (i32.store $stack (local.get $frame) (local.get $x))
    (local.set $y (call $next (i32.add (local.get $x)
      (i32.load8_u $heap (i32.and (local.get $x) (i32.const 255))))))
    (local.set $y (i32.xor (local.get $y) (i32.shl (i32.load $stack (local.get $frame)) (i32.const 1))))
    (i32.store $stack (i32.const 0) (i32.add (local.get $frame) (i32.const 16)))
    (local.get $y))
  (func (export "spoil") (i32.store8 $heap (i32.const 5) (i32.const 1)))
  (func (export "calls") (param $from i32) (param $count i32) (result i32)
    (local $sum i32)
    (loop $more
      (local.set $sum (i32.add (local.get $sum) (call $next (local.get $from))))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (br_if $more (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $sum)))
"""
LAST = '(module (func (export "call") (param i32) (result i32) (local.get 0)))'


def expected(tables: list[bytes], x: int) -> int:
    """What a call gives, computed by other means."""
    if not tables:
        return x
    return expected(tables[1:], x + tables[0][x & 255]) ^ x << 1


def work(scope: WorkerScope) -> None:
    """A thread with a stack of its own: calls through all modules, and then through two of them in another order."""
    number, module, last, heaps = scope.receive()
    stack = WebAssembly.Memory(initial=1, maximum=1)
    words = Uint32Array(stack.buffer)
    words[0] = TOP

    def linked(order: list[int]) -> Any:
        """Exports of a module at the head of a chain of others, all of them on this thread's stack."""
        exports: Any = WebAssembly.Instance(last).exports
        for heap in reversed(order):
            imports = {"heap": heaps[heap], "next": exports.call}
            instance = WebAssembly.Instance(module, {"thread": {"stack": stack}, "module": imports})
            exports = instance.exports
        return exports

    # The first module only makes the calls: it is told to use what stands behind it.
    results: list[Any] = []
    for order in ([0, 0, 1, 2], [0, 2, 1]):
        results.append(linked(order).calls(number << 24, CALLS) % 2**32)
    try:
        linked([0]).spoil()
        results.append("stored")
    except WebAssembly.RuntimeError as trap:
        results.append(str(trap))
    strangers = sum(1 for word in words[1:] if word and word >> 24 != number)
    scope.postMessage([results, words[0], strangers, sum(word != 0 for word in words)])


@demo(checks="UC-27", needs="threads")
def main(report: Report) -> None:
    """Make three modules, and let the threads call them."""
    module, last = (WebAssembly.Module(wat2wasm(text)) for text in (FUNCTION, LAST))
    tables = [bytes((i * step + 7) & 255 for i in range(256)) for step in (3, 5, 11)]
    heaps = [WebAssembly.Memory(initial=1, maximum=1, shared=True) for _ in tables]
    for heap, table in zip(heaps, tables, strict=True):
        Uint8Array(heap.buffer)[:256] = table
        heap.protect(0, TOP, "r")

    def digest() -> list[str]:
        return [hashlib.sha256(Uint8Array(heap.buffer).tobytes()).hexdigest() for heap in heaps]

    before = digest()
    report.step(f"{THREADS} threads call through three modules, {CALLS:,} times each, then two")
    workers = [Worker(work) for _ in range(THREADS)]
    for number, worker in enumerate(workers, 1):
        worker.postMessage([number, module, last, heaps])
    answers = [worker.receive() for worker in workers]
    for worker in workers:
        worker.join()

    for number, ((*results, trap), top, strangers, _) in enumerate(answers, 1):
        numbers = range(number << 24, (number << 24) + CALLS)
        wanted = [
            sum(expected([tables[i] for i in order], x) for x in numbers) % 2**32
            for order in ([0, 1, 2], [2, 1])
        ]
        report.equal(f"thread {number}: the results are right", results, wanted, "UC-27")
        report.check(f"it cannot write to a heap ({trap})", "read-only" in trap, "UC-27")
        report.equal("its stack is empty again", top, TOP, "UC-27")
        report.equal("nothing on it is another thread's", strangers, 0, "UC-27")
    report.figure("of each stack were written", 4 * max(each[3] for each in answers), "bytes")
    report.equal("the heaps are as they were", digest(), before, "UC-27")


if __name__ == "__main__":
    sys.exit(main())
