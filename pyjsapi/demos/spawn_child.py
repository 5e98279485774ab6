"""A guest starts another guest, and both get a memory that was made after they were written.

An instance has the memories that its module declares, and no more come later. But a reference may be to any memory: the
builtin set ``memory-ref`` makes new ones, and loads and stores with the memory as an operand. So this parent, while it
runs, makes a shared memory, asks the host to start a child that imports it, and plays ping-pong with it: each writes a
number, notifies, and sleeps until the other has answered. The parent has no memory of its own at all, and is
instantiated once. The host's part is a function that it is given, ``pyjsapi.sharing.Spawner``.
"""

import sys
import time

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.agents.kinds import WorkerKind
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.needs import missing
from pyjsapi.demos.report import Report

MESSAGES = 1_000
TURN, VALUE = 0, 4  # addresses; the turn counts up, the parent's are even

# The parent says n, the child answers with its square; the answers' sum is the result.
PARENT = f"""
(module
  (import "pyjsapi:memory-ref" "new" (func $new (param i64 i64 i32) (result externref)))
  (import "pyjsapi:memory-ref" "atomic_load32" (func $load (param externref i64) (result i32)))
  (import "pyjsapi:memory-ref" "atomic_store32" (func $store (param externref i64 i32)))
  (import "pyjsapi:memory-ref" "atomic_wait32"
    (func $wait (param externref i64 i32 i64) (result i32)))
  (import "pyjsapi:memory-ref" "atomic_notify" (func $notify (param externref i64 i32) (result i32)))
  (import "host" "spawn" (func $spawn (param externref externref) (result i32)))

  (func $pass (param $m externref) (param $turn i32)
    (call $store (local.get $m) (i64.const {TURN}) (local.get $turn))
    (drop (call $notify (local.get $m) (i64.const {TURN}) (i32.const 1))))
  (func $await (param $m externref) (param $turn i32)  ;; until it is no longer this turn
    (loop $again
      (if (i32.eq (call $load (local.get $m) (i64.const {TURN})) (local.get $turn))
        (then
          (drop (call $wait (local.get $m) (i64.const {TURN}) (local.get $turn) (i64.const -1)))
          (br $again)))))

  (func (export "play") (param $child externref) (param $messages i32) (result i64)
    (local $m externref) (local $n i32) (local $turn i32) (local $sum i64)
    ;; a page, at most two, shared
    (local.set $m (call $new (i64.const 1) (i64.const 2) (i32.const 1)))
    (drop (call $spawn (local.get $child) (local.get $m)))
    (loop $more
      (call $store (local.get $m) (i64.const {VALUE}) (local.get $n))
      (call $pass (local.get $m) (local.tee $turn (i32.add (local.get $turn) (i32.const 1))))
      (call $await (local.get $m) (local.get $turn))
      (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
      (local.set $sum (i64.add (local.get $sum)
        (i64.extend_i32_u (call $load (local.get $m) (i64.const {VALUE})))))
      (br_if $more (i32.lt_u
        (local.tee $n (i32.add (local.get $n) (i32.const 1))) (local.get $messages))))
    (call $pass (local.get $m) (i32.const -1))  ;; the end
    (local.get $sum)))
"""

CHILD = f"""
(module
  (memory (import "parent" "memory") 1 2 shared)
  (func (export "run")
    (local $turn i32)
    (loop $more
      (loop $again
        (if (i32.eq (i32.atomic.load (i32.const {TURN})) (local.get $turn))
          (then
            (drop (memory.atomic.wait32 (i32.const {TURN}) (local.get $turn) (i64.const -1)))
            (br $again))))
      (local.set $turn (i32.atomic.load (i32.const {TURN})))
      (if (i32.eq (local.get $turn) (i32.const -1)) (then (return)))
      (i32.atomic.store (i32.const {VALUE})
        (i32.mul (i32.atomic.load (i32.const {VALUE})) (i32.atomic.load (i32.const {VALUE}))))
      (i32.atomic.store (i32.const {TURN})
        (local.tee $turn (i32.add (local.get $turn) (i32.const 1))))
      (drop (memory.atomic.notify (i32.const {TURN}) (i32.const 1)))
      (br $more))))
"""


def play(report: Report, kind: WorkerKind, parent: WebAssembly.Module) -> None:
    """Let a parent start two children, one after the other."""
    from pyjsapi.sharing import Spawner

    child = WebAssembly.Module(wat2wasm(CHILD))
    with Spawner(kind=kind) as spawner:
        exports = WebAssembly.Instance(parent, {"host": {"spawn": spawner}}).exports
        report.step(
            f"a guest starts a child of kind {kind}, and they exchange {MESSAGES:,} messages"
        )
        started = time.perf_counter()
        total = exports.play(child, MESSAGES)
        taken = time.perf_counter() - started
        report.figure("there and back", taken / MESSAGES * 1e6, "microseconds, start included")
        report.equal("all answers are right", total, sum(n * n for n in range(MESSAGES)), "UC-13")
        again = exports.play(child, 10)
        report.equal(
            "the same parent starts another", again, sum(n * n for n in range(10)), "UC-13"
        )
        report.check("both children have ended", spawner.join(60), "UC-13")
        report.equal("there were two", len(spawner.children), 2, "UC-13")


@demo(checks="UC-13", needs="threads")
def main(report: Report) -> None:
    """Play with threads, and where there are workers in processes with these."""
    parent = WebAssembly.Module(wat2wasm(PARENT), builtins=["memory-ref"])
    imported = [each["kind"] for each in WebAssembly.Module.imports(parent)]
    report.equal("the parent imports one function and no memory", imported, ["function"], "UC-13")
    play(report, "thread", parent)
    if missing("processes") is None:
        play(report, "process", parent)


if __name__ == "__main__":
    sys.exit(main())
