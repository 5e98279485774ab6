"""Threads count under a mutex that is made of wait and notify.

The mutex is the one of the threads proposal's overview: an i32 that is 0 while it is free and 1 while somebody has it.
Who finds it taken sleeps in ``memory.atomic.wait32`` until whoever leaves notifies one. Inside of it a counter is
read and written by ordinary instructions, so that a lost update would be seen; a second counter takes atomic
additions and needs no mutex. Each thread has an instance of its own on the one shared memory.
"""

import sys
import time

from pyjsapi import Int32Array, WebAssembly, Worker, wat2wasm
from pyjsapi.agents.scope import WorkerScope
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.report import Report

THREADS = 4
UNDER_MUTEX = 2_500
ATOMIC = 25_000

MUTEX, PLAIN, ADDED = 0, 64, 128  # addresses

COUNTER = f"""
(module
  (memory (import "host" "memory") 1 1 shared)

  (func $lock (param $mutex i32)
    (block $taken
      (loop $retry
        ;; 0 is replaced by 1: it was free, and is this thread's now
        (br_if $taken (i32.eqz
          (i32.atomic.rmw.cmpxchg (local.get $mutex) (i32.const 0) (i32.const 1))))
        ;; somebody has it: sleep until it is left, unless that was just now
        (drop (memory.atomic.wait32 (local.get $mutex) (i32.const 1) (i64.const -1)))
        (br $retry))))

  (func $unlock (param $mutex i32)
    (i32.atomic.store (local.get $mutex) (i32.const 0))
    (drop (memory.atomic.notify (local.get $mutex) (i32.const 1))))

  (func (export "count") (param $times i32)
    (loop $more
      (call $lock (i32.const {MUTEX}))
      (i32.store (i32.const {PLAIN}) (i32.add (i32.load (i32.const {PLAIN})) (i32.const 1)))
      (call $unlock (i32.const {MUTEX}))
      (br_if $more (local.tee $times (i32.sub (local.get $times) (i32.const 1))))))

  (func (export "add") (param $times i32)
    (loop $more
      (drop (i32.atomic.rmw.add (i32.const {ADDED}) (i32.const 1)))
      (br_if $more (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))))
"""


def work(scope: WorkerScope) -> None:
    """What each thread does, with an instance of its own."""
    module, memory = scope.receive()
    exports = WebAssembly.Instance(module, {"host": {"memory": memory}}).exports
    exports.count(UNDER_MUTEX)
    exports.add(ATOMIC)


@demo(checks="SM-15", needs="threads")
def main(report: Report) -> None:
    """Let the threads count, and look at the counters."""
    module = WebAssembly.Module(wat2wasm(COUNTER))
    memory = WebAssembly.Memory(initial=1, maximum=1, shared=True)

    report.step(f"{THREADS} threads count to {UNDER_MUTEX:,} under the mutex, and add {ATOMIC:,}")
    started = time.perf_counter()
    workers = [Worker(work) for _ in range(THREADS)]
    for worker in workers:
        worker.postMessage([module, memory])
    for worker in workers:
        worker.join()
    taken = time.perf_counter() - started

    cells = Int32Array(memory.buffer)
    operations = THREADS * (UNDER_MUTEX + ATOMIC)
    report.figure("taken together", operations / taken, "operations a second")
    counted = cells[PLAIN // 4]
    report.equal("no update under the mutex is lost", counted, THREADS * UNDER_MUTEX, "SM-15")
    report.equal("no atomic addition is lost", cells[ADDED // 4], THREADS * ATOMIC, "SM-15")
    report.equal("the mutex is free at the end", cells[MUTEX // 4], 0)


if __name__ == "__main__":
    sys.exit(main())
