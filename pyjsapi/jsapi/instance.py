"""``WebAssembly.Instance`` (index.bs, "Instances")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypedDict, final

from pyjsapi.ecmascript import RangeError
from pyjsapi.ecmascript.conversions import shown
from pyjsapi.ecmascript.errors import DataCloneError
from pyjsapi.ecmascript.values import is_object
from pyjsapi.jsapi.builtin_sets import BuiltinImports, is_provided
from pyjsapi.jsapi.descriptors import get_property
from pyjsapi.jsapi.errors import LinkError, js_error
from pyjsapi.jsapi.functions import (
    exported_function,
    from_js,
    funcinst_for_import,
    name_exported,
    name_parameters,
)
from pyjsapi.jsapi.global_ import Global, global_object
from pyjsapi.jsapi.instantiation import Instantiation
from pyjsapi.jsapi.memory import Memory, memory_object
from pyjsapi.jsapi.module import Module, in_short
from pyjsapi.jsapi.promising import Suspending, suspending_function
from pyjsapi.jsapi.table import Table, table_object
from pyjsapi.jsapi.tag import Tag, tag_object
from pyjsapi.runtime import ExternVal, FuncInst, GlobalInst, MemInst, TagInst
from pyjsapi.runtime.instantiate import describe, import_place
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.errors import LinkError as CoreLinkError
from pyjsapi.syntax.types import (
    I64,
    V128,
    ExternType,
    FuncExtern,
    GlobalType,
    MemType,
    RefType,
    TableType,
)

if TYPE_CHECKING:
    from pyjsapi.embedding.interface import Clock, Fuel, HostCalls
    from pyjsapi.jsapi.signatures import MemoryOverrides


_AS_DICTIONARY: Final = "as a dictionary it is {k: exports[k] for k in exports}"
_METHODS: Final = ("items", "values", "get", "copy")
"""Of dictionaries, that the exports object does not have."""


def _nothing_named(name: str, items: dict[str, Any]) -> str:
    """What to say to someone who asked for an export that is not there."""
    meant = name[name.find("__", 1) :]
    if name.startswith("_") and meant in items:
        return (
            f"the module exports nothing named {name!r}: in a class Python reads .{meant} so; "
            f'write exports["{meant}"]'
        )
    advice = f"; {_AS_DICTIONARY}" if name in _METHODS else ""
    return f"the module exports nothing named {name!r}; its exports are {in_short(items)}{advice}"


@final
class Exports:
    """The frozen exports object: ``exports.name`` or ``exports["name"]``, iterated in the module's order.

    It has no methods, so that every name is free for exports; but ``keys()``, which ``dict(exports)`` needs, if the
    module exports nothing of that name. ``{k: exports[k] for k in exports}`` is a dictionary of any.
    """

    __slots__ = ("_items",)

    _items: dict[str, Any]

    def __init__(self, items: dict[str, Any]) -> None:
        object.__setattr__(self, "_items", items)

    def __getattribute__(self, name: str) -> Any:
        items: dict[str, Any] = object.__getattribute__(self, "_items")
        if name in items:
            return items[name]
        if name.startswith("__") or name == "_get_export":
            return object.__getattribute__(self, name)
        if name == "keys":
            # What `dict(exports)` and `{**exports}` ask for.
            return items.keys
        raise AttributeError(_nothing_named(name, items), name=name)

    def __getitem__(self, name: str) -> Any:
        return object.__getattribute__(self, "_items")[name]

    def _get_export(self, name: str) -> Any:
        return object.__getattribute__(self, "_items").get(name)

    def __contains__(self, name: object) -> bool:
        return name in object.__getattribute__(self, "_items")

    def __iter__(self) -> Iterator[str]:
        return iter(object.__getattribute__(self, "_items"))

    def __len__(self) -> int:
        return len(object.__getattribute__(self, "_items"))

    def __dir__(self) -> list[str]:
        return [name for name in object.__getattribute__(self, "_items") if name.isidentifier()]

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise TypeError(f"cannot set {name!r}: the exports object is frozen")

    def __delattr__(self, name: str) -> NoReturn:
        raise TypeError(f"cannot delete {name!r}: the exports object is frozen")

    def __copy__(self) -> Exports:
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise DataCloneError("the exports of an instance cannot be stored or copied")

    def __repr__(self) -> str:
        return f"<exports {in_short(object.__getattribute__(self, '_items'))}>"


class Instance:
    """An instantiated module.

    ``imports`` is a mapping, or an object with attributes, of the same: ``{"env": {"f": f, "mem": memory}}``.
    Raises `TypeError` when it is missing or has no such module, `LinkError` for an import of the wrong kind or type,
    `RuntimeError` when an active segment does not fit or the start function traps, `RangeError` when there is not
    enough memory.

    Extensions, which the JS API does not have: ``resources`` are what the host offers by name to the module's section
    ``pyjsapi.memory-map``: each a `HostResource` or any buffer. ``memory_overrides`` are what memories that the module
    defines are made with, by index or by the name that they are exported under: ``{0: {"minimum": 40}}`` makes one of
    40 pages, which the module's own type must allow; ``storage``, ``backing``, ``noAccess``, ``readOnly`` and
    ``virtual`` are those of `Memory`. Raises `LinkError` where a resource is missing or too small, `TypeError` and
    `RangeError` for overrides.
    """

    if TYPE_CHECKING:

        @property
        def exports(self) -> Exports:
            """The frozen `Exports` object, always the same."""
    else:
        # `exports` is read-only by `__setattr__`: shells complete after an attribute, and run no property for that.
        __slots__ = ("__weakref__", "_instance", "_instantiation", "exports")

    _instantiation: Instantiation

    def __init__(
        self,
        module: Any = None,
        /,
        imports: Any = None,
        *,
        resources: Mapping[str, Any] | None = None,
        memory_overrides: MemoryOverrides | None = None,
    ) -> None:
        what = "WebAssembly.Instance()"
        if not isinstance(module, Module):
            raise TypeError(f"{what}: argument 0 must be a WebAssembly.Module")
        extras: Extras = {"resources": resources, "memory_overrides": memory_overrides}
        self._instantiate(*read_imports(module, imports, what, extras))

    def _instantiate(self, values: list[ExternVal], made: Instantiation) -> None:
        compiled, what = made.compiled, made.what
        self._instantiation = made
        try:
            engine = made.engine
            if made.is_needed:
                self._instance = engine.instantiate(compiled, values, made)
            else:
                self._instance = engine.instantiate(compiled, values)
        except CoreLinkError as error:
            raise LinkError(f"{what}: {error}") from error
        except MemoryError as error:
            raise RangeError(f"{what}: {error}") from error
        except BaseException as error:
            other = js_error(error)
            if other is error:
                raise
            raise other from None
        exports = self._instance.exports
        items = {name: export_object(value) for name, value in exports.items()}
        imported = compiled.imported_funcs
        for export in compiled.module.exports:
            if export.kind == "func":
                function = items[export.name]
                name_exported(function, export.name)
                if export.index >= imported:
                    name_parameters(function, partial(compiled.local_names, export.index))
        object.__setattr__(self, "exports", Exports(items))

    @property
    def last_mmap_error(self) -> str | None:
        """Why a function of the builtin set ``mmap`` last gave -1 to the instance; an extension."""
        return self._instantiation.last_error

    @property
    def fuel_left(self) -> int | None:
        """How many instructions the instance may still execute; ``None`` without `Limits.fuel`. An extension."""
        tank = self._fuel()
        return None if tank is None else tank.left

    @property
    def fuel_used(self) -> int | None:
        """How many instructions the instance has paid for, its start function included; an extension, likewise."""
        tank = self._fuel()
        return None if tank is None else tank.used

    def interrupt(self) -> bool:
        """End what the instance runs, from any thread; whether it ran anything. An extension.

        The call from outside raises `Interrupted`. Raises `TypeError` where the module has no `Limits.deadline`.
        """
        clock: Clock | None = self._instance.clock
        if clock is None:
            raise TypeError(
                "WebAssembly.Instance.interrupt(): the module was compiled without Limits.deadline "
                "(math.inf is one that never comes)"
            )
        return clock.interrupt()

    def _fuel(self) -> Fuel | None:
        tank: Fuel | None = self._instance.fuel
        return tank if tank is not None and tank.limited else None

    def add_fuel(self, fuel: int) -> None:
        """Let the instance execute so many instructions more; also from another thread while it runs. An extension.

        Raises `TypeError` where the module has no `Limits.fuel`, or for what is no `int`; `RangeError` if negative.
        """
        what = "WebAssembly.Instance.add_fuel()"
        tank = self._fuel()
        if tank is None:
            raise TypeError(f"{what}: the module was compiled without Limits.fuel")
        _check_amount(fuel, "fuel", what)
        tank.add(fuel)

    @property
    def host_calls_left(self) -> int | None:
        """How many calls of host functions it may make yet; ``None`` without `Limits.max_host_calls`. An extension."""
        calls: HostCalls | None = self._instance.host_calls
        return None if calls is None else calls.left

    @property
    def host_calls_used(self) -> int | None:
        """How many it has made, those of its start function included; an extension, likewise."""
        calls: HostCalls | None = self._instance.host_calls
        return None if calls is None else calls.used

    def add_host_calls(self, calls: int) -> None:
        """Let the instance make so many calls of host functions more; otherwise as `add_fuel`."""
        what = "WebAssembly.Instance.add_host_calls()"
        host_calls: HostCalls | None = self._instance.host_calls
        if host_calls is None:
            raise TypeError(f"{what}: the module was compiled without Limits.max_host_calls")
        _check_amount(calls, "calls", what)
        host_calls.add(calls)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        """StructuredSerialize: an instance belongs to its agent."""
        raise DataCloneError("a WebAssembly.Instance cannot be stored or copied")

    def __setattr__(self, name: str, value: object) -> None:
        if name == "exports":
            raise AttributeError("the exports of a WebAssembly.Instance cannot be set")
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        if name == "exports":
            raise AttributeError("the exports of a WebAssembly.Instance cannot be deleted")
        object.__delattr__(self, name)

    def __repr__(self) -> str:
        return f"<WebAssembly.Instance, exports: {in_short(self.exports)}>"


def _check_amount(given: Any, name: str, what: str) -> None:
    if not isinstance(given, int) or isinstance(given, bool):
        raise TypeError(f"{what}: {name} must be an int, not {shown(given)}")
    if given < 0:
        raise RangeError(f"{what}: {name} must not be negative, it is {given}")


def instance_object(values: list[ExternVal], made: Instantiation) -> Instance:
    """An `Instance` from what `read_imports` has read before."""
    instance = Instance.__new__(Instance)
    instance._instantiate(values, made)
    return instance


def export_object(value: ExternVal) -> Any:
    """The host's object for an external value, the same one every time."""
    if isinstance(value, FuncInst):
        return exported_function(value)
    if isinstance(value, MemInst):
        return memory_object(value)
    if isinstance(value, GlobalInst):
        return global_object(value)
    if isinstance(value, TagInst):
        return tag_object(value)
    return table_object(value)


class Extras(TypedDict, total=False):
    """The keywords of `Instance`."""

    resources: Mapping[str, Any] | None
    memory_overrides: MemoryOverrides | None


def read_imports(
    module: Module, imports: Any, what: str, extras: Extras
) -> tuple[list[ExternVal], Instantiation]:
    """ "Read the imports": the external values in the module's order, and what else the instantiation has.

    Raises `TypeError`, `LinkError`, and `RangeError` for the ``extras``.

    The imports object may be missing if the module's compile options provide every import: so say the
    specification's tests and browsers, though its text asks for one.
    """
    compiled = module._compiled
    if imports is not None and not is_object(imports):
        raise TypeError(f"{what}: the imports must be an object, not {shown(imports)}")
    made = Instantiation(compiled, what, engine=module._engine, **extras)
    provided = BuiltinImports(module._options, made)
    values: list[ExternVal] = []
    functions = 0
    for index, import_ in enumerate(compiled.module.imports):
        where = _Where(what, module, imports, index)
        builtin = provided.get(import_.module, import_.name)
        if isinstance(builtin, FuncInst):
            linked: ExternVal = builtin
        elif builtin is not None:
            linked = _link(builtin, where)
        elif imports is None:
            raise TypeError(f"{what}: imports argument must be present and must be an object")
        else:
            namespace = get_property(imports, import_.module)
            if not is_object(namespace):
                raise TypeError(
                    f'{what}: Import #{index} "{import_.module}": module is not an object or function'
                    f"{where.others_missing()}"
                )
            linked = _link(get_property(namespace, import_.name), where)
        if isinstance(linked, FuncInst):
            if linked.index is None:  # "the index of the host function", by which it is named
                linked.index = functions
            functions += 1
        values.append(linked)
    return values, made


class _Where:
    """An import while it is read, and how its error reads."""

    __slots__ = ("imports", "module", "position", "what")

    def __init__(self, what: str, module: Module, imports: Any, position: int) -> None:
        self.what = what
        self.module = module
        self.imports = imports
        self.position = position

    @property
    def type(self) -> ExternType:
        return self.module._compiled.context.imports[self.position]

    def error(self, rule: str, value: Any) -> LinkError:
        """A `LinkError` for a value that breaks a rule."""
        place = import_place(self.module._compiled.module, self.position)
        given = "nothing" if value is None else shown(value)
        others = self.others_missing() if value is None else ""
        return LinkError(
            f"{self.what}: {place}: {rule}: {describe(self.type)} is needed, {given} was given{others}"
        )

    def others_missing(self) -> str:
        """The later imports that are missing too, as far as that can be seen without running anyone's code."""
        if type(self.imports) is not dict:
            return ""
        compiled = self.module._compiled
        missing = []
        for index in range(self.position + 1, len(compiled.module.imports)):
            import_ = compiled.module.imports[index]
            namespace = self.imports.get(import_.module)
            if is_provided(self.module._options, import_.module, import_.name):
                continue
            if namespace is None or (type(namespace) is dict and import_.name not in namespace):
                missing.append(
                    f"\n  {import_place(compiled.module, index)}: {describe(compiled.context.imports[index])}"
                )
        more = len(missing) - _MOST_MISSING
        if more > 0:
            missing[_MOST_MISSING:] = [f"\n  and {more} more"]
        return f"; missing too:{''.join(missing)}" if missing else ""


_MOST_MISSING: Final = 50


def _link(value: Any, where: _Where) -> ExternVal:
    type_ = where.type
    if isinstance(type_, FuncExtern):
        if isinstance(value, Suspending) and isinstance(type_.type, DefType):
            return suspending_function(value, type_.type)
        if not callable(value) or not isinstance(type_.type, DefType):
            raise where.error("function import requires a callable", value)
        if _is_async(value):
            raise where.error(_NOT_ASYNC, value)
        return funcinst_for_import(value, type_.type)
    if isinstance(type_, GlobalType):
        if isinstance(value, Global):
            return value._global
        return _link_number(value, type_, where)
    if isinstance(type_, MemType):
        if not isinstance(value, Memory):
            raise where.error("memory import must be a WebAssembly.Memory object", value)
        return value._memory
    if isinstance(type_, TableType):
        if not isinstance(value, Table):
            raise where.error("table import requires a WebAssembly.Table", value)
        return value._table
    if not isinstance(value, Tag):
        raise where.error("tag import requires a WebAssembly.Tag", value)
    return value._tag


_NOT_ASYNC: Final = (
    "function import must not be async: give WebAssembly.Suspending(function), "
    "and call the export as await WebAssembly.promising(export)(…)"
)


def _is_async(value: Any) -> bool:
    code = getattr(value, "__code__", None) or getattr(type(value).__call__, "__code__", None)
    return code is not None and bool(code.co_flags & _ASYNC)


_ASYNC: Final = 0x80 | 0x200
"""Flags of code: `inspect.CO_COROUTINE` and `inspect.CO_ASYNC_GENERATOR`."""


def _link_number(value: Any, type_: GlobalType, where: _Where) -> GlobalInst:
    valtype = type_.valtype
    if type_.mutable:
        raise where.error("imported mutable global must be a WebAssembly.Global object", value)
    if not isinstance(valtype, RefType):
        is_int = isinstance(value, int) and not isinstance(value, bool)
        if valtype is I64 and not is_int:
            raise where.error("global import must be an int or a WebAssembly.Global object", value)
        if valtype is V128 or not (is_int or isinstance(value, float)):
            raise where.error(
                "global import must be a number, valid Wasm reference, or WebAssembly.Global", value
            )
    try:
        return GlobalInst(GlobalType(valtype, False), from_js(value, valtype))
    except TypeError as error:
        raise where.error(str(error), value) from error
