"""The same on each engine of the package that can be used here."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyjsapi import engines
from tests.compat.conftest import OURS, World

NATIVE = [name for name in engines.names() if name not in ("host", "auto")]

PROGRAM = r"""
(module $m
  (import "env" "add" (func $add (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1 3) (table (export "table") 2 funcref) (elem (i32.const 1) $trap)
  (global (export "count") (mut i32) (i32.const 0))
  (data (i32.const 64) "hello\n") (data (i32.const 16) "\40\00\00\00\06\00\00\00")
  (func (export "f") (param i32) (result i32)
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8)))
    (call $add (local.get 0) (i32.const -1)))
  (func $trap (export "trap") (param i32 i32) (result i32)
    (i32.div_s (local.get 0) (local.get 1)))
  (func (export "same") (param externref i64 f32) (result externref i64 f32)
    (local.get 0) (local.get 1) (local.get 2))
  (func (export "exit") (param i32) (call $exit (local.get 0))))
"""


@pytest.fixture(params=NATIVE)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if reason := engines.available()[request.param]:
        pytest.skip(reason)
    with engines.using(request.param):
        yield World(importlib.import_module(OURS))


def test_a_program(world: World, tmp_path: Path) -> None:
    wasmtime, store = world.wasmtime, world.store
    out: list[bytes] = []
    config = wasmtime.WasiConfig()
    config.stdout_custom = out.append
    store.set_wasi(config)

    def add(caller: Any, a: int, b: int) -> int:
        return a + b + int(caller["memory"].data_len(caller))

    linker = wasmtime.Linker(world.engine)
    linker.define_wasi()
    type_ = world.func_type("i32 i32", "i32")
    linker.define_func("env", "add", type_, add, access_caller=True)
    exports = linker.instantiate(store, world.module(PROGRAM)).exports(store)
    assert exports["f"](store, -4) == 65531
    assert out == [b"hello\n"]

    with pytest.raises(wasmtime.Trap) as trapped:
        exports["table"].get(store, 1)(store, 1, 0)
    assert trapped.value.trap_code == wasmtime.TrapCode.INTEGER_DIVISION_BY_ZERO
    assert [each.func_name for each in trapped.value.frames] == ["trap"]
    assert [each.module_name for each in trapped.value.frames] == ["m"]

    token = object()
    assert exports["same"](store, token, -(2**63), 1.5) == [token, -(2**63), 1.5]
    exports["count"].set_value(store, -3)
    assert exports["count"].value(store) == -3

    memory = exports["memory"]
    pointer = memory.data_ptr(store)
    assert memory.grow(store, 1) == 1 and memory.size(store) == 2
    memory.write(store, b"xyz", 65536 + 5)
    assert (pointer[65536 + 5], bytes(memory.read(store, 64, 69))) == (ord("x"), b"hello")

    with pytest.raises(wasmtime.ExitTrap) as ended:
        exports["exit"](store, 7)
    assert ended.value.code == 7


def test_exceptions_of_the_host(world: World) -> None:
    error = ValueError("mine")

    def fail() -> None:
        raise error

    exports = world.exports(
        """(module (import "" "" (func $host)) (func (export "f") (result i32)
             (block $h (try_table (catch_all $h) (call $host))) (i32.const 5)))""",
        world.func(fail, ""),
    )
    with pytest.raises(ValueError, match="mine") as caught:
        exports["f"](world.store)
    assert caught.value is error


def test_what_an_engine_has_not_is_told(world: World) -> None:
    """Fuel, deadlines and shared memories work, or a `WasmtimeError` names the engine."""
    wasmtime = world.wasmtime
    for setting, text in (
        ("consume_fuel", "(module)"),
        ("epoch_interruption", "(module)"),
        ("shared_memory", "(module (memory 1 1 shared))"),
    ):
        config = wasmtime.Config()
        setattr(config, setting, True)
        engine = wasmtime.Engine(config)
        try:
            wasmtime.Instance(wasmtime.Store(engine), wasmtime.Module(engine, text), [])
        except wasmtime.WasmtimeError as error:
            assert f"the engine {engines.default().name!r}" in str(error)


def test_the_native_engine_is_found_where_its_package_is_stood_in_for() -> None:
    if reason := engines.available()["wasmtime"]:
        pytest.skip(reason)
    code = """
from pyjsapi import compat, engines
compat.install()
from wasmtime import Engine, Instance, Module, Store
with engines.using("wasmtime"):
    store = Store(Engine())
    module = Module(store.engine, '(module (func (export "f") (result i32) (i32.const 4)))')
    assert Instance(store, module, []).exports(store)["f"](store) == 4
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
