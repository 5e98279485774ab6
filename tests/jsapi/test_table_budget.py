"""`Limits.max_total_table_elements`: what all tables of an instance may have together."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from pyjsapi import Limits, RangeError, WebAssembly, wat2wasm

THREE = wat2wasm("""
  (module
    (import "m" "t" (table $imported 1 funcref))
    (table $a (export "a") 1 4 funcref)
    (table $b (export "b") 2 externref)
    (table $c (export "c") i64 0 funcref)
    (func (export "imported") (param i32) (result i32) (table.grow $imported (ref.null func) (local.get 0)))
    (func (export "grow_a") (param i32) (result i32) (table.grow $a (ref.null func) (local.get 0)))
    (func (export "grow_b") (param i32) (result i32) (table.grow $b (ref.null extern) (local.get 0)))
    (func (export "grow_c") (param i64) (result i64) (table.grow $c (ref.null func) (local.get 0))))
""")


def _exports(most: int, table: Any = None) -> Any:
    module = WebAssembly.Module(THREE, limits={"max_total_table_elements": most})
    given = table or WebAssembly.Table(element="anyfunc", initial=1)
    return WebAssembly.Instance(module, {"m": {"t": given}}).exports


def test_all_tables_of_an_instance_count_together() -> None:
    exports = _exports(6)
    assert exports.grow_a(2) == 1
    assert exports.grow_b(2) == -1
    assert exports.grow_c(2) == -1
    assert exports.grow_c(1) == 0
    assert [exports.grow_a(0), exports.grow_b(0), exports.grow_c(0)] == [3, 2, 1]
    assert [exports.grow_a(1), exports.grow_b(1), exports.grow_c(1)] == [-1, -1, -1]
    with pytest.raises(RangeError, match=r"by 1: the table has 2 elements and may have 2$"):
        exports.b.grow(1)


def test_a_maximum_of_its_own_holds_too() -> None:
    exports = _exports(100)
    assert exports.grow_a(4) == -1
    assert exports.grow_a(3) == 1
    with pytest.raises(RangeError, match=r"the table has 4 elements and may have 4$"):
        exports.a.grow(1)


def test_the_host_grows_within_the_same_bound() -> None:
    exports = _exports(5)
    assert exports.a.grow(1) == 1
    with pytest.raises(RangeError, match=r"by 2: the table has 2 elements and may have 3$"):
        exports.b.grow(2) if exports.b.length == 3 else exports.a.grow(2)
    assert exports.b.grow(1) == 2


def test_tables_that_are_imported_count_for_whoever_made_them() -> None:
    table = WebAssembly.Table(element="anyfunc", initial=1, limits={"max_total_table_elements": 9})
    exports = _exports(3, table)
    assert exports.imported(8) == 1
    assert exports.imported(1) == -1
    with pytest.raises(RangeError, match="may have 9"):
        table.grow(1)


def test_the_bound_outlives_the_instance() -> None:
    table = _exports(4).a
    gc.collect()
    assert table.grow(3) == 1
    with pytest.raises(RangeError):
        table.grow(1)


def test_tables_that_are_too_many_from_the_start() -> None:
    with pytest.raises(
        RangeError, match=r"tables of 3 elements: the limit is 2 \(Limits\.max_total_table_elements"
    ):
        _exports(2)
    with pytest.raises(RangeError, match=r"table of 3 elements: the limit is 2"):
        WebAssembly.Table(element="anyfunc", initial=3, limits={"max_total_table_elements": 2})
    one = WebAssembly.Module(
        wat2wasm("(module (table 3 funcref))"), limits=Limits(max_total_table_elements=2)
    )
    with pytest.raises(RangeError, match=r"max_total_table_elements"):
        WebAssembly.Instance(one)


def test_many_tables_take_no_room_before_they_are_refused() -> None:
    text = f"(module {'(table 10000000 funcref)' * 1000})"
    module = WebAssembly.Module(wat2wasm(text), limits={"max_total_table_elements": 10**9})
    with pytest.raises(RangeError, match=r"tables of 10000000000 elements"):
        WebAssembly.Instance(module)


def test_what_is_no_number_of_elements() -> None:
    with pytest.raises(TypeError, match=r"Limits\.max_total_table_elements must be an int"):
        Limits(max_total_table_elements="1")  # type: ignore[arg-type]
