"""Instantiation: imports become native, and all that an instance may hand out becomes known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ctypes import addressof
from typing import TYPE_CHECKING, Any

from pyjsapi.blocks.block import Block
from pyjsapi.embedding.interface import Fuel, HostCalls
from pyjsapi.engines.wasmtime import adopting, failures
from pyjsapi.engines.wasmtime.library import NAME
from pyjsapi.engines.wasmtime.modules import WasmtimeModule
from pyjsapi.engines.wasmtime.objects import global_of, table_of
from pyjsapi.engines.wasmtime.reservations import block_of
from pyjsapi.engines.wasmtime.rewritten import hidden
from pyjsapi.engines.wasmtime.shared_blocks import NativeSharedBlock
from pyjsapi.engines.wasmtime.store import Store, func_handle_of, handle_of, store_here
from pyjsapi.engines.wasmtime.words import (
    FUNC_KIND,
    GLOBAL_KIND,
    SHARED_KIND,
    TABLE_KIND,
    TAG_KIND,
    WasmtimeError,
    Words,
    words,
)
from pyjsapi.runtime import ExternVal, FuncInst, GlobalInst, MemInst, TableInst, TagInst
from pyjsapi.runtime.bell import Bell
from pyjsapi.runtime.call_clock import CallClock
from pyjsapi.runtime.instantiate import match_imports
from pyjsapi.runtime.memory import page_limit_of
from pyjsapi.runtime.memory_budget import MemoryBudget, check_total
from pyjsapi.runtime.table import check_table_size, check_total_elements
from pyjsapi.syntax.errors import LinkError
from pyjsapi.syntax.types import FuncExtern, MemType, TableType

if TYPE_CHECKING:
    from pyjsapi.runtime.instantiate import Setup


class NativeInstance:
    """An instance of Wasmtime's: its index spaces, imports first. Functions are there as far as they may come out."""

    __slots__ = (
        "__weakref__",
        "budget",
        "clock",
        "exports",
        "funcs",
        "globals",
        "handle",
        "mems",
        "module",
        "store",
        "tables",
        "tags",
    )

    def __init__(self, module: WasmtimeModule, store: Store) -> None:
        self.module = module
        self.store = store
        self.funcs: dict[int, FuncInst] = {}
        self.tables: list[TableInst] = []
        self.mems: list[MemInst] = []
        self.globals: list[GlobalInst] = []
        self.tags: list[TagInst] = []
        self.exports: Mapping[str, ExternVal] = {}
        most = module.settings.limits.max_memory_bytes
        self.budget = None if most is None else MemoryBudget(most)
        self.handle: Words = words(2)
        self.clock: CallClock | None = None
        deadline = module.settings.limits.deadline
        if deadline is not None:
            bell = Bell()
            self.clock = CallClock(bell, deadline)
            store.bells.add(bell)

    @property
    def fuel(self) -> Fuel | None:
        """There is none: see `rewritten.refuse_limits`."""
        return None

    @property
    def host_calls(self) -> HostCalls | None:
        """They are not counted, likewise."""
        return None


def instantiate(
    module: WasmtimeModule, values: Sequence[ExternVal], setup: Setup | None = None
) -> NativeInstance:
    """See `embedding.interface.Engine`."""
    if setup is not None:
        raise LinkError(
            f"the engine {NAME!r} makes memories as the module says, and no instance from a snapshot: "
            "memory_overrides, resources and builtins that belong to the instance need engine='python'"
        )
    match_imports(module.module, module.context, values)
    _check_sizes(module, len([value for value in values if isinstance(value, MemInst)]))
    store = store_here()
    instance = NativeInstance(module, store)
    with store.entered():
        imported = instantiate_linked(instance, values)
        _find_objects(instance, imported)
        module.waits.connect(
            store, instance.mems, lambda index: handle_of(export_of(instance, "global", index))
        )
        _find_funcs(instance, imported[0])
    spaces: dict[str, Any] = {
        "func": instance.funcs,
        "table": instance.tables,
        "memory": instance.mems,
        "global": instance.globals,
        "tag": instance.tags,
    }
    instance.exports = {
        export.name: spaces[export.kind][export.index] for export in module.module.exports
    }
    start = module.module.start
    if start is not None:
        instance.funcs[start].call()
    return instance


def instantiate_linked(
    instance: NativeInstance, values: Sequence[ExternVal]
) -> tuple[int, int, int, int, int]:
    """Make the native instance, in its store, of imports that match; how many there are of each kind.

    Its index spaces have those alone. Raises as `embedding.interface.Engine.instantiate`.
    """
    externs = _link(instance, values)
    imported = _counts(instance)
    _instantiate(instance, externs, len(values))
    return imported


def _check_sizes(module: WasmtimeModule, imported: int) -> None:
    """Raise `MemoryError` for what is larger than it may be."""
    limits, context = module.settings.limits, module.context
    own = context.mems[imported:]
    for type_ in own:
        page_limit_of(type_, limits)
    if limits.max_memory_bytes is not None:
        check_total(sum(type_.minimum * type_.page_size for type_ in own), limits.max_memory_bytes)
    tables = context.tables[len(context.tables) - len(module.module.tables) :]
    check_total_elements(sum(type_.minimum for type_ in tables), limits.max_total_table_elements)
    for table in tables:
        check_table_size(table, limits)


def _counts(instance: NativeInstance) -> tuple[int, int, int, int, int]:
    return (
        len(instance.funcs),
        len(instance.tables),
        len(instance.mems),
        len(instance.globals),
        len(instance.tags),
    )


def _link(instance: NativeInstance, values: Sequence[ExternVal]) -> Words:
    """The imports as the C API has them."""
    externs = words(4 * max(len(values), 1))
    for index, value in enumerate(values):
        kind, handle = _extern(instance, index, value)
        externs[4 * index] = kind
        externs[4 * index + 1 : 4 * index + 1 + len(handle)] = list(handle)
    return externs


def _extern(instance: NativeInstance, index: int, value: ExternVal) -> tuple[int, Words]:
    store, module = instance.store, instance.module
    if isinstance(value, FuncInst):
        instance.funcs[len(instance.funcs)] = value
        return FUNC_KIND, store.native_func(value, module.native.import_types[index]).handle
    if isinstance(value, MemInst):
        instance.mems.append(value)
        return adopting.native_memory(store, module, index, value)
    if isinstance(value, GlobalInst):
        instance.globals.append(value)
        return GLOBAL_KIND, adopting.native_global(store, module, index, value)
    if isinstance(value, TagInst):
        instance.tags.append(value)
        return TAG_KIND, store.exceptions.native_tag(value)
    instance.tables.append(value)
    return TABLE_KIND, adopting.native_table(store, module, index, value)


def _instantiate(instance: NativeInstance, externs: Words, count: int) -> None:
    store, trap = instance.store, words(1)
    native = instance.module.native
    error = store.lib.wasmtime_instance_new(
        store.context,
        native.pointer,
        addressof(externs),
        count,
        addressof(instance.handle),
        addressof(trap),
    )
    # Even if a segment did not fit: functions may be in a table.
    store.modules.add(instance.module)
    if error or trap[0]:
        failed = failures.failure(store, error, trap[0])
        if isinstance(failed, WasmtimeError):
            raise MemoryError(str(failed))
        raise failed


def _find_objects(instance: NativeInstance, imported: tuple[int, int, int, int, int]) -> None:
    store, context = instance.store, instance.module.context
    limits = instance.module.settings.limits
    _, tables, mems, globals_, tags = imported
    for index, type_ in enumerate(context.mems[mems:], mems):
        block = _block(store, export_of(instance, "memory", index), type_)
        memory = MemInst(type_, page_limit=page_limit_of(type_, limits), block=block)
        memory.held_by = NAME
        instance.mems.append(memory)
        if instance.budget is not None:
            instance.budget.add(memory)
    most = limits.max_table_elements
    if limits.max_total_table_elements is not None:
        most = min(most, limits.max_total_table_elements)
    for index, table in enumerate(context.tables[tables:], tables):
        handle = handle_of(export_of(instance, "table", index))
        instance.tables.append(table_of(store, table, handle, most))
    for index, global_ in enumerate(context.globals[globals_:], globals_):
        handle = handle_of(export_of(instance, "global", index))
        instance.globals.append(global_of(store, global_, handle))
    for index, tag_type in enumerate(context.tags[tags:], tags):
        tag = TagInst(tag_type)
        store.exceptions.add_tag(tag, handle_of(export_of(instance, "tag", index)))
        instance.tags.append(tag)


def _block(store: Store, extern: Words, type_: MemType) -> Block:
    if extern[0] & 0xFF == SHARED_KIND:
        return NativeSharedBlock(extern[1], type_)
    return block_of(store, handle_of(extern), type_.page_size_log2)


def _find_funcs(instance: NativeInstance, imported: int) -> None:
    store, context = instance.store, instance.module.context
    deep = bool(instance.module.waits.instructions) or any(
        isinstance(type_, FuncExtern | TableType) for type_ in context.imports
    )
    for index in instance.module.reachable:
        handle = func_handle_of(export_of(instance, "func", index))
        if index < imported:
            store.know_as(handle, instance.funcs[index])
        else:
            instance.funcs[index] = store.add_func(
                context.funcs[index], handle, index, deep, instance.clock
            )


def export_of(instance: NativeInstance, kind: str, index: int) -> Words:
    """What an instance has of a kind at an index, as the C API has it."""
    return instance.store.export(instance.handle, hidden(kind, index))
