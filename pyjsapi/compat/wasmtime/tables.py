"""Tables."""

from __future__ import annotations

import weakref
from typing import Any, Final

from pyjsapi.compat.wasmtime.errors import WasmtimeError
from pyjsapi.compat.wasmtime.store import Store, Storelike
from pyjsapi.compat.wasmtime.types import TableType, table_type
from pyjsapi.compat.wasmtime.values import check_known, from_js, object_or_val, to_js
from pyjsapi.ecmascript import RangeError
from pyjsapi.jsapi.table import Table as JsTable
from pyjsapi.syntax.types import FUNCREF, ValType
from pyjsapi.syntax.types import TableType as CoreTableType

_declared: Final[weakref.WeakKeyDictionary[JsTable[Any], CoreTableType]] = (
    weakref.WeakKeyDictionary()
)
"""The types that tables were made with."""


class Table:
    """A table, all of its elements ``init``. Raises `WasmtimeError` where it would be too large."""

    _store: Store
    _js: JsTable[Any]

    def __init__(self, store: Storelike, ty: TableType, init: Any) -> None:
        self._store = store._context()
        ty._check_open()
        type_ = ty._type
        given = to_js(self._store, type_.reftype, init)
        self._store.check_sizes(0, 0, type_.minimum)
        self._store.count("table")
        descriptor = {
            "element": "anyfunc" if type_.reftype is FUNCREF else "externref",
            "initial": type_.minimum,
            "maximum": type_.maximum,
        }
        try:
            self._js = JsTable(descriptor, given, limits=self._store.limits())
        except RangeError as error:
            raise WasmtimeError(str(error)) from None
        _declared[self._js] = type_

    def type(self, store: Storelike) -> TableType:
        """The type that it was made with."""
        self._store.require(store._context())
        return table_type(_declared.get(self._js, self._js._table.type))

    def size(self, store: Storelike) -> int:
        """How many elements it has."""
        self._store.require(store._context())
        return self._js.length

    def grow(self, store: Storelike, amt: int, init: Any) -> int:
        """Add elements, each ``init``; the size before. Raises `WasmtimeError` where that cannot be."""
        given = to_js(self._open(store), self._reftype(), init)
        try:
            return self._js.grow(amt, given)
        except RangeError:
            raise WasmtimeError(f"failed to grow table by `{amt}`") from None

    def get(self, store: Storelike, idx: int) -> Any | None:
        """An element: a `Func`, an object, or the `Val` of null; ``None`` beyond the end."""
        context, type_ = self._open(store), self._reftype()
        if not 0 <= idx < self._js.length:
            return None
        found = from_js(context, type_, self._js.get(idx))
        return object_or_val(type_, found, is_there=bool(found))

    def set(self, store: Storelike, idx: int, val: Any) -> None:
        """Replace an element. Raises `TypeError` for a value of another type, `WasmtimeError` beyond the end."""
        given = to_js(self._open(store), self._reftype(), val)
        if not 0 <= idx < self._js.length:
            raise WasmtimeError("wasm trap: undefined element: out of bounds table access")
        self._js.set(idx, given)

    def _open(self, store: Storelike) -> Store:
        context = store._context()
        self._store.require(context)
        return context

    def _reftype(self) -> ValType:
        type_ = self._js._table.reftype
        check_known((type_,))
        return type_


def table_of(store: Store, js: JsTable[Any]) -> Table:
    """The table of the JS API's object."""
    made = Table.__new__(Table)
    made._store, made._js = store, js
    return made


def declare(js: JsTable[Any], type_: CoreTableType) -> None:
    """Have a table show the type that its module has for it."""
    _declared.setdefault(js, type_)
