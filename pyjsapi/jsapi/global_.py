"""``WebAssembly.Global`` (index.bs, "Globals")."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, NoReturn, TypeVar, overload

from pyjsapi.ecmascript.conversions import shown
from pyjsapi.ecmascript.errors import DataCloneError
from pyjsapi.embedding.settings import settings_of
from pyjsapi.jsapi.descriptors import VALUE_TYPES, Descriptor, type_name
from pyjsapi.jsapi.functions import default_value, from_js, is_hidden, to_js
from pyjsapi.jsapi.identity import object_of
from pyjsapi.runtime import GlobalInst
from pyjsapi.syntax.types import V128, GlobalType
from pyjsapi.validation.limits import Limits

if TYPE_CHECKING:
    from pyjsapi.jsapi.signatures import FloatGlobal, IntegerGlobal, Value, ValueType
else:
    Value = TypeVar("Value")

_MEMBERS: Final = ("mutable", "value")


class Global(Generic[Value]):
    """A global, as the host sees it: one object per global.

    ``Global({"value": "i32", "mutable": True}, 7)``. ``limits`` are taken as everywhere; none of them bounds a global.
    Raises `TypeError` for a wrong descriptor or value.
    """

    __slots__ = ("__weakref__", "_global")

    _global: GlobalInst

    @overload
    def __init__(
        self: Global[int],
        descriptor: IntegerGlobal,
        v: object = None,
        /,
        *,
        limits: Limits | Mapping[str, float | None] | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self: Global[float],
        descriptor: FloatGlobal,
        v: object = None,
        /,
        *,
        limits: Limits | Mapping[str, float | None] | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self: Global[int],
        descriptor: None = None,
        v: object = None,
        /,
        *,
        value: Literal["i32", "i64"],
        mutable: bool | None = None,
        limits: Limits | Mapping[str, float | None] | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self: Global[float],
        descriptor: None = None,
        v: object = None,
        /,
        *,
        value: Literal["f32", "f64"],
        mutable: bool | None = None,
        limits: Limits | Mapping[str, float | None] | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self,
        descriptor: Any = None,
        v: object = None,
        /,
        *,
        value: ValueType | None = None,
        mutable: bool | None = None,
        limits: Limits | Mapping[str, float | None] | None = None,
    ) -> None: ...

    def __init__(
        self,
        descriptor: Any = None,
        v: Any = None,
        /,
        *,
        limits: Limits | Mapping[str, float | None] | None = None,
        **members: Any,
    ) -> None:
        if limits is not None:
            settings_of({"limits": limits}, "WebAssembly.Global()")
        read = Descriptor(descriptor, members, "WebAssembly.Global()", _MEMBERS)
        mutable = read.boolean("mutable")
        valtype = read.enum("value", VALUE_TYPES)
        if valtype is V128:
            raise TypeError(
                "WebAssembly.Global(): a global of type v128 cannot be made by the host"
            )
        value = default_value(valtype) if v is None else from_js(v, valtype)
        made = GlobalInst(GlobalType(valtype, mutable), value)
        made.held_by = None
        self._attach(made)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        """StructuredSerialize: a global belongs to its agent."""
        raise DataCloneError("a WebAssembly.Global cannot be stored or copied")

    def _attach(self, global_: GlobalInst) -> None:
        self._global = global_
        global_.wrapper = weakref.ref(self)

    @property
    def value(self) -> Value:
        """The value. Setting it raises `TypeError` when the global is immutable or the value is of another type."""
        instance = self._global
        return to_js(instance.cell[0], instance.type.valtype)  # type: ignore[no-any-return]

    @value.setter
    def value(self, value: Value) -> None:
        type_ = self._global.type
        if type_.valtype is V128:
            raise TypeError("WebAssembly.Global.value: a v128 value cannot be given from Python")
        if not type_.mutable:
            raise TypeError("WebAssembly.Global.value: the global is immutable")
        self._global.cell[0] = from_js(value, type_.valtype)

    def valueOf(self) -> Value:
        """The value."""
        return self.value

    def type(self) -> dict[str, Any]:
        """Type reflection: ``value`` and ``mutable``."""
        return global_type(self._global.type)

    def __repr__(self) -> str:
        type_ = self._global.type
        text = f"(mut {type_.valtype})" if type_.mutable else f"{type_.valtype}"
        if type_.valtype is V128 or is_hidden(type_.valtype):
            return f"<WebAssembly.Global {text}>"
        return f"<WebAssembly.Global {text} {shown(self.value)}>"


def global_object(global_: GlobalInst) -> Global:
    """ "Create a global object": the one `Global` of a global instance."""
    return object_of(global_, Global)


def global_type(type_: GlobalType) -> dict[str, Any]:
    """A global type as an object of the type reflection proposal."""
    return {"value": type_name(type_.valtype), "mutable": type_.mutable}
