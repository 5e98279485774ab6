"""Run in every host, after `from pyjsapi import …` has worked there: what a first hour comes to.

`await run()` gives what it found; nothing here knows the host.
"""

from __future__ import annotations

import sys
from typing import Any

from pyjsapi import (
    Agent,
    Atomics,
    Int32Array,
    RangeError,
    Uint8Array,
    WebAssembly,
    Worker,
    wat2wasm,
)

MAILBOX = """
(module
  (import "host" "note" (func $note (param i32)))
  (memory $private 1)
  (memory $mailbox (export "mailbox") 1)
  (data (memory $private) (i32.const 0) "the quick brown fox")
  (func (export "post") (param $from i32) (param $count i32)
    (memory.copy $mailbox $private (i32.const 0) (local.get $from) (local.get $count))
    (call $note (local.get $count))))
"""
ADD = """
(module (memory (import "env" "memory") 1 4 shared)
  (func (export "add") (param i32) (result i32) (i32.atomic.rmw.add (i32.const 8) (local.get 0))))
"""


async def run() -> dict[str, Any]:
    """Everything, by name."""
    return {
        "python": ".".join(map(str, sys.version_info[:2])),
        "mailbox": await mailbox(),
        "errors": errors(),
        "shared": shared(),
        "may block": Agent.current().can_block,
    }


async def mailbox() -> list[Any]:
    """Two memories, an import, a view, growth."""
    noted: list[int] = []
    _, instance = (
        await WebAssembly.instantiate(wat2wasm(MAILBOX), {"host": {"note": noted.append}})
    ).values()
    instance.exports.post(4, 5)
    memory = instance.exports.mailbox
    view = Uint8Array(memory.buffer)
    text = view[0:5].tobytes().decode()
    memory.grow(1)
    return [text, noted, len(view), memory.buffer.byteLength]


def errors() -> list[str]:
    """Exceptions of the host, traps and exhaustion come out as what they are."""
    source = """(module (import "host" "fail" (func $fail)) (func (export "fail") (call $fail))
      (func (export "trap") (unreachable)) (func $deep (export "deep") (call $deep)))"""

    def fail() -> None:
        raise KeyError("mine")

    module = WebAssembly.Module(wat2wasm(source))
    exports = WebAssembly.Instance(module, {"host": {"fail": fail}}).exports
    found = []
    for name in exports:
        for kind in (KeyError, WebAssembly.RuntimeError, RangeError):
            try:
                exports[name]()
            except kind:
                found.append(f"{name}: {kind.__name__}")
            except Exception:
                continue
    return found


def shared() -> list[Any]:
    """A shared memory, atomically."""
    memory = WebAssembly.Memory(initial=1, maximum=4, shared=True)
    exports = WebAssembly.Instance(
        WebAssembly.Module(wat2wasm(ADD)), {"env": {"memory": memory}}
    ).exports
    exports.add(3)
    exports.add(4)
    array = Int32Array(memory.buffer)
    return [Atomics.load(array, 2), Atomics.notify(array, 2), memory.grow(1), len(array)]


def waits() -> list[str]:
    """Where the host may block, what there is to wait for."""
    memory = WebAssembly.Memory(initial=1, maximum=1, shared=True)
    array = Int32Array(memory.buffer)
    return [Atomics.wait(array, 0, 1), Atomics.wait(array, 0, 0, 1)]


async def worker(target: Any) -> Any:
    """What a worker of the host's kind answers that adds to a shared memory, and what is there then."""
    memory = WebAssembly.Memory(initial=1, maximum=4, shared=True)
    started = Worker(target)
    started.postMessage([WebAssembly.Module(wat2wasm(ADD)), memory])
    answer = await started.receive_async()
    return [answer, Atomics.load(Int32Array(memory.buffer), 2)]


async def work(scope: Any) -> None:
    """The target of such a worker."""
    module, memory = await scope.receive_async()
    exports = WebAssembly.Instance(module, {"env": {"memory": memory}}).exports
    scope.postMessage([exports.add(5), Agent.current().can_block])
