"""Values between Python and WebAssembly, on PyPI's ``wasmtime`` and on ours."""

from __future__ import annotations

from typing import Any

import pytest

SAME = """
(module
  (func (export "i32") (param i32) (result i32) (local.get 0))
  (func (export "i64") (param i64) (result i64) (local.get 0))
  (func (export "f32") (param f32) (result f32) (local.get 0))
  (func (export "f64") (param f64) (result f64) (local.get 0))
  (func (export "externref") (param externref) (result externref) (local.get 0))
  (func (export "funcref") (param funcref) (result funcref) (local.get 0))
  (func (export "nothing"))
  (func (export "several") (result i32 i64 f32 f64)
    (i32.const -1) (i64.const -2) (f32.const 1.5) (f64.const 2.5)))
"""


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("i32", 5, 5),
        ("i32", 2**31, -(2**31)),
        ("i32", 2**32 + 7, 7),
        ("i32", -(2**31) - 1, 2**31 - 1),
        ("i32", True, 1),
        ("i64", 2**63, -(2**63)),
        ("i64", 2**64 + 7, 7),
        ("f32", 1.1, 1.100000023841858),
        ("f64", 1.1, 1.1),
        ("externref", None, None),
        ("externref", "text", "text"),
        ("externref", 0, 0),
        ("funcref", None, None),
    ],
)
def test_values_there_and_back(world: Any, name: str, value: Any, result: Any) -> None:
    found = world.exports(SAME)[name](world.store, value)
    assert found == result and type(found) is type(result)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("i32", 1.0, "don't know how to convert 1.0 to i32"),
        ("i32", "1", "don't know how to convert '1' to i32"),
        ("i64", None, "don't know how to convert None to i64"),
        ("f32", 1, "don't know how to convert 1 to f32"),
        ("f64", 1, "don't know how to convert 1 to f64"),
        ("funcref", 3, "don't know how to convert 3 to funcref"),
    ],
)
def test_values_of_other_types_are_refused(world: Any, name: str, value: Any, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        world.exports(SAME)[name](world.store, value)
    assert str(caught.value) == message


def test_objects_are_the_same_when_they_come_back(world: Any) -> None:
    token = object()
    assert world.exports(SAME)["externref"](world.store, token) is token


def test_functions_come_back_as_functions(world: Any) -> None:
    exports = world.exports(SAME)
    found = exports["funcref"](world.store, exports["several"])
    assert isinstance(found, world.wasmtime.Func)
    assert found(world.store) == [-1, -2, 1.5, 2.5]


def test_no_result_and_several(world: Any) -> None:
    exports = world.exports(SAME)
    assert exports["nothing"](world.store) is None
    assert exports["several"](world.store) == [-1, -2, 1.5, 2.5]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((), "too few parameters provided: given 0, expected 1"),
        ((1, 2), "too many parameters provided: given 2, expected 1"),
    ],
)
def test_the_number_of_arguments(world: Any, given: tuple[int, ...], message: str) -> None:
    with pytest.raises(world.wasmtime.WasmtimeError) as caught:
        world.exports(SAME)["i32"](world.store, *given)
    assert str(caught.value) == message


def test_values_with_their_types(world: Any) -> None:
    val, types = world.wasmtime.Val, world.wasmtime.ValType
    exports = world.exports(SAME)
    assert exports["i32"](world.store, val.i32(8)) == 8
    with pytest.raises(TypeError, match="wrong type of `Val` provided"):
        exports["i32"](world.store, val.i64(8))
    assert val.i32(2**31).value == -(2**31)
    assert val.f32(1.1).value == 1.100000023841858
    assert val.i32(5) == 5 and val.i32(5) == val.i32(5) and val.i32(5) != val.i64(5)
    assert val.i32(5).as_i32() == 5 and val.i32(5).as_i64() is None
    assert val.f64(5.0).as_f64() == 5.0 and val.f64(5.0).as_f32() is None
    assert val.externref("x").as_externref() == "x"
    assert val.i64(1).type == types.i64() and val.ref_null(types.funcref()).value is None
    with pytest.raises(TypeError, match="expected an integer"):
        val.i32("a")
    with pytest.raises(TypeError, match="expected a float"):
        val.f32(1)
    with pytest.raises(world.wasmtime.WasmtimeError, match="Invalid reference type"):
        val.ref_null(types.i32())


def test_vectors_are_refused(world: Any) -> None:
    exports = world.exports('(module (func (export "f") (result v128) (v128.const i32x4 1 2 3 4)))')
    with pytest.raises(world.wasmtime.WasmtimeError):
        exports["f"](world.store)


def test_types(wasmtime: Any) -> None:
    types = wasmtime.ValType
    assert types.i32() == types.i32() and types.i32() != types.i64() and types.i32() != 3
    assert str(types.externref()) == "anyref" and repr(types.funcref()) == "funcref"
    with pytest.raises(wasmtime.WasmtimeError, match="cannot construct directly"):
        types()
    with pytest.raises(TypeError):
        hash(types.i32())
    func = wasmtime.FuncType([types.i32()], [types.f64(), types.i64()])
    assert (func.params, func.results) == ([types.i32()], [types.f64(), types.i64()])
    with pytest.raises(TypeError, match="expected ValType"):
        wasmtime.FuncType([3], [])
    global_ = wasmtime.GlobalType(types.i32(), True)
    assert global_.mutable and global_.content == types.i32()
    with pytest.raises(TypeError, match="expected valtype"):
        wasmtime.GlobalType(3, True)
    table = wasmtime.TableType(types.funcref(), wasmtime.Limits(1, None))
    assert table.element == types.funcref() and table.limits == wasmtime.Limits(1, None)
    with pytest.raises(wasmtime.WasmtimeError, match="failed to allocate TableType"):
        wasmtime.TableType(types.i32(), wasmtime.Limits(1, 2))
    with pytest.raises(TypeError, match="expected Limits"):
        wasmtime.TableType(types.funcref(), 3)
    tag = wasmtime.TagType(wasmtime.FuncType([types.i32()], []))
    assert tag.functype.params == [types.i32()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((2**32, None), "minimum size too large"),
        ((1, 2**33), "maximum size too large"),
        ((2**17, None), "minimum size is too large for this memory type's index type"),
        ((3, 2), "maximum page size cannot be smaller than the minimum page size"),
    ],
)
def test_sizes_of_memories(wasmtime: Any, arguments: tuple[int, int | None], message: str) -> None:
    with pytest.raises(wasmtime.WasmtimeError) as caught:
        wasmtime.MemoryType(wasmtime.Limits(*arguments))
    assert str(caught.value) == message


def test_types_of_memories(wasmtime: Any) -> None:
    made = wasmtime.MemoryType(wasmtime.Limits(1, 2), is_64=True, shared=True)
    assert (made.is_64, made.is_shared, made.page_size, made.page_size_log2) == (
        True, True, 65536, 16,
    )  # fmt: skip
    assert made.limits == wasmtime.Limits(1, 2)
    with pytest.raises(wasmtime.WasmtimeError, match="shared memories must have a maximum"):
        wasmtime.MemoryType(wasmtime.Limits(1, None), shared=True)
    with pytest.raises(wasmtime.WasmtimeError, match=r"page size must be 2\*\*16 or 2\*\*0"):
        wasmtime.MemoryType(wasmtime.Limits(1, 2), page_size_log2=3)
