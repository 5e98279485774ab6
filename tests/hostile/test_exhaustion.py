"""Recursion without end: a RangeError that can be caught, and a store that goes on working."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pyjsapi import RangeError, Uint8Array, WebAssembly
from pyjsapi.text import wat2wasm

pytestmark = pytest.mark.usefixtures("deep_stack")

TEXT = """(module
  (import "host" "back" (func $back (param i32) (result i32)))
  (import "host" "quiet" (func $quiet))
  (type $t (func (param i32) (result i32)))
  (table funcref (elem $indirect $reference))
  (memory (export "memory") 1)
  (global $depth (export "depth") (mut i32) (i32.const 0))
  (func $self (export "self") (param i32) (result i32)
    (i32.add (i32.const 1) (call $self (local.get 0))))
  (func $writing (export "writing") (param i32) (result i32)
    (i32.store (i32.const 4) (i32.add (i32.load (i32.const 4)) (i32.const 1)))
    (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
    (i32.add (i32.const 1) (call $writing (local.get 0))))
  (func $one (export "mutual") (param i32) (result i32)
    (i32.add (i32.const 1) (call $other (local.get 0))))
  (func $other (param i32) (result i32) (i32.add (i32.const 1) (call $one (local.get 0))))
  (func $hosted (export "through a host function") (param i32) (result i32)
    (i32.add (i32.const 1) (call $back (local.get 0))))
  (func (export "through a host function without values") (param i32) (result i32)
    (call $quiet) (i32.const 0))
  (func $indirect (export "indirect") (param i32) (result i32)
    (i32.add (i32.const 1) (call_indirect (type $t) (local.get 0) (i32.const 0))))
  (func $reference (export "reference") (param i32) (result i32)
    (i32.add (i32.const 1) (call_ref $t (local.get 0) (ref.func $reference))))
  (func $twice (export "twice") (param i32) (result i32) (local i64 f64 v128)
    (i32.add (call $twice (i32.const 1)) (call $twice (i32.const 2))))
  (func $loop (export "in a loop") (param i32) (result i32)
    (loop $again (drop (call $loop (local.get 0))) (br $again)) (unreachable))
  (func $down (export "down") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
      (else (i32.const 0)))))"""
ENDLESS = [
    "self",
    "writing",
    "mutual",
    "through a host function",
    "through a host function without values",
    "indirect",
    "reference",
    "twice",
    "in a loop",
]


class Host:
    """Imports that call the instance back."""

    exports: Any

    def back(self, value: int) -> int:
        result: int = self.exports["through a host function"](value)
        return result

    def quiet(self) -> None:
        self.exports["through a host function without values"](0)


@pytest.fixture
def exports() -> Any:
    host = Host()
    host.exports = WebAssembly.Instance(WebAssembly.Module(wat2wasm(TEXT)), {"host": host}).exports
    return host.exports


@pytest.mark.parametrize("name", ENDLESS)
def test_endless_recursion_is_a_range_error_and_the_store_goes_on(exports: Any, name: str) -> None:
    for _ in range(3):
        with pytest.raises(RangeError, match="call stack") as caught:
            exports[name](1)
        assert isinstance(caught.value, RecursionError)
        assert caught.value.name == "RangeError"
        assert exports.down(1000) == 1000
    exports.depth.value = 5
    assert exports.depth.value == 5
    assert exports.memory.grow(1) == 1


def test_what_was_written_before_the_end_of_the_stack_stays(exports: Any) -> None:
    with pytest.raises(RangeError):
        exports.writing(0)
    depth = exports.depth.value
    assert depth > 1000
    assert int.from_bytes(bytes(Uint8Array(exports.memory.buffer)[4:8]), "little") == depth


def test_endless_recursion_in_another_thread(exports: Any) -> None:
    caught: list[BaseException] = []

    def endless() -> None:
        try:
            exports.self(1)
        except RangeError as error:
            caught.append(error)

    thread = threading.Thread(target=endless)
    thread.start()
    thread.join()
    assert len(caught) == 1
    assert exports.down(1000) == 1000


def test_endless_recursion_of_the_start_function() -> None:
    module = WebAssembly.Module(wat2wasm("(module (func $s (call $s) (nop)) (start $s))"))
    for _ in range(2):
        with pytest.raises(RangeError):
            WebAssembly.Instance(module)


def test_a_function_first_called_at_the_end_of_the_stack_can_be_called_later() -> None:
    """Translation needs stack itself: what it leaves undone must not stay half done."""
    text = """(module
      (func $fresh (export "fresh") (param i32) (result i32)
        (block $a (loop $b (br_if $a (i32.eqz (local.get 0)))
          (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br $b)))
        (i32.add (local.get 0) (i32.const 7)))
      (func $down (export "down") (param i32) (result i32)
        (if (result i32) (local.get 0)
          (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
          (else (call $fresh (i32.const 3))))))"""
    data = wat2wasm(text)
    outcomes = set()
    deep = 16_000
    shallow = 100
    while deep - shallow > 1:
        middle = (deep + shallow) // 2
        exports = WebAssembly.Instance(WebAssembly.Module(data)).exports
        try:
            assert exports.down(middle) == middle + 7
            shallow = middle
        except RangeError:
            deep = middle
            outcomes.add("too deep")
            assert exports.fresh(3) == 7
            assert exports.down(100) == 107
    assert outcomes == {"too deep"}
    assert shallow > 1000


def test_a_trap_deep_inside_is_that_trap() -> None:
    text = """(module (func $down (export "down") (param i32) (result i32)
      (if (result i32) (local.get 0)
        (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
        (else (unreachable)))))"""
    exports = WebAssembly.Instance(WebAssembly.Module(wat2wasm(text))).exports
    for _ in range(3):
        with pytest.raises(WebAssembly.RuntimeError, match="unreachable"):
            exports.down(5000)
