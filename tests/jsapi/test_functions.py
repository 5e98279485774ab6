"""Exported Functions and host functions: conversions, identity, names (index.bs, "Exported Functions")."""

from __future__ import annotations

import gc
import math
import struct
import weakref

import pytest

from pyjsapi import RangeError, WebAssembly, null
from pyjsapi.text import wat2wasm


def instance(text: str, imports: object = None) -> WebAssembly.Instance:
    return WebAssembly.Instance(WebAssembly.Module(wat2wasm(text)), imports)


IDENTITIES = """(module
  (func (export "i32") (param i32) (result i32) (local.get 0))
  (func (export "i64") (param i64) (result i64) (local.get 0))
  (func (export "f32") (param f32) (result f32) (local.get 0))
  (func (export "f64") (param f64) (result f64) (local.get 0))
  (func (export "extern") (param externref) (result externref) (local.get 0))
  (func (export "func") (param funcref) (result funcref) (local.get 0))
  (func (export "is_null") (param externref) (result i32) (ref.is_null (local.get 0)))
  (func (export "two") (result i32 i64) (i32.const 1) (i64.const -1)))"""


class Numeric:
    def __init__(self, value: float) -> None:
        self.value = value

    def __float__(self) -> float:
        return self.value


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (5, 5),
        (-1, -1),
        (2**31, -(2**31)),
        (2**32 + 7, 7),
        (-(2**40) - 1, -1),
        (3.99, 3),
        (-3.99, -3),
        (2.0**32 + 1, 1),
        (math.nan, 0),
        (math.inf, 0),
        (True, 1),
        (None, 0),
        (null, 0),
        ("0x10", 16),
        ("x", 0),
        (Numeric(7.5), 7),
    ],
)
def test_to_int32(given: object, expected: int) -> None:
    result = instance(IDENTITIES).exports.i32(given)
    assert result == expected
    assert type(result) is int


@pytest.mark.parametrize(
    ("given", "expected"), [(2**63, -(2**63)), (-1, -1), (2**64 + 3, 3), (True, 1), ("12", 12)]
)
def test_to_bigint64(given: object, expected: int) -> None:
    assert instance(IDENTITIES).exports.i64(given) == expected


@pytest.mark.parametrize("given", [None, null, 1.0, math.nan])
def test_a_number_or_undefined_is_no_i64(given: object) -> None:
    with pytest.raises(TypeError):
        instance(IDENTITIES).exports.i64(given)


def test_floats_are_rounded_to_their_type() -> None:
    exports = instance(IDENTITIES).exports
    assert exports.f32(0.1) == struct.unpack("<f", struct.pack("<f", 0.1))[0]
    assert exports.f32(1e39) == math.inf
    assert exports.f64(0.1) == 0.1
    assert exports.f64(3) == 3.0
    assert type(exports.f64(3)) is float
    assert math.isnan(exports.f64())
    assert math.copysign(1, exports.f32(-0.0)) == -1


def test_external_references_carry_any_value() -> None:
    exports = instance(IDENTITIES).exports
    marker = object()
    for value in (marker, None, null, "text", 1, exports.i32):
        assert exports.extern(value) is value
    assert exports.is_null(null) == 1
    assert exports.is_null(None) == 0


def test_function_references_are_exported_functions_or_null() -> None:
    exports = instance(IDENTITIES).exports
    assert exports.func(exports.i32) is exports.i32
    assert exports.func(null) is null
    for value in (None, print, 1):
        with pytest.raises(TypeError):
            exports.func(value)


def test_several_results_are_a_list() -> None:
    assert instance(IDENTITIES).exports.two() == [1, -1]


def test_missing_arguments_are_undefined_and_more_are_ignored() -> None:
    exports = instance(IDENTITIES).exports
    assert exports.i32() == 0
    assert exports.i32(1, 2, 3) == 1


def test_an_exported_function_has_the_name_and_length_of_javascripts() -> None:
    exports = instance(
        '(module (func (import "e" "f")) (func (export "g") (param i32 i32)))', {"e": {"f": print}}
    ).exports
    assert (exports.g.name, exports.g.length) == ("1", 2)
    assert callable(exports.g)


def test_exported_functions_keep_their_identity_through_tables_and_imports() -> None:
    first = instance('(module (func $f (export "f")) (export "g" (func $f)))').exports
    assert first.f is first.g
    second = instance(
        """(module (func $f (import "a" "f")) (table (export "t") 1 funcref)
             (elem (i32.const 0) $f) (export "f" (func $f)))""",
        {"a": first},
    ).exports
    assert second.f is first.f
    assert second.t.get(0) is first.f


def test_a_host_function_gets_and_gives_converted_values() -> None:
    seen = []

    def host(*arguments: object) -> object:
        seen.append(arguments)
        return "0x20"

    exports = instance(
        """(module (func $h (import "e" "h") (param i32 i64 f32 f64 externref) (result i32))
             (func (export "f") (result i32) (call $h (i32.const -1) (i64.const -2)
               (f32.const 0.5) (f64.const 0.25) (ref.null extern))))""",
        {"e": {"h": host}},
    ).exports
    assert exports.f() == 32
    assert seen == [(-1, -2, 0.5, 0.25, null)]


def test_a_host_function_without_results_may_return_anything() -> None:
    exports = instance(
        '(module (func $h (import "e" "h")) (func (export "f") (call $h)))', {"e": {"h": object}}
    ).exports
    assert exports.f() is None


def test_several_results_of_a_host_function_are_an_iterable_of_the_right_length() -> None:
    text = """(module (func $h (import "e" "h") (result i32 i64))
                (func (export "f") (result i32 i64) (call $h)))"""
    assert instance(text, {"e": {"h": lambda: iter((1, 2))}}).exports.f() == [1, 2]
    for wrong in (None, 5, (1,), (1, 2, 3)):
        with pytest.raises(TypeError):
            instance(text, {"e": {"h": lambda wrong=wrong: wrong}}).exports.f()


def test_an_exception_of_a_host_function_passes_unchanged() -> None:
    class Mine(Exception):
        pass

    error = Mine("x")

    def host() -> None:
        raise error

    exports = instance(
        '(module (func $h (import "e" "h")) (func (export "f") (call $h)))', {"e": {"h": host}}
    ).exports
    with pytest.raises(Mine) as caught:
        exports.f()
    assert caught.value is error


@pytest.mark.parametrize(
    "error", [IndexError("mine"), ZeroDivisionError("mine"), struct.error("mine")]
)
def test_errors_that_the_engine_uses_itself_pass_when_the_host_raises_them(
    error: Exception,
) -> None:
    def host() -> None:
        raise error

    exports = instance(
        '(module (func $h (import "e" "h")) (func (export "f") (call $h)))', {"e": {"h": host}}
    ).exports
    with pytest.raises(type(error)) as caught:
        exports.f()
    assert caught.value is error


def test_an_error_of_a_builtin_host_function_passes_unchanged() -> None:
    exports = instance(
        '(module (func $h (import "e" "h") (result i32)) (func (export "f") (result i32) (call $h)))',
        {"e": {"h": [].pop}},
    ).exports
    with pytest.raises(IndexError, match="pop from empty list"):
        exports.f()


TRAPS = """(module (memory 1) (table 1 funcref) (type $v (func))
  (func (export "unreachable") (unreachable))
  (func (export "divide") (drop (i32.div_u (i32.const 1) (i32.const 0))))
  (func (export "overflow") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))
  (func (export "load") (drop (i32.load (i32.const 65533))))
  (func (export "store") (i64.store (i32.const -1) (i64.const 0)))
  (func (export "convert") (drop (i32.trunc_f64_s (f64.const nan))))
  (func (export "element") (call_indirect (type $v) (i32.const 9)))
  (func (export "null") (call_indirect (type $v) (i32.const 0)))
  (func (export "copy") (memory.copy (i32.const 0) (i32.const 65536) (i32.const 1))))"""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("unreachable", "unreachable"),
        ("divide", "integer divide by zero"),
        ("overflow", "integer overflow"),
        ("load", "out of bounds memory access"),
        ("store", "out of bounds memory access"),
        ("convert", "invalid conversion to integer"),
        ("element", "undefined element"),
        ("null", "uninitialized element"),
        ("copy", "out of bounds memory access"),
    ],
)
def test_a_trap_is_a_runtime_error_with_the_specifications_words(name: str, message: str) -> None:
    exports = instance(TRAPS).exports
    for _ in range(2):
        with pytest.raises(WebAssembly.RuntimeError, match=message) as caught:
            exports[name]()
        assert caught.value.name == "RuntimeError"
        assert caught.value.message.startswith(message)


@pytest.mark.usefixtures("deep_stack")
def test_endless_recursion_is_a_range_error_and_the_instance_stays_usable() -> None:
    exports = instance(
        '(module (func $f (export "f") (call $f)) (func (export "g") (result i32) (i32.const 1)))'
    ).exports
    for _ in range(2):
        with pytest.raises(RangeError, match="Maximum call stack size exceeded") as caught:
            exports.f()
        assert isinstance(caught.value, RecursionError)
        assert exports.g() == 1


@pytest.mark.usefixtures("deep_stack")
def test_endless_recursion_through_the_host_is_a_range_error() -> None:
    holder: list[object] = []

    def host() -> None:
        holder[0].f()  # type: ignore[attr-defined]

    exports = instance(
        '(module (func $h (import "e" "h")) (func (export "f") (call $h)))', {"e": {"h": host}}
    ).exports
    holder.append(exports)
    with pytest.raises(RangeError):
        exports.f()


def test_a_trap_inside_a_host_call_passes_the_outer_functions() -> None:
    inner = instance(TRAPS).exports
    outer = instance(
        '(module (func $h (import "e" "h")) (func (export "f") (call $h)))',
        {"e": {"h": lambda: inner.unreachable()}},
    ).exports
    with pytest.raises(WebAssembly.RuntimeError, match="unreachable"):
        outer.f()


def test_a_function_keeps_using_its_own_modules_memory_when_imported() -> None:
    a = instance(
        """(module (memory 1) (data (i32.const 0) "\\2a")
             (func (export "get") (param i32) (result i32) (i32.load8_u (local.get 0))))"""
    ).exports
    b = instance(
        """(module (func $get (import "a" "get") (param i32) (result i32)) (memory 1)
             (func (export "f") (result i32)
               (i32.store8 (i32.const 0) (i32.const 7)) (call $get (i32.const 0))))""",
        {"a": a},
    ).exports
    assert b.f() == 42


def test_a_dropped_instance_is_collected() -> None:
    found = instance(IDENTITIES)
    alive = weakref.ref(found._instance)
    found.exports.i32(1)
    del found
    gc.collect()
    assert alive() is None


def test_an_imported_memory_does_not_keep_its_importers_alive() -> None:
    memory = WebAssembly.Memory(initial=1)
    found = instance('(module (memory (import "e" "m") 1))', {"e": {"m": memory}})
    alive = weakref.ref(found._instance)
    del found
    gc.collect()
    assert alive() is None
    memory.grow(1)
