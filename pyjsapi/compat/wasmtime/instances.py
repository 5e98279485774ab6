"""Instances, and what is done while they are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from pyjsapi.compat.wasmtime.errors import WasmtimeError, caused
from pyjsapi.compat.wasmtime.externs import (
    AsExtern,
    check_extern,
    extern_of,
    js_object,
    type_of,
)
from pyjsapi.compat.wasmtime.failures import enter
from pyjsapi.compat.wasmtime.functions import Calling
from pyjsapi.compat.wasmtime.memories import NO_SHARED
from pyjsapi.compat.wasmtime.modules import Module
from pyjsapi.compat.wasmtime.store import Store, Storelike
from pyjsapi.compat.wasmtime.tables import declare
from pyjsapi.jsapi.errors import LinkError
from pyjsapi.jsapi.instance import Instance as JsInstance
from pyjsapi.jsapi.instance import instance_object, read_imports
from pyjsapi.jsapi.instantiation import Instantiation
from pyjsapi.jsapi.table import Table as JsTable
from pyjsapi.runtime.instantiate import describe
from pyjsapi.syntax.types import ExternType, TableType, extern_kind
from pyjsapi.validation.matching import match_extern

if TYPE_CHECKING:
    from pyjsapi.compat.wasmtime.guests import Guest

_WHAT = "Instance"


class Instance:
    """An instance of a module, with ``imports`` in the order of the module's.

    Raises `WasmtimeError` for imports that do not fit, `Trap`, and what host functions raise.
    """

    _store: Store
    _js: JsInstance
    _exports: InstanceExports | None

    def __init__(self, store: Storelike, module: Module, imports: Sequence[AsExtern]) -> None:
        for item in imports:
            check_extern(item)
        self._store = store._context()
        self._exports = None
        self._js = _instantiate(self._store, module, imports)

    def exports(self, store: Storelike) -> InstanceExports:
        """Its exports, always the same object."""
        self._store.require(store._context())
        if self._exports is None:
            self._exports = InstanceExports(store, self)
        return self._exports


class InstanceExports(Mapping[str, AsExtern]):
    """The exports of an instance by name, and in the module's order."""

    def __init__(self, store: Storelike, instance: Instance) -> None:
        context = store._context()
        found = instance._js._instance.exports
        self._map = {name: extern_of(context, value) for name, value in found.items()}

    @property
    def by_index(self) -> Sequence[AsExtern]:
        """The exports in the module's order."""
        return tuple(self._map.values())

    def __getitem__(self, idx: str) -> AsExtern:
        return self._map[idx]

    def __len__(self) -> int:
        return len(self._map)

    def __iter__(self) -> Iterator[str]:
        return iter(self._map)


def instance_of(
    store: Store, module: Module, imports: Sequence[AsExtern], guest: Guest | None = None
) -> Instance:
    """An instance; ``guest`` is a program of WASI that gets its memory."""
    made = Instance.__new__(Instance)
    made._store, made._exports = store, None
    made._js = _instantiate(store, module, imports, guest)
    return made


def _instantiate(
    store: Store, module: Module, imports: Sequence[AsExtern], guest: Guest | None = None
) -> JsInstance:
    if not isinstance(module, Module):
        raise TypeError("expected a `Module`")
    js = module._for(store)
    needed = js._compiled.module.imports
    if len(imports) != len(needed):
        raise WasmtimeError(f"expected {len(needed)} imports, found {len(imports)}")
    calling = Calling()
    given = [js_object(store, item, calling) for item in imports]
    _count(store, module)
    try:
        values, made = read_imports(js, _Positional(given), _WHAT, {})
    except LinkError as error:
        _refuse(module, given, error)
    starts = js._compiled.module.start is not None
    if _must_be_told(store, starts and (guest is not None or _has_callers(imports))):
        made = _InStore(made, store, calling, guest)
    store.modules[js._compiled] = None
    try:
        instance: JsInstance = enter(store, instance_object, values, made, runs=starts)
    except LinkError as error:
        _refuse(module, given, error)
    calling.instance = instance._instance
    if guest is not None:
        guest.belongs_to(calling.instance.exports)
    _declare_tables(js._compiled, instance)
    return instance


def _must_be_told(store: Store, calls_early: bool) -> bool:
    """Whether the engine has to say when the instance stands, before any of its code runs."""
    settings = store.engine._settings
    return settings.fuel or settings.epochs or calls_early


def _has_callers(imports: Sequence[AsExtern]) -> bool:
    return any(
        host is not None and host.access_caller
        for item in imports
        if (host := getattr(item, "_host", None)) is not None
    )


def _declare_tables(compiled: Any, instance: JsInstance) -> None:
    """Have the tables of the module show its types, whatever sizes they have now."""
    imported = len(compiled.context.tables) - len(compiled.module.tables)
    for export in compiled.module.exports:
        if export.kind == "table" and export.index >= imported:
            table, type_ = instance.exports[export.name], compiled.context.tables[export.index]
            if isinstance(table, JsTable) and isinstance(type_, TableType):
                declare(table, type_)


class _Positional(Mapping[str, Any]):
    """Imports by their order, as an imports object: each is asked for once."""

    def __init__(self, given: Sequence[Any]) -> None:
        self._left = iter(given)

    def __getitem__(self, name: str) -> Any:
        return _Next(self._left)

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[str]:
        return iter(())


class _Next(_Positional):
    """The module that the next import is from."""

    def __init__(self, left: Iterator[Any]) -> None:
        self._left = left

    def __getitem__(self, name: str) -> Any:
        return next(self._left)


def _refuse(module: Module, given: Sequence[Any], error: LinkError) -> NoReturn:
    """Raise `WasmtimeError` for the first import that does not fit."""
    compiled = module._js._compiled
    for import_, expected, js in zip(
        compiled.module.imports, compiled.context.imports, given, strict=True
    ):
        actual = type_of(js)
        if not match_extern(actual, expected):
            what = f"incompatible import type for `{import_.module}::{import_.name}`"
            raise WasmtimeError(caused(what, _mismatch(expected, actual))) from None
    raise WasmtimeError(str(error)) from None  # Something that the engine has not.


def _mismatch(expected: ExternType, actual: ExternType) -> str:
    kinds = extern_kind(expected), extern_kind(actual)
    if kinds[0] != kinds[1]:
        return f"expected {kinds[0]}, but found {kinds[1]}"
    return f"types incompatible: expected {describe(expected)}, found {describe(actual)}"


def _count(store: Store, module: Module) -> None:
    """Raise `WasmtimeError` for what the store may not have."""
    compiled = module._js._compiled
    store.count("instance")
    tables, memories = compiled.module.tables, compiled.module.mems
    store.count("table", len(tables))
    store.count("memory", len(memories))
    for type_ in compiled.context.mems[len(compiled.context.mems) - len(memories) :]:
        if type_.shared and not store.engine._settings.shared_memory:
            raise WasmtimeError(NO_SHARED)
        store.check_sizes(type_.minimum, type_.page_size, 0)
    for table in compiled.context.tables[len(compiled.context.tables) - len(tables) :]:
        store.check_sizes(0, 0, table.minimum)


class _InStore(Instantiation):
    """An instantiation that shares what the store has, and tells host functions who calls."""

    __slots__ = ("_calling", "_guest", "_shared", "_store")

    def __init__(
        self, made: Instantiation, store: Store, calling: Calling, guest: Guest | None
    ) -> None:
        super().__init__(made.compiled, made.what, engine=made.engine)
        self._store = store
        self._calling = calling
        self._guest = guest
        self._shared = False
        self.is_needed = True

    def begun(self, instance: Any, /) -> None:
        """See `Instantiation`."""
        super().begun(instance)
        self._calling.instance = instance
        self._shared = self._store.share(instance)

    def segments_written(self) -> None:
        """See `Instantiation`. The exports stand."""
        super().segments_written()
        instance = self._calling.instance
        if not self._shared:
            self._store.adopt(instance)
        if self._guest is not None:
            self._guest.belongs_to(instance.exports)
