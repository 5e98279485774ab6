"""Globals."""

from __future__ import annotations

from typing import Any

from pyjsapi.compat.wasmtime.errors import WasmtimeError
from pyjsapi.compat.wasmtime.store import Store, Storelike
from pyjsapi.compat.wasmtime.types import GlobalType, global_type
from pyjsapi.compat.wasmtime.values import check_known, from_js, object_or_val, to_js
from pyjsapi.jsapi.descriptors import type_name
from pyjsapi.jsapi.global_ import Global as JsGlobal


class Global:
    """A global. Raises `TypeError` for a value of another type."""

    _store: Store
    _js: JsGlobal[Any]

    def __init__(self, store: Storelike, ty: GlobalType, val: Any) -> None:
        if not isinstance(ty, GlobalType):
            raise TypeError("expected a GlobalType")
        ty._check_open()
        self._store = store._context()
        type_ = ty._type
        check_known((type_.valtype,))
        given = to_js(self._store, type_.valtype, val)
        descriptor = {"value": type_name(type_.valtype), "mutable": type_.mutable}
        self._js = JsGlobal(descriptor, given)

    def type(self, store: Storelike) -> GlobalType:
        """Its type."""
        self._store.require(store._context())
        return global_type(self._js._global.type)

    def value(self, store: Storelike) -> Any:
        """Its value; for a null reference the `Val` of it."""
        context = store._context()
        self._store.require(context)
        valtype = self._js._global.type.valtype
        check_known((valtype,))
        found = from_js(context, valtype, self._js.value)
        return object_or_val(valtype, found, is_there=found is not None)

    def set_value(self, store: Storelike, val: Any) -> None:
        """Change its value. Raises `TypeError` for one of another type, `WasmtimeError` if it is immutable."""
        context = store._context()
        self._store.require(context)
        type_ = self._js._global.type
        given = to_js(context, type_.valtype, val)
        if not type_.mutable:
            raise WasmtimeError("immutable global cannot be set")
        self._js.value = given


def global_of(store: Store, js: JsGlobal[Any]) -> Global:
    """The global of the JS API's object."""
    made = Global.__new__(Global)
    made._store, made._js = store, js
    return made
