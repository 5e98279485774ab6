"""Instances of the engine ``auto`` go on in machine code as if nothing had happened (EN-50, EN-51, EN-55)."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import pytest

from benchmarks.kernels import ALL_KERNELS, Kernel
from pyjsapi import WebAssembly, engines, wat2wasm
from pyjsapi.engines.auto import AutoEngine

COUNTER = """(module
  (import "env" "host" (func $host (param i32) (result i32)))
  (memory (export "memory") 1 4)
  (table $t 4 funcref)
  (elem $t (i32.const 1) $one $host)
  (global $n (mut i64) (i64.const 5))
  (global $f (mut f32) (f32.const nan:0x200001))
  (type $to_i32 (func (result i32)))
  (data (i32.const 8) "abc")
  (func $one (export "one") (type $to_i32) (i32.const 1))
  (func (export "count") (result i64)
    (global.set $n (i64.add (global.get $n) (i64.const 1)))
    (i64.store (i32.const 0) (global.get $n)) (global.get $n))
  (func (export "bits") (result i32) (i32.reinterpret_f32 (global.get $f)))
  (func (export "put") (param i32) (table.set $t (i32.const 3) (table.get $t (local.get 0))))
  (func (export "get") (param i32) (result funcref) (table.get $t (local.get 0)))
  (func (export "through") (param i32) (result i32) (call_indirect $t (type $to_i32) (local.get 0)))
  (func (export "grow") (result i32) (drop (table.grow $t (ref.null func) (i32.const 2)))
    (memory.grow (i32.const 1)))
  (func (export "size") (result i32) (table.size $t))
  (func (export "call") (param i32) (result i32)
    (i32.add (call $host (local.get 0)) (i32.load8_u (i32.const 8))))
  (func (export "trap") (unreachable)))"""


def started(
    text: str, calls: int, host: Any = abs, data: dict[str, Any] | None = None
) -> WebAssembly.Instance:
    module = WebAssembly.Module(wat2wasm(text), engine=AutoEngine(calls=calls))
    return WebAssembly.Instance(module, data or {"env": {"host": host}})


def is_moved(instance: WebAssembly.Instance) -> bool:
    return engines.explain(instance).startswith("wasmtime: ")


@pytest.mark.parametrize("kernel", ALL_KERNELS, ids=lambda kernel: kernel.name)
def test_kernels_go_on(kernel: Kernel) -> None:
    made = {}
    for calls in (0, 1, 5, 20, None):
        engine = "python" if calls is None else AutoEngine(calls=calls)
        instance = WebAssembly.Instance(WebAssembly.Module(kernel.wasm, engine=engine))
        run = instance.exports.run
        if kernel.init is not None:
            instance.exports.init(*kernel.init)
        results = [repr(run(*kernel.args)) for _ in range(21)]
        assert instance.exports.run is run
        assert calls is None or is_moved(instance)
        core: Any = instance._instance
        made[calls] = results, [bytes(memory.data) for memory in core.mems]
    assert all(each == made[None] for each in made.values())


@pytest.mark.parametrize("calls", range(21))
def test_all_that_an_instance_has_goes_along(calls: int) -> None:
    def state(engine: Any) -> tuple[list[Any], WebAssembly.Instance]:
        module = WebAssembly.Module(wat2wasm(COUNTER), engine=engine)
        instance = WebAssembly.Instance(module, {"env": {"host": host}})
        e = instance.exports
        found: list[Any] = [e.get(1) is e.one]
        for step in (e.count, e.bits, e.count, lambda: e.put(1), lambda: e.through(3), e.grow):
            found += [step(), e.count(), e.size(), e.memory.buffer.byteLength]
        found += [e.get(3) is e.one, e.get(1) is e.one, e.call(-5), e.get(2)(-7), str(e.get(0))]
        with pytest.raises(WebAssembly.RuntimeError) as trapped:
            e.trap()
        with pytest.raises(WebAssembly.RuntimeError) as mismatched:
            e.through(2)
        return [
            *found,
            str(trapped.value),
            str(mismatched.value),
            bytes(e.memory.buffer),
            e.memory is instance.exports.memory,
        ], instance

    host = abs
    wanted, _ = state("python")
    found, instance = state(AutoEngine(calls=calls))
    assert found == wanted
    assert is_moved(instance)


def test_a_function_that_was_taken_before_is_the_one_that_is_called() -> None:
    instance = started(COUNTER, 3)
    e = instance.exports
    before, one = e.get(1), e.one
    for _ in range(5):
        e.count()
    assert is_moved(instance)
    assert e.get(1) is before is one is e.one
    assert before() == 1
    # Another module has it, and calls what it was before and is now.
    other = WebAssembly.Instance(
        WebAssembly.Module(
            wat2wasm(
                '(module (import "m" "f" (func $f (result i64))) (func (export "g") (result i64) (call $f)))'
            )
        ),
        {"m": {"f": e.count}},
    )
    assert other.exports.g() == e.count() - 1


def test_nothing_moves_while_a_function_runs() -> None:
    told: list[str] = []

    def host(value: int) -> int:
        if value:
            e.count()
            told.append(engines.explain(instance))
            e.call(value - 1)
        return value

    instance = started(COUNTER, 1, host)
    e = instance.exports
    assert e.call(4) == 4 + ord("a")
    assert told == ["python: a function of it is running"] * 4
    for _ in range(40):
        e.count()
    assert is_moved(instance)
    assert e.call(3) == 3 + ord("a")


def test_generators_of_host_functions_and_exceptions_end_what_runs() -> None:
    def steps() -> Any:
        while True:
            yield e.count()
            yield e.call(1)

    def host(value: int) -> int:
        if value < 0:
            raise KeyError(value)
        return next(generator) if value > 1 else value

    instance = started(COUNTER, 2, host)
    e, generator = instance.exports, steps()
    assert [next(generator), next(generator)] == [6, 98]
    with pytest.raises(KeyError) as failure:
        e.call(-1)
    assert failure.value.args == (-1,)
    assert is_moved(instance)
    assert e.call(2) == 7 + ord("a")
    with pytest.raises(KeyError) as failure:
        e.call(-1)
    assert failure.value.args == (-1,)
    assert e.count() == 8


def test_nothing_moves_that_another_thread_runs() -> None:
    inside, go_on = threading.Event(), threading.Event()

    def host(value: int) -> int:
        inside.set()
        assert go_on.wait(60)
        return value

    instance = started(COUNTER, 1, host)
    e, results = instance.exports, []
    table_function = e.get(1)
    thread = threading.Thread(target=lambda: results.append(e.call(1)))
    thread.start()
    assert inside.wait(60)
    assert [e.count(), e.count(), table_function()] == [6, 7, 1]
    assert not is_moved(instance)
    go_on.set()
    thread.join()
    assert results == [98]
    assert not is_moved(instance)


def test_a_view_that_is_held_keeps_it_where_it_is() -> None:
    instance = started(COUNTER, 1)
    e = instance.exports
    with e.memory.buffer.mv as view:
        for number in range(5):
            assert e.count() == 6 + number
            assert view[0] == 6 + number
        assert "memoryview" in engines.explain(instance)
    for _ in range(20):
        e.count()
    assert is_moved(instance)
    view = e.memory.buffer.mv
    count = e.count()
    assert view[0] == count


def test_the_compiler_does_not_delay_the_program() -> None:
    module = WebAssembly.Module(wat2wasm(COUNTER), engine=AutoEngine(patience=0))
    instance = WebAssembly.Instance(module, {"env": {"host": abs}})
    for number in range(10**6):
        assert instance.exports.count() == 6 + number
        if is_moved(instance):
            break
    assert is_moved(instance)


def test_what_is_dropped_comes_back() -> None:
    instance = started(COUNTER, 1)
    for _ in range(4):
        instance.exports.count()
    assert is_moved(instance)
    gone = weakref.ref(instance._instance)
    del instance
    gc.collect()
    assert gone() is None
