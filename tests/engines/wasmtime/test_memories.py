"""Memories on Wasmtime: who sees which bytes, growth, limits (EN-11 … EN-14, EN-34, EN-39)."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from pyjsapi import RangeError, WebAssembly, engines, wat2wasm
from pyjsapi.ecmascript import Uint8Array

GROWING = """
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))"""
OWN = wat2wasm(f'(module (memory (export "m") 1 4){GROWING})')
IMPORTED = wat2wasm(f'(module (import "e" "m" (memory 1 4)){GROWING})')


def _exports(data: bytes, imports: Any = None, **options: Any) -> Any:
    return WebAssembly.Instance(WebAssembly.Module(data, **options), imports).exports


def test_en_11_growth_in_code_detaches_at_once_and_views_see_the_bytes() -> None:
    exports = _exports(OWN)
    buffer = exports.m.buffer
    assert exports.m.buffer is buffer
    array = Uint8Array(buffer)
    view = array.mv
    exports.store(3, 77)
    assert array[3] == view[3] == 77
    view[4] = 5
    assert exports.load(4) == 5
    assert exports.grow(1) == 1
    assert buffer.detached
    assert exports.m.buffer.byteLength == 2 << 16
    exports.store(3, 78)
    assert view[3] == 78  # bytes do not move
    before = exports.m.buffer
    exports.m.grow(0)
    assert before.detached


def test_en_11_resizable_buffers_follow() -> None:
    exports = _exports(OWN)
    buffer = exports.m.toResizableBuffer()
    exports.grow(1)
    assert buffer.byteLength == 2 << 16
    buffer.resize(3 << 16)
    assert exports.grow(0) == 3
    exports.store((3 << 16) - 1, 9)
    assert Uint8Array(buffer)[(3 << 16) - 1] == 9


def test_bytes_are_there_as_long_as_somebody_has_a_view() -> None:
    exports = _exports(OWN)
    exports.store(3, 77)
    view = Uint8Array(exports.m.buffer).mv
    del exports
    gc.collect()
    assert view[3] == 77
    view[65_535] = 1


@pytest.mark.parametrize("first", ["python", "wasmtime"])
def test_en_12_a_memory_that_floats_is_taken_over(first: str) -> None:
    memory = WebAssembly.Memory(initial=1, maximum=4)
    buffer = memory.buffer
    array = Uint8Array(buffer)
    array[9] = 90
    exports = _exports(IMPORTED, {"e": {"m": memory}}, engine=first)
    assert exports.load(9) == 90
    assert memory.buffer is buffer
    exports.store(10, 91)
    assert array[10] == 91
    assert exports.grow(1) == 1
    assert buffer.detached


def test_en_12_tables_and_globals_that_float_are_taken_over() -> None:
    text = """(module (import "e" "t" (table 2 8 externref)) (import "e" "g" (global $g (mut i64)))
      (func (export "get") (param i32) (result externref) (table.get (local.get 0)))
      (func (export "grow") (param i32) (result i32) (table.grow (ref.null extern) (local.get 0)))
      (func (export "add") (global.set $g (i64.add (global.get $g) (i64.const 1)))))"""
    with engines.using("python"):
        table = WebAssembly.Table(element="externref", initial=2, maximum=8)
        number = WebAssembly.Global({"value": "i64", "mutable": True}, 5)
    thing = object()
    table.set(1, thing)
    exports = _exports(wat2wasm(text), {"e": {"t": table, "g": number}})
    assert exports.get(1) is thing
    exports.add()
    assert number.value == 6
    number.value = 40
    exports.add()
    assert number.value == 41
    assert exports.grow(3) == 2
    assert table.length == 5
    assert table.grow(1) == 5
    with pytest.raises(RangeError):
        table.grow(3)


def test_en_13_a_memory_that_the_python_engine_uses_is_taken_over() -> None:
    python = _exports(OWN, engine="python")
    python.store(0, 1)
    native = _exports(IMPORTED, {"e": {"m": python.m}})
    assert native.load(0) == 1
    native.store(0, 2)
    assert python.load(0) == 2
    python.store(1, 3)
    assert native.load(1) == 3
    assert native.grow(1) == 1
    assert python.grow(1) == 2
    python.store((3 << 16) - 1, 4)
    assert native.load((3 << 16) - 1) == 4


def test_en_13_in_generated_code_that_runs_in_a_loop() -> None:
    text = """(module (import "e" "f" (func $f)) (memory (export "m") 1 4)
      (func (export "run") (result i32) (local i32)
        (loop $again
          (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
          (call $f)
          (br_if $again (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 6))))
        (i32.load (i32.const 0))))"""
    adopted: list[Any] = []

    def host() -> None:
        if not adopted:
            adopted.append(_exports(IMPORTED, {"e": {"m": exports.m}}))
        adopted[0].store(0, adopted[0].load(0) + 10)
        adopted[0].grow(1)

    exports = _exports(wat2wasm(text), {"e": {"f": host}}, engine="python")
    assert exports.run() == 66


def test_en_14_what_is_in_use_by_the_python_engine_is_refused_with_words() -> None:
    text = """(module (table (export "t") 1 funcref)
      (global (export "g") (mut i32) (i32.const 0)) (global (export "c") i32 (i32.const 7)))"""
    python = _exports(wat2wasm(text), engine="python")
    for name, type_ in (("t", "table 1 funcref"), ("g", "global (mut i32)")):
        module = WebAssembly.Module(wat2wasm(f'(module (import "e" "{name}" ({type_})))'))
        kind = type_.partition(" ")[0]
        with pytest.raises(WebAssembly.LinkError) as refused:
            WebAssembly.Instance(module, {"e": {name: python[name]}})
        assert (
            f"the {kind} belongs to the Python engine and is in use there; compile its module"
            in str(refused.value)
        )
    constant = (
        '(module (import "e" "c" (global i32)) (func (export "f") (result i32) (global.get 0)))'
    )
    assert _exports(wat2wasm(constant), {"e": {"c": python.c}}).f() == 7


def test_en_14_python_modules_import_what_is_native() -> None:
    text = """(module (memory (export "m") 1 4) (table (export "t") 2 funcref) (elem (i32.const 0) $f)
      (global (export "g") (mut i64) (i64.const 5)) (tag (export "tag") (param i32))
      (func $f (export "f") (result i32) (i32.const 9)) (func (export "throw") (throw 0 (i32.const 3))))"""
    native = _exports(wat2wasm(text))
    user = """(module (import "e" "m" (memory 1)) (import "e" "t" (table 2 funcref))
      (import "e" "tag" (tag (param i32)))
      (import "e" "g" (global $g (mut i64))) (import "e" "throw" (func $throw))
      (type $t (func (result i32)))
      (func (export "call") (param i32) (result i32) (call_indirect (type $t) (local.get 0)))
      (func (export "grow") (result i32) (memory.grow (i32.const 1)))
      (func (export "set") (global.set $g (i64.const 6)))
      (func (export "copy") (table.copy (i32.const 1) (i32.const 0) (i32.const 1)))
      (func (export "catch") (result i32)
        (block $h (result i32) (try_table (catch 0 $h) (call $throw)) (i32.const 0))))"""
    python = _exports(wat2wasm(user), {"e": dict(native)}, engine="python")
    assert python.call(0) == 9
    python.copy()
    assert native.t.get(1) is native.f
    buffer = native.m.buffer
    assert python.grow() == 1
    assert buffer.detached
    python.set()
    assert native.g.value == 6
    assert python.catch() == 3


SEGMENTS = [
    ('(memory (export "m") 1)', "i32.const"),
    ('(memory (export "m") i64 1)', "i64.const"),
    ('(memory (export "m") 65536 (pagesize 1))', "i32.const"),
]


@pytest.mark.parametrize(("memory", "constant"), SEGMENTS)
def test_en_34_data_segments_are_written(memory: str, constant: str) -> None:
    text = f'(module {memory} (data ({constant} 5) "abc") (data ({constant} 65533) "xyz"))'
    array = Uint8Array(_exports(wat2wasm(text)).m.buffer)
    assert bytes(array[5:8]) == b"abc"
    assert bytes(array[65_533:65_536]) == b"xyz"


def test_en_34_data_segments_are_written_to_imported_memories() -> None:
    memory = WebAssembly.Memory(initial=1)
    text = '(module (import "e" "m" (memory 1)) (data (i32.const 5) "abc"))'
    for _ in range(2):
        Uint8Array(memory.buffer)[5] = 0
        _exports(wat2wasm(text), {"e": {"m": memory}})
        assert bytes(Uint8Array(memory.buffer)[5:8]) == b"abc"


def test_en_39_limits_hold_for_growth_in_code() -> None:
    text = f"""(module (memory (export "m") 1) (table (export "t") 1 externref){GROWING}
      (func (export "more") (param i32) (result i32) (table.grow (ref.null extern) (local.get 0))))"""
    limits = {"max_memory_pages": 3, "max_table_elements": 5}
    exports = _exports(wat2wasm(text), limits=limits)
    assert [exports.grow(3), exports.grow(2), exports.grow(1)] == [-1, 1, -1]
    assert [exports.more(5), exports.more(4), exports.more(1)] == [-1, 1, -1]
    with pytest.raises(RangeError):
        exports.m.grow(1)
    with pytest.raises(RangeError):
        exports.t.grow(1)
    assert exports.t.type() == {
        "minimum": 5,
        "element": "externref",
        "address": "i32",
    }


def test_en_39_memories_of_an_instance_have_a_bound_together() -> None:
    text = """(module (memory (export "a") 1) (memory (export "b") 1)
      (func (export "grow_a") (result i32) (memory.grow 0 (i32.const 1)))
      (func (export "grow_b") (result i32) (memory.grow 1 (i32.const 1))))"""
    exports = _exports(wat2wasm(text), limits={"max_memory_bytes": 3 << 16})
    assert [exports.grow_a(), exports.grow_b(), exports.grow_a()] == [1, -1, -1]


def test_en_39_what_begins_with_too_much_is_refused() -> None:
    module = WebAssembly.Module(OWN, limits={"max_memory_pages": 0})
    with pytest.raises(RangeError, match="the limit is 0 pages"):
        WebAssembly.Instance(module)


@pytest.mark.parametrize(
    "limits", [{"fuel": 5}, {"deadline": 1.0}, {"max_host_calls": 5}, {"call_depth": 100}]
)
def test_limits_that_are_not_kept_are_refused_by_name(limits: dict[str, float]) -> None:
    (name,) = limits
    with pytest.raises(WebAssembly.CompileError, match=rf"does not keep Limits\.{name}"):
        WebAssembly.Module(OWN, limits=limits)
    with pytest.warns(engines.EngineFallback):
        module = WebAssembly.Module(OWN, limits=limits, engine=["wasmtime", "python"])
    assert module.engine == "python"


def test_growth_in_code_detaches_the_buffer_of_a_memory_that_floated() -> None:
    memory = WebAssembly.Memory({"initial": 1, "maximum": 3})
    before = memory.buffer
    module = WebAssembly.Module(
        wat2wasm(
            '(module (import "m" "m" (memory 1)) (func (export "f") (result i32) (memory.grow (i32.const 1))))'
        )
    )
    assert WebAssembly.Instance(module, {"m": {"m": memory}}).exports.f() == 1
    assert before.detached
    assert memory.buffer.byteLength == 2 << 16
