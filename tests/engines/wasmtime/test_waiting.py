"""Waiting in code on Wasmtime: everybody is in one queue (EN-37)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi import Atomics, WebAssembly, Worker, wat2wasm
from pyjsapi.blocks.shared import SharedBlock
from pyjsapi.ecmascript import Int32Array, SharedArrayBuffer

SOON = 30
TEXT = """(module (import "e" "m" (memory 1 4 shared))
  (func (export "first") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "wait32") (param i32 i32 i64) (result i32)
    (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "wait64") (param i32 i64 i64) (result i32)
    (memory.atomic.wait64 offset=70000 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "notify") (param i32 i32) (result i32)
    (memory.atomic.notify offset=8 (local.get 0) (local.get 1)))
  (func (export "last") (param i32) (result i32) (unreachable)))"""
CODE = wat2wasm(TEXT)


def exports(memory: WebAssembly.Memory, data: bytes = CODE, **options: Any) -> Any:
    return WebAssembly.Instance(WebAssembly.Module(data, **options), {"e": {"m": memory}}).exports


def shared() -> WebAssembly.Memory:
    return WebAssembly.Memory(initial=1, maximum=4, shared=True)


def block_of(memory: WebAssembly.Memory) -> SharedBlock:
    buffer = memory.buffer
    assert isinstance(buffer, SharedArrayBuffer)
    return buffer._block


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0)  # lets another thread run


def started(memory: WebAssembly.Memory, wait: Callable[[], Any], woken: list[Any]) -> Any:
    """A thread that waits by now."""
    before = block_of(memory).waiting()
    thread = threading.Thread(target=lambda: woken.append(wait()), daemon=True)
    thread.start()
    until(lambda: block_of(memory).waiting() > before)
    return thread


def test_code_of_both_engines_and_atomics_wait_in_one_queue() -> None:
    memory, woken = shared(), list[Any]()
    array, native = Int32Array(memory.buffer), exports(memory)
    waits: list[Callable[[], Any]] = [
        lambda: ("wasmtime", exports(memory).wait32(8, 0, -1)),
        lambda: ("python", exports(memory, engine="python").wait32(8, 0, -1)),
        lambda: ("Atomics", Atomics.wait(array, 2, 0)),
        lambda: ("long", exports(memory).wait32(8, 0, 1 << 62)),
    ]
    threads = [started(memory, wait, woken) for wait in waits]
    assert native.notify(0, 0) == 0
    python = exports(memory, engine="python")
    wakes: list[Callable[[], Any]] = [
        lambda: Atomics.notify(array, 2, 1),
        lambda: python.notify(0, 1),
        lambda: native.notify(0, 1),
        lambda: native.notify(0, -1),
    ]
    for thread, wake in zip(threads, wakes, strict=True):
        assert wake() == 1
        thread.join(SOON)
    assert woken == [("wasmtime", 0), ("python", 0), ("Atomics", "ok"), ("long", 0)]
    assert native.notify(0, -1) == 0


def outcome(call: Callable[[], Any]) -> Any:
    """The result, or what an error says, of which places too."""
    try:
        return call()
    except WebAssembly.RuntimeError as error:
        return str(error), [str(frame) for frame in error.wasm_frames]


def test_results_traps_and_places_are_those_of_the_python_engine() -> None:
    memory = shared()
    mine, theirs = exports(memory, engine="python"), exports(memory)
    calls = [("last", 0), ("first", 70_000), ("first", 8)]
    for address in (0, 2, 4, 65_528, 65_532, 65_536, -8, -4, 1, 1 << 31):
        calls += [("wait32", address, expected, 0) for expected in (0, 1)]  # type: ignore[misc]
        calls += [("wait64", address, expected, 0) for expected in (0, 1)]  # type: ignore[misc]
        calls += [("wait32", address, 0, 1000), ("notify", address, 1)]  # type: ignore[list-item]
    for grown in (0, 1):
        memory.grow(grown)
        for name, *arguments in calls:
            expected = outcome(lambda: mine[name](*arguments))  # noqa: B023
            assert outcome(lambda: theirs[name](*arguments)) == expected, (name, *arguments)  # noqa: B023


def test_all_forms_of_the_instructions_are_replaced() -> None:
    """Long encodings, several memories, 64-bit addresses, bodies and sections that are there and that are not."""
    text = """(module (memory $a i64 1 1 shared) (memory $b 1 1) (memory $c 1 1 shared)
      (type (func)) (global $g (mut i32) (i32.const 5)) (tag) (table 1 funcref) (elem (i32.const 0) $f)
      (func $f (export "f") (result i32 i32 i32 i32 i32)
        (memory.atomic.wait32 $a offset=60000 (i64.const 8) (i32.const 1) (i64.const 0))
        (memory.atomic.notify $a (i64.const 8) (i32.const 1))
        (memory.atomic.wait64 $c (i32.const 8) (i64.const 0) (i64.const 5))
        (memory.atomic.notify $b (i32.const 8) (i32.const 1))
        (global.get $g))
      (func (export "not") (memory.atomic.wait32 $b (i32.const 8) (i32.const 1) (i64.const 0)) (drop))
      (func (export "memory") (drop (memory.atomic.notify $c (i32.const 65536) (i32.const 1))))
      (func (export "long") (result i32) (memory.atomic.notify $c (i32.const 8) (i32.const 1)) (nop))
      (func (export "not reached") (unreachable) (memory.atomic.notify $c) (drop)))"""
    short = bytes((0xFE, 0x00, 0x42, 2, 0, 0x01))  # with the `nop`
    data = wat2wasm(text).replace(short, bytes((0xFE, 0x80, 0x00, 0x42, 2, 0)))
    assert data != wat2wasm(text)
    found = []
    for engine in ("python", "wasmtime"):
        e: Any = WebAssembly.Instance(WebAssembly.Module(data, engine=engine)).exports
        found.append([outcome(e[name]) for name in ("f", "long", "not", "memory", "not reached")])
    assert found[0] == found[1]
    assert found[0][0] == [1, 0, 2, 0, 5]


@pytest.mark.parametrize(
    "wrong",
    [
        "(memory 1 1 shared) (func (drop (memory.atomic.wait32 align=2 (i32.const 0) (i32.const 0) (i64.const 0))))",
        "(memory 1 1 shared) (func (drop (memory.atomic.notify 1 (i32.const 0) (i32.const 0))))",
        "(memory 1 1 shared) (func (drop (memory.atomic.notify (i64.const 0) (i32.const 0))))",
        "(memory 1 1 shared) (func (drop (memory.atomic.wait64 (i32.const 0) (i32.const 0) (i64.const 0))))",
        "(memory 1 1 shared) (func (memory.atomic.notify (i32.const 0) (i32.const 0)))",
    ],
)
def test_what_is_not_valid_is_so_in_the_same_words(wrong: str) -> None:
    data = wat2wasm(f"(module {wrong})")
    said = []
    for engine in ("python", "wasmtime"):
        with pytest.raises(WebAssembly.CompileError) as raised:
            WebAssembly.Module(data, engine=engine)
        said.append(str(raised.value))
    assert said[0] == said[1]


def test_terminate_ends_a_wait_in_code() -> None:
    memory = shared()

    def work(scope: Any) -> None:
        scope.onmessage = lambda event: exports(event.data, engine="wasmtime").wait32(0, 0, -1)

    worker = Worker(work)
    worker.postMessage(memory)
    until(lambda: block_of(memory).waiting(0) == 1)
    worker.terminate()
    worker.join(SOON)
    assert block_of(memory).waiting(0) == 0


def test_a_thread_that_wants_the_turn_of_one_that_waits_is_told_so() -> None:
    memory, woken = shared(), list[Any]()
    native = exports(memory)
    thread = started(memory, lambda: native.wait32(8, 0, -1), woken)
    with pytest.raises(WebAssembly.RuntimeError, match="Give each thread an instance of its own"):
        native.notify(0, 1)
    assert Atomics.notify(Int32Array(memory.buffer), 2, 1) == 1
    thread.join(SOON)
    assert (woken, native.notify(0, 1)) == ([0], 0)
