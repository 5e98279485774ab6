"""``WebAssembly.Instance`` (index.bs, "Instances")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn, final

from pyjsapi import engines
from pyjsapi.ecmascript import RangeError
from pyjsapi.ecmascript.conversions import shown
from pyjsapi.ecmascript.values import is_object
from pyjsapi.jsapi.builtin_sets import BuiltinImports
from pyjsapi.jsapi.descriptors import get_property
from pyjsapi.jsapi.errors import LinkError, js_error
from pyjsapi.jsapi.functions import exported_function, from_js, funcinst_for_import
from pyjsapi.jsapi.global_ import Global, global_object
from pyjsapi.jsapi.memory import Memory, memory_object
from pyjsapi.jsapi.module import Module
from pyjsapi.jsapi.table import Table, table_object
from pyjsapi.jsapi.tag import Tag, tag_object
from pyjsapi.runtime import ExternVal, FuncInst, GlobalInst, MemInst, TagInst
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
    from pyjsapi.embedding.valid_module import ValidModule


@final
class Exports:
    """The frozen exports object: ``exports.name`` or ``exports["name"]``, iterated in the module's order.

    It has no methods, so that every name is free for exports.
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
        raise AttributeError(
            f"the module exports nothing named {name!r}; its exports are {list(items)}"
        )

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
        return list(object.__getattribute__(self, "_items"))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise TypeError(f"cannot set {name!r}: the exports object is frozen")

    def __delattr__(self, name: str) -> NoReturn:
        raise TypeError(f"cannot delete {name!r}: the exports object is frozen")

    def __repr__(self) -> str:
        return f"<exports {', '.join(object.__getattribute__(self, '_items'))}>"


class Instance:
    """An instantiated module.

    ``imports`` is a mapping, or an object with attributes, of the same: ``{"env": {"f": f, "mem": memory}}``.
    Raises `TypeError` when it is missing or has no such module, `LinkError` for an import of the wrong kind or type,
    `RuntimeError` when an active segment does not fit or the start function traps, `RangeError` when there is not
    enough memory.
    """

    __slots__ = ("__weakref__", "_exports", "_instance")

    def __init__(self, module: Any = None, imports: Any = None, /) -> None:
        what = "WebAssembly.Instance()"
        if not isinstance(module, Module):
            raise TypeError(f"{what}: argument 0 must be a WebAssembly.Module")
        self._instantiate(module._compiled, read_imports(module, imports, what), what)

    def _instantiate(self, compiled: ValidModule, values: list[ExternVal], what: str) -> None:
        try:
            engine = compiled.engine or engines.default()
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
        items = {name: export_object(value) for name, value in self._instance.exports.items()}
        self._exports = Exports(items)

    @property
    def exports(self) -> Any:
        """The frozen `Exports` object, always the same."""
        return self._exports

    def __repr__(self) -> str:
        return f"<WebAssembly.Instance {self._exports!r}>"


def instance_object(module: Module, values: list[ExternVal], what: str) -> Instance:
    """An `Instance` from imports that were read before."""
    instance = Instance.__new__(Instance)
    instance._instantiate(module._compiled, values, what)
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


def read_imports(module: Module, imports: Any, what: str) -> list[ExternVal]:
    """ "Read the imports": the external values in the module's order. Raises `TypeError` and `LinkError`.

    The imports object may be missing if the module's compile options provide every import: so say the
    specification's tests and browsers, though its text asks for one.
    """
    compiled = module._compiled
    if imports is not None and not is_object(imports):
        raise TypeError(f"{what}: the imports must be an object, not {shown(imports)}")
    provided = BuiltinImports(module._options)
    values: list[ExternVal] = []
    functions = 0
    for index, import_ in enumerate(compiled.module.imports):
        type_ = compiled.context.imports[index]
        place = f'{what}: Import #{index} "{import_.module}"'
        builtin = provided.get(import_.module, import_.name)
        if isinstance(builtin, FuncInst):
            linked: ExternVal = builtin
        elif builtin is not None:
            linked = _link(builtin, type_, f'{place} "{import_.name}"')
        elif imports is None:
            raise TypeError(f"{what}: imports argument must be present and must be an object")
        else:
            namespace = get_property(imports, import_.module)
            if not is_object(namespace):
                raise TypeError(f"{place}: module is not an object or function")
            value = get_property(namespace, import_.name)
            linked = _link(value, type_, f'{place} "{import_.name}"')
        if isinstance(linked, FuncInst):
            if linked.index is None:  # "the index of the host function", by which it is named
                linked.index = functions
            functions += 1
        values.append(linked)
    return values


def _link(value: Any, type_: ExternType, place: str) -> ExternVal:
    if isinstance(type_, FuncExtern):
        if not callable(value) or not isinstance(type_.type, DefType):
            raise LinkError(f"{place}: function import requires a callable")
        return funcinst_for_import(value, type_.type)
    if isinstance(type_, GlobalType):
        if isinstance(value, Global):
            return value._global
        return _link_number(value, type_, place)
    if isinstance(type_, MemType):
        if not isinstance(value, Memory):
            raise LinkError(f"{place}: memory import must be a WebAssembly.Memory object")
        return value._memory
    if isinstance(type_, TableType):
        if not isinstance(value, Table):
            raise LinkError(f"{place}: table import requires a WebAssembly.Table")
        return value._table
    if not isinstance(value, Tag):
        raise LinkError(f"{place}: tag import requires a WebAssembly.Tag")
    return value._tag


def _link_number(value: Any, type_: GlobalType, place: str) -> GlobalInst:
    valtype = type_.valtype
    if not isinstance(valtype, RefType):
        is_int = isinstance(value, int) and not isinstance(value, bool)
        if valtype is I64 and not is_int:
            raise LinkError(f"{place}: global import must be an int")
        if valtype is V128 or not (is_int or isinstance(value, float)):
            raise LinkError(
                f"{place}: global import must be a number, valid Wasm reference, or WebAssembly.Global"
            )
    if type_.mutable:
        raise LinkError(f"{place}: imported mutable global must be a WebAssembly.Global object")
    try:
        return GlobalInst(GlobalType(valtype, False), from_js(value, valtype))
    except TypeError as error:
        raise LinkError(f"{place}: {error}") from error
