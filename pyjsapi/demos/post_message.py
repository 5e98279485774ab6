"""What crosses to a worker, and what does not: structured clones of memories, buffers and modules.

A message is a copy, made by the rules of HTML's ``structuredClone``. A shared memory arrives as another object on the
same bytes, and so does its buffer; a module arrives compiled. A memory that is not shared belongs to one agent and
cannot be posted, nor can an instance; its buffer can be copied, but not moved away from under the memory. Where there
are processes the worker at the end is one: it gets the same bytes even so.
"""

import pickle
import sys
from typing import Any

from pyjsapi import DataCloneError, Uint8Array, WebAssembly, Worker, structuredClone, wat2wasm
from pyjsapi.agents.kinds import WorkerKind
from pyjsapi.agents.scope import WorkerScope
from pyjsapi.demos.catalogue import demo
from pyjsapi.demos.needs import missing
from pyjsapi.demos.pictures import whole
from pyjsapi.demos.report import Report

STORE = """
(module
  (memory (import "host" "memory") 1 8 shared)
  (func (export "store") (param i32 i32) (i32.atomic.store8 (local.get 0) (local.get 1)))
  (func (export "grow") (result i32) (memory.grow (i32.const 1))))
"""


def work(scope: WorkerScope) -> None:
    """The worker: it stores into the memory that it got, grows it, and answers with it."""
    module, memory = scope.receive()
    exports = WebAssembly.Instance(module, {"host": {"memory": memory}}).exports
    exports.store(3, 33)
    exports.grow()
    scope.postMessage([memory, module])


def shared_memories(report: Report) -> None:
    """A shared memory is cloned: another object, the same bytes."""
    report.step("a shared memory is cloned")
    memory = WebAssembly.Memory(initial=1, maximum=8, shared=True)
    clone = structuredClone(memory)
    report.check("the clone is another object", clone is not memory, "CL-1")
    report.check("so is its buffer", clone.buffer is not memory.buffer, "CL-1")
    Uint8Array(memory.buffer)[0] = 1
    Uint8Array(clone.buffer)[1] = 2
    seen = [Uint8Array(each.buffer)[0:2].tobytes() for each in (memory, clone)]
    report.equal("each sees what is written to the other", seen, [b"\1\2", b"\1\2"], "CL-1")
    clone.grow(2)
    report.picture(*(whole(name, "shared", 3 << 16) for name in ("the memory", "its clone")))
    sizes = [each.buffer.byteLength >> 16 for each in (memory, clone)]
    report.equal("one grows when the other does", sizes, [3, 3], "CL-1")
    first, second = structuredClone([memory, memory])
    report.check(
        "the same twice in a message is the same twice in its clone", first is second, "CL-1"
    )


def what_is_refused(report: Report) -> None:
    """What belongs to one agent is refused, with a reason."""
    report.step("what belongs to one agent is refused")
    memory = WebAssembly.Memory(initial=1)
    exporting = wat2wasm('(module (memory (export "m") 1))')
    instance = WebAssembly.Instance(WebAssembly.Module(exporting))

    def refused(text: str, error: type[Exception], value: Any, *transfer: Any) -> None:
        report.raises(text, error, lambda: structuredClone(value, {"transfer": transfer}), "CL-2")

    refused("a memory that is not shared", DataCloneError, memory)
    refused("an instance", DataCloneError, instance)
    shared = WebAssembly.Memory(initial=1, maximum=1, shared=True)
    refused("a memory cannot be moved", DataCloneError, shared, shared)
    refused("nor can a memory's buffer", TypeError, memory.buffer, memory.buffer)
    Uint8Array(memory.buffer)[0] = 1
    copy = structuredClone(memory.buffer)
    Uint8Array(memory.buffer)[0] = 2
    report.equal("it can be copied, and the copy is another", Uint8Array(copy)[0], 1, "CL-2")


def modules(report: Report) -> None:
    """A module is cloned compiled; what can be stored of it is its bytes, never a memory."""
    report.step("a module is cloned, and posted to a worker with a memory")
    module = WebAssembly.Module(wat2wasm(STORE))
    memory = WebAssembly.Memory(initial=1, maximum=8, shared=True)
    clone = structuredClone(module)
    WebAssembly.Instance(clone, {"host": {"memory": memory}}).exports.store(2, 22)
    report.equal("the clone can be instantiated", Uint8Array(memory.buffer)[2], 22, "CL-3")
    report.raises("a memory cannot be stored", DataCloneError, lambda: pickle.dumps(memory), "CL-3")
    stored = pickle.dumps(module)
    report.equal("of a module its bytes are", wat2wasm(STORE) in stored, True, "CL-3")

    if missing("threads"):
        report.step("no worker here: web_workers shows those of Pyodide")
        return
    kind: WorkerKind = "thread" if missing("processes") else "process"
    report.figure("worker", kind)
    worker = Worker("pyjsapi.demos.post_message:work", kind=kind)
    worker.postMessage([module, memory])
    back, again = worker.receive()
    worker.join()
    report.equal("what the worker stored is here", Uint8Array(memory.buffer)[3], 33, "CL-3")
    report.equal("what it grew has grown", memory.buffer.byteLength >> 16, 2, "CL-3")
    Uint8Array(back.buffer)[4] = 44
    seen = Uint8Array(memory.buffer)[4]
    report.equal("the memory that came back is the same bytes", seen, 44, "CL-3")
    exports = WebAssembly.Module.exports(again)
    report.equal("and the module is one", exports, WebAssembly.Module.exports(module), "CL-3")


@demo(checks="CL-1 CL-2 CL-3")
def main(report: Report) -> None:
    """Clone what can be cloned, and try what cannot."""
    shared_memories(report)
    what_is_refused(report)
    modules(report)


if __name__ == "__main__":
    sys.exit(main())
