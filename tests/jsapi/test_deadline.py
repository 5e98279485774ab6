"""Deadlines and interruption in the JS API: `Limits.deadline`, `Instance.interrupt`."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi import (
    Atomics,
    Int32Array,
    SharedArrayBuffer,
    WebAssembly,
    Worker,
    structuredClone,
    wat2wasm,
)
from pyjsapi.blocks import waiting
from pyjsapi.jsapi import js_string
from pyjsapi.runtime import call_clock, pieces

SHORT = {"deadline": 0.02}
PROGRAM = wat2wasm("""
  (module
    (import "host" "f" (func $host))
    (memory 1 1 shared)
    (func $spin (export "spin") (loop (br 0)))
    (func (export "catches") (block (try_table (catch_all 0) (call $spin))) (call $host))
    (func (export "wait") (result i32) (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
    (func (export "one") (result i32) (i32.const 1))
    (func (export "host") (call $host)))
""")


def _instance(limits: Any, host: Callable[[], object] = lambda: None) -> WebAssembly.Instance:
    return WebAssembly.Instance(WebAssembly.Module(PROGRAM, limits=limits), {"host": {"f": host}})


@pytest.mark.parametrize("name", ["spin", "catches", "wait"])
def test_a_call_ends_at_its_deadline(name: str) -> None:
    called: list[None] = []
    instance = _instance(SHORT, lambda: called.append(None))
    with pytest.raises(WebAssembly.DeadlineExceeded, match="deadline exceeded") as raised:
        instance.exports[name]()
    assert isinstance(raised.value, WebAssembly.RuntimeError)
    assert raised.value.wasm_frames
    assert called == []


def test_a_wait_of_a_host_function_ends_at_the_deadline() -> None:
    view = Int32Array(SharedArrayBuffer(8))
    instance = _instance(SHORT, lambda: Atomics.wait(view, 0, 0))
    with pytest.raises(WebAssembly.DeadlineExceeded):
        instance.exports.host()
    assert Atomics.wait(view, 0, 0, 1) == "timed-out"


LONG = wat2wasm(f"""
  (module
    (type $units (array (mut i16)))
    (import "wasm:js-string" "fromCharCodeArray" (func $from (param (ref null $units) i32 i32) (result (ref extern))))
    (import "wasm:js-string" "intoCharCodeArray"
      (func $into (param externref (ref null $units) i32) (result i32)))
    (import "host" "m" (memory $given 16))
    (memory $own 16) (memory $shared 16 16 shared)
    (table $t 1000000 funcref)
    (data $d "{"x" * 100_000}")
    (global $array (mut (ref null $units)) (ref.null $units))
    (func $new (export "new") (param $n i32)
      (global.set $array (array.new_default $units (local.get $n))))
    (func (export "memory.fill") (memory.fill $own (i32.const 0) (i32.const 1) (i32.const 1000000)))
    (func (export "shared.fill") (memory.fill $shared (i32.const 0) (i32.const 1) (i32.const 1000000)))
    (func (export "given.fill") (memory.fill $given (i32.const 0) (i32.const 1) (i32.const 1000000)))
    (func (export "memory.copy") (memory.copy $own $own (i32.const 9) (i32.const 0) (i32.const 1000000)))
    (func (export "shared.copy") (memory.copy $own $shared (i32.const 9) (i32.const 0) (i32.const 1000000)))
    (func (export "given.copy") (memory.copy $given $shared (i32.const 9) (i32.const 0) (i32.const 1000000)))
    (func (export "memory.init") (memory.init $own $d (i32.const 0) (i32.const 0) (i32.const 100000)))
    (func (export "table.fill") (table.fill $t (i32.const 0) (ref.null func) (i32.const 1000000)))
    (func (export "table.copy") (table.copy $t $t (i32.const 9) (i32.const 0) (i32.const 999990)))
    (func (export "array.new_data") (drop (array.new_data $units $d (i32.const 0) (i32.const 50000))))
    (func (export "array.init_data")
      (array.init_data $units $d (global.get $array) (i32.const 0) (i32.const 0) (i32.const 50000)))
    (func (export "array.fill") (array.fill $units (global.get $array) (i32.const 0) (i32.const 7) (i32.const 500000)))
    (func (export "array.copy") (array.copy $units $units
      (global.get $array) (i32.const 9) (global.get $array) (i32.const 0) (i32.const 499990)))
    (func (export "from") (result externref) (call $from (global.get $array) (i32.const 0) (i32.const 500000)))
    (func (export "into") (param externref) (result i32)
      (call $into (local.get 0) (global.get $array) (i32.const 0))))
""")
LONG_NAMES = [
    f"{kind}.{do}"
    for kind, all_ in {
        "memory": "fill copy init",
        "shared": "fill copy",
        "given": "fill copy",
        "table": "fill copy",
        "array": "new_data init_data fill copy",
    }.items()
    for do in all_.split()
]


def _long(limits: Any) -> WebAssembly.Instance:
    module = WebAssembly.Module(LONG, builtins=["js-string"], limits=limits)
    memory = WebAssembly.Memory(initial=16, storage="guarded")
    instance = WebAssembly.Instance(module, {"host": {"m": memory}})
    instance.exports.new(500_000)
    return instance


def _set_deadline(instance: WebAssembly.Instance, seconds: float) -> None:
    clock = instance._instance.clock
    assert clock is not None
    clock.seconds = seconds


@pytest.mark.parametrize("fuel", [None, 10**9])
@pytest.mark.parametrize("name", [*LONG_NAMES, "from", "into"])
def test_one_instruction_that_takes_long_ends_at_the_deadline(
    name: str, fuel: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pieces of one byte or element take long enough."""
    instance = _long({"deadline": 1000, "fuel": fuel})
    given = ("é" * 500_000,) if name == "into" else ()
    instance.exports[name](*given)
    _set_deadline(instance, 0.01)
    monkeypatch.setattr(pieces, "BYTES", 1)
    monkeypatch.setattr(pieces, "ELEMENTS", 1)
    monkeypatch.setattr(js_string, "_PIECE", 1)
    with pytest.raises(WebAssembly.DeadlineExceeded):
        instance.exports[name](*given)


def test_what_ends_in_the_middle_has_written_a_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = _long({"deadline": 1000})
    _set_deadline(instance, 0.05)
    monkeypatch.setattr(pieces, "ELEMENTS", 1)
    with pytest.raises(WebAssembly.DeadlineExceeded):
        instance.exports["array.fill"]()
    _set_deadline(instance, 1000)
    text = instance.exports["from"]()
    written = text.count("\7")
    assert written < 500_000
    assert text == "\7" * written + "\0" * (500_000 - written)


@pytest.mark.parametrize("limits", [None, {"deadline": math.inf}, {"fuel": 10**9}])
def test_long_instructions_do_all_that_they_are_to_do(limits: Any) -> None:
    exports = _long(limits).exports
    for name in LONG_NAMES:
        exports[name]()
    assert exports["from"]() == "\7" * 500_000
    assert exports.into("é" * 500_000) == 500_000
    assert exports["from"]() == "é" * 500_000


def test_long_instructions_end_where_there_are_no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_clock, "call_later", _no_threads)
    instance = _long({"deadline": 1000})
    monkeypatch.setattr(pieces, "BYTES", 1)
    monkeypatch.setattr(js_string, "_PIECE", 1)
    _set_deadline(instance, 0.01)
    for name, given in (("memory.fill", ()), ("into", ("é" * 500_000,))):
        with pytest.raises(WebAssembly.DeadlineExceeded):
            instance.exports[name](*given)


def test_a_wait_ends_where_there_are_no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_clock, "call_later", _no_threads)
    monkeypatch.setattr(waiting, "_acquired", lambda lock, timeout: waiting._slept(timeout))
    view = Int32Array(SharedArrayBuffer(8))
    for timeout in (math.inf, 10**9):
        instance = _instance(SHORT, lambda timeout=timeout: Atomics.wait(view, 0, 0, timeout))  # type: ignore[misc]
        with pytest.raises(WebAssembly.DeadlineExceeded):
            instance.exports.host()
    instance = _instance({"deadline": 1000}, lambda: Atomics.wait(view, 0, 0, 1))
    instance.exports.host()


def _no_threads(nanoseconds: int, action: Callable[[], object]) -> Any:
    raise RuntimeError("can't start new thread")


@pytest.mark.parametrize("name", ["spin", "wait"])
def test_a_deadline_in_a_worker(name: str) -> None:
    ended: list[type[BaseException]] = []

    def run(scope: object) -> None:
        try:
            _instance(SHORT).exports[name]()
        except BaseException as error:
            ended.append(type(error))

    worker = Worker(run)
    worker.join()
    assert ended == [WebAssembly.DeadlineExceeded]


def test_each_call_has_its_own_deadline_and_the_instance_goes_on() -> None:
    instance = _instance(SHORT)
    for _ in range(3):
        with pytest.raises(WebAssembly.DeadlineExceeded):
            instance.exports.spin()
        assert instance.exports.one() == 1
    assert instance.fuel_left is None


def test_calls_inside_of_calls_have_the_deadline_of_the_outermost() -> None:
    instance = _instance(SHORT, lambda: instance.exports.spin())
    with pytest.raises(WebAssembly.DeadlineExceeded):
        instance.exports.host()


def test_a_host_function_cannot_go_on_for_its_module() -> None:
    """Who catches the end of an inner call meets it again."""
    ended: list[int] = []

    def host() -> None:
        try:
            instance.exports.spin()
        except WebAssembly.DeadlineExceeded:
            ended.append(1)
        instance.exports.spin()

    instance = _instance(SHORT, host)
    with pytest.raises(WebAssembly.DeadlineExceeded):
        instance.exports.host()
    assert ended == [1]


def test_the_deadline_of_an_outer_instance_ends_a_wait_in_an_inner_one() -> None:
    inner = _instance({"deadline": math.inf})
    outer = _instance(SHORT, lambda: inner.exports.wait())
    with pytest.raises(WebAssembly.DeadlineExceeded):
        outer.exports.host()
    assert inner.exports.one() == 1


@pytest.mark.parametrize("name", ["spin", "wait"])
def test_interrupt_ends_what_runs(name: str) -> None:
    running = threading.Event()
    instance = _instance({"deadline": math.inf}, running.set)
    assert instance.interrupt() is False
    raised: list[BaseException] = []

    def run() -> None:
        try:
            _both(instance, name)
        except BaseException as error:
            raised.append(error)

    def _both(instance: WebAssembly.Instance, name: str) -> None:
        instance.exports.host()
        instance.exports[name]()

    thread = threading.Thread(target=run)
    thread.start()
    assert running.wait(60)
    while not instance.interrupt():
        assert thread.is_alive()
    while thread.is_alive():
        # The first may have met the call before.
        instance.interrupt()
        thread.join(0.01)
    assert [type(error) for error in raised] == [WebAssembly.Interrupted]
    assert instance.exports.one() == 1


def test_without_threads_the_time_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_clock, "call_later", _no_threads)
    instance = _instance(SHORT)
    with pytest.raises(WebAssembly.DeadlineExceeded):
        instance.exports.spin()
    assert instance.exports.one() == 1


def test_fuel_and_deadline_together() -> None:
    instance = _instance({"fuel": 1000, "deadline": 1000})
    with pytest.raises(WebAssembly.OutOfFuel):
        instance.exports.spin()
    assert instance.fuel_left == 0
    instance = _instance({"fuel": 10**15, "deadline": 0.02})
    with pytest.raises(WebAssembly.DeadlineExceeded):
        instance.exports.spin()
    assert (instance.fuel_left or 0) + (instance.fuel_used or 0) == 10**15


def test_a_start_function_has_a_deadline_too() -> None:
    data = wat2wasm("(module (func $f (loop (br 0))) (start $f))")
    with pytest.raises(WebAssembly.DeadlineExceeded):
        WebAssembly.Instance(WebAssembly.Module(data, limits=SHORT))


def test_what_is_no_deadline() -> None:
    for value in (0, -1, math.nan):
        with pytest.raises(ValueError, match=r"Limits\.deadline must be positive, in seconds"):
            _instance({"deadline": value})
    with pytest.raises(TypeError, match=r"Limits\.deadline must be"):
        _instance({"deadline": "1"})
    with pytest.raises(TypeError, match=r"interrupt\(\): the module was compiled without"):
        _instance({"fuel": 5}).interrupt()


@pytest.mark.parametrize("kind", [WebAssembly.DeadlineExceeded, WebAssembly.Interrupted])
def test_the_errors_can_be_sent(kind: type[Exception]) -> None:
    assert type(structuredClone(kind("ended"))) is kind
