"""Values as plain data: their types and texts, exact, which programs in other languages can read as well."""

from __future__ import annotations

import math
from typing import Any, Final

from pyjsapi.blocks.floats import f32_bits, f32_from_bits, f64_bits, f64_from_bits
from pyjsapi.debugging.errors import DebugError
from pyjsapi.runtime import ExnInst, FuncInst
from pyjsapi.runtime.exception import HOST_TAG
from pyjsapi.runtime.gc import ArrayInst, StructInst
from pyjsapi.syntax.types import EXTERNREF, F32, F64, I32, I64, V128, PackType, RefType, ValType
from pyjsapi.text.numbers import float_bits
from pyjsapi.text.printer_values import float_literal, signed, vector_literal

_MOST: Final = 8
"""Elements of an aggregate that are shown."""
_DEEPEST: Final = 2


def shown(value: Any, type_: ValType | PackType, depth: int = 0) -> str:
    """A canonical value as text: numbers as the text format writes them, integers signed; references for people."""
    if isinstance(type_, PackType):
        return str(value)
    if type_ is I32 or type_ is I64:
        return signed(value, type_.bits)
    if type_ is F32:
        return float_literal(f32_bits(value), 32)
    if type_ is F64:
        return float_literal(f64_bits(value), 64)
    if type_ is V128:
        return vector_literal(value)
    return _reference(value, type_, depth)


def _reference(value: Any, type_: ValType, depth: int) -> str:
    if value is None:
        return "null"
    if isinstance(value, FuncInst):
        return "func" if value.index is None else f"func {value.index}"
    if isinstance(value, StructInst | ArrayInst):
        comp: Any = value.type.comp
        if isinstance(value, StructInst):
            return _aggregate("struct", value.fields, [f.storage for f in comp.fields], depth)
        return _aggregate("array", value.elems, [comp.field.storage] * len(value.elems), depth)
    if isinstance(value, ExnInst):
        if depth >= _DEEPEST:
            return "exception"
        return exception_text(value, depth)
    if value.__class__ is int:
        return f"i31 {value - (1 << 31) if value >> 30 & 1 else value}"
    return f"host {type(value).__name__}"


def exception_text(exn: ExnInst, depth: int = 0) -> str:
    """An exception for people: the parameters of its tag, and their values."""
    if exn.tag is HOST_TAG:
        return f"exception of the host: {shown(exn.payload[0], EXTERNREF, depth + 1)}"
    tag: Any = exn.tag.type.type
    types = tag.func.params
    values = [
        shown(value, type_, depth + 1) for value, type_ in zip(exn.payload, types, strict=True)
    ]
    text = f"exception of a tag with parameters ({', '.join(map(str, types))})"
    return f"{text}: {', '.join(values)}" if values else text


def _aggregate(kind: str, values: list[Any], types: list[Any], depth: int) -> str:
    if depth >= _DEEPEST:
        return kind
    parts = [
        shown(value, type_, depth + 1)
        for value, type_ in zip(values[:_MOST], types[:_MOST], strict=True)
    ]
    if len(values) > _MOST:
        parts.append(f"… {len(values)} in all")
    return f"{kind} {{{', '.join(parts)}}}"


def value_of(given: Any, type_: ValType) -> Any:
    """The canonical value of a number, or of a text as `shown` gives it. Raises `DebugError`."""
    try:
        if type_ is I32 or type_ is I64:
            value = int(given, 0) if isinstance(given, str) else int(given)
            if not -(1 << type_.bits - 1) <= value < 1 << type_.bits:
                raise ValueError
            return value & ((1 << type_.bits) - 1)
        if type_ is F32 or type_ is F64:
            return _float(given, type_)
        if isinstance(type_, RefType) and type_.nullable and given in (None, "null"):
            return None
    except (ValueError, TypeError, OverflowError):
        pass
    raise DebugError(f"{given!r} is no value of type {type_} that can be given here")


def _float(given: Any, type_: ValType) -> float:
    bits = 32 if type_ is F32 else 64
    if not isinstance(given, str):
        value = float(given)
        given = "nan" if math.isnan(value) else repr(value)
    found = float_bits(given, bits)
    if bits == 32:
        return f32_from_bits(found)
    return f64_from_bits(found)
