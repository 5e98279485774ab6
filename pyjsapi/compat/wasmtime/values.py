"""Values between Python and WebAssembly: stricter than those of the JS API, which they are made of."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.compat.wasmtime.errors import WasmtimeError
from pyjsapi.compat.wasmtime.types import ValType, _val_type, core_type
from pyjsapi.ecmascript import null
from pyjsapi.syntax import types as core
from pyjsapi.syntax.types import EXTERNREF, F32, F64, FUNCREF, I32, I64

if TYPE_CHECKING:
    from pyjsapi.compat.wasmtime.functions import Func
    from pyjsapi.compat.wasmtime.store import Store

_KNOWN: Final = (I32, I64, F32, F64, EXTERNREF, FUNCREF)
"""The types whose values the host can have."""


class Val:
    """A value with its type."""

    _type: core.ValType
    _val: Any

    @classmethod
    def i32(cls, val: int) -> Val:
        """An integer of 32 bits: what it is modulo 2³², signed."""
        return _val(I32, _signed(_integer(val), 32))

    @classmethod
    def i64(cls, val: int) -> Val:
        """An integer of 64 bits, likewise."""
        return _val(I64, _signed(_integer(val), 64))

    @classmethod
    def f32(cls, val: float) -> Val:
        """A float of 32 bits: the nearest."""
        return _val(F32, _nearest(_float(val)))

    @classmethod
    def f64(cls, val: float) -> Val:
        """A float of 64 bits."""
        return _val(F64, _float(val))

    @classmethod
    def externref(cls, extern: Any | None) -> Val:
        """A reference to any object; ``None`` is null."""
        return _val(EXTERNREF, extern)

    @classmethod
    def funcref(cls, f: Func | None) -> Val:
        """A reference to a function; ``None`` is null."""
        return _val(FUNCREF, f)

    @classmethod
    def ref_null(cls, ty: ValType) -> Val:
        """Null of a type. Raises `WasmtimeError` for one that is not of references."""
        type_ = core_type(ty)
        if type_ is EXTERNREF or type_ is FUNCREF:
            return _val(type_, None)
        raise WasmtimeError(f"Invalid reference type for `ref_null`: {ty}")

    def __eq__(self, rhs: Any) -> Any:
        if isinstance(rhs, Val):
            return self._type is rhs._type and self._val == rhs._val
        return self._val == rhs

    @property
    def value(self) -> Any:
        """The value, as Python has it."""
        return self._val

    def as_i32(self) -> int | None:
        """The value, if it is of this type."""
        return self._as(I32)  # type: ignore[no-any-return]

    def as_i64(self) -> int | None:
        """The value, if it is of this type."""
        return self._as(I64)  # type: ignore[no-any-return]

    def as_f32(self) -> float | None:
        """The value, if it is of this type."""
        return self._as(F32)  # type: ignore[no-any-return]

    def as_f64(self) -> float | None:
        """The value, if it is of this type."""
        return self._as(F64)  # type: ignore[no-any-return]

    def as_externref(self) -> Any | None:
        """The object, if it is a reference to one."""
        return self._as(EXTERNREF)

    def as_funcref(self) -> Func | None:
        """The function, if it is a reference to one; ``None`` for null, too."""
        return self._as(FUNCREF)  # type: ignore[no-any-return]

    def _as(self, type_: core.ValType) -> Any:
        return self._val if self._type is type_ else None

    @property
    def type(self) -> ValType:
        """Its type."""
        return _val_type(self._type)


def _val(type_: core.ValType, value: Any) -> Val:
    made = Val.__new__(Val)
    made._type, made._val = type_, value
    return made


def _integer(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError("expected an integer")
    return value


def _float(value: object) -> float:
    if not isinstance(value, float):
        raise TypeError("expected a float")
    return value


def _signed(value: int, bits: int) -> int:
    half = 1 << bits - 1
    return (value + half & (1 << bits) - 1) - half


def _nearest(value: float) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def to_js(store: Store, type_: core.ValType, value: Any) -> Any:
    """What the JS API takes for a value of a type. Raises `TypeError` for one of another type."""
    if isinstance(value, Val):
        if value._type is not type_:
            raise TypeError("wrong type of `Val` provided")
        value = value._val
    if type_ is EXTERNREF:
        return null if value is None else value
    if isinstance(value, int):
        if type_ is I32 or type_ is I64:
            return int(value)
    elif isinstance(value, float):
        if type_ is F32 or type_ is F64:
            return value
    elif type_ is FUNCREF:
        return null if value is None else _function(store, value)
    if type_ not in _KNOWN:
        raise _unknown(type_)
    raise TypeError(f"don't know how to convert {value!r} to {_val_type(type_)}")


def _function(store: Store, value: object) -> Any:
    from pyjsapi.compat.wasmtime.functions import Func

    if isinstance(value, Func):
        value._store.require(store)
        return value._js
    raise TypeError(f"don't know how to convert {value!r} to funcref")


def from_js(store: Store, type_: core.ValType, value: Any) -> Any:
    """What the host gets for what the JS API gives."""
    if type_ is EXTERNREF:
        return None if value is null else value
    if type_ is FUNCREF:
        if value is null:
            return None
        from pyjsapi.compat.wasmtime.functions import func_of

        return func_of(store, value)
    return value


def check_known(types: tuple[core.ValType, ...]) -> None:
    """Raise `WasmtimeError` for a type whose values the host cannot have."""
    for type_ in types:
        if type_ not in _KNOWN:
            raise _unknown(type_)


def _unknown(type_: core.ValType) -> WasmtimeError:
    return WasmtimeError(
        f"values of type {type_} cannot be given to WebAssembly or taken from it: "
        f"only {', '.join(str(_val_type(each)) for each in _KNOWN)}"
    )


def object_or_val(type_: core.ValType, value: Any, *, is_there: bool) -> Any:
    """A value where Wasmtime gives it, and where it gives the `Val` of it."""
    return value if is_there else _val(type_, value)
