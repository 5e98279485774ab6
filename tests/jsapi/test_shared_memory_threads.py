"""Shared memories in the JS API, in several threads and where threads can wait (threads proposal)."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pyjsapi import WebAssembly, wat2wasm

PAGE = 65536


def module(text: str) -> WebAssembly.Module:
    return WebAssembly.Module(wat2wasm(text))


def exports(text: str, **env: Any) -> Any:
    return WebAssembly.Instance(module(text), {"env": env}).exports


def shared(initial: int, maximum: int) -> WebAssembly.Memory:
    return WebAssembly.Memory({"initial": initial, "maximum": maximum, "shared": True})


def trap(message: str) -> Any:
    return pytest.raises(WebAssembly.RuntimeError, match=message)


def test_sm_6_growth_in_another_thread_is_seen_at_the_next_access() -> None:
    memory, other = shared(1, 2), shared(1, 2)
    buffer, others = memory.buffer, other.buffer
    thread = threading.Thread(target=memory.grow, args=(1,))
    thread.start()
    thread.join()
    assert memory.buffer is not buffer
    assert (memory.buffer.byteLength, buffer.byteLength) == (2 * PAGE, PAGE)
    assert other.buffer is others


def test_sm_7_a_growable_buffer_follows_growth_in_another_thread() -> None:
    memory = shared(1, 4)
    buffer = memory.toResizableBuffer()
    thread = threading.Thread(target=memory.grow, args=(3,))
    thread.start()
    thread.join()
    assert buffer.byteLength == 4 * PAGE
    assert memory.buffer is buffer


WAITING = """
  (memory $m (import "env" "m") 1 1 {shared})
  (func (export "wait") (param i32 i32 i64) (result i32)
    (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "wait64") (param i32 i64 i64) (result i32)
    (memory.atomic.wait64 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "notify") (param i32 i32) (result i32)
    (memory.atomic.notify (local.get 0) (local.get 1)))
  (func (export "notify1") (param i32 i32) (result i32)
    (memory.atomic.notify offset=1 (local.get 0) (local.get 1)))
  (func (export "notify_far") (param i32 i32) (result i32)
    (memory.atomic.notify offset=65536 (local.get 0) (local.get 1)))
"""


def test_sm_10_waiting_and_notifying() -> None:
    e = exports(WAITING.format(shared="shared"), m=shared(1, 1))
    assert e.wait(0, 1, -1) == 1
    assert e.wait(0, 0, 1_000_000) == 2
    assert e.notify(0, 1) == 0
    with trap("out of bounds memory access"):
        e.notify(PAGE, 0)
    with trap("unaligned atomic"):
        e.notify(PAGE - 5, 0)
    e = exports(WAITING.format(shared=""), m=WebAssembly.Memory(initial=1, maximum=1))
    with trap("expected shared memory"):
        e.wait(0, 0, 0)
    with trap("unaligned atomic"):
        e.wait(1, 0, 0)
    assert e.notify(0, 1) == 0


def test_sm_11_the_last_words() -> None:
    e = exports(WAITING.format(shared="shared"), m=shared(1, 1))
    assert e.notify(65532, 1) == 0
    assert e.wait(65532, 0, 0) == 2
    assert e.wait64(65528, 0, 0) == 2
    with trap("out of bounds memory access"):
        e.wait(65536, 0, 0)
    with trap("out of bounds memory access"):
        e.notify_far(-64, 1)
    with trap("unaligned atomic"):
        e.notify1(0, 1)


def test_sm_15_additions_of_four_threads_in_wasm() -> None:
    memory = shared(1, 1)
    text = """
      (memory (import "env" "m") 1 1 shared)
      (func (export "run") (param $n i32)
        (loop $again
          (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))
          (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
      (func (export "sum") (result i32) (i32.atomic.load (i32.const 8)))
    """
    compiled = module(text)

    def run() -> None:
        WebAssembly.Instance(compiled, {"env": {"m": memory}}).exports.run(25_000)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert exports(text, m=memory).sum() == 100_000
