"""An Exported Function is one object for as long as its function lives, whichever way it reaches the host."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import pytest

from pyjsapi import WebAssembly, wat2wasm

TEXT = """(module
  (type $t (func (result i32)))
  (import "host" "take" (func $take (param funcref)))
  (import "host" "give" (func $give (result i32)))
  (table $table (export "table") 4 funcref)
  (global (export "global") funcref (ref.func $seven))
  (elem (table $table) (i32.const 0) func $seven $give $nine)
  (func $seven (export "seven") (type $t) (i32.const 7))
  (func $nine (type $t) (i32.const 9))
  (func (export "reference") (result funcref) (ref.func $seven))
  (func (export "element") (param i32) (result funcref) (table.get (local.get 0)))
  (func (export "pass") (call $take (ref.func $seven)))
  (func (export "call") (param i32) (result i32) (call_indirect (type $t) (local.get 0))))"""
MODULE = WebAssembly.Module(wat2wasm(TEXT))


class Host:
    """Keeps nothing but what it is asked to."""

    def __init__(self) -> None:
        self.marks: list[Any] = []

    def take(self, function: Any) -> None:
        """Remember the mark that the function bears, not the function."""
        self.marks.append(getattr(function, "mark", None))

    def give(self) -> int:
        return 8


def instance(host: Host | None = None) -> Any:
    return WebAssembly.Instance(MODULE, {"host": host or Host()}).exports


@pytest.mark.parametrize("at", [0, 1, 2], ids=["exported", "of the host", "not exported"])
def test_a_function_of_a_table_is_the_same_object_though_nobody_holds_it(at: int) -> None:
    exports = instance()
    exports.table.get(at).mark = "seen"
    gc.collect()
    assert exports.table.get(at).mark == "seen"
    assert exports.element(at) is exports.table.get(at)
    assert exports.call(at) == exports.table.get(at)() == 7 + at


def test_all_ways_to_the_host_lead_to_the_same_function() -> None:
    host = Host()
    exports = instance(host)
    exports.reference().mark = "seen"
    gc.collect()
    assert exports["global"].value.mark == "seen"
    assert exports.table.get(0) is exports.seven is exports.reference()
    exports["pass"]()
    assert host.marks == ["seen"]
    exports.table.set(3, exports.seven)
    assert exports.table.get(3) is exports.seven


def test_another_function_in_the_place_of_one_is_another_object() -> None:
    exports, other = instance(), instance()
    first = exports.table.get(0)
    exports.table.set(0, other.seven)
    assert exports.table.get(0) is other.seven is not first
    exports.table.set(0)
    assert exports.table.get(0) is not first
    assert first() == 7


@pytest.mark.usefixtures("busy_switching")
def test_threads_that_ask_together_get_the_same_function() -> None:
    for _ in range(30):
        exports = instance()
        begun = threading.Barrier(4)
        found: list[Any] = []

        def ask(exports: Any = exports, begun: Any = begun, found: Any = found) -> None:
            begun.wait()
            found.append(exports.table.get(0))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({id(function) for function in found}) == 1


@pytest.mark.long
def test_ten_thousand_instances_come_back() -> None:
    gc.collect()
    kept: list[weakref.ref[Any]] = []
    for number in range(10_000):
        exports = instance()
        functions = [exports.reference(), *map(exports.table.get, range(3))]
        kept += map(weakref.ref, functions)
        del exports, functions
        if number % 500 == 499:
            gc.collect()
            assert not any(reference() for reference in kept)
            kept.clear()
