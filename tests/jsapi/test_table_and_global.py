"""``WebAssembly.Table`` and ``WebAssembly.Global`` (index.bs, "Tables", "Globals")."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pyjsapi import RangeError, WebAssembly, null
from pyjsapi.text import wat2wasm
from pyjsapi.validation.limits import Limits


def instance(text: str, imports: object = None) -> WebAssembly.Instance:
    return WebAssembly.Instance(WebAssembly.Module(wat2wasm(text)), imports)


FUNCTIONS = """(module (table (export "t") 2 8 funcref)
  (func $one (export "one") (result i32) (i32.const 1))
  (func (export "two") (result i32) (i32.const 2))
  (type $r (func (result i32)))
  (func (export "call") (param i32) (result i32) (call_indirect (type $r) (local.get 0)))
  (func (export "size") (result i32) (table.size 0))
  (elem (i32.const 0) $one))"""


def test_a_table_starts_with_null_or_the_value_given() -> None:
    assert WebAssembly.Table({"element": "anyfunc", "initial": 1}).get(0) is null
    assert WebAssembly.Table({"element": "externref", "initial": 1}).get(0) is None
    marker = object()
    assert WebAssembly.Table({"element": "externref", "initial": 2}, marker).get(1) is marker


@pytest.mark.parametrize(
    "descriptor",
    [
        None,
        {},
        {"element": "anyfunc"},
        {"initial": 1},
        {"element": "i32", "initial": 1},
        {"element": "anyfunc", "initial": -1},
        {"element": "anyfunc", "initial": 2**32},
    ],
)
def test_a_wrong_table_descriptor_is_a_type_error(descriptor: object) -> None:
    with pytest.raises(TypeError):
        WebAssembly.Table(descriptor)


@pytest.mark.parametrize(
    "sizes", [{"initial": 2, "maximum": 1}, {"initial": 10_000_001}, {"initial": 2**32 - 1}]
)
def test_table_sizes_that_cannot_be_had_are_a_range_error(sizes: dict[str, int]) -> None:
    with pytest.raises(RangeError):
        WebAssembly.Table({"element": "anyfunc", **sizes})


def test_limits_bound_a_table_of_the_host() -> None:
    limits = Limits(max_table_elements=3)
    with pytest.raises(RangeError, match=r"Limits\.max_table_elements"):
        WebAssembly.Table(element="externref", initial=4, limits=limits)
    table = WebAssembly.Table({"element": "externref", "initial": 2}, "x", limits=limits)
    assert table.grow(1) == 2
    with pytest.raises(RangeError, match="may have 3"):
        table.grow(1)
    assert table.length == 3


def test_a_global_takes_limits_as_the_others_do() -> None:
    assert WebAssembly.Global({"value": "i32"}, 7, limits=Limits(globals=0)).value == 7


def test_wasm_calls_what_the_host_puts_into_a_table() -> None:
    exports = instance(FUNCTIONS).exports
    assert exports.call(0) == 1
    assert exports.t.get(0) is exports.one
    exports.t.set(1, exports.two)
    assert exports.call(1) == 2
    exports.t.set(1, null)
    with pytest.raises(WebAssembly.RuntimeError, match="uninitialized element 1"):
        exports.call(1)
    exports.t.set(1)
    assert exports.t.get(1) is null


def test_table_grows_by_the_host() -> None:
    exports = instance(FUNCTIONS).exports
    assert exports.t.grow(2, exports.two) == 2
    assert (exports.t.length, exports.size(), exports.call(3)) == (4, 4, 2)
    with pytest.raises(RangeError, match="may have 8"):
        exports.t.grow(5)


def test_a_table_refuses_foreign_values_and_indices() -> None:
    table = instance(FUNCTIONS).exports.t
    with pytest.raises(TypeError):
        table.set(0, print)
    with pytest.raises(RangeError):
        table.get(2)
    with pytest.raises(RangeError):
        table.set(2, null)
    with pytest.raises(TypeError):
        table.get(-1)
    assert table.type() == {"minimum": 2, "maximum": 8, "element": "funcref", "address": "i32"}


def test_an_imported_table_is_the_exported_one() -> None:
    table = WebAssembly.Table({"element": "anyfunc", "initial": 1})
    exports = instance(
        '(module (table (export "t") (import "e" "t") 1 funcref))', {"e": {"t": table}}
    ).exports
    assert exports.t is table


def test_global_values_of_every_type() -> None:
    assert WebAssembly.Global({"value": "i32"}, 2**31).value == -(2**31)
    assert WebAssembly.Global({"value": "i64"}).value == 0
    assert WebAssembly.Global({"value": "f32"}, 0.1).value != 0.1
    assert math.isnan(WebAssembly.Global({"value": "f64"}, "x").value)
    assert WebAssembly.Global({"value": "anyfunc"}).value is null
    assert WebAssembly.Global({"value": "externref"}).value is None
    assert WebAssembly.Global({"value": "i32"}, 3).valueOf() == 3


@pytest.mark.parametrize("descriptor", [None, {}, {"value": "v128"}, {"value": "i16"}])
def test_a_wrong_global_descriptor_is_a_type_error(descriptor: object) -> None:
    with pytest.raises(TypeError):
        WebAssembly.Global(descriptor)


def test_only_mutable_globals_can_be_set() -> None:
    constant = WebAssembly.Global({"value": "i32"}, 1)
    with pytest.raises(TypeError, match="immutable"):
        constant.value = 2
    variable: WebAssembly.Global[Any] = WebAssembly.Global({"value": "i32", "mutable": True}, 1)
    variable.value = "7"
    assert variable.value == 7
    assert variable.type() == {"value": "i32", "mutable": True}


def test_a_mutable_global_is_shared_with_wasm() -> None:
    shared = WebAssembly.Global({"value": "i64", "mutable": True}, 5)
    exports = instance(
        """(module (global $g (export "g") (import "e" "g") (mut i64))
             (func (export "inc") (global.set $g (i64.add (global.get $g) (i64.const 1)))))""",
        {"e": {"g": shared}},
    ).exports
    exports.inc()
    assert shared.value == 6
    assert exports.g is shared
    shared.value = -1
    exports.inc()
    assert shared.value == 0


@pytest.mark.parametrize(
    ("type_", "value"),
    [("i32", None), ("i32", "1"), ("i64", 1.0), ("f64", {}), ("(mut i32)", 1), ("funcref", print)],
)
def test_a_global_import_of_the_wrong_kind_is_a_link_error(type_: str, value: object) -> None:
    with pytest.raises(WebAssembly.LinkError, match='Import #0 "e" "g"'):
        instance(f'(module (global (import "e" "g") {type_}))', {"e": {"g": value}})
