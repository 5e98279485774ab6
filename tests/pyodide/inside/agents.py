"""Atomics, ports and agents inside Pyodide, whose one thread must not block and has an event loop that always runs."""

from __future__ import annotations

import asyncio
from typing import Any

from pyjsapi import (
    Agent,
    Atomics,
    DataCloneError,
    Int32Array,
    MessageChannel,
    SharedArrayBuffer,
    WebAssembly,
    Worker,
    wat2wasm,
)

WAIT = """(memory (import "env" "m") 1 1 shared)
  (func (export "wait") (drop (memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const 0))))
  (func (export "notify") (result i32) (memory.atomic.notify (i32.const 0) (i32.const -1)))"""


def _raises(kind: type[Exception], call: Any) -> None:
    try:
        call()
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was not raised")


def _promise(array: Int32Array, timeout: int | None = None) -> asyncio.Future[str]:
    found = Atomics.waitAsync(array, 0, 0, timeout).value
    assert isinstance(found, asyncio.Future)
    return found


async def case_waiting_asynchronously_works_where_blocking_does_not() -> None:
    memory = WebAssembly.Memory(initial=1, maximum=1, shared=True)
    module = WebAssembly.Module(wat2wasm(WAIT))
    exports = WebAssembly.Instance(module, {"env": {"m": memory}}).exports
    array = Int32Array(memory.buffer)
    assert not Agent.current().can_block
    _raises(WebAssembly.RuntimeError, exports.wait)
    _raises(TypeError, lambda: Atomics.wait(array, 0, 1, 0))
    first, second = _promise(array), _promise(array)
    assert exports.notify() == 2
    assert [await first, await second] == ["ok", "ok"]
    assert await _promise(array, 1) == "timed-out"
    assert Atomics.waitAsync(array, 0, 5) == {"async": False, "value": "not-equal"}


async def case_messages_are_delivered_by_the_event_loop() -> None:
    channel = MessageChannel()
    buffer = SharedArrayBuffer(8)
    channel.port1.postMessage([buffer, {"n": 1}])
    received, rest = await channel.port2.receive_async()
    Atomics.add(Int32Array(received), 1, 3)
    assert (Int32Array(buffer)[1], rest) == (3, {"n": 1})
    got: list[Any] = []

    def answer(event: Any) -> None:
        got.append(event.data)
        channel.port2.postMessage("done")

    channel.port2.onmessage = answer
    channel.port1.postMessage("x")
    assert await channel.port1.receive_async() == "done"
    assert got == ["x"]
    _raises(TypeError, channel.port1.receive)


def case_threads_and_processes_are_refused_with_a_reason() -> None:
    for kind in ("thread", "process"):
        try:
            Worker(print, kind=kind)
        except ValueError as error:
            expected = f"workers of kind {kind!r} exist outside Pyodide only; here there is 'web'"
            assert str(error) == expected
        else:
            raise AssertionError("a worker was made")


def case_a_worker_is_of_the_one_kind_that_there_is() -> None:
    try:
        Worker(lambda: None)  # which only a thread could run
    except DataCloneError as error:
        assert "'module:function'" in str(error)
    else:
        raise AssertionError("a worker was made")
