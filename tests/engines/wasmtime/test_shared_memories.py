"""Shared memories on Wasmtime (EN-37, EN-39)."""

from __future__ import annotations

import gc
import threading
from typing import Any

import pytest

from pyjsapi import Atomics, RangeError, WebAssembly, wat2wasm
from pyjsapi.ecmascript import BigInt64Array, Int32Array, Uint8Array

ADDING = wat2wasm("""(module (import "e" "m" (memory 1 4 shared))
  (func (export "add") (param i32)
    (loop $again (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0))))""")


def _memory() -> WebAssembly.Memory:
    return WebAssembly.Memory(initial=1, maximum=4, shared=True)


def _exports(memory: WebAssembly.Memory, data: bytes = ADDING, **options: Any) -> Any:
    module = WebAssembly.Module(data, engine="wasmtime", **options)
    return WebAssembly.Instance(module, {"e": {"m": memory}}).exports


def test_en_37_threads_add_exactly_and_python_with_them() -> None:
    memory = _memory()
    array = Int32Array(memory.buffer)
    threads = [threading.Thread(target=lambda: _exports(memory).add(100_000)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(1000):
        Atomics.add(array, 0, 1)
    for thread in threads:
        thread.join()
    assert array[0] == 301_000


@pytest.mark.parametrize("kind", [Int32Array, BigInt64Array])
def test_en_37_atomics_of_python_are_one_step_for_native_code(kind: Any) -> None:
    array = kind(_memory().buffer)
    assert Atomics.store(array, 1, 12) == 12
    assert Atomics.sub(array, 1, 5) == 12
    assert Atomics.exchange(array, 1, -3) == 7
    assert Atomics.compareExchange(array, 1, -3, 9) == -3
    assert Atomics.compareExchange(array, 1, -3, 1) == 9
    assert Atomics.load(array, 1) == 9


def test_en_37_growth_is_seen_by_all() -> None:
    memory = _memory()
    first, second = _exports(memory), _exports(memory)
    buffer = memory.buffer
    assert first.grow(1) == 1
    assert second.grow(1) == 2
    assert memory.grow(1) == 3
    assert buffer.byteLength == 1 << 16
    assert memory.buffer.byteLength == 4 << 16
    Uint8Array(memory.buffer)[(4 << 16) - 1] = 7
    assert first.load((4 << 16) - 1) == 7
    assert first.grow(1) == -1
    with pytest.raises(RangeError):
        memory.grow(1)


def test_en_37_code_of_the_python_engine_has_the_same_bytes() -> None:
    memory = _memory()
    native = _exports(memory)
    module = WebAssembly.Module(ADDING, engine="python")
    python: Any = WebAssembly.Instance(module, {"e": {"m": memory}}).exports
    native.add(5)
    python.add(6)
    assert Int32Array(memory.buffer)[0] == 11
    native.grow(1)
    assert python.grow(0) == 2
    assert python.load(70_000) == 0


def test_bytes_are_there_as_long_as_somebody_has_a_view() -> None:
    view = Uint8Array(_memory().buffer).mv
    gc.collect()
    view[100] = 5
    assert view[100] == 5


def test_a_memory_of_the_python_engine_is_refused() -> None:
    module = WebAssembly.Module(
        wat2wasm('(module (memory (export "m") 1 4 shared))'), engine="python"
    )
    memory = WebAssembly.Instance(module).exports.m
    with pytest.raises(WebAssembly.LinkError, match="the memory belongs to the Python engine"):
        _exports(memory)


def test_en_39_a_bound_holds_for_shared_memories_that_a_module_defines() -> None:
    text = """(module (memory (export "m") 1 9 shared)
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"""
    module = WebAssembly.Module(wat2wasm(text), limits={"max_memory_pages": 3})
    exports = WebAssembly.Instance(module).exports
    assert [exports.grow(3), exports.grow(2), exports.grow(1)] == [-1, 1, -1]
    assert exports.m.type()["maximum"] == 9
