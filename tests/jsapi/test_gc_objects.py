"""Structures, arrays and i31 references between Python and WebAssembly (index.bs, "Exported GC Objects")."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from pyjsapi import WebAssembly, null
from pyjsapi.text import wat2wasm

MODULE = wat2wasm(
    """(module
      (type $point (struct (field $x (mut i32)))) (type $bytes (array i8))
      (import "host" "any" (func $host (param anyref) (result anyref)))
      (table (export "table") 3 anyref)
      (global (export "origin") (ref $point) (struct.new $point (i32.const 9)))
      (func (export "struct") (param i32) (result (ref $point)) (struct.new $point (local.get 0)))
      (func (export "array") (result (ref $bytes)) (array.new_default $bytes (i32.const 4)))
      (func (export "i31") (param i32) (result (ref i31)) (ref.i31 (local.get 0)))
      (func (export "x") (param (ref $point)) (result i32) (struct.get $point $x (local.get 0)))
      (func (export "length") (param (ref null array)) (result i32) (array.len (local.get 0)))
      (func (export "same") (param eqref eqref) (result i32) (ref.eq (local.get 0) (local.get 1)))
      (func (export "any") (param anyref) (result anyref) (local.get 0))
      (func (export "none") (param nullref) (result nullref) (local.get 0))
      (func (export "is_i31") (param anyref) (result i32) (ref.test (ref i31) (local.get 0)))
      (func (export "out") (param anyref) (result externref) (extern.convert_any (local.get 0)))
      (func (export "in") (param externref) (result anyref) (any.convert_extern (local.get 0)))
      (func (export "call") (param anyref) (result anyref) (call $host (local.get 0))))"""
)


@pytest.fixture
def exports() -> Any:
    imports = {"host": {"any": lambda value: value}}
    return WebAssembly.Instance(WebAssembly.Module(MODULE), imports).exports


def test_an_instance_keeps_its_identity(exports: Any) -> None:
    struct, array = exports.struct(5), exports.array()
    assert exports.any(struct) is struct
    assert exports.any(array) is array
    assert exports.out(struct) is struct
    assert exports["in"](struct) is struct
    assert exports.call(struct) is struct
    assert exports.origin.value is exports.origin.value
    assert exports.struct(5) is not struct
    assert exports.same(struct, struct) == 1
    assert exports.same(struct, exports.struct(5)) == 0
    assert exports.x(struct) == 5
    assert exports.length(array) == 4
    exports.table.set(0, struct)
    assert exports.table.get(0) is struct


def test_an_instance_that_only_wasm_holds_comes_back_whole(exports: Any) -> None:
    exports.table.set(0, exports.struct(7))
    gc.collect()
    assert exports.x(exports.table.get(0)) == 7


def test_an_exported_object_is_opaque_and_frozen(exports: Any) -> None:
    struct = exports.struct(5)
    with pytest.raises(TypeError, match="opaque"):
        struct.x = 1
    with pytest.raises(TypeError, match="opaque"):
        del struct.x
    assert not hasattr(struct, "x")
    assert not hasattr(struct, "fields")
    assert repr(struct) == "<WebAssembly struct>"
    assert repr(exports.array()) == "<WebAssembly array>"
    with pytest.raises(TypeError, match="WebAssembly code alone"):
        type(struct)()


@pytest.mark.parametrize("number", [0, 1, -1, 2**30 - 1, -(2**30)])
def test_small_integers_are_i31_references(exports: Any, number: int) -> None:
    assert exports.i31(number) == number
    assert exports.any(number) == number
    assert exports.any(float(number)) == number
    assert exports.is_i31(number) == 1
    assert exports.same(number, number) == 1
    assert exports.out(number) == number
    assert exports.call(number) == number


@pytest.mark.parametrize("value", [2**30, -(2**30) - 1, 2**80, 0.5, "text", (1,), True, None])
def test_other_values_are_the_hosts(exports: Any, value: Any) -> None:
    assert exports.is_i31(value) == 0
    returned = exports.any(value)
    assert returned == value
    assert type(returned) is type(value)
    with pytest.raises(TypeError, match="is not a value of type eqref"):
        exports.same(value, null)


def test_i31_wraps_around_as_signed_31_bits(exports: Any) -> None:
    assert exports.i31(0x4000_0000) == -0x4000_0000
    assert exports.i31(0x7FFF_FFFF) == -1


def test_null_is_null(exports: Any) -> None:
    assert exports.any(null) is null
    assert exports.none(null) is null
    assert exports.out(null) is null
    assert exports.table.get(1) is null
    assert exports.same(null, null) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("x", null), ("x", 5), ("x", "text"), ("none", 1), ("none", None), ("length", 0)],
)
def test_values_of_another_type_are_refused(exports: Any, name: str, value: Any) -> None:
    with pytest.raises(TypeError, match="is not a value of type"):
        exports[name](value)


def test_instances_of_another_type_are_refused(exports: Any) -> None:
    with pytest.raises(TypeError, match="is not a value of type"):
        exports.x(exports.array())
    with pytest.raises(TypeError, match="is not a value of type"):
        exports.length(exports.struct(1))


def test_traps_are_runtime_errors(exports: Any) -> None:
    with pytest.raises(WebAssembly.RuntimeError, match=r"^null array reference"):
        exports.length(null)


def test_instances_are_exchanged_between_modules(exports: Any) -> None:
    text = """(module (type $point (struct (field $x (mut i32))))
      (import "a" "origin" (global $o (ref $point)))
      (func (export "x") (result i32) (struct.get $point 0 (global.get $o))))"""
    other = WebAssembly.Instance(WebAssembly.Module(wat2wasm(text)), {"a": exports})
    assert other.exports.x() == 9
    unlike = text.replace("mut i32", "mut i64").replace("(result i32)", "(result i64)")
    with pytest.raises(WebAssembly.LinkError):
        WebAssembly.Instance(WebAssembly.Module(wat2wasm(unlike)), {"a": exports})
