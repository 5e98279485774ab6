"""A list that one thread builds and others read without copying it, and that nobody can change any more.

Persistent data structures are written when they are made and never again, so threads can share them without locks.
``pyjsapi.tools.owoa`` makes a store for them (write on allocation), a module over a shared memory that no program sees:
it gives handles, lets the maker write until it says that it is done, and bounds-checks whoever reads. An object lives
as long as somebody holds a reference to it; its bytes are used again.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any

from pyjsapi import WebAssembly, Worker, wat2wasm
from pyjsapi.agents.scope import WorkerScope
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.report import Report
from pyjsapi.tools import owoa, owoa_memory

NODES = 500

# A program of the list: it imports the store's functions, and no memory. A node is its value and the next one's handle.
LIST = """
(module
  (import "store" "alloc" (func $alloc (param i32) (result i64)))
  (import "store" "store64" (func $store (param i64 i32 i64)))
  (import "store" "freeze" (func $freeze (param i64)))
  (import "store" "load64" (func $load (param i64 i32) (result i64)))
  (import "store" "release" (func $release (param i64) (result i32)))

  (func (export "node") (param $value i64) (param $next i64) (result i64) (local $node i64)
    (local.set $node (call $alloc (i32.const 16)))
    (call $store (local.get $node) (i32.const 0) (local.get $value))
    (call $store (local.get $node) (i32.const 8) (local.get $next))
    (call $freeze (local.get $node))
    (local.get $node))

  (func (export "sum") (param $node i64) (result i64) (local $sum i64)
    (block $end
      (loop $more
        (br_if $end (i64.eqz (local.get $node)))
        (local.set $sum (i64.add (local.get $sum) (call $load (local.get $node) (i32.const 0))))
        (local.set $node (call $load (local.get $node) (i32.const 8)))
        (br $more)))
    (local.get $sum))

  ;; A node that is freed held a reference to the next one.
  (func (export "drop") (param $node i64) (local $next i64)
    (block $end
      (loop $more
        (br_if $end (i64.eqz (local.get $node)))
        (local.set $next (call $load (local.get $node) (i32.const 8)))
        (br_if $end (call $release (local.get $node)))
        (local.set $node (local.get $next))
        (br $more)))))
"""


def linked(store: Any, memory: Any, program: Any) -> tuple[Any, Any]:
    """The store's and the program's functions, for one thread."""
    functions = WebAssembly.Instance(store, {"owoa": {"memory": memory}}).exports
    return functions, WebAssembly.Instance(program, {"store": functions}).exports


def reader(scope: WorkerScope) -> None:
    """Read the list, say what is in it, and let go of it."""
    store, memory, program, head = scope.receive()
    functions, lists = linked(store, memory, program)
    found = lists.sum(head)
    refused = 0
    attempts: list[Callable[[], Any]] = [
        lambda: functions.store64(head, 0, 0),
        lambda: functions.load64(head ^ 1 << 40, 0),
    ]
    for attempt in attempts:
        try:
            attempt()
        except WebAssembly.RuntimeError:
            refused += 1
    lists.drop(head)
    scope.postMessage([found, refused])


def build(lists: Any, count: int) -> Iterator[int]:
    """The lists that grow at their head, each of which has the one before in it."""
    head = 0
    for value in range(count):
        head = lists.node(value, head)
        yield head


@demo(checks="UC-25", needs="threads")
def main(report: Report) -> None:
    """Build a list here, read it in two threads."""
    store, program = WebAssembly.Module(owoa()), WebAssembly.Module(wat2wasm(LIST))
    memory = WebAssembly.Memory(owoa_memory())
    functions, lists = linked(store, memory, program)

    report.step(f"one thread makes {NODES} nodes")
    *_, head = build(lists, NODES)
    expected = NODES * (NODES - 1) // 2
    report.equal("its sum is right", lists.sum(head), expected, "UC-25")
    used = functions.used()
    report.figure("bytes taken", used, "bytes")

    report.step("two others read it; each is given a reference")
    workers = [Worker(reader) for _ in range(2)]
    for worker in workers:
        functions.retain(head)
        worker.postMessage([store, memory, program, head])
    answers = [worker.receive() for worker in workers]
    for worker in workers:
        worker.join()
    sums = [found for found, _ in answers]
    report.equal("they find what is in it", sums, [expected] * 2, "UC-25")
    report.equal("nothing was copied", functions.used(), used, "UC-25")
    refused = [count for _, count in answers]
    report.equal("neither could write it, or forge a handle", refused, [2, 2], "UC-25")

    report.step("nor can its maker write it any more")
    trap = WebAssembly.RuntimeError
    report.raises(
        "a write after the freeze traps", trap, lambda: functions.store64(head, 0, 1), "UC-25"
    )
    report.raises("a read out of bounds traps", trap, lambda: functions.load64(head, 9), "UC-25")

    report.step("the last reference goes")
    report.equal("all nodes are alive", functions.live(), NODES, "UC-25")
    lists.drop(head)
    report.equal("and then none is", functions.live(), 0, "UC-25")
    report.raises("its handle is void", trap, lambda: functions.load64(head, 0), "UC-25")
    *_, again = build(lists, NODES)
    report.equal("the bytes are used again", functions.used(), used, "UC-25")
    report.check("under another handle", again != head, "UC-25")


if __name__ == "__main__":
    sys.exit(main())
