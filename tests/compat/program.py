# ruff: noqa: B018, F821
"""A program that uses ``wasmtime``: type checkers say of it the same with PyPI's and with ours."""

from __future__ import annotations

from typing import Any

import wasmtime
from wasmtime import (
    Caller,
    Config,
    Engine,
    ExitTrap,
    Func,
    FuncType,
    Global,
    GlobalType,
    Instance,
    Limits,
    Linker,
    Memory,
    MemoryType,
    Module,
    SharedMemory,
    Store,
    Table,
    TableType,
    Tag,
    TagType,
    Trap,
    TrapCode,
    Val,
    ValType,
    WasiConfig,
    WasmtimeError,
    wat2wasm,
)

config = Config()
config.wasm_simd = True
config.consume_fuel = True
config.cache = True
config.strategy = "auto"
engine = Engine(config)
store = Store(engine, data={"key": 1})
reveal_type(store.data())
reveal_type(store.get_fuel())
reveal_type(store.engine)
store.set_fuel(1)
store.set_limits(memory_size=1)

reveal_type(wat2wasm("(module)"))
module = Module(engine, "(module)")
reveal_type(Module.from_file(engine, "path"))
reveal_type(Module.deserialize(engine, module.serialize()))
for import_ in module.imports:
    reveal_type(import_.module)
    reveal_type(import_.name)
    reveal_type(import_.type)
for export in module.exports:
    reveal_type(export.name)
    if isinstance(export.type, MemoryType):
        reveal_type(export.type.limits)
        reveal_type(export.type.limits.max)


def with_caller(caller: Caller, pointer: int) -> int:
    memory = caller["memory"]
    reveal_type(caller.get("memory"))
    if isinstance(memory, Memory):
        reveal_type(memory.read(caller, 0, 1))
        reveal_type(memory.write(caller, b"x", 0))
        reveal_type(memory.data_ptr(caller))
    return pointer


i32 = ValType.i32()
type_ = FuncType([i32], [ValType.externref()])
reveal_type(type_.params)
func = Func(store, type_, with_caller, access_caller=True)
reveal_type(func.type(store))
reveal_type(func(store, 1, Val.i32(2)))

instance = Instance(store, module, [func])
exports = instance.exports(store)
reveal_type(exports["f"])
reveal_type(exports.get("f"))
reveal_type(exports.by_index)
run = exports["run"]
if isinstance(run, Func):
    reveal_type(run(store))

memory = Memory(store, MemoryType(Limits(1, None), shared=False))
reveal_type(memory.grow(store, 1))
reveal_type(memory.data_len(store))
reveal_type(memory.type(store))
global_ = Global(store, GlobalType(i32, True), Val.i32(1))
reveal_type(global_.value(store))
global_.set_value(store, 2)
table = Table(store, TableType(ValType.funcref(), Limits(1, 2)), None)
reveal_type(table.get(store, 0))
reveal_type(table.grow(store, 1, None))
tag = Tag(store, TagType(FuncType([], [])))
reveal_type(tag.eq(store, tag))
reveal_type(tag.type(store).functype)
shared = SharedMemory(engine, MemoryType(Limits(1, 2), shared=True))
reveal_type(shared.size())

linker = Linker(engine)
linker.allow_shadowing = True
linker.define(store, "a", "b", func)
linker.define_func("a", "c", FuncType([], []), lambda: None)
linker.define_instance(store, "i", instance)
linker.define_wasi()
reveal_type(linker.instantiate(store, module))
reveal_type(linker.instantiate_pre(module).instantiate(store))
reveal_type(linker.instantiate_pre(module).module)
reveal_type(linker.get_default(store, "a"))
reveal_type(linker.get(store, "a", "b"))

wasi = WasiConfig()
wasi.argv = ["a"]
wasi.env = [("A", "1")]
wasi.stdout_file = "out"
wasi.inherit_stdin()
wasi.preopen_dir(".", "/", True)
store.set_wasi(wasi)

try:
    func(store)
except ExitTrap as end:
    reveal_type(end.code)
except Trap as trap:
    reveal_type(trap.message)
    reveal_type(trap.trap_code)
    for frame in trap.frames:
        reveal_type(frame.func_name)
        reveal_type(frame.module_offset)
    if trap.trap_code == TrapCode.UNREACHABLE:
        reveal_type(trap.trap_code.name)
except WasmtimeError as error:
    reveal_type(str(error))

value = Val.externref(object())
reveal_type(value.value)
reveal_type(value.as_i32())
reveal_type(value.as_funcref())
reveal_type(value.type)
with Store() as other:
    reveal_type(other)


def takes(given: wasmtime.Store, extern: Any) -> wasmtime.WasmtimeError:
    return wasmtime.WasmtimeError("x")


store.set_fuel("much")
func(1)
Memory(store, Limits(1, 2))
Module(engine, 3)
Instance(store, module, [3])
memory.read(store, "a")
linker.define("a", "b", func)
ValType.i128()
engine.epoch
