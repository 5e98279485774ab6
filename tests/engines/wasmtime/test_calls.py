"""Calls between Python and native code, and the identity of functions (EN-9, EN-10, EN-21 … EN-23)."""

from __future__ import annotations

import gc
import itertools
import random
import struct
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi import WebAssembly, engines, null, wat2wasm

TWO = wat2wasm("""(module
  (import "m" "f" (func $f (param i32) (result i32)))
  (type $t (func (param i32) (result i32)))
  (table $table (export "table") 4 funcref)
  (elem (i32.const 0) $inside $f)
  (global (export "global") funcref (ref.func $inside))
  (global (export "host") funcref (ref.func $f))
  (func $inside (export "once") (export "twice") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func $hidden (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
  (elem declare func $hidden)
  (func (export "reference") (result funcref) (ref.func $hidden))
  (func (export "pass") (param funcref) (result funcref) (local.get 0))
  (export "again" (func $f)))""")


def _exports(f: Callable[[int], int], **options: Any) -> Any:
    return WebAssembly.Instance(WebAssembly.Module(TWO, **options), {"m": {"f": f}}).exports


def test_en_9_a_function_is_one_object_however_it_comes_out() -> None:
    exports = _exports(lambda n: n)
    assert exports.once is exports.twice
    assert exports.table.get(0) is exports.once
    assert exports.table.get(1) is exports.again is exports.host.value
    assert exports["global"].value is exports.once
    assert exports["pass"](exports.once) is exports.once
    assert exports["pass"](null) is null
    assert exports.reference() is exports.reference()
    assert exports.reference()(5) == 15


def test_en_9_an_import_that_is_handed_on_stays_itself() -> None:
    inner = _exports(lambda n: n - 1)
    outer = _exports(inner.once)
    assert outer.again is inner.once
    assert outer.table.get(1) is inner.once
    outer.table.set(2, inner.again)
    assert outer.table.get(2) is inner.again
    assert outer.table.get(2)(7) == 6
    assert outer["pass"](inner.reference()) is inner.reference()


@pytest.mark.parametrize("first", ["python", "wasmtime"])
def test_en_9_across_engines(first: str) -> None:
    second = {"python": "wasmtime", "wasmtime": "python"}[first]
    inner = _exports(lambda n: n + 10, engine=first)
    outer = _exports(inner.once, engine=second)
    assert outer.again is inner.once
    assert outer.table.get(1) is inner.once
    assert outer["pass"](inner.again) is inner.again
    assert outer.again(1) == 2
    assert inner["pass"](outer.once) is outer.once
    inner.table.set(3, outer.once)
    assert inner.table.get(3) is outer.once


def test_en_10_a_function_that_only_native_code_holds_comes_back() -> None:
    exports = _exports(lambda n: n)
    table = exports.table
    exports.table.set(2, _exports(lambda n: n * 5).again)
    exports.table.set(3, _exports(lambda n: n * 7).reference())
    del exports
    gc.collect()
    assert table.get(0)(4) == 5
    assert table.get(2)(4) == 20
    assert table.get(3)(4) == 12


TYPES = ("i32", "i64", "f32", "f64")


def _value(generator: random.Random, type_: str) -> Any:
    bits = int(type_[1:])
    number = generator.choice((generator.getrandbits(bits), 0, 1 << bits - 1, (1 << bits) - 1))
    if type_[0] == "i":
        return number - (1 << bits) if number >> bits - 1 else number
    if type_ == "f32":
        return struct.unpack("<f", struct.pack("<I", number))[0]
    return struct.unpack("<d", struct.pack("<Q", number))[0]


def _bits(values: Any) -> list[str]:
    return [struct.pack("<d", v).hex() if isinstance(v, float) else str(v) for v in values]


def _both(params: tuple[str, ...], results: tuple[str, ...], engine: str, given: Any) -> Any:
    """What a function gets, and what its caller gets, where code passes arguments to it and its results back."""
    names, types = " ".join(params), " ".join(results)
    arguments = "".join(f"(local.get {index})" for index in range(len(params)))
    text = f"""(module (import "m" "f" (func $f (param {names}) (result {types})))
      (func (export "g") (param {names}) (result {types}) (call $f {arguments})))"""
    seen: list[Any] = []

    def host(*arguments: Any) -> Any:
        seen.extend(arguments)
        return given[1] if len(results) != 1 else given[1][0]

    module = WebAssembly.Module(wat2wasm(text), engine=engine)
    found = WebAssembly.Instance(module, {"m": {"f": host}}).exports.g(*given[0])
    if len(results) == 1:
        found = [found]
    return _bits(seen), _bits(found or [])


def _signatures() -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    generator = random.Random(21)
    found: list[tuple[tuple[str, ...], tuple[str, ...]]] = [((type_,), (type_,)) for type_ in TYPES]
    found += [(pair, pair[::-1]) for pair in itertools.product(TYPES, repeat=2)]
    for count in range(17):
        for _ in range(2):
            params = tuple(generator.choices(TYPES, k=count))
            found.append((params, tuple(generator.choices(TYPES, k=generator.randrange(6)))))
    return found


def test_en_21_values_of_every_signature_are_those_of_the_python_engine() -> None:
    generator = random.Random(22)
    for params, results in _signatures():
        for _ in range(3):
            given = (
                [_value(generator, type_) for type_ in params],
                [_value(generator, type_) for type_ in results],
            )
            assert _both(params, results, "wasmtime", given) == _both(
                params, results, "python", given
            ), (params, results)


def test_en_22_calls_nest_and_each_has_its_own_values() -> None:
    text = """(module (import "m" "f" (func $f (param i32 f64) (result i32)))
      (func (export "g") (param i32 f64) (result i32)
        (i32.add (local.get 0) (call $f (local.get 0) (f64.add (local.get 1) (f64.const 0.5))))))"""
    exports: Any = None

    def host(depth: int, value: float) -> int:
        if depth == 0:
            return int(value * 2)
        return exports.g(depth - 1, value) + 1  # type: ignore[no-any-return]

    exports = WebAssembly.Instance(WebAssembly.Module(wat2wasm(text)), {"m": {"f": host}}).exports
    assert exports.g(100, 0.0) == sum(range(101)) + 100 + 101


@pytest.mark.parametrize("given", [[1], [1, 2, 3], 7, [1, "x"], [1, 1.5], None])
def test_en_23_results_that_cannot_be_converted(given: Any) -> None:
    text = """(module (import "m" "f" (func $f (result i32 i64)))
      (func (export "g") (result i32 i64) (call $f)))"""
    messages = []
    for engine in ("python", "wasmtime"):
        module = WebAssembly.Module(wat2wasm(text), engine=engine)
        exports = WebAssembly.Instance(module, {"m": {"f": lambda: given}}).exports
        with pytest.raises((TypeError, SyntaxError)) as caught:
            exports.g()
        messages.append(repr(caught.value))
    assert messages[0] == messages[1]


def test_en_23_a_result_that_raises_while_it_is_converted() -> None:
    class Number:
        def __index__(self) -> int:
            raise KeyError("no number")

    text = '(module (import "m" "f" (func (result i32))) (func (export "g") (result i32) (call 0)))'
    module = WebAssembly.Module(wat2wasm(text))
    exports = WebAssembly.Instance(module, {"m": {"f": Number}}).exports
    for _ in range(2):
        with pytest.raises((KeyError, TypeError)):
            exports.g()


def test_functions_are_called_by_code_of_the_other_engine() -> None:
    text = """(module (import "m" "table" (table 4 funcref)) (type $t (func (param i32) (result i32)))
      (func (export "call") (param i32 i32) (result i32)
        (call_indirect (type $t) (local.get 1) (local.get 0))))"""
    table = _exports(lambda n: n - 1).table
    module = WebAssembly.Module(wat2wasm(text), engine="python")
    call = WebAssembly.Instance(module, {"m": {"table": table}}).exports.call
    assert [call(0, 4), call(1, 4)] == [5, 3]
    with pytest.raises(WebAssembly.RuntimeError, match="uninitialized element 2"):
        call(2, 4)
    with pytest.raises(WebAssembly.RuntimeError, match="undefined element"):
        call(4, 4)
    assert engines.default().name == "wasmtime"
