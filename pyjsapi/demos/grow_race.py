"""Threads, and then processes, grow one memory at the same time, while somebody reads its last word.

A shared memory has one size for everybody. ``memory.grow`` answers the size that was there before, so when four
workers grow a memory of 1 page 250 times each, up to 1000 pages, the 1000 answers must be all the numbers from 1 to
999, each of them once and each worker's in rising order, and a single -1: there is no room for the last page. The
reader asks for the size and then reads the last word below it. The size never falls, so that never traps.
"""

import sys
import time

from pyjsapi import Int32Array, WebAssembly, Worker, wat2wasm
from pyjsapi.agents.kinds import WorkerKind
from pyjsapi.agents.scope import WorkerScope
from pyjsapi.agents.worker import Worker as AnyWorker
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.needs import missing
from pyjsapi.demos.report import Report

WORKERS = 4
EACH = 250
PAGES = 1000
STOP = 8  # the address of a word that is not 0 when the reader is to end

# The module says that it can do with up to 4000 pages: a memory with a lower maximum fits too.
GROWER = f"""
(module
  (memory (import "host" "memory") 1 4000 shared)
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  ;; Reads last words until it is told to stop: how many it read, or -1 when one was not 0.
  (func (export "probe") (result i32)
    (local $reads i32)
    (loop $more (result i32)
      (if (i32.load (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4)))
        (then (return (i32.const -1))))
      (local.set $reads (i32.add (local.get $reads) (i32.const 1)))
      ;; a pause of 10 microseconds, for the others
      (br_if $more (i32.eq (i32.const 2)
        (memory.atomic.wait32 (i32.const {STOP}) (i32.const 0) (i64.const 10000))))
      (local.get $reads))))
"""


def work(scope: WorkerScope) -> None:
    """A worker that grows the memory, or one that probes it."""
    module, memory, task = scope.receive()
    exports = WebAssembly.Instance(module, {"host": {"memory": memory}}).exports
    scope.postMessage("ready")
    if task == "probe":
        scope.postMessage(exports.probe())
    else:
        scope.receive()
        scope.postMessage([exports.grow() for _ in range(EACH)])


def race(report: Report, kind: WorkerKind, module: WebAssembly.Module) -> None:
    """Have a memory grown by workers of a kind."""
    memory = WebAssembly.Memory(initial=1, maximum=PAGES, shared=True)

    def start(task: str) -> AnyWorker:
        worker = Worker("pyjsapi.demos.grow_race:work", kind=kind)
        worker.postMessage([module, memory, task])
        worker.receive()  # it is ready
        return worker

    report.step(f"{WORKERS} workers of kind {kind} grow a memory by a page, {EACH} times each")
    prober = start("probe")
    growers = [start("grow") for _ in range(WORKERS)]
    started = time.perf_counter()
    for worker in growers:
        worker.postMessage("go")
    answers = [worker.receive() for worker in growers]
    taken = time.perf_counter() - started
    Int32Array(memory.buffer)[STOP // 4] = 1
    reads = prober.receive()
    for worker in (prober, *growers):
        worker.join()

    report.figure("growing", WORKERS * EACH / taken, "times a second")
    report.figure("last words read meanwhile", reads)
    unsigned = [[answer % 2**32 for answer in each] for each in answers]
    every = sorted(answer for each in unsigned for answer in each)
    report.check("each worker sees the memory grow", all(e == sorted(e) for e in unsigned), "WT-6")
    wanted = [*range(1, PAGES), 2**32 - 1]
    report.check("each size was answered once, and -1 once", every == wanted, "WT-6")
    report.equal("the memory has all of its pages", memory.buffer.byteLength >> 16, PAGES, "WT-6")
    report.check("the last word could always be read, and was 0", reads > 0, "WT-7")


@demo(checks="WT-6 WT-7", needs="threads")
def main(report: Report) -> None:
    """Race with threads, and where there are workers in processes with these."""
    module = WebAssembly.Module(wat2wasm(GROWER))
    race(report, "thread", module)
    if missing("processes") is None:
        race(report, "process", module)


if __name__ == "__main__":
    sys.exit(main())
