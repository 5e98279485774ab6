"""Memories, tables, globals and tags, on PyPI's ``wasmtime`` and on ours."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable
from typing import Any

import pytest

OBJECTS = """
(module
  (memory (export "memory") 1 3)
  (table (export "functions") 2 5 funcref) (table (export "objects") 2 externref)
  (global (export "number") (mut i32) (i32.const -7)) (global (export "constant") i64 (i64.const 9))
  (global (export "object") (mut externref) (ref.null extern))
  (func $seven (export "seven") (result i32) (i32.const 7))
  (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
"""


@pytest.fixture
def exports(world: Any) -> Any:
    return world.exports(OBJECTS)


def test_sizes_of_memories(world: Any, exports: Any) -> None:
    store, memory = world.store, exports["memory"]
    assert memory.grow(store, 1) == 1
    assert (memory.size(store), memory.data_len(store)) == (2, 131072)
    assert (memory.page_size(store), memory.page_size_log2(store)) == (65536, 16)
    assert memory.type(store).limits == world.wasmtime.Limits(1, 3)
    for delta, message in ((-1, "cannot grow by negative amount"), (2, "failed to grow memory")):
        with pytest.raises(world.wasmtime.WasmtimeError, match=message):
            memory.grow(store, delta)


def test_bytes_of_memories(world: Any, exports: Any) -> None:
    store, memory = world.store, exports["memory"]
    assert memory.write(store, b"abc", -3) == 3
    assert memory.write(store, bytearray(b"xyz")) == 3
    assert memory.write(store, [1, 2], 10) == 2
    assert memory.read(store, -3) == bytearray(b"abc")
    assert type(memory.read(store, 0, 3)) is bytearray and memory.read(store, 0, 3) == b"xyz"
    assert memory.read(store, 5, 2) == b"" and len(memory.read(store)) == 65536
    assert len(memory.read(store, None)) == 65536
    assert memory.read(store, 10, 12) == b"\1\2"
    for data, start in ((b"abcd", -3), (b"", 65536), (b"a", 10**9)):
        with pytest.raises(IndexError, match="index out of range"):
            memory.write(store, data, start)


def test_pointers_show_and_change_the_bytes(world: Any, exports: Any) -> None:
    store, memory = world.store, exports["memory"]
    pointer, array = memory.data_ptr(store), memory.get_buffer_ptr(store)
    assert isinstance(array, ctypes.Array) and len(array) == 65536
    exports["store"](store, 5, 65)
    assert pointer[5] == array[5] == 65
    pointer[6], array[7] = 66, 67
    assert memory.read(store, 5, 8) == b"ABC"
    part = memory.get_buffer_ptr(store, 3, 5)
    assert bytes(part) == b"ABC"
    assert bytes(memoryview(part)) == b"ABC"


def test_pointers_stay_when_a_memory_grows(world: Any, exports: Any) -> None:
    store, memory = world.store, exports["memory"]
    pointer = memory.data_ptr(store)
    assert exports["grow"](store, 1) == 1 and memory.grow(store, 1) == 2
    exports["store"](store, 2 * 65536 + 5, 9)
    exports["store"](store, 5, 8)
    pointer[6] = 7
    assert (pointer[5], pointer[2 * 65536 + 5]) == (8, 9)
    assert exports["load"](store, 6) == 7


def test_arrays_of_bytes_that_are_not_there_are_refused(ours: Any) -> None:
    from tests.compat.conftest import World

    world = World(ours)
    memory = world.exports(OBJECTS)["memory"]
    with pytest.raises(ValueError, match="the memory has 65536"):
        memory.get_buffer_ptr(world.store, 65536, 1)


def test_memories_of_the_host(world: Any) -> None:
    wasmtime, store = world.wasmtime, world.store
    memory = wasmtime.Memory(store, wasmtime.MemoryType(wasmtime.Limits(1, 2)))
    exports = world.exports(
        """(module (import "" "" (memory 1 2))
             (func (export "f") (result i32) (i32.load8_u (i32.const 3))))""",
        memory,
    )
    memory.write(store, b"\7", 3)
    assert exports["f"](store) == 7
    wide = wasmtime.Memory(store, wasmtime.MemoryType(wasmtime.Limits(1, 2), is_64=True))
    assert wide.type(store).is_64 and wide.grow(store, 1) == 1


def test_tables(world: Any, exports: Any) -> None:
    store, table, wasmtime = world.store, exports["functions"], world.wasmtime
    null = table.get(store, 0)
    assert isinstance(null, wasmtime.Val) and null.value is None
    table.set(store, 0, exports["seven"])
    assert table.get(store, 0)(store) == 7
    table.set(store, 0, None)
    assert table.get(store, 0).value is None
    assert table.get(store, 10) is None
    assert table.grow(store, 1, exports["seven"]) == 2 and table.size(store) == 3
    assert table.type(store).limits == wasmtime.Limits(2, 5)
    with pytest.raises(wasmtime.WasmtimeError, match="failed to grow table by `100`"):
        table.grow(store, 100, None)
    with pytest.raises(wasmtime.WasmtimeError, match="out of bounds table access"):
        table.set(store, 10, None)
    with pytest.raises(TypeError, match="don't know how to convert 3 to funcref"):
        table.set(store, 0, 3)


def test_tables_of_objects(world: Any, exports: Any) -> None:
    store, table = world.store, exports["objects"]
    table.set(store, 0, "a")
    table.set(store, 1, 0)
    assert table.get(store, 0) == "a"
    falsy = table.get(store, 1)
    assert isinstance(falsy, world.wasmtime.Val) and falsy.value == 0
    assert str(table.type(store).element) == "anyref"


def test_tables_of_the_host(world: Any) -> None:
    wasmtime, store = world.wasmtime, world.store
    type_ = wasmtime.TableType(wasmtime.ValType.externref(), wasmtime.Limits(1, 2))
    table = wasmtime.Table(store, type_, "a")
    assert (table.size(store), table.get(store, 0), table.grow(store, 1, "b")) == (1, "a", 1)
    assert table.type(store).limits == wasmtime.Limits(1, 2)


def test_globals(world: Any, exports: Any) -> None:
    store, wasmtime = world.store, world.wasmtime
    number, constant, object_ = (exports[name] for name in ("number", "constant", "object"))
    assert (number.value(store), constant.value(store)) == (-7, 9)
    number.set_value(store, 2**31)
    assert number.value(store) == -(2**31)
    assert number.type(store).mutable and not constant.type(store).mutable
    with pytest.raises(TypeError, match=r"don't know how to convert 1.0 to i32"):
        number.set_value(store, 1.0)
    with pytest.raises(wasmtime.WasmtimeError, match="immutable global cannot be set"):
        constant.set_value(store, 2)
    assert isinstance(object_.value(store), wasmtime.Val)
    object_.set_value(store, "x")
    assert object_.value(store) == "x"


def test_globals_of_the_host(world: Any) -> None:
    wasmtime, store = world.wasmtime, world.store
    type_ = wasmtime.GlobalType(wasmtime.ValType.i32(), True)
    global_ = wasmtime.Global(store, type_, 5)
    exports = world.exports(
        """(module (import "" "" (global $g (mut i32)))
             (func (export "f") (global.set $g (i32.const 8))))""",
        global_,
    )
    exports["f"](store)
    assert global_.value(store) == 8
    with pytest.raises(TypeError, match="expected a GlobalType"):
        wasmtime.Global(store, 3, 5)
    with pytest.raises(TypeError, match="don't know how to convert 'a' to i32"):
        wasmtime.Global(store, type_, "a")


def test_tags(world: Any) -> None:
    wasmtime, store = world.wasmtime, world.store
    made = [
        wasmtime.Tag(store, wasmtime.TagType(world.func_type(params))) for params in ("i32", "")
    ]
    assert made[0].type(store).functype.params == [wasmtime.ValType.i32()]
    assert made[0].eq(store, made[0]) and not made[0].eq(store, made[1])
    exports = world.exports(
        '(module (import "" "" (tag $t (param i32))) (export "t" (tag $t)))', made[0]
    )
    assert exports["t"].eq(store, made[0])


def test_shared_memories(wasmtime: Any) -> None:
    from tests.compat.conftest import World

    shared = wasmtime.MemoryType(wasmtime.Limits(1, 3), shared=True)
    with pytest.raises(wasmtime.WasmtimeError, match="shared memory support is disabled"):
        wasmtime.SharedMemory(wasmtime.Engine(), shared)
    world = World(wasmtime).configured(shared_memory=True)
    memory = wasmtime.SharedMemory(world.engine, shared)
    assert (memory.data_len(), memory.grow(1), memory.data_len()) == (65536, 1, 131072)
    assert memory.type().is_shared and memory.type().limits == wasmtime.Limits(1, 3)
    memory.data_ptr()[3] = 7
    assert memory.data_ptr()[3] == 7
    for delta, message in ((9, "failed to grow memory"), (-1, "cannot grow by negative")):
        with pytest.raises(wasmtime.WasmtimeError, match=message):
            memory.grow(delta)
    with pytest.raises(wasmtime.WasmtimeError, match="must have the `shared` flag"):
        wasmtime.SharedMemory(world.engine, wasmtime.MemoryType(wasmtime.Limits(1, 3)))


def test_shared_memories_in_two_stores(ours: Any) -> None:
    """PyPI's cannot be imported: its package asks the library in a wrong way."""
    from tests.compat.conftest import World

    world = World(ours).configured(shared_memory=True)
    type_ = ours.MemoryType(ours.Limits(1, 3), shared=True)
    memory = ours.SharedMemory(world.engine, type_)
    text = """(module (import "" "" (memory 1 3 shared)) (export "m" (memory 0))
      (func (export "add") (result i32) (i32.atomic.rmw.add (i32.const 4) (i32.const 1))))"""
    first = world.exports(text, memory)
    assert first["add"](world.store) == 0 and memory.size() == 1
    world.store = ours.Store(world.engine)
    second = world.exports(text, memory)
    assert second["add"](world.store) == 1
    assert isinstance(second["m"], ours.SharedMemory) and second["m"].data_ptr()[4] == 2


def test_what_is_of_another_store_is_refused(ours: Any) -> None:
    """PyPI's ends the process where it is called, not imported."""
    from tests.compat.conftest import World

    world = World(ours)
    exports, other = world.exports(OBJECTS), ours.Store(world.engine)
    uses: list[Callable[[], Any]] = [
        lambda: exports["seven"](other),
        lambda: exports["memory"].size(other),
        lambda: exports["functions"].size(other),
        lambda: exports["number"].value(other),
    ]
    for use in uses:
        with pytest.raises(ours.WasmtimeError, match="object used with the wrong store"):
            use()


def test_nothing_keeps_a_store(ours: Any) -> None:
    from tests.compat.conftest import World

    world = World(ours)
    exports = world.exports(OBJECTS)
    gone = weakref.ref(world.store)
    del world, exports
    import gc

    gc.collect()
    assert gone() is None
