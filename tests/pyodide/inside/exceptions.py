"""Exceptions that pass thousands of frames: Pyodide must survive, and the module stay usable."""

from __future__ import annotations

from typing import Any

from pyjsapi import RangeError, WebAssembly
from pyjsapi.text import wat2wasm

DEPTH = 9000
TEXT = """(module (import "m" "fail" (func $fail)) (tag $t (param i32))
  (func $down (param i32)
    (if (i32.eqz (local.get 0)) (then (throw $t (i32.const 7))))
    (call $down (i32.sub (local.get 0) (i32.const 1))))
  (func (export "new") (param i32) (result i32)
    (block $h (result i32) (try_table (catch $t $h) (call $down (local.get 0))) (i32.const 1)))
  (func (export "old") (param i32) (result i32)
    (try (result i32) (do (call $down (local.get 0)) (i32.const 0)) (catch $t) (catch_all (i32.const 9))))
  (func $each (export "each") (param i32)
    (block $h (result exnref)
      (try_table (catch_all_ref $h)
        (if (i32.eqz (local.get 0)) (then (call $fail)))
        (call $each (i32.sub (local.get 0) (i32.const 1))))
      (return))
    (throw_ref))
  (func $endless (export "endless") (block $h (try_table (catch_all $h) (call $endless)))))"""
ERROR = KeyError("of the host")


def _fail() -> None:
    raise ERROR


def _exports() -> Any:
    module = WebAssembly.Module(wat2wasm(TEXT))
    return WebAssembly.Instance(module, {"m": {"fail": _fail}}).exports


def case_deep_exceptions_are_caught() -> None:
    exports = _exports()
    for depth in (DEPTH, 3):
        assert exports.new(depth) == 7
        assert exports.old(depth) == 7


def case_an_exception_of_the_host_is_thrown_again_at_every_level() -> None:
    exports = _exports()
    for depth in (DEPTH, 3):
        try:
            exports.each(depth)
        except KeyError as error:
            assert error is ERROR
        else:
            raise AssertionError("nothing was raised")


def case_handlers_at_every_level_do_not_catch_exhaustion() -> None:
    exports = _exports()
    for _ in range(2):
        try:
            exports.endless()
        except RangeError:
            assert exports.new(3) == 7
        else:
            raise AssertionError("nothing was raised")
