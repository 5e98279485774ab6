"""References between Python and WebAssembly (index.bs, "ToJSValue" and "ToWebAssemblyValue" on references).

Python's ``None`` is JavaScript's ``undefined`` and :data:`pyjsapi.null` is ``null``; inside the engine ``None`` is
a null reference. An external reference therefore carries `UNDEFINED` in the place of ``None``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, final

from pyjsapi.ecmascript import null
from pyjsapi.ecmascript.conversions import shown
from pyjsapi.jsapi.gc_objects import ExportedGCObject, exported_object
from pyjsapi.runtime import FuncInst
from pyjsapi.runtime.gc import Aggregate, externalize, internalize
from pyjsapi.syntax.types import (
    ANY,
    EXTERN,
    FUNC,
    FUNCREF,
    I31,
    AbsHeapType,
    Exact,
    HeapType,
    RefType,
    ref_type,
)
from pyjsapi.validation.cast_rules import top_of
from pyjsapi.validation.matching import match_heap, match_val

EXPORTED_MARK: Final = "_pyjsapi_funcinst"
"""Attribute of an Exported Function that holds its `FuncInst`: the slot [[FunctionAddress]]."""


@final
class _Undefined:
    """``undefined`` as an external reference inside the engine."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED: Final = _Undefined()


def funcinst_of(value: Any) -> FuncInst | None:
    """The function instance behind an Exported Function, ``None`` for every other value."""
    if type(value) is _FUNCTION:
        found: FuncInst | None = value.__dict__.get(EXPORTED_MARK)
        return found
    return None


_FUNCTION: Final = type(funcinst_of)


def extern_to_js(value: Any) -> Any:
    """ToJSValue of an external reference."""
    if value is None:
        return null
    if value is UNDEFINED:
        return None
    if isinstance(value, Aggregate):
        return exported_object(value)
    return value


def extern_from_js(value: Any) -> Any:
    """ToWebAssemblyValue for ``externref``: every value is one."""
    if value is null:
        return None
    if value is None:
        return UNDEFINED
    if value.__class__ is ExportedGCObject:
        return value._instance
    return value


def any_to_js(value: Any) -> Any:
    """ToJSValue of a reference of the ``any`` hierarchy."""
    return extern_to_js(externalize(value))


def hierarchy(type_: RefType) -> AbsHeapType:
    """The heap type above a closed reference type: ``any``, ``func``, ``extern`` or ``exn``."""
    return top_of(type_.heap)


def reference_from_js(type_: RefType) -> Callable[[Any], Any]:
    """ToWebAssemblyValue for a reference type, as a function of the value. It raises `TypeError`."""
    if type_.heap is EXTERN:
        if type_.nullable:
            return extern_from_js
        return _not_null(extern_from_js, type_)
    if hierarchy(type_) is not FUNC:
        return _any_from_js(type_)

    def convert(value: Any) -> Any:
        if value is null:
            if type_.nullable:
                return None
            raise TypeError(f"null is not a value of type {type_}")
        func = funcinst_of(value)
        if func is None:
            raise TypeError(
                f"{shown(value)} is not a value of type {type_}: it must be null or an exported function"
            )
        if type_ is not FUNCREF and not match_val(ref_type(False, Exact(func.type)), type_):
            raise TypeError(
                f"the exported function {value.__name__} has type {func.type}, not {type_}"
            )
        return func

    return convert


def _any_from_js(type_: RefType) -> Callable[[Any], Any]:
    """ToWebAssemblyValue for the hierarchy of ``any``, and for the types that only null is of."""

    def convert(value: Any) -> Any:
        if value is null:
            if type_.nullable:
                return None
            raise TypeError(f"null is not a value of type {type_}")
        reference = internalize(extern_from_js(value))
        if not _matches(reference, type_.heap):
            raise TypeError(f"{shown(value)} is not a value of type {type_}")
        return reference

    return convert


def _matches(reference: Any, heap: HeapType) -> bool:
    """Whether a reference of the ``any`` hierarchy that is not null is of a heap type."""
    if isinstance(reference, Aggregate):
        return reference.matches(heap)
    return match_heap(I31 if reference.__class__ is int else ANY, heap)


def _not_null(convert: Callable[[Any], Any], type_: RefType) -> Callable[[Any], Any]:
    def checked(value: Any) -> Any:
        if value is null:
            raise TypeError(f"null is not a value of type {type_}")
        return convert(value)

    return checked
