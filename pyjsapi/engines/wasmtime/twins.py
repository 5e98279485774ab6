"""Machine code that goes on with an instance of the Python engine: the module again, but with nothing to begin with.

Its memories are imported, so that those of the instance are taken over; its segments are empty, as those are that were
dropped. Tables and globals are its own, and get what those of the instance have. Functions of the instance stay the
objects that they are, for native code as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyjsapi.embedding.valid_module import ValidModule
from pyjsapi.engines.wasmtime import adopting, instances
from pyjsapi.engines.wasmtime.calls import native_call
from pyjsapi.engines.wasmtime.instances import NativeInstance
from pyjsapi.engines.wasmtime.library import NAME
from pyjsapi.engines.wasmtime.modules import WasmtimeModule, compiled_twin
from pyjsapi.engines.wasmtime.objects import Cell, NativeElements
from pyjsapi.engines.wasmtime.reservations import NativeBlock
from pyjsapi.engines.wasmtime.store import func_handle_of, handle_of, store_here
from pyjsapi.syntax.types import FuncExtern, extern_kind

if TYPE_CHECKING:
    from pyjsapi.runtime.instance import ModuleInstance


class Twin:
    """The machine code of a module, for instances that run already."""

    def __init__(self, module: WasmtimeModule) -> None:
        self._module = module

    def take_over(self, instance: ModuleInstance) -> Callable[[int], Callable[..., Any]]:
        """Have native code that goes on where an instance is, of which no code runs; gives its functions by index.

        The instance has no tags, all of its segments are dropped, and its tables and mutable globals are known to it
        alone. Raises `BufferError` and `LinkError` where a memory cannot be taken over now, and `MemoryError`; the
        instance is as it was then, but for memories, which code of the Python engine may go on with.
        """
        module, store = self._module, store_here()
        native = NativeInstance(module, store)
        context, definitions = module.context, module.module
        counts = {
            "func": len(context.funcs) - len(definitions.funcs),
            "global": len(context.globals) - len(definitions.globals),
            "memory": len(context.mems) - len(definitions.mems),
        }
        spaces = {
            "func": iter(instance.funcs[: counts["func"]]),
            "global": iter(instance.globals[: counts["global"]]),
            "memory": iter(instance.mems[: counts["memory"]]),
        }
        values: list[Any] = [next(spaces[extern_kind(type_)]) for type_ in context.imports]
        own = instance.mems[counts["memory"] :]
        with store.entered():
            for memory in own:
                if not isinstance(memory.block, NativeBlock):
                    adopting.take_memory(store, memory)
                elif memory.block.home is not store:
                    raise BufferError("another thread has its memory")
            values += own
            instances.instantiate_linked(native, values)
            functions = self._functions(native, instance, counts["func"])
            _fill_tables(native, instance)
            _fill_globals(native, instance, counts["global"])

        def function(index: int) -> Callable[..., Any]:
            return functions[index]

        return function

    def _functions(
        self, native: NativeInstance, instance: ModuleInstance, imported: int
    ) -> dict[int, Callable[..., Any]]:
        module, store = self._module, native.store
        deep = any(isinstance(type_, FuncExtern) for type_ in module.context.imports)
        found: dict[int, Callable[..., Any]] = {}
        for index in module.reachable:
            handle = func_handle_of(instances.export_of(native, "func", index))
            func = instance.funcs[index]
            if index < imported:
                store.know_as(handle, func)
                continue
            store.stand_for(handle, func, deep)
            found[index] = native_call(store, func.type.func, handle, deep)
        return found


def _fill_tables(native: NativeInstance, instance: ModuleInstance) -> None:
    made = []
    for index, table in enumerate(instance.tables):
        handle = handle_of(instances.export_of(native, "table", index))
        elements = NativeElements(native.store, table.reftype, handle)
        values = table.elems
        first = len(elements)
        elements.extend(values[first:])
        for position, value in enumerate(values[:first]):
            if value is not None or elements[position] is not None:
                elements[position] = value
        made.append((table, elements))
    for table, elements in made:
        table.held_by = None
        table.take(NAME, elements)


def _fill_globals(native: NativeInstance, instance: ModuleInstance, imported: int) -> None:
    for index, global_ in enumerate(instance.globals):
        if index < imported or not global_.type.mutable:
            continue
        handle = handle_of(instances.export_of(native, "global", index))
        cell = Cell(native.store, global_.type.valtype, handle)
        cell[0] = global_.cell[0]
        global_.cell, global_.held_by = cell, NAME


def twin_of(valid: ValidModule) -> Twin:
    """The twin of a module, compiled unless it is there. Raises `Refusal` where Wasmtime cannot run it."""
    return Twin(compiled_twin(valid))
