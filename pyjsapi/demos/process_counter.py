"""Processes count in one memory, with atomic additions and under a mutex.

A worker of kind ``process`` is an interpreter of its own, so these really run at the same time. They get the module
and the shared memory by message: the module is copied, the memory is the same bytes in each of them. Atomic
instructions have one order for all of them, and the wait queues are common too, so the mutex of `threads_mutex`, which
is used here as it stands, works between processes as it does between threads.
"""

import os
import sys
import time

from pyjsapi import Int32Array, WebAssembly, Worker, wat2wasm
from pyjsapi.agents.scope import WorkerScope
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.report import Report
from pyjsapi.demos.threads_mutex import ADDED, COUNTER, MUTEX, PLAIN

PROCESSES = 4
UNDER_MUTEX = 500
ADDITIONS = 25_000


def work(scope: WorkerScope) -> None:
    """What each process does: it finds this function by its name."""
    module, memory = scope.receive()
    exports = WebAssembly.Instance(module, {"host": {"memory": memory}}).exports
    scope.postMessage(os.getpid())
    scope.receive()  # until all of them are there
    exports.add(ADDITIONS)
    exports.count(UNDER_MUTEX)


@demo(checks="SM-15", needs="processes")
def main(report: Report) -> None:
    """Let the processes count, and look at the counters."""
    module = WebAssembly.Module(wat2wasm(COUNTER))
    memory = WebAssembly.Memory(initial=1, maximum=1, shared=True)

    report.step(f"{PROCESSES} processes add {ADDITIONS:,} and count to {UNDER_MUTEX:,}")
    workers = [
        Worker("pyjsapi.demos.process_counter:work", kind="process") for _ in range(PROCESSES)
    ]
    for worker in workers:
        worker.postMessage([module, memory])
    pids = {os.getpid(), *(worker.receive() for worker in workers)}
    started = time.perf_counter()
    for worker in workers:
        worker.postMessage("go")
    for worker in workers:
        worker.join()
    taken = time.perf_counter() - started

    cells = Int32Array(memory.buffer)
    report.figure("atomic additions", PROCESSES * ADDITIONS / taken, "a second, mutex included")
    report.equal("each worker is a process of its own", len(pids), PROCESSES + 1)
    added = cells[ADDED // 4]
    report.equal("no atomic addition is lost", added, PROCESSES * ADDITIONS, "SM-15")
    counted = cells[PLAIN // 4]
    report.equal("no update under the mutex is lost", counted, PROCESSES * UNDER_MUTEX, "SM-15")
    report.equal("the mutex is free at the end", cells[MUTEX // 4], 0)


if __name__ == "__main__":
    sys.exit(main())
