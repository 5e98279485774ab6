"""Native tables and globals, with the interface of the runtime's."""

from __future__ import annotations

from collections.abc import Callable
from ctypes import addressof
from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

from pyjsapi.engines.wasmtime import values
from pyjsapi.engines.wasmtime.words import Words, check, words
from pyjsapi.runtime.global_ import GlobalInst
from pyjsapi.runtime.table import TableInst, callable_for
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import GlobalType, TableType, ValType

if TYPE_CHECKING:
    from pyjsapi.engines.wasmtime.store import Store
    from pyjsapi.runtime.instance import ModuleInstance

_OUT_OF_BOUNDS = "out of bounds table access"
_MOST = 1 << 64


class NativeTable(TableInst):
    """A table of a store."""

    __slots__ = ("handle", "store")

    def __init__(self, store: Store, type_: TableType, handle: Words, ceiling: int) -> None:
        self.store = store
        self.handle = handle
        self._type = type_
        self.ceiling = ceiling if type_.maximum is None else min(type_.maximum, ceiling)
        self._signatures = {}
        self._parted = self._counted = self.budget = self.wrapper = None

    @property
    def elems(self) -> Any:  # type: ignore[override]
        """The elements, which are asked for one by one."""
        return _Elements(self)

    @property
    def type(self) -> TableType:
        """See `TableInst`."""
        return replace(self._type, minimum=self.size())

    def limit(self) -> int:
        """See `TableInst`."""
        return self.ceiling

    def size(self) -> int:
        """See `TableInst`."""
        store = self.store
        with store.entered():
            size: int = store.lib.wasmtime_table_size(store.context, addressof(self.handle))
        return size

    def get(self, index: int) -> Any:
        """See `TableInst`."""
        store, value = self.store, words(4)
        with store.entered():
            if index >= _MOST or not store.lib.wasmtime_table_get(
                store.context, addressof(self.handle), index, addressof(value)
            ):
                raise Trap(_OUT_OF_BOUNDS)
            return values.read(store, value)

    def set(self, index: int, value: Any) -> None:
        """See `TableInst`."""
        store, given = self.store, words(4)
        with store.entered():
            if index >= self.size():
                raise Trap(_OUT_OF_BOUNDS)
            values.write(store, given, self.reftype, value)
            error = store.lib.wasmtime_table_set(
                store.context, addressof(self.handle), index, addressof(given)
            )
            store.lib.wasmtime_val_unroot(addressof(given))
        check(store.lib, error)

    def grow(self, value: Any, count: int) -> int:
        """See `TableInst`."""
        store, given, before = self.store, words(4), words(1)
        with store.entered():
            size = self.size()
            if size + count > self.ceiling:
                return -1
            values.write(store, given, self.reftype, value)
            error = store.lib.wasmtime_table_grow(
                store.context, addressof(self.handle), count, addressof(given), addressof(before)
            )
            store.lib.wasmtime_val_unroot(addressof(given))
        if error:
            store.lib.wasmtime_error_delete(error)
            return -1
        return size

    def fill(self, index: int, value: Any, count: int) -> None:
        """See `TableInst`."""
        self._check(index, count)
        for each in range(index, index + count):
            self.set(each, value)

    def copy(self, source: TableInst, index: int, source_index: int, count: int) -> None:
        """See `TableInst`."""
        if source_index + count > source.size():
            raise Trap(_OUT_OF_BOUNDS)
        self._check(index, count)
        self._put(index, [source.get(source_index + offset) for offset in range(count)])

    def init(self, index: int, source_index: int, count: int, segment: list[Any]) -> None:
        """See `TableInst`."""
        if source_index + count > len(segment):
            raise Trap(_OUT_OF_BOUNDS)
        self._check(index, count)
        self._put(index, segment[source_index : source_index + count])

    def _check(self, index: int, count: int) -> None:
        if index + count > self.size():
            raise Trap(_OUT_OF_BOUNDS)

    def _put(self, index: int, elements: list[Any]) -> None:
        for offset, element in enumerate(elements):
            self.set(index + offset, element)

    def signature_list(self, type_: DefType, instance: ModuleInstance | None = None) -> Any:
        """See `TableInst`: elements are looked up when they are called."""
        return _Calls(self, type_, instance)


class _Elements:
    """The elements of a native table."""

    __slots__ = ("_table",)

    def __init__(self, table: NativeTable) -> None:
        self._table = table

    def __len__(self) -> int:
        return self._table.size()

    @overload
    def __getitem__(self, key: int) -> Any: ...
    @overload
    def __getitem__(self, key: slice) -> list[Any]: ...
    def __getitem__(self, key: int | slice) -> Any:
        if isinstance(key, slice):
            return [self._table.get(index) for index in range(*key.indices(len(self)))]
        return self._table.get(key)


class _Calls:
    """What indirect calls of the Python engine's code find in a native table."""

    __slots__ = ("_instance", "_table", "_type")

    def __init__(self, table: NativeTable, type_: DefType, instance: ModuleInstance | None) -> None:
        self._table = table
        self._type = type_
        self._instance = instance

    def __len__(self) -> int:
        return self._table.size()

    def __getitem__(self, index: int) -> Callable[..., Any]:
        if index >= self._table.size():
            raise Trap("undefined element")
        counts = None if self._instance is None else self._instance.host_calls
        return callable_for(self._table.get(index), index, self._type, counts)


class NativeGlobal(GlobalInst):
    """A global of a store."""

    __slots__ = ("handle", "store")

    def __init__(self, store: Store, type_: GlobalType, handle: Words) -> None:
        self.store = store
        self.handle = handle
        self.type = type_
        self.cell: Any = _Cell(store, type_.valtype, handle)
        self.wrapper = None


class _Cell:
    """What stands for the list of a global's one value."""

    __slots__ = ("_handle", "_store", "_type")

    def __init__(self, store: Store, type_: ValType, handle: Words) -> None:
        self._store = store
        self._type = type_
        self._handle = handle

    def __getitem__(self, _: int) -> Any:
        store, value = self._store, words(4)
        with store.entered():
            store.lib.wasmtime_global_get(store.context, addressof(self._handle), addressof(value))
            return values.read(store, value)

    def __setitem__(self, _: int, value: Any) -> None:
        store, given = self._store, words(4)
        with store.entered():
            values.write(store, given, self._type, value)
            error = store.lib.wasmtime_global_set(
                store.context, addressof(self._handle), addressof(given)
            )
            store.lib.wasmtime_val_unroot(addressof(given))
        check(store.lib, error)
