"""The Python engine and the runtime's classes fit what hosts expect: the type checker reads the annotations here."""

from __future__ import annotations

from pyjsapi.embedding import interface
from pyjsapi.embedding.settings import Settings
from pyjsapi.engines.python_engine import PythonEngine
from pyjsapi.runtime import FuncInst, GlobalInst, MemInst, TableInst, TagInst
from pyjsapi.runtime.table import new_table
from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.types import (
    FUNCREF,
    I32,
    FuncType,
    GlobalType,
    MemType,
    TableType,
    TagType,
)
from pyjsapi.text import wat2wasm
from pyjsapi.validation.limits import Limits


def test_the_python_engine_fits() -> None:
    engine: interface.Engine = PythonEngine()
    module = engine.compile(wat2wasm('(module (memory (export "m") 3))'), Settings())
    instance: interface.Instance = engine.instantiate(module, ())
    memory: interface.Memory = instance.exports["m"]
    assert (engine.name, memory.pages, memory.byte_length) == ("python", 3, 3 * 65536)


def test_the_classes_of_the_runtime_fit() -> None:
    engine = PythonEngine()
    type_ = func_def_type(FuncType((), ()))
    memory: MemInst = engine.new_memory(MemType(I32, 1, 2), Limits())
    table: TableInst = new_table(TableType(I32, 2, None, FUNCREF), None, Limits())
    global_: GlobalInst = GlobalInst(GlobalType(I32, True), 5)
    tag = TagInst(TagType(type_))
    func = FuncInst(type_, lambda: None)
    externs: list[interface.Extern] = [func, memory, table, global_, tag]
    assert len(externs) == 5
    assert memory.grow(1) == 1
    assert (table.get(1), global_.cell[0], tag.type.type, func.depth()) == (None, 5, type_, 0)
