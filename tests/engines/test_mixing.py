"""Objects of one engine in modules of another: what floats is taken over, what is in use is refused with a reason."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from pyjsapi import ArrayBuffer, Int32Array, RangeError, Uint8Array, WebAssembly, engines, wat2wasm
from tests.engines.taking_engine import FarBlock, OwnBlock, OwnCell, OwnElements, TakingEngine

MEMORY = wat2wasm("""(module
  (memory (import "m" "memory") 1 10)
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "size") (result i32) (memory.size))
  (func (export "sum") (param $n i32) (result i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $n))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 4)))))
    (local.get $sum)))""")
TABLE = wat2wasm("""(module
  (type $f (func (result i32)))
  (table (import "m" "table") 2 funcref)
  (func $nine (export "nine") (result i32) (i32.const 9))
  (elem declare func $nine)
  (func (export "call") (param i32) (result i32) (call_indirect (type $f) (local.get 0)))
  (func (export "put") (param i32) (table.set (local.get 0) (ref.func $nine)))
  (func (export "grow") (param i32) (result i32) (table.grow (ref.null func) (local.get 0)))
  (func (export "size") (result i32) (table.size)))""")
GLOBAL = wat2wasm("""(module
  (global $g (import "m" "global") (mut i64))
  (func (export "get") (result i64) (global.get $g))
  (func (export "set") (param i64) (global.set $g (local.get 0))))""")
CONSTANT = wat2wasm("""(module
  (global $g (import "m" "global") i64)
  (func (export "get") (result i64) (global.get $g)))""")


def _taking(block: type[OwnBlock] = OwnBlock) -> TakingEngine:
    return TakingEngine(block)


def _instance(data: bytes, engine: Any, **imported: Any) -> Any:
    module = WebAssembly.Module(data, engine=engine)
    return WebAssembly.Instance(module, {"m": imported}).exports


NEAR = pytest.mark.parametrize("block", [OwnBlock, FarBlock], ids=["direct", "by-calls"])


@NEAR
def test_en_12_a_floating_memory_is_taken_over_with_all_that_is_known_of_it(
    block: type[OwnBlock],
) -> None:
    memory = WebAssembly.Memory(initial=1, maximum=10)
    buffer = memory.buffer
    words = Int32Array(buffer)
    words[3] = 77
    reference = weakref.ref(memory)
    assert memory._memory.held_by is None
    exports = _instance(MEMORY, _taking(block), memory=memory)
    assert memory._memory.held_by == "taking"
    assert isinstance(memory._memory.block, block)
    assert memory.buffer is buffer
    assert words.buffer is buffer
    assert (words[3], exports.load(12)) == (77, 77)
    words[3] = 78
    assert exports.load(12) == 78
    exports.store(12, 79)
    assert (words[3], Uint8Array(buffer)[12]) == (79, 79)
    assert memory.type() == {"minimum": 1, "maximum": 10, "shared": False, "address": "i32"}
    assert exports.grow(1) == 1
    assert isinstance(buffer, ArrayBuffer)
    assert (buffer.detached, memory.buffer.byteLength) == (True, 2 * 65536)
    assert memory.grow(8) == 2
    with pytest.raises(RangeError, match="cannot grow"):
        memory.grow(1)
    assert reference() is memory
    del memory, buffer, words, exports
    gc.collect()
    assert reference() is None


def test_en_12_a_resizable_buffer_goes_along() -> None:
    memory = WebAssembly.Memory(initial=1, maximum=10)
    buffer = memory.toResizableBuffer()
    exports = _instance(MEMORY, _taking(), memory=memory)
    assert memory.buffer is buffer
    assert exports.grow(2) == 1
    assert (buffer.byteLength, memory.buffer is buffer) == (3 * 65536, True)


def test_en_12_a_floating_memory_may_be_taken_by_the_python_engine_first() -> None:
    memory = WebAssembly.Memory(initial=1, maximum=10)
    _instance(MEMORY, "python", memory=memory)
    assert memory._memory.held_by == "python"


@NEAR
def test_en_13_a_memory_that_instances_of_the_python_engine_have_is_seen_by_both(
    block: type[OwnBlock],
) -> None:
    memory = WebAssembly.Memory(initial=1, maximum=10)
    ours = _instance(MEMORY, "python", memory=memory)
    for address in range(0, 404, 4):
        ours.store(address, 1)
    assert ours.sum(400) == 100
    theirs = _instance(MEMORY, _taking(block), memory=memory)
    assert isinstance(memory._memory.block, block)
    assert (ours.sum(400), theirs.sum(400)) == (100, 100)
    theirs.store(400, 901)
    assert ours.sum(400) == 1000
    ours.store(400, 1)
    assert theirs.sum(400) == 100
    assert theirs.grow(1) == 1
    assert (ours.size(), ours.grow(1), theirs.size()) == (2, 2, 3)
    ours.store(3 * 65536 - 4, 5)
    assert theirs.load(3 * 65536 - 4) == 5
    with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
        ours.load(3 * 65536)


def test_en_13_a_view_of_the_old_bytes_is_a_reason_not_to_take_a_memory() -> None:
    memory = WebAssembly.Memory(initial=1, maximum=10)
    Int32Array(memory.buffer)[0] = 5
    with memoryview(memory.buffer.mv) as view:
        with pytest.raises(WebAssembly.LinkError) as caught:
            _instance(MEMORY, _taking(), memory=memory)
        view[0] = 6
    assert str(caught.value) == (
        'WebAssembly.Instance(): Import #0 "m" "memory": '
        "the engine 'taking' cannot take over the memory: somebody holds a memoryview of the "
        "memory, or an array over its bytes; take it afterwards"
    )
    assert memory._memory.held_by is None
    assert Int32Array(memory.buffer)[0] == 6
    assert _instance(MEMORY, _taking(), memory=memory).load(0) == 6


def test_en_13_a_large_memory_is_taken_over_too() -> None:
    memory = WebAssembly.Memory(initial=1025)
    with memoryview(memory.buffer.mv), pytest.raises(BufferError):
        memory._memory.take("taking", lambda block: OwnBlock(bytes(block.data[:65536]), 1 << 17))
    assert memory.buffer.byteLength == 1025 * 65536
    memory._memory.take("taking", lambda block: OwnBlock(bytes(block.data[:65536]), 1 << 17))
    assert memory.buffer.byteLength == 65536


def test_en_13_what_an_engine_cannot_make_leaves_the_memory_as_it_was() -> None:
    memory = WebAssembly.Memory(initial=1)
    words = Int32Array(memory.buffer)

    def fail(_: Any) -> OwnBlock:
        raise MemoryError("no more memories")

    with pytest.raises(MemoryError):
        memory._memory.take("taking", fail)
    words[5] = 6
    assert _instance(MEMORY_ANY, "python", memory=memory).load(20) == 6


MEMORY_ANY = wat2wasm("""(module (memory (import "m" "memory") 1)
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))""")


def test_en_12_a_floating_table_is_taken_over() -> None:
    engine = _taking()
    table = WebAssembly.Table(element="anyfunc", initial=2, maximum=5)
    seven = _instance(
        wat2wasm('(module (func (export "f") (result i32) (i32.const 7)))'), "python"
    ).f
    table.set(1, seven)
    exports = _instance(TABLE, engine, table=table)
    assert isinstance(table._table.elems, OwnElements)
    assert (table._table.held_by, table.length, table.get(1) is seven) == ("taking", 2, True)
    assert exports.call(1) == 7
    with pytest.raises(WebAssembly.RuntimeError, match="uninitialized element 0"):
        exports.call(0)
    with pytest.raises(WebAssembly.RuntimeError, match="undefined element"):
        exports.call(2)
    exports.put(0)
    assert table.get(0) is exports.nine
    assert (exports.grow(2), table.grow(1), exports.size()) == (2, 4, 5)
    with pytest.raises(RangeError, match="may have 5"):
        table.grow(1)
    # From here on it is the engine's: the Python engine looks elements up.
    ours = _instance(TABLE, "python", table=table)
    assert (ours.call(0), ours.call(1)) == (9, 7)
    table.set(4, seven)
    assert ours.call(4) == 7


def test_en_12_a_floating_global_is_taken_over() -> None:
    global_ = WebAssembly.Global({"value": "i64", "mutable": True}, 1 << 40)
    exports = _instance(GLOBAL, _taking(), **{"global": global_})
    assert isinstance(global_._global.cell, OwnCell)
    assert (global_.value, exports.get()) == (1 << 40, 1 << 40)
    exports.set(-3)
    assert global_.value == -3
    global_.value = 9
    assert exports.get() == 9
    ours = _instance(GLOBAL, "python", **{"global": global_})
    ours.set(10)
    assert (exports.get(), global_.value) == (10, 10)


def test_en_14_a_table_that_the_python_engine_has_is_refused() -> None:
    table = WebAssembly.Table(element="anyfunc", initial=2)
    _instance(TABLE, "python", table=table)
    assert table._table.held_by == "python"
    with pytest.raises(WebAssembly.LinkError) as caught:
        _instance(TABLE, _taking(), table=table)
    assert str(caught.value) == (
        'WebAssembly.Instance(): Import #0 "m" "table": the table belongs to the Python engine and is in use there; '
        'compile its module with engine="taking", or this one with engine="python"'
    )


def test_en_14_a_mutable_global_that_the_python_engine_has_is_refused_and_a_constant_is_not() -> (
    None
):
    text = '(module (global (export "v") (mut i64) (i64.const 5)) (global (export "c") i64 (i64.const 6)))'
    exports = _instance(wat2wasm(text), "python")
    assert _instance(CONSTANT, _taking(), **{"global": exports.c}).get() == 6
    with pytest.raises(WebAssembly.LinkError) as caught:
        _instance(GLOBAL, _taking(), **{"global": exports.v})
    assert str(caught.value) == (
        'WebAssembly.Instance(): Import #0 "m" "global": the global belongs to the Python engine and is in use there; '
        'compile its module with engine="taking", or this one with engine="python"'
    )


def test_en_14_a_shared_memory_is_refused_with_the_reason() -> None:
    memory = WebAssembly.Memory(initial=1, maximum=10, shared=True)
    data = wat2wasm('(module (memory (import "m" "memory") 1 10 shared))')
    with pytest.raises(WebAssembly.LinkError) as floating:
        _instance(data, _taking(), memory=memory)
    assert str(floating.value) == (
        'WebAssembly.Instance(): Import #0 "m" "memory": '
        "the engine 'taking' cannot take over the memory: it has no shared ones"
    )
    _instance(data, "python", memory=memory)
    with pytest.raises(WebAssembly.LinkError) as held:
        _instance(data, _taking(), memory=memory)
    assert str(held.value) == (
        'WebAssembly.Instance(): Import #0 "m" "memory": '
        "the memory belongs to the Python engine and is in use there: it has no shared ones; "
        'compile its module with engine="taking", or this one with engine="python"'
    )


def test_what_an_engine_has_cannot_be_taken_again() -> None:
    table = WebAssembly.Table(element="anyfunc", initial=2)
    global_ = WebAssembly.Global({"value": "i64", "mutable": True})
    taking = _taking()
    _instance(TABLE, taking, table=table)
    _instance(GLOBAL, taking, **{"global": global_})
    with pytest.raises(ValueError, match="belongs to the engine 'taking'"):
        table._table.take("other", OwnElements([]))
    with pytest.raises(ValueError, match="belongs to the engine 'taking'"):
        global_._global.take("other", OwnCell(0))


def test_objects_that_are_made_in_a_block_float_too() -> None:
    with engines.using(_taking()):
        made = WebAssembly.Memory(initial=1), WebAssembly.Global(value="i32")
    assert (made[0]._memory.held_by, made[1]._global.held_by) == (None, None)
