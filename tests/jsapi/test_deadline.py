"""Deadlines and interruption in the JS API: `Limits.deadline`, `Instance.interrupt`."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi import Atomics, Int32Array, SharedArrayBuffer, WebAssembly, structuredClone, wat2wasm
from pyjsapi.runtime import call_clock

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
    def no_threads(nanoseconds: int, action: Callable[[], object]) -> Any:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(call_clock, "call_later", no_threads)
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
