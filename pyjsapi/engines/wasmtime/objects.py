"""Native tables and globals: what stands for a table's list of elements, and for the list of a global's value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ctypes import addressof
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pyjsapi.engines.wasmtime import values
from pyjsapi.engines.wasmtime.library import NAME
from pyjsapi.engines.wasmtime.words import Words, check, words
from pyjsapi.runtime.global_ import GlobalInst
from pyjsapi.runtime.table import TableInst, callable_for
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import GlobalType, RefType, TableType, ValType

if TYPE_CHECKING:
    from pyjsapi.engines.wasmtime.store import Store
    from pyjsapi.runtime.instance import ModuleInstance


def table_of(store: Store, type_: TableType, handle: Words, ceiling: int) -> TableInst:
    """The table of an instance."""
    table = TableInst(replace(type_, minimum=0), None, ceiling=ceiling)
    table.held_by = None
    table.take(NAME, NativeElements(store, type_.reftype, handle))
    return table


def global_of(store: Store, type_: GlobalType, handle: Words) -> GlobalInst:
    """The global of an instance."""
    global_ = GlobalInst(type_, None)
    global_.cell, global_.held_by = Cell(store, type_.valtype, handle), NAME
    return global_


class NativeElements:
    """See `runtime.table.Elements`."""

    __slots__ = ("_reftype", "handle", "store")

    def __init__(self, store: Store, reftype: RefType, handle: Words) -> None:
        self.store = store
        self.handle = handle
        self._reftype = reftype

    def __len__(self) -> int:
        store = self.store
        with store.entered():
            size: int = store.lib.wasmtime_table_size(store.context, addressof(self.handle))
        return size

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        store, value = self.store, words(4)
        with store.entered():
            if not store.lib.wasmtime_table_get(
                store.context, addressof(self.handle), index, addressof(value)
            ):
                raise IndexError(index)
            return values.read(store, value)

    def __setitem__(self, index: int | slice, value: Any) -> None:
        if isinstance(index, slice):
            for each, element in zip(range(*index.indices(len(self))), value, strict=True):
                self[each] = element
            return
        store, given = self.store, words(4)
        with store.entered():
            values.write(store, given, self._reftype, value)
            error = store.lib.wasmtime_table_set(
                store.context, addressof(self.handle), index, addressof(given)
            )
            store.lib.wasmtime_val_unroot(addressof(given))
        check(store.lib, error)

    def extend(self, elements: Sequence[Any]) -> None:
        """Grow. Raises `MemoryError`, with nothing changed."""
        if not elements:
            return
        store, given, before = self.store, words(4), words(1)
        with store.entered():
            values.write(store, given, self._reftype, elements[0])
            error = store.lib.wasmtime_table_grow(
                store.context,
                addressof(self.handle),
                len(elements),
                addressof(given),
                addressof(before),
            )
            store.lib.wasmtime_val_unroot(addressof(given))
        if error:
            store.lib.wasmtime_error_delete(error)
            raise MemoryError(f"a table cannot grow by {len(elements)} elements")
        for offset, element in enumerate(elements):
            if element is not elements[0]:
                self[before[0] + offset] = element

    def calls(self, type_: DefType, instance: ModuleInstance | None) -> Any:
        """See `runtime.table.Elements`: elements are looked up when they are called."""
        return _Calls(self, type_, instance)


class _Calls:
    """What indirect calls of the Python engine's code find in a native table."""

    __slots__ = ("_elements", "_instance", "_type")

    def __init__(
        self, elements: NativeElements, type_: DefType, instance: ModuleInstance | None
    ) -> None:
        self._elements = elements
        self._type = type_
        self._instance = instance

    def __len__(self) -> int:
        return len(self._elements)

    def __getitem__(self, index: int) -> Callable[..., Any]:
        if index >= len(self._elements):
            raise Trap("undefined element")
        counts = None if self._instance is None else self._instance.host_calls
        return callable_for(self._elements[index], index, self._type, counts)


class Cell:
    """What stands for the list of a global's one value."""

    __slots__ = ("_type", "handle", "store")

    def __init__(self, store: Store, type_: ValType, handle: Words) -> None:
        self.store = store
        self._type = type_
        self.handle = handle

    def __getitem__(self, _: int) -> Any:
        store, value = self.store, words(4)
        with store.entered():
            store.lib.wasmtime_global_get(store.context, addressof(self.handle), addressof(value))
            return values.read(store, value)

    def __setitem__(self, _: int, value: Any) -> None:
        store, given = self.store, words(4)
        with store.entered():
            values.write(store, given, self._type, value)
            error = store.lib.wasmtime_global_set(
                store.context, addressof(self.handle), addressof(given)
            )
            store.lib.wasmtime_val_unroot(addressof(given))
        check(store.lib, error)
