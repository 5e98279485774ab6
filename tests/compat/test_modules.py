"""Modules, instances, linkers, and what can be closed, on PyPI's ``wasmtime`` and on ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

IMPORTS = """
(module
  (import "a" "b" (func (param i32) (result i32))) (import "a" "m" (memory 1))
  (import "a" "g" (global (mut i32))) (import "" "t" (table 1 10 funcref)) (export "x" (func 0)))
"""


def test_types_of_imports_and_exports(world: Any) -> None:
    module = world.module(IMPORTS)
    assert [(each.module, each.name, type(each.type).__name__) for each in module.imports] == [
        ("a", "b", "FuncType"),
        ("a", "m", "MemoryType"),
        ("a", "g", "GlobalType"),
        ("", "t", "TableType"),
    ]
    (export,) = module.exports
    assert (export.name, export.type.params) == ("x", [world.wasmtime.ValType.i32()])
    tag = world.module('(module (tag (export "t") (param i32)))').exports[0].type
    assert isinstance(tag, world.wasmtime.TagType)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("(module (func (result i32)))", "WasmtimeError"),
        ("(module (func (result i3", "WasmtimeError"),
        (b"\0asm", "WasmtimeError"),
        (b"", "WasmtimeError"),
        (b"\0asm\x0d\0\1\0", "WasmtimeError"),
        (3, "TypeError"),
        ("", "TypeError"),
        (memoryview(b"\0asm\1\0\0\0"), "TypeError"),
    ],
)
def test_what_is_no_module(world: Any, source: Any, error: str) -> None:
    with pytest.raises(getattr(world.wasmtime, error, TypeError)):
        world.wasmtime.Module(world.engine, source)


def test_where_modules_come_from(world: Any, tmp_path: Path) -> None:
    wasmtime, engine = world.wasmtime, world.engine
    data = wasmtime.wat2wasm('(module (func (export "f") (result i32) (i32.const 4)))')
    assert type(data) is bytearray and wasmtime.wat2wasm(b"(module)") == b"\0asm\1\0\0\0"
    (tmp_path / "m.wasm").write_bytes(data)
    (tmp_path / "m.bin").write_bytes(wasmtime.Module(engine, data).serialize())
    for module in (
        wasmtime.Module(engine, bytes(data)),
        wasmtime.Module(engine, data),
        wasmtime.Module.from_file(engine, tmp_path / "m.wasm"),
        wasmtime.Module.from_file(engine, str(tmp_path / "m.wasm")),
        wasmtime.Module.deserialize(engine, (tmp_path / "m.bin").read_bytes()),
        wasmtime.Module.deserialize(engine, wasmtime.Module(engine, data).serialize()),
        wasmtime.Module.deserialize_file(engine, str(tmp_path / "m.bin")),
    ):
        instance = wasmtime.Instance(world.store, module, [])
        assert instance.exports(world.store)["f"](world.store) == 4
    with pytest.raises(FileNotFoundError):
        wasmtime.Module.from_file(engine, tmp_path / "nothing")
    with pytest.raises(wasmtime.WasmtimeError, match="failed to open file"):
        wasmtime.Module.deserialize_file(engine, str(tmp_path / "nothing"))
    with pytest.raises(wasmtime.WasmtimeError):
        wasmtime.Module.deserialize(engine, b"1234")
    with pytest.raises(TypeError, match="expected bytes"):
        wasmtime.Module.deserialize(engine, "1234")


def test_validation(world: Any) -> None:
    validate = world.wasmtime.Module.validate
    validate(world.engine, b"\0asm\1\0\0\0")
    with pytest.raises(world.wasmtime.WasmtimeError):
        validate(world.engine, b"\0asm\2\0\0\0")
    with pytest.raises(TypeError, match="expected wasm bytes"):
        validate(world.engine, "(module)")


def test_exports_of_instances(world: Any) -> None:
    instance = world.wasmtime.Instance(
        world.store, world.module('(module (memory (export "m") 1) (func (export "f")))'), []
    )
    exports = instance.exports(world.store)
    assert instance.exports(world.store) is exports
    assert list(exports) == ["m", "f"] and len(exports) == 2 and "m" in exports
    assert exports.by_index == (exports["m"], exports["f"])
    assert exports.get("nothing") is None
    for name in ("nothing", 0):
        with pytest.raises(KeyError):
            exports[name]


def test_imports_that_do_not_fit(world: Any) -> None:
    wasmtime, module = world.wasmtime, world.module(IMPORTS)
    given = world.exports(
        """(module (func (export "f") (param i64) (result i32) (i32.const 1))
             (func (export "good") (param i32) (result i32) (i32.const 1))
             (memory (export "m") 1) (global (export "g") (mut i32) (i32.const 0))
             (global (export "other") i64 (i64.const 0)) (table (export "t") 2 5 funcref))"""
    )

    def instance(*names: str) -> Any:
        return wasmtime.Instance(world.store, module, [given[name] for name in names])

    instance("good", "m", "g", "t")
    for names, message in (
        ((), "expected 4 imports, found 0"),
        (("m", "m", "g", "t"), "incompatible import type for `a::b`.*expected func, but found mem"),
        (("f", "m", "g", "t"), "incompatible import type for `a::b`.*types incompatible"),
        (("good", "m", "other", "t"), "incompatible import type for `a::g`"),
    ):
        with pytest.raises(wasmtime.WasmtimeError, match=f"(?s){message}"):
            instance(*names)
    with pytest.raises(TypeError, match="expected a Func, Global, Memory, SharedMemory, Tag"):
        wasmtime.Instance(world.store, module, [3] * 4)


def test_imports_are_by_their_order(world: Any) -> None:
    exports = world.exports(
        """(module (import "a" "f" (func $f (result i32))) (import "a" "f" (func $g (result i32)))
             (func (export "both") (result i32 i32) (call $f) (call $g)))""",
        world.func(lambda: 1, "", "i32"),
        world.func(lambda: 2, "", "i32"),
    )
    assert exports["both"](world.store) == [1, 2]


def test_other_engines_and_stores(world: Any) -> None:
    wasmtime = world.wasmtime
    with pytest.raises(wasmtime.WasmtimeError, match="cross-`Engine`"):
        wasmtime.Instance(wasmtime.Store(wasmtime.Engine()), world.module("(module)"), [])
    host = world.func(lambda: None, "")
    module = world.module('(module (import "" "" (func)))')
    with pytest.raises(wasmtime.WasmtimeError, match="cross-`Store`"):
        wasmtime.Instance(wasmtime.Store(world.engine), module, [host])


def test_what_is_closed(world: Any) -> None:
    wasmtime, module = world.wasmtime, world.module("(module)")
    module.close()
    module.close()
    with wasmtime.Store(world.engine) as store:
        assert isinstance(store, wasmtime.Store)
    for use in (
        lambda: module.imports,
        lambda: wasmtime.Instance(world.store, module, []),
        lambda: wasmtime.Instance(store, world.module("(module)"), []),
        store.data,
    ):
        with pytest.raises(ValueError, match="already closed"):
            use()


def test_stores_and_engines(world: Any) -> None:
    wasmtime = world.wasmtime
    assert wasmtime.Store(world.engine, {"a": 1}).data() == {"a": 1}
    assert wasmtime.Store(world.engine).data() is None
    assert isinstance(wasmtime.Store().engine, wasmtime.Engine)
    assert world.engine.is_pulley() is False
    world.store.gc()
    refused: list[tuple[Callable[[], Any], str]] = [
        (lambda: wasmtime.Store(3), "expected an Engine"),
        (lambda: wasmtime.Engine(3), "expected Config"),
        (lambda: wasmtime.Module(3, "(module)"), "expected an Engine"),
    ]
    for wrong, message in refused:
        with pytest.raises(TypeError, match=message):
            wrong()


def test_linkers(world: Any) -> None:
    wasmtime, store = world.wasmtime, world.store
    linker = wasmtime.Linker(world.engine)
    host = world.func(lambda x: x + 1, "i32", "i32")
    linker.define(store, "a", "b", host)
    with pytest.raises(wasmtime.WasmtimeError, match="import of `a::b` defined twice"):
        linker.define(store, "a", "b", host)
    linker.allow_shadowing = True
    linker.define(store, "a", "b", host)
    with pytest.raises(AttributeError):
        _ = linker.allow_shadowing
    linker.define_func("a", "c", world.func_type("", "i32"), lambda: 5)
    module = world.module(
        """(module (import "a" "b" (func $b (param i32) (result i32)))
             (import "a" "c" (func $c (result i32)))
             (func (export "f") (result i32) (call $b (call $c))))"""
    )
    assert linker.instantiate(store, module).exports(store)["f"](store) == 6
    assert linker.get(store, "a", "c")(store) == 5
    with pytest.raises(wasmtime.WasmtimeError, match="item not defined in linker"):
        linker.get(store, "a", "nothing")
    unknown = world.module('(module (import "q" "r" (func)))')
    for use in (linker.instantiate_pre, lambda each: linker.instantiate(store, each)):
        with pytest.raises(
            wasmtime.WasmtimeError, match="unknown import: `q::r` has not been defined"
        ):
            use(unknown)
    refused: list[Callable[[], Any]] = [
        lambda: linker.define(store, "a", "d", 3),
        lambda: linker.define_func("a", "d", 3, len),
        lambda: linker.define_instance(store, "d", 3),
        lambda: linker.define_module(store, "d", 3),
    ]
    for wrong in refused:
        with pytest.raises(TypeError):
            wrong()


def test_host_functions_of_linkers_serve_all_stores(world: Any) -> None:
    linker = world.wasmtime.Linker(world.engine)
    callers: list[int] = []

    def function(caller: Any) -> int:
        callers.append(caller["memory"].data_len(caller))
        return 3

    linker.define_func("", "f", world.func_type("", "i32"), function, access_caller=True)
    module = world.module(
        """(module (import "" "f" (func $f (result i32))) (memory (export "memory") 1)
             (func (export "g") (result i32) (call $f)))"""
    )
    for pre in (False, True):
        store = world.wasmtime.Store(world.engine)
        made = linker.instantiate_pre(module) if pre else None
        instance = linker.instantiate(store, module) if made is None else made.instantiate(store)
        assert instance.exports(store)["g"](store) == 3
    assert callers == [65536, 65536]


def test_unknown_imports(world: Any) -> None:
    wasmtime, store = world.wasmtime, world.store
    module = world.module(
        """(module (import "q" "r" (func $r (result i32 f64)))
             (func (export "f") (result i32 f64) (call $r)))"""
    )
    linker = wasmtime.Linker(world.engine)
    linker.define_unknown_imports_as_traps(module)
    exports = linker.instantiate(store, module).exports(store)
    with pytest.raises(
        wasmtime.WasmtimeError, match="unknown import: `q::r` has not been defined"
    ) as caught:
        exports["f"](store)
    assert "backtrace" in str(caught.value)
    linker = wasmtime.Linker(world.engine)
    linker.define_unknown_imports_as_default_values(store, module)
    assert linker.instantiate(store, module).exports(store)["f"](store) == [0, 0.0]
    others = world.module(
        """(module (import "q" "g" (global i32)) (import "q" "m" (memory 2 3))
             (import "q" "t" (table 3 funcref)) (import "q" "o" (global (mut externref))))"""
    )
    linker.define_unknown_imports_as_default_values(store, others)
    assert linker.get(store, "q", "g").value(store) == 0
    assert linker.get(store, "q", "m").size(store) == 2
    assert linker.get(store, "q", "t").size(store) == 3


COUNTER = """
(module (global $g (mut i32) (i32.const 0))
  (func (export "{}") (global.set $g (i32.add (global.get $g) (i32.const 1))))
  (func (export "n") (result i32) (global.get $g)))
"""


def test_modules_of_linkers(world: Any) -> None:
    wasmtime, store = world.wasmtime, world.store
    linker = wasmtime.Linker(world.engine)
    linker.define_module(store, "command", world.module(COUNTER.format("_start")))
    assert linker.get_default(store, "command")(store) is None
    assert linker.get(store, "command", "n")(store) == 0
    linker.define_module(store, "reactor", world.module(COUNTER.format("_initialize")))
    assert linker.get(store, "reactor", "n")(store) == 1
    assert linker.get_default(store, "reactor")(store) is None
    assert linker.get_default(store, "nothing")(store) is None
    with pytest.raises(wasmtime.WasmtimeError, match="command export 'g' is not a function"):
        linker.define_module(
            store,
            "wrong",
            world.module(
                '(module (func (export "_start")) (global (export "g") i32 (i32.const 0)))'
            ),
        )


def test_instances_of_linkers(world: Any) -> None:
    wasmtime, store = world.wasmtime, world.store
    linker = wasmtime.Linker(world.engine)
    instance = wasmtime.Instance(
        store, world.module('(module (func (export "") (result i32) (i32.const 2)))'), []
    )
    linker.define_instance(store, "i", instance)
    assert linker.get_default(store, "i")(store) == 2
    with pytest.raises(wasmtime.WasmtimeError, match="import of `i::` defined twice"):
        linker.define_instance(store, "i", instance)
