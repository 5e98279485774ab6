"""Linkers: imports by name, for instances of any store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from pyjsapi.compat.wasmtime import guests
from pyjsapi.compat.wasmtime.engine import Engine, open_engine
from pyjsapi.compat.wasmtime.errors import WasmtimeError
from pyjsapi.compat.wasmtime.externs import AsExtern, check_extern
from pyjsapi.compat.wasmtime.failures import Ended
from pyjsapi.compat.wasmtime.functions import Calling, Func, HostFunc
from pyjsapi.compat.wasmtime.globals import Global
from pyjsapi.compat.wasmtime.guests import Guest
from pyjsapi.compat.wasmtime.instances import Instance, instance_of
from pyjsapi.compat.wasmtime.managed import Managed, setter_property
from pyjsapi.compat.wasmtime.memories import Memory
from pyjsapi.compat.wasmtime.modules import Module
from pyjsapi.compat.wasmtime.store import Store, Storelike
from pyjsapi.compat.wasmtime.tables import Table
from pyjsapi.compat.wasmtime.tags import Tag
from pyjsapi.compat.wasmtime.types import (
    FuncType,
    GlobalType,
    MemoryType,
    TableType,
    core_type,
    def_type,
)
from pyjsapi.syntax.types import F32, F64, I32, I64, ValType


class _Wasi:
    """A function of WASI, which each instance has of its own."""

    def __init__(self, name: str) -> None:
        self.name = name


Definition: TypeAlias = AsExtern | HostFunc | _Wasi
"""What a linker has by a name."""
Names = tuple[str, str]


class Linker(Managed):
    """Definitions by two names, which imports of modules are looked up in."""

    engine: Engine

    def __init__(self, engine: Engine) -> None:
        self.engine = open_engine(engine)
        self._definitions: dict[Names, Definition] = {}
        self._shadowing = False

    def _release(self) -> None:
        self._definitions.clear()

    @setter_property
    def allow_shadowing(self, allow: bool) -> None:
        """Whether a name may be defined again."""
        self._check_open()
        self._shadowing = bool(allow)

    def define(self, store: Storelike, module: str, name: str, item: AsExtern) -> None:
        """Define something of a store. Raises `WasmtimeError` for a name that is defined."""
        check_extern(item)
        context = store._context()
        if getattr(item, "_store", context) is not context:
            raise WasmtimeError("item from the wrong store")
        self._define(module, name, item)

    def define_func(
        self,
        module: str,
        name: str,
        ty: FuncType,
        func: Callable[..., Any],
        access_caller: bool = False,
    ) -> None:
        """Define a host function for all stores. Raises `WasmtimeError` for a name that is defined."""
        self._define(module, name, HostFunc(ty, func, access_caller))

    def define_instance(self, store: Storelike, name: str, instance: Instance) -> None:
        """Define all exports of an instance. Raises `WasmtimeError` for a name that is defined."""
        if not isinstance(instance, Instance):
            raise TypeError("expected an `Instance`")
        for each, item in instance.exports(store).items():
            self._define(name, each, item)

    def define_wasi(self) -> None:
        """Define the functions of WASI preview 1. Raises `WasmtimeError` where they are defined."""
        for name in guests.ROWS:
            self._define(guests.MODULE, name, _Wasi(name))

    def define_module(self, store: Storelike, name: str, module: Module) -> None:
        """Define what a module exports.

        Each call of a function of a command, which exports ``_start``, makes an instance of its own; any other module
        is instantiated now, and its ``_initialize`` called. Raises `WasmtimeError`, and what the instantiation does.
        """
        if not isinstance(module, Module):
            raise TypeError("expected a `Module`")
        context = store._context()
        exports = module.exports
        if any(each.name == "_start" for each in exports):
            for each in exports:
                if isinstance(each.type, FuncType):
                    self._define(name, each.name, self._command(context, module, each.name))
                elif each.name not in _ALLOWED:
                    raise WasmtimeError(f"command export '{each.name}' is not a function")
            return
        instance = self.instantiate(context, module)
        initialize = instance.exports(context).get("_initialize")
        if isinstance(initialize, Func):
            initialize(context)
        self.define_instance(context, name, instance)

    def _command(self, store: Store, module: Module, export: str) -> Func:
        (type_,) = (each.type for each in module.exports if each.name == export)

        def command(caller: Any, *arguments: Any) -> Any:
            found = self.instantiate(store, module).exports(store)[export]
            return found(store, *arguments) if isinstance(found, Func) else None

        if not isinstance(type_, FuncType):
            raise WasmtimeError(f"{export!r} is no function")
        return Func(store, type_, command, access_caller=True)

    def instantiate(self, store: Storelike, module: Module) -> Instance:
        """An instance of a module. Raises `WasmtimeError` for an import that is not defined or does not fit."""
        self._check_open()
        return _instantiate(store._context(), module, self._found(module))

    def instantiate_pre(self, module: Module) -> InstancePre:
        """A module with what it imports. Raises `WasmtimeError` for an import that is not defined."""
        if not isinstance(module, Module):
            raise TypeError("expected a `Module`")
        made = InstancePre.__new__(InstancePre)
        made._module, made._definitions = module, self._found(module)
        return made

    def get_default(self, store: Storelike, name: str) -> Func:
        """The function named ``""`` of a module, else ``_start``, else one that does nothing."""
        context = store._context()
        for each in ("", "_start"):
            found = self._definitions.get((name, each))
            if found is not None:
                item = _resolved(context, found)
                if not isinstance(item, Func):
                    raise WasmtimeError(f"`{name}::{each}` is no function")
                return item
        return Func(context, FuncType([], []), lambda: None)

    def get(self, store: Storelike, module: str, name: str) -> AsExtern:
        """What is defined by two names. Raises `WasmtimeError` for nothing."""
        self._check_open()
        found = self._definitions.get((module, name))
        if found is None:
            raise WasmtimeError("item not defined in linker")
        return _resolved(store._context(), found)

    def define_unknown_imports_as_traps(self, module: Module) -> None:
        """Define the functions that a module imports and that are not defined: calling one raises `WasmtimeError`."""
        for names, type_ in self._unknown(module):
            if isinstance(type_, FuncType):
                self._define(*names, HostFunc(type_, _unknown_import(names), False))

    def define_unknown_imports_as_default_values(self, store: Storelike, module: Module) -> None:
        """Define what a module imports and is not defined: zeros, nulls, and functions that give them."""
        context = store._context()
        for names, type_ in self._unknown(module):
            self._define(*names, _default(context, type_))

    def _unknown(self, module: Module) -> list[tuple[Names, Any]]:
        if not isinstance(module, Module):
            raise TypeError("expected a `Module`")
        found = {(each.module, each.name or ""): each.type for each in module.imports}
        return [each for each in found.items() if each[0] not in self._definitions]

    def _define(self, module: str, name: str, definition: Definition) -> None:
        self._check_open()
        for each in (module, name):
            each.encode()  # whatever is no text is refused
        if (module, name) in self._definitions and not self._shadowing:
            raise WasmtimeError(f"import of `{module}::{name}` defined twice")
        self._definitions[module, name] = definition

    def _found(self, module: Module) -> list[Definition]:
        self._check_open()
        found = []
        for each in module.imports:
            definition = self._definitions.get((each.module, each.name or ""))
            if definition is None:
                raise WasmtimeError(_not_defined((each.module, each.name or "")))
            found.append(definition)
        return found


_ALLOWED = ("memory", "__indirect_function_table", "__heap_base", "__data_end", "__rtti_base")
"""What a command may export beside functions; they are not defined."""


class InstancePre(Managed):
    """A module with what it imports, to be instantiated in any store."""

    _module: Module
    _definitions: list[Definition]

    def instantiate(self, store: Storelike) -> Instance:
        """An instance. Raises as `Linker.instantiate` does."""
        self._check_open()
        return _instantiate(store._context(), self._module, self._definitions)

    @property
    def module(self) -> Module:
        """The module."""
        self._check_open()
        return self._module


def _instantiate(store: Store, module: Module, found: list[Definition]) -> Instance:
    guest = Guest(store) if any(isinstance(each, _Wasi) for each in found) else None
    return instance_of(store, module, [_resolved(store, each, guest) for each in found], guest)


def _resolved(store: Store, definition: Definition, guest: Guest | None = None) -> AsExtern:
    """What a definition is in a store."""
    if isinstance(definition, HostFunc):
        made = Func.__new__(Func)
        made._store, made._host, made._type = store, definition, definition.type
        made._js = definition.bound(store, Calling())
        return made
    if isinstance(definition, _Wasi):
        return (guest or Guest(store)).function(definition.name)
    return definition


def _not_defined(names: Names) -> str:
    return f"unknown import: `{names[0]}::{names[1]}` has not been defined"


def _unknown_import(names: Names) -> Callable[..., Any]:
    def unknown(*_: Any) -> None:
        raise Ended(_not_defined(names))

    return unknown


def _default(store: Store, type_: Any) -> AsExtern:
    if isinstance(type_, FuncType):
        results = [_zero(each) for each in def_type(type_).func.results]
        found = None if not results else results[0] if len(results) == 1 else results
        return Func(store, type_, lambda *_: found)
    if isinstance(type_, GlobalType):
        return Global(store, type_, _zero(core_type(type_.content)))
    if isinstance(type_, MemoryType):
        return Memory(store, type_)
    if isinstance(type_, TableType):
        return Table(store, type_, None)
    return Tag(store, type_)


def _zero(type_: ValType) -> Any:
    if type_ is I32 or type_ is I64:
        return 0
    return 0.0 if type_ is F32 or type_ is F64 else None
