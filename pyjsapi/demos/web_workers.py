"""Workers that share a memory, with nobody blocking the page: Web Workers in Pyodide, processes elsewhere.

A page must never block, so all that is waited for here is awaited: messages with ``receive_async``, a word of the
memory with ``Atomics.waitAsync``. The workers block in ``memory.atomic.wait32`` until they are let go, take numbers one
by one, and the last to end notifies the page. In Pyodide the bytes are JavaScript's, so that a script of the page sees
them too; in other Pythons the workers are processes, and the same program runs as it stands.
"""

import sys

from pyjsapi import Atomics, Int32Array, WebAssembly, Worker, wat2wasm
from pyjsapi.agents.kinds import WorkerKind
from pyjsapi.agents.scope import WorkerScope
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.needs import Missing, missing
from pyjsapi.demos.pictures import whole
from pyjsapi.demos.report import Report

WORKERS = 2
NUMBERS = 2_000
GATE, NEXT, ENDED, SUM = 0, 1, 2, 3  # words

# Primes below a bound: who is free takes the next number.
PRIMES = f"""
(module
  (memory (import "host" "memory") 1 1 shared)
  (func $prime (param $n i32) (result i32)
    (local $d i32)
    (if (i32.lt_u (local.get $n) (i32.const 2)) (then (return (i32.const 0))))
    (local.set $d (i32.const 2))
    (loop $next (result i32)
      (if (i32.gt_u (i32.mul (local.get $d) (local.get $d)) (local.get $n))
        (then (return (i32.const 1))))
      (if (i32.eqz (i32.rem_u (local.get $n) (local.get $d))) (then (return (i32.const 0))))
      (local.set $d (i32.add (local.get $d) (i32.const 1)))
      (br $next)))
  (func (export "work") (result i32)
    (local $n i32) (local $tried i32)
    (drop (memory.atomic.wait32 (i32.const {4 * GATE}) (i32.const 0) (i64.const -1)))
    (block $done (loop $more
      (local.set $n (i32.atomic.rmw.add (i32.const {4 * NEXT}) (i32.const 1)))
      (br_if $done (i32.ge_u (local.get $n) (i32.const {NUMBERS})))
      (local.set $tried (i32.add (local.get $tried) (i32.const 1)))
      (if (call $prime (local.get $n))
        (then (drop (i32.atomic.rmw.add (i32.const {4 * SUM}) (local.get $n)))))
      (br $more)))
    ;; the last one tells whoever waits for the end
    (if (i32.eq (i32.atomic.rmw.add (i32.const {4 * ENDED}) (i32.const 1)) (i32.const {WORKERS - 1}))
      (then (drop (memory.atomic.notify (i32.const {4 * ENDED}) (i32.const -1)))))
    (local.get $tried)))
"""


async def work(scope: WorkerScope) -> None:
    """What each worker does."""
    module, memory = await scope.receive_async()
    exports = WebAssembly.Instance(module, {"host": {"memory": memory}}).exports
    scope.postMessage("ready")
    scope.postMessage(exports.work())


def kind_of_workers() -> WorkerKind:
    """The workers to be had here. In Pyodide memories must be JavaScript's for them."""
    if missing("threads") is None:
        return "thread" if missing("processes") else "process"
    from pyjsapi import javascript

    try:
        javascript.enable()
    except RuntimeError as error:
        raise Missing(f"needs a page that may share memories: {error}") from error
    return "web"


async def ended(cells: Int32Array) -> int:
    """Wait, without blocking, until all workers are done; how often the word was looked at."""
    looks = 0
    while (count := Atomics.load(cells, ENDED)) < WORKERS:
        looks += 1
        found = Atomics.waitAsync(cells, ENDED, count)
        if found["async"]:
            await found["value"]
    return looks


@demo()
async def main(report: Report) -> None:
    """Start the workers, let them go, and wait for the end."""
    kind = kind_of_workers()
    report.step(f"{WORKERS} workers of kind {kind} get a module and a shared memory")
    module = WebAssembly.Module(wat2wasm(PRIMES))
    memory = WebAssembly.Memory(initial=1, maximum=1, shared=True)
    cells = Int32Array(memory.buffer)
    names = ["here", *(f"worker {number}" for number in range(1, WORKERS + 1))]
    report.picture(*(whole(name, "shared") for name in names))
    workers = [Worker("pyjsapi.demos.web_workers:work", kind=kind) for _ in range(WORKERS)]
    for worker in workers:
        worker.postMessage([module, memory])
    for worker in workers:
        report.equal("a worker is ready", await worker.receive_async(), "ready")

    report.step(f"the gate is opened: they look for primes below {NUMBERS:,}")
    Atomics.store(cells, GATE, 1)
    Atomics.notify(cells, GATE)
    report.figure("looks until all had ended", await ended(cells))
    shares = [await worker.receive_async() for worker in workers]
    for number, share in enumerate(shares, 1):
        report.figure(f"numbers that worker {number} tried", share)
    report.equal("each number was tried once", sum(shares), NUMBERS)
    primes = [n for n in range(2, NUMBERS) if all(n % d for d in range(2, int(n**0.5) + 1))]
    report.equal("the sum of the primes is right", Atomics.load(cells, SUM), sum(primes))

    if kind == "web":
        from pyjsapi import javascript

        report.step("JavaScript has the same bytes")
        again = javascript.from_javascript(javascript.to_javascript(memory), maximum=1)
        Int32Array(again.buffer)[SUM] = 7
        report.equal("what is written to its memory is in Python's", cells[SUM], 7)


if __name__ == "__main__":
    sys.exit(main())
