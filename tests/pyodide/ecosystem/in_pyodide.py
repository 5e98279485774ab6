"""Tests as users of pytest-pyodide write them; `test_pytest_pyodide.py` runs them."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_pyodide import run_in_pyodide

from pyjsapi import WebAssembly


@run_in_pyodide(packages=["pyjsapi"])
def test_modules_run(selenium: Any) -> None:
    from pyjsapi import WebAssembly, wat2wasm

    text = """(module (memory 1) (memory (export "m") 1) (func (export "add") (param i32 i32) (result i32)
      (i32.store 1 (i32.const 8) (i32.add (local.get 0) (local.get 1))) (i32.load 1 (i32.const 8))))"""
    exports = WebAssembly.Instance(WebAssembly.Module(wat2wasm(text))).exports
    assert exports.add(2, 3) == 5
    assert bytes(exports.m.buffer)[8] == 5


@run_in_pyodide(packages=["pyjsapi"])
async def test_promises_are_awaited(selenium: Any) -> None:
    from pyjsapi import WebAssembly, wat2wasm

    text = '(module (import "m" "f" (func $f (result i32))) (func (export "g") (result i32) (call $f)))'
    instance = (await WebAssembly.instantiate(wat2wasm(text), {"m": {"f": lambda: 42}})).instance
    assert instance.exports.g() == 42


@run_in_pyodide(packages=["pyjsapi"])
def _divide(selenium: Any, a: int, b: int) -> int:
    from pyjsapi import WebAssembly, wat2wasm

    text = """(module (func (export "divide") (param i32 i32) (result i32)
      (i32.div_s (local.get 0) (local.get 1))))"""
    module = WebAssembly.Module(wat2wasm(text))
    quotient: int = WebAssembly.Instance(module).exports.divide(a, b)
    return quotient


@pytest.mark.parametrize(("a", "b", "quotient"), [(7, 2, 3), (-7, 2, -3)])
def test_values_cross(selenium: Any, a: int, b: int, quotient: int) -> None:
    assert _divide(selenium, a, b) == quotient


def test_what_is_raised_crosses(selenium: Any) -> None:
    with pytest.raises(WebAssembly.RuntimeError, match="divide by zero"):
        _divide(selenium, 1, 0)
