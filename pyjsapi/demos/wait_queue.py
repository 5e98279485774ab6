"""One queue for everybody who waits at an address, whichever way they wait.

Three wait at one address, in this order: a thread in ``memory.atomic.wait32``, a thread in ``memory.atomic.wait64``,
and this program with ``Atomics.waitAsync``, which does not block. A notification for one wakes the first and no
other, one for all wakes the rest. How a thread waits is a policy that can be replaced (`WaiterPolicy`): here it tells
when the thread has its place in the queue, so that the order is sure.
"""

import sys
import threading

from pyjsapi import Agent, Atomics, Int32Array, WebAssembly, Worker, wat2wasm
from pyjsapi.agents.scope import WorkerScope
from pyjsapi.agents.worker import Worker as AnyWorker
from pyjsapi.blocks.waiting import Parked, WaiterPolicy
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.report import Report

WAITERS = """
(module
  (memory (import "host" "memory") 1 1 shared)
  ;; 0: woken, 1: the value was another, 2: the time is over
  (func (export "wait32") (param $timeout i64) (result i32)
    (memory.atomic.wait32 (i32.const 64) (i32.const 0) (local.get $timeout)))
  (func (export "wait64") (param $timeout i64) (result i32)
    (memory.atomic.wait64 (i32.const 64) (i64.const 0) (local.get $timeout)))
  (func (export "other") (result i32)
    (memory.atomic.wait32 (i32.const 64) (i32.const 7) (i64.const -1)))
  (func (export "notify") (param $count i32) (result i32)
    (memory.atomic.notify (i32.const 64) (local.get $count))))
"""
CELL = 64 // 4


class Telling(WaiterPolicy):
    """Waits as usual, and sets an event when its thread is in the queue."""

    def __init__(self, queued: threading.Event) -> None:
        super().__init__()
        self.queued = queued

    def park(self, lock: Parked, timeout: int) -> bool:
        """Wait until the lock is released; called once the place in the queue is taken."""
        self.queued.set()
        return super().park(lock, timeout)


@demo(checks="SM-12", needs="threads")
def main(report: Report) -> None:
    """Queue up, and be woken."""
    module = WebAssembly.Module(wat2wasm(WAITERS))
    memory = WebAssembly.Memory(initial=1, maximum=1, shared=True)
    cells = Int32Array(memory.buffer)
    exports = WebAssembly.Instance(module, {"host": {"memory": memory}}).exports

    def start(instruction: str) -> AnyWorker:
        """A thread that waits; it is in the queue when this returns."""
        queued = threading.Event()

        def wait(scope: WorkerScope) -> None:
            shared = scope.receive()
            mine = WebAssembly.Instance(module, {"host": {"memory": shared}}).exports
            Agent.current().waiter = Telling(queued)
            scope.postMessage(mine[instruction](-1))

        worker = Worker(wait)
        worker.postMessage(memory)
        queued.wait()
        return worker

    report.step("a thread waits in wait32, one in wait64, and this one with waitAsync")
    first, second = start("wait32"), start("wait64")
    third = Atomics.waitAsync(cells, CELL, 0)
    promise = third["value"]
    report.equal("waitAsync does not block", third["async"], True)

    report.step("one is notified")
    report.equal("notify(1) wakes one", exports.notify(1), 1, "SM-12")
    report.equal("it is the one who came first", first.receive(), 0, "SM-12")
    report.check("the promise is still open", not promise.done(), "SM-12")

    report.step("all are notified")
    report.equal("notify(-1) wakes the two others", exports.notify(-1), 2, "SM-12")
    report.equal("the thread in wait64 goes on", second.receive(), 0, "SM-12")
    report.equal("the promise is resolved", promise.result(), "ok", "SM-12")
    report.equal("nobody is left", Atomics.notify(cells, CELL), 0, "SM-12")
    for worker in (first, second):
        worker.join()

    report.step("what ends a wait otherwise")
    report.equal("another value: there is nothing to wait for", exports.other(), 1)
    report.equal("a millisecond is over", exports.wait32(1_000_000), 2)
    found = Atomics.waitAsync(cells, CELL, 7)
    report.equal("the same for waitAsync", found, {"async": False, "value": "not-equal"})


if __name__ == "__main__":
    sys.exit(main())
