"""`pyjsapi.sandbox.longjmp`: the calls that Emscripten sends out to the host and back."""

from __future__ import annotations

from typing import Any

import pytest

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.sandbox.longjmp import Invoker

_MODULE = wat2wasm(r"""(module
  (import "env" "invoke_ii" (func $invoke_ii (param i32 i32) (result i32)))
  (import "env" "invoke_dj" (func $invoke_dj (param i32 i64) (result f64)))
  (import "env" "_emscripten_throw_longjmp" (func $throw))
  (table (export "__indirect_function_table") 8 funcref)
  (elem (i32.const 1) $twice $leave $half $nest)
  (global $stack (mut i32) (i32.const 1000))
  (global $threw (export "threw") (mut i32) (i32.const 0))
  (global $overflows (export "overflows") (mut i32) (i32.const 0))
  (func (export "stack_save") (result i32) (global.get $stack))
  (func (export "stack_restore") (param i32) (global.set $stack (local.get 0)))
  (func (export "setThrew") (param i32 i32) (global.set $threw (local.get 0)))
  (func (export "overflow") (global.set $overflows (i32.add (global.get $overflows) (i32.const 1))))
  (func $twice (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func $leave (param i32) (result i32) (global.set $stack (i32.const 8)) (call $throw) (unreachable))
  (func $half (param i64) (result f64) (f64.div (f64.convert_i64_u (local.get 0)) (f64.const 2)))
  (func $nest (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $invoke_ii (i32.const 4) (i32.sub (local.get 0) (i32.const 1)))))
      (else (i32.const 0))))
  (func (export "ii") (param i32 i32) (result i32) (call $invoke_ii (local.get 0) (local.get 1)))
  (func (export "dj") (param i32 i64) (result f64) (call $invoke_dj (local.get 0) (local.get 1))))""")


def _exports(most: int = 10) -> Any:
    module = WebAssembly.Module(_MODULE)
    invoker = Invoker(most, "overflow")
    exports = WebAssembly.Instance(module, {"env": invoker.imports(module)}).exports
    invoker.bind(exports)
    return exports


def test_values_go_and_come_as_they_are() -> None:
    exports = _exports()
    assert exports.ii(1, -3) == -6
    assert exports.dj(3, -1) == 2**63


def test_a_longjmp_ends_the_nearest_call_and_puts_the_stack_back() -> None:
    exports = _exports()
    assert exports.ii(2, 5) == 0
    assert (exports.threw.value, exports.stack_save()) == (1, 1000)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (0, "uninitialized element"),
        (3, "indirect call type mismatch"),
        (8, "undefined element"),
        (-1, "undefined element"),
    ],
)
def test_what_is_not_such_a_function_traps(index: int, message: str) -> None:
    exports = _exports()
    with pytest.raises(WebAssembly.RuntimeError, match=message):
        exports.ii(index, 1)
    assert exports.ii(1, 2) == 4


def test_calls_that_are_too_deep_have_the_guest_raise() -> None:
    exports = _exports(most=5)
    assert exports.ii(4, 4) == 4
    assert exports.overflows.value == 0
    assert exports.ii(4, 9) == 5
    assert exports.overflows.value == 1
    assert exports.ii(4, 4) == 4


def test_a_call_before_there_is_a_table_traps() -> None:
    module = WebAssembly.Module(_MODULE)
    exports: Any = WebAssembly.Instance(
        module, {"env": Invoker(5, "overflow").imports(module)}
    ).exports
    with pytest.raises(WebAssembly.RuntimeError, match="undefined element"):
        exports.ii(1, 1)
