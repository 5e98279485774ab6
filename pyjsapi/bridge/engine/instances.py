"""Instances of native modules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyjsapi.bridge.engine.exceptions import know_tag, native_tag
from pyjsapi.bridge.engine.functions import NativeFunctions, Shape, give, is_native
from pyjsapi.bridge.engine.hooks import NATIVE, Handle
from pyjsapi.bridge.engine.letters import NAME, OPAQUE, letter
from pyjsapi.bridge.engine.memories import NativeBlock, memory_of, take_memory
from pyjsapi.bridge.engine.modules import NativeModule
from pyjsapi.bridge.engine.tables import (
    NativeCell,
    NativeElements,
    check_elements,
    global_of,
    table_of,
    take_global,
    take_table,
)
from pyjsapi.bridge.memory.linked import LinkedBlock
from pyjsapi.bridge.memory.web import WebBlock
from pyjsapi.engines.mixing import refused
from pyjsapi.runtime.exception import TagInst
from pyjsapi.runtime.function import FuncInst
from pyjsapi.runtime.global_ import GlobalInst
from pyjsapi.runtime.instance import ExternVal
from pyjsapi.runtime.instantiate import match_imports
from pyjsapi.runtime.memory import MemInst, page_limit_of
from pyjsapi.runtime.table import TableInst


class NativeInstance:
    """An instance: see `embedding.interface.Instance`. Nothing of it is limited."""

    __slots__ = ("__weakref__", "exports", "functions", "globals", "mems", "tables", "tags")

    fuel = budget = host_calls = clock = None

    def __init__(self, functions: NativeFunctions) -> None:
        self.functions = functions
        self.mems: list[MemInst] = []
        self.tables: list[TableInst] = []
        self.globals: list[GlobalInst] = []
        self.tags: list[TagInst] = []
        self.exports: dict[str, ExternVal] = {}


def instantiate(module: NativeModule, values: Sequence[ExternVal]) -> NativeInstance:
    """See `embedding.interface.Engine`; it raises what that does."""
    match_imports(module.module, module.context, values)
    _check_limits(module, values)
    NATIVE.begin_imports()
    for index, value in enumerate(values):
        _give_import(module, index, value)
    shape = Shape(module.context.funcs)
    handle = Handle(NATIVE.new_instance(int(module.handle), shape))
    instance = NativeInstance(NativeFunctions(handle, shape))
    imported = _take_imports(instance, values)
    _take_definitions(module, instance)
    shape.tags = instance.tags
    _export(module, instance, imported)
    start = module.module.start
    if start is not None:
        _function(instance, imported, start).entry()()
    return instance


def _check_limits(module: NativeModule, values: Sequence[ExternVal]) -> None:
    context, limits = module.context, module.settings.limits
    for type_ in context.mems[sum(isinstance(value, MemInst) for value in values) :]:
        page_limit_of(type_, limits)
    for table in context.tables[sum(isinstance(value, TableInst) for value in values) :]:
        check_elements(table, limits)


def _take_imports(instance: NativeInstance, values: Sequence[ExternVal]) -> list[FuncInst]:
    """Put imports into the index spaces; the functions."""
    functions: list[FuncInst] = []
    for value in values:
        if isinstance(value, FuncInst):
            functions.append(value)
        elif isinstance(value, MemInst):
            instance.mems.append(value)
        elif isinstance(value, TableInst):
            instance.tables.append(value)
        elif isinstance(value, GlobalInst):
            instance.globals.append(value)
        else:
            instance.tags.append(value)
    return functions


def _take_definitions(module: NativeModule, instance: NativeInstance) -> None:
    context, limits = module.context, module.settings.limits
    number = int(instance.functions.handle)

    def get(kind: str, index: int) -> Handle:
        return Handle(NATIVE.export_of(number, f"{kind}{index}"))

    for i in range(len(instance.mems), len(context.mems)):
        instance.mems.append(memory_of(context.mems[i], get("memory", i), limits))
    for i in range(len(instance.tables), len(context.tables)):
        instance.tables.append(table_of(context.tables[i], get("table", i), limits))
    for i in range(len(instance.globals), len(context.globals)):
        instance.globals.append(global_of(context.globals[i], get("global", i)))
    for i in range(len(instance.tags), len(context.tags)):
        tag = TagInst(context.tags[i])
        know_tag(tag, get("tag", i))
        instance.tags.append(tag)


def _function(instance: NativeInstance, imported: Sequence[FuncInst], index: int) -> FuncInst:
    return imported[index] if index < len(imported) else instance.functions[index]


def _export(module: NativeModule, instance: NativeInstance, imported: Sequence[FuncInst]) -> None:
    spaces: Mapping[str, list[Any]] = {
        "memory": instance.mems,
        "table": instance.tables,
        "global": instance.globals,
        "tag": instance.tags,
    }
    for export in module.module.exports:
        if export.kind == "func":
            instance.exports[export.name] = _function(instance, imported, export.index)
        else:
            instance.exports[export.name] = spaces[export.kind][export.index]


def _give_import(module: NativeModule, index: int, value: ExternVal) -> None:
    if isinstance(value, FuncInst):
        if is_native(value) and value.owner is not None and value.index is not None:
            owner: Any = value.owner
            NATIVE.import_export(int(owner.handle), value.index)
        else:
            give(value)
            NATIVE.import_given()
    elif isinstance(value, MemInst):
        _give_memory(module, index, value)
    elif isinstance(value, TableInst):
        _give_table(module, index, value)
    elif isinstance(value, GlobalInst):
        _give_global(module, index, value)
    else:
        NATIVE.import_handle(int(native_tag(value)))


def _give_memory(module: NativeModule, index: int, memory: MemInst) -> None:
    block = memory.block
    if isinstance(block, NativeBlock):
        NATIVE.import_handle(int(block.handle))
    elif isinstance(block, WebBlock) or (isinstance(block, LinkedBlock) and block.in_javascript):
        NATIVE.import_memory(block.record)
    else:
        try:
            taken = take_memory(memory)
        except BufferError as error:
            raise refused(module, index, "memory", memory.held_by, NAME, str(error)) from error
        NATIVE.import_handle(int(taken.handle))


def _give_table(module: NativeModule, index: int, table: TableInst) -> None:
    elements: Any = table.elems
    if isinstance(elements, NativeElements):
        handle: Handle | None = elements.handle
    elif table.held_by is None:
        handle = take_table(table)
    else:
        raise refused(module, index, "table", table.held_by, NAME)
    if handle is None:
        raise refused(
            module, index, "table", None, NAME, f"JavaScript has no values of type {table.reftype}"
        )
    NATIVE.import_handle(int(handle))


def _give_global(module: NativeModule, index: int, value: GlobalInst) -> None:
    cell: Any = value.cell
    if isinstance(cell, NativeCell):
        NATIVE.import_handle(int(cell.handle))
        return
    code = letter(value.type.valtype)
    if code == OPAQUE:
        reason = f"JavaScript has no values of type {value.type.valtype}"
        raise refused(module, index, "global", None, NAME, reason)
    if not value.type.mutable:
        NATIVE.import_value(code, cell[0])
    elif value.held_by is None:
        NATIVE.import_handle(int(take_global(value)))
    else:
        raise refused(module, index, "global", value.held_by, NAME)
