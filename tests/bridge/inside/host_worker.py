"""A worker that the host started, and not pyjsapi: run in a thread of Node by `test_hosts.py`."""

from __future__ import annotations

from pyjsapi import Agent, Atomics, Int32Array, WebAssembly, javascript, wat2wasm
from tests.bridge.inside.helpers import raises

WAIT = """(module (memory (import "env" "m") 1 1 shared)
  (func (export "wait") (param i64) (result i32)
    (memory.atomic.wait32 (i32.const 0) (i32.const 0) (local.get 0))))"""


def waiting(memory: WebAssembly.Memory) -> list[object]:
    module = WebAssembly.Module(wat2wasm(WAIT))
    exports = WebAssembly.Instance(module, {"env": {"m": memory}}).exports
    array = Int32Array(memory.buffer)
    return [Atomics.wait(array, 0, 1), Atomics.wait(array, 0, 0, 1), exports.wait(1)]


def case_it_may_block() -> None:
    assert Agent.current().can_block
    for enabled in (False, True):
        javascript.enable(enabled)
        memory = WebAssembly.Memory(initial=1, maximum=1, shared=True)
        assert waiting(memory) == ["not-equal", "timed-out", 2]


def case_it_can_be_told_not_to() -> None:
    Agent.current().can_block = False
    memory = WebAssembly.Memory(initial=1, maximum=1, shared=True)
    assert "must not block" in raises(TypeError, Atomics.wait, Int32Array(memory.buffer), 0, 0, 1)
