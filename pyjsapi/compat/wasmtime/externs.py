"""What instances import and export: from this package's objects to those of the JS API, and back."""

from __future__ import annotations

from typing import Any, TypeAlias

from pyjsapi.compat.wasmtime.errors import WasmtimeError
from pyjsapi.compat.wasmtime.functions import Calling, Func, func_of
from pyjsapi.compat.wasmtime.globals import Global, global_of
from pyjsapi.compat.wasmtime.memories import Memory, SharedMemory, memory_of
from pyjsapi.compat.wasmtime.store import Store
from pyjsapi.compat.wasmtime.tables import Table, table_of
from pyjsapi.compat.wasmtime.tags import Tag, tag_of
from pyjsapi.jsapi.global_ import Global as JsGlobal
from pyjsapi.jsapi.instance import export_object
from pyjsapi.jsapi.memory import Memory as JsMemory
from pyjsapi.jsapi.references import funcinst_of
from pyjsapi.jsapi.table import Table as JsTable
from pyjsapi.jsapi.tag import Tag as JsTag
from pyjsapi.runtime.instantiate import extern_type
from pyjsapi.syntax.types import ExternType

AsExtern: TypeAlias = Func | Table | Memory | SharedMemory | Global | Tag
"""What instances import and export."""

KINDS = (Func, Global, Memory, SharedMemory, Tag, Table)


def check_extern(item: object) -> None:
    """Raise `TypeError` for what no instance can import."""
    if not isinstance(item, KINDS):
        raise TypeError("expected a Func, Global, Memory, SharedMemory, Tag, or Table")


def extern_of(store: Store, found: Any) -> AsExtern:
    """This package's object for an external value of the runtime."""
    return wrapped(store, export_object(found))


def wrapped(store: Store, js: Any) -> AsExtern:
    """This package's object for one of the JS API."""
    if isinstance(js, JsMemory):
        return memory_of(store, js)
    if isinstance(js, JsTable):
        return table_of(store, js)
    if isinstance(js, JsGlobal):
        return global_of(store, js)
    if isinstance(js, JsTag):
        return tag_of(store, js)
    return func_of(store, js)


def js_object(store: Store, item: AsExtern, calling: Calling) -> Any:
    """The JS API's object for one of this package, as an instance of the store imports it.

    Raises `WasmtimeError` for one of another store. ``calling`` is that instance.
    """
    if isinstance(item, SharedMemory):
        item._check_open()
        return item._js
    if item._store is not store:
        raise WasmtimeError("cross-`Store` instantiation is not currently supported")
    if isinstance(item, Func) and item._host is not None and item._host.access_caller:
        return item._host.bound(store, calling)
    return item._js


def type_of(js: Any) -> ExternType:
    """The type that an object of the JS API has now."""
    inst = funcinst_of(js)
    if inst is not None:
        return extern_type(inst)
    for kind, slot in _SLOTS.items():
        if isinstance(js, kind):
            return extern_type(getattr(js, slot))
    raise TypeError(f"{js!r} is nothing that can be imported")


_SLOTS: dict[type, str] = {
    JsMemory: "_memory",
    JsTable: "_table",
    JsGlobal: "_global",
    JsTag: "_tag",
}
