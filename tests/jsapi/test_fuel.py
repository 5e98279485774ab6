"""Fuel in the JS API: `Limits.fuel`, `OutOfFuel`, and what an instance says of it."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pyjsapi import Limits, RangeError, WebAssembly, structuredClone, wat2wasm

ENDLESS = wat2wasm("""
  (module
    (import "host" "f" (func $host))
    (func (export "endless") (loop (br 0)))
    (func (export "one") (result i32) (i32.const 1))
    (func (export "host") (call $host)))
""")


def _instance(limits: Any, host: Any = lambda: None) -> WebAssembly.Instance:
    module = WebAssembly.Module(ENDLESS, limits=limits)
    return WebAssembly.Instance(module, {"host": {"f": host}})


def test_out_of_fuel_is_a_runtime_error_with_the_calls_that_it_passed() -> None:
    instance = _instance({"fuel": 100_000})
    with pytest.raises(WebAssembly.OutOfFuel, match="out of fuel") as raised:
        instance.exports.endless()
    assert isinstance(raised.value, WebAssembly.RuntimeError)
    assert [frame.index for frame in raised.value.wasm_frames] == [1]
    assert (instance.fuel_used, instance.fuel_left) == (100_000, 0)


def test_the_instance_and_others_go_on() -> None:
    first, second = _instance(Limits(fuel=10)), _instance(Limits(fuel=10))
    with pytest.raises(WebAssembly.OutOfFuel):
        first.exports.endless()
    assert second.exports.one() == 1
    assert (second.fuel_left, second.fuel_used) == (9, 1)
    first.add_fuel(5)
    assert first.exports.one() == 1
    assert (first.fuel_left, first.fuel_used) == (4, 11)


def test_without_a_limit_nothing_is_counted() -> None:
    instance = _instance(None)
    assert instance.exports.one() == 1
    assert (instance.fuel_left, instance.fuel_used) == (None, None)
    with pytest.raises(
        TypeError, match=r"add_fuel\(\): the module was compiled without Limits\.fuel"
    ):
        instance.add_fuel(1)


def test_what_is_no_amount_of_fuel() -> None:
    instance = _instance({"fuel": 0})
    for value in (1.5, "1", None, True):
        with pytest.raises(TypeError, match=r"add_fuel\(\): fuel must be an int"):
            instance.add_fuel(value)  # type: ignore[arg-type]
    with pytest.raises(RangeError, match=r"add_fuel\(\): fuel must not be negative"):
        instance.add_fuel(-1)
    assert instance.fuel_left == 0


def test_host_functions_see_what_is_left_and_can_add_to_it() -> None:
    seen = []

    def host() -> None:
        seen.append(instance.fuel_left)
        instance.add_fuel(10)
        instance.exports.one()
        seen.append(instance.fuel_left)

    instance = _instance({"fuel": 3}, host)
    instance.exports.host()
    assert seen == [2, 11]
    assert (instance.fuel_left, instance.fuel_used) == (11, 2)


def test_host_functions_that_are_out_of_fuel_themselves() -> None:
    inner = _instance({"fuel": 5})
    outer = _instance({"fuel": 50}, lambda: inner.exports.endless())
    with pytest.raises(WebAssembly.OutOfFuel):
        outer.exports.host()
    assert (inner.fuel_left, outer.fuel_left) == (0, 49)


def test_fuel_can_be_added_from_another_thread() -> None:
    """What one thread adds while another runs is not lost."""
    instance = _instance({"fuel": 0})
    adders = [threading.Thread(target=_add, args=(instance, 1000)) for _ in range(4)]
    for adder in adders:
        adder.start()
    ended = 0
    while any(adder.is_alive() for adder in adders):
        try:
            instance.exports.endless()
        except WebAssembly.OutOfFuel:
            ended += 1
    for adder in adders:
        adder.join()
    with pytest.raises(WebAssembly.OutOfFuel):
        instance.exports.endless()
    assert (instance.fuel_used, instance.fuel_left) == (4000, 0)


def test_what_several_threads_use_of_one_instance_is_all_counted() -> None:
    data = wat2wasm("""
      (module (func $inner (param i32) (result i32) (i32.sub (local.get 0) (i32.const 1)))
        (func (export "loop") (param i32)
          (loop (br_if 0 (local.tee 0 (call $inner (local.get 0)))))))""")
    instance = WebAssembly.Instance(WebAssembly.Module(data, limits={"fuel": 10**7}))
    instance.exports.loop(1)
    each = instance.fuel_used or 0
    stop = threading.Event()

    def refill() -> None:
        while not stop.is_set():
            instance.add_fuel(1)

    threads = [threading.Thread(target=instance.exports.loop, args=(5000,)) for _ in range(4)]
    adder = threading.Thread(target=refill)
    for thread in (adder, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    adder.join()
    assert instance.fuel_used == each * 20_001


def _add(instance: WebAssembly.Instance, times: int) -> None:
    for _ in range(times):
        instance.add_fuel(1)


def test_a_start_function_pays_too() -> None:
    data = wat2wasm("(module (func $f (loop (br 0))) (start $f))")
    with pytest.raises(WebAssembly.OutOfFuel):
        WebAssembly.Instance(WebAssembly.Module(data, limits={"fuel": 1000}))


def test_the_error_can_be_sent() -> None:
    copy = structuredClone(WebAssembly.OutOfFuel("out of fuel"))
    assert type(copy) is WebAssembly.OutOfFuel
