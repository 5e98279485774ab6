"""`python -m benchmarks.sharing`: what sharing a memory costs, and what processes that share one gain.

On two free cores: a machine that is busy with something else halves what two processes gain.
"""

from __future__ import annotations

import multiprocessing
import re
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import Any

from benchmarks.costs import Cost
from benchmarks.kernels import ALL_KERNELS
from benchmarks.program import print_costs
from benchmarks.timing import geometric_mean, interleaved
from pyjsapi import Atomics, Int32Array, WebAssembly, Worker, wat2wasm
from pyjsapi.blocks.processes.block import share
from pyjsapi.blocks.shared import SharedBlock, shared

EXCHANGES = 1000
WORK = 60
TIMEOUT = 120.0

_MEMORY = re.compile(r'\(memory ((?:\$\w+ )?(?:\(export "memory"\) )?)(\d+)\)')

TEXT = """\
(module
  (memory (import "env" "memory") 1 1 shared)
  ;; Hash the 4096 bytes at $at, a word at a time and into the next one, $rounds times.
  (func (export "work") (param $at i32) (param $rounds i32) (result i32)
    (local $p i32) (local $end i32) (local $hash i32)
    (local.set $hash (i32.const 0x811c9dc5))
    (loop $round
      (local.set $p (local.get $at))
      (local.set $end (i32.add (local.get $at) (i32.const 4096)))
      (loop $word
        (local.set $hash
          (i32.mul
            (i32.xor (local.get $hash) (i32.load (local.get $p)))
            (i32.const 0x01000193)))
        (i32.store (local.get $p) (local.get $hash))
        (br_if $word
          (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 4))) (local.get $end))))
      (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))
      (br_if $round (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (local.get $hash))
  ;; Wait until the word at 0 is no longer $value.
  (func $until_changed (param $value i32)
    (loop $again
      (if (i32.eq (i32.atomic.load (i32.const 0)) (local.get $value))
        (then
          (drop (memory.atomic.wait32 (i32.const 0) (local.get $value) (i64.const -1)))
          (br $again)))))
  (func $set (param $value i32)
    (i32.atomic.store (i32.const 0) (local.get $value))
    (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))
  (func (export "serve") (param $times i32)
    (loop $again
      (call $until_changed (i32.const 0))
      (call $set (i32.const 0))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1))))))
  (func (export "play") (param $times i32)
    (loop $again
      (call $set (i32.const 1))
      (call $until_changed (i32.const 1))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))))
"""


def serve(scope: Any) -> None:
    """A worker: run the exports whose names and arguments come."""
    module, memory = scope.receive()
    exports = WebAssembly.Instance(module, {"env": {"memory": memory}}).exports
    while (call := scope.receive()) is not None:
        name, arguments = call
        scope.postMessage(exports[name](*arguments))


def semaphores(there: Any, back: Any, times: int) -> None:
    """A process of `multiprocessing`: answer every release with another."""
    while True:
        for _ in range(times):
            there.acquire()
            back.release()


def _block(memory: WebAssembly.Memory) -> SharedBlock:
    return shared(memory._memory.block)


def _shared_text(text: str) -> str:
    """The same module with shared memories."""
    return _MEMORY.sub(lambda found: f"(memory {found[1]}{found[2]} {found[2]} shared)", text)


def _started(text: str, kernel: Any) -> Any:
    exports = WebAssembly.Instance(WebAssembly.Module(wat2wasm(text))).exports
    if kernel.init is not None:
        exports.init(*kernel.init)
    return exports


def kernel_costs(rounds: int, progress: Callable[[str], None]) -> list[Cost]:
    """How much longer kernels take with shared memories, and with memories that processes share."""
    by_threads, by_processes = [], []
    for kernel in ALL_KERNELS:
        shared_text = _shared_text(kernel.text)
        if shared_text == kernel.text:
            continue
        progress(kernel.name)
        crossed = _started(shared_text, kernel)
        share(_block(crossed.memory))
        exports = {
            "unshared": _started(kernel.text, kernel),
            "shared": _started(shared_text, kernel),
            "crossed": crossed,
        }
        calls = {name: partial(one.run, *kernel.args) for name, one in exports.items()}
        timings = interleaved(calls, rounds)
        by_threads.append(timings.ratio("shared", "unshared"))
        by_processes.append(timings.ratio("crossed", "unshared"))
    worst = f"the worst {max(by_threads):.3g} x"
    return [
        Cost(
            "kernels, shared ÷ unshared, geometric mean",
            geometric_mean(by_threads),
            "x",
            1.1,
            note=worst,
        ),
        Cost(
            "kernels, shared by processes ÷ unshared, geometric mean",
            geometric_mean(by_processes),
            "x",
            1.1,
            note=f"the worst {max(by_processes):.3g} x",
        ),
    ]


def atomic_costs(rounds: int) -> list[Cost]:
    """What an atomic access costs."""
    local = WebAssembly.Memory(initial=1, maximum=1, shared=True)
    crossed = WebAssembly.Memory(initial=1, maximum=1, shared=True)
    share(_block(crossed))
    module = WebAssembly.Module(
        wat2wasm(
            '(module (memory (import "env" "memory") 1 1 shared)\n'
            '  (func (export "adds") (param $n i32)\n'
            "    (loop $again (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))\n"
            "      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))\n"
            '  (func (export "loads") (param $n i32)\n'
            "    (loop $again (drop (i32.atomic.load (i32.const 0)))\n"
            "      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"
        )
    )
    costs = []
    for name, memory in (("threads", local), ("processes", crossed)):
        exports = WebAssembly.Instance(module, {"env": {"memory": memory}}).exports
        calls = {"adds": partial(exports.adds, 1000), "loads": partial(exports.loads, 1000)}
        timings = interleaved(calls, rounds)
        backend = _block(memory).backend
        for access, call in (("i32.atomic.rmw.add", "adds"), ("i32.atomic.load", "loads")):
            value = timings.seconds(call) * 1e3
            costs.append(Cost(f"{access}, shared by {name}", value, "µs", note=backend))
    return costs


def _workers(count: int) -> tuple[Any, list[Worker], Any]:
    memory = WebAssembly.Memory(initial=1, maximum=1, shared=True)
    module = WebAssembly.Module(wat2wasm(TEXT))
    workers = [Worker("benchmarks.sharing:serve", kind="process") for _ in range(count)]
    for worker in workers:
        worker.postMessage([module, memory])
    exports = WebAssembly.Instance(module, {"env": {"memory": memory}}).exports
    return memory, workers, exports


def _end(workers: Sequence[Worker]) -> None:
    for worker in workers:
        worker.postMessage(None)
        worker.join(TIMEOUT)


def _seconds(action: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def throughput(rounds: int) -> list[Cost]:
    """How much more two workers compute than one in the same time, on one memory."""
    memory, workers, _ = _workers(2)

    def run(some: Sequence[Worker]) -> None:
        for number, worker in enumerate(some):
            worker.postMessage(["work", [4096 * (number + 1), WORK]])
        for worker in some:
            worker.receive()

    run(workers)  # translates
    ratios = []
    for _ in range(rounds):
        one = _seconds(lambda: run(workers[:1]))
        ratios.append(2 * one / _seconds(lambda: run(workers)))
    done = Atomics.load(Int32Array(memory.buffer), 2)
    if done != WORK * (2 + 3 * rounds):
        raise RuntimeError(f"{done} rounds of work were counted: some were lost")
    _end(workers)
    note = f"the best {max(ratios):.2f} x, counted exactly: {done}"
    return [Cost("work of two processes ÷ of one", median(ratios), "x", 1.7, True, note)]


def round_trips(rounds: int) -> list[Cost]:
    """How long notifying a process that waits and waiting for its answer takes."""
    _, workers, exports = _workers(1)
    worker = workers[0]
    context = multiprocessing.get_context("spawn")
    there, back = context.Semaphore(0), context.Semaphore(0)
    peer = context.Process(target=semaphores, args=(there, back, EXCHANGES), daemon=True)
    peer.start()

    def notify() -> None:
        worker.postMessage(["serve", [EXCHANGES]])
        exports.play(EXCHANGES)
        worker.receive()

    def release() -> None:
        for _ in range(EXCHANGES):
            there.release()
            back.acquire()

    for action in (notify, release):
        action()
    taken = [(_seconds(notify), _seconds(release)) for _ in range(rounds)]
    _end(workers)
    peer.kill()
    peer.join()
    ratio = median(one / other for one, other in taken)
    notified = median(one for one, _ in taken) / EXCHANGES * 1e6
    released = median(other for _, other in taken) / EXCHANGES * 1e6
    return [
        Cost(
            "notify and be notified ÷ the same with multiprocessing.Semaphore",
            ratio,
            "x",
            2.0,
            note=f"{notified:.0f} µs, {released:.0f} µs",
        )
    ]


def starts(rounds: int) -> list[Cost]:
    """How long a worker takes from its making to the first answer, and to its end."""

    def answer() -> None:
        worker = Worker("benchmarks.first_answer:answer", kind="process")
        worker.receive()
        worker.join(TIMEOUT)

    first = _seconds(answer)
    later = median(_seconds(answer) for _ in range(rounds))
    note = f"the first, which starts the server: {first * 1e3:.0f} ms"
    return [Cost("a process worker: start, answer, end", later * 1e3, "ms", note=note)]


def all_costs(rounds: int) -> list[Cost]:
    """Everything, with a line on standard error for each part."""

    def progress(line: str) -> None:
        print(f"benchmarks: {line}", file=sys.stderr, flush=True)

    costs = starts(rounds)
    progress("round trips")
    costs += round_trips(rounds)
    progress("throughput")
    costs += throughput(rounds)
    progress("atomic accesses")
    costs += atomic_costs(rounds)
    return [*costs, *kernel_costs(rounds, progress)]


def main(arguments: Sequence[str] | None = None) -> int:
    return print_costs("benchmarks.sharing", __doc__, all_costs, arguments)


if __name__ == "__main__":
    sys.exit(main())
