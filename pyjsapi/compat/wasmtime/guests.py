"""Programs of WASI in a store: instances that share descriptors, each with a memory of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pyjsapi.compat.wasmtime.errors import WasmtimeError
from pyjsapi.compat.wasmtime.functions import Func, func_of
from pyjsapi.compat.wasmtime.types import FuncType, func_type
from pyjsapi.jsapi.instance import export_object
from pyjsapi.jsapi.memory import Memory
from pyjsapi.wasi.calls.table import TABLE, Row
from pyjsapi.wasi.guest import GuestMemory
from pyjsapi.wasi.wasi import exported_call

if TYPE_CHECKING:
    from pyjsapi.compat.wasmtime.store import Store

MODULE = "wasi_snapshot_preview1"
"""What programs import the functions from."""
ROWS: Mapping[str, Row] = {row.name: row for row in TABLE}
"""The functions, by name."""


class Guest:
    """An instance as WASI's functions know it."""

    def __init__(self, store: Store) -> None:
        if store._wasi is None:
            raise WasmtimeError(
                "the store has no configuration of WASI: `Store.set_wasi` comes before instantiation"
            )
        self._store = store
        self._process = store._wasi.another_process()

    def function(self, name: str) -> Func:
        """A function for the instance."""
        return func_of(self._store, self._exported(name))

    def _exported(self, name: str) -> Callable[..., Any]:
        row = ROWS[name]
        return exported_call(row, self._process, list(ROWS).index(name))

    def belongs_to(self, exports: Mapping[str, Any]) -> None:
        """The functions reach the memory that is exported as ``memory``, if there is one."""
        found = exports.get("memory")
        memory = None if found is None else export_object(found)
        if isinstance(memory, Memory):
            self._process.memory = GuestMemory(memory._memory)


def type_of(name: str) -> FuncType:
    """The type of a function of WASI."""
    return func_type(ROWS[name].type)
