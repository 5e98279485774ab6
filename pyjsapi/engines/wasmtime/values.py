"""Values as the C API has them in tables, globals and exceptions: four words, the first of which is the kind."""

from __future__ import annotations

from ctypes import addressof
from typing import TYPE_CHECKING, Any

from pyjsapi.blocks.floats import f32_bits, f32_from_bits, f64_bits, f64_from_bits
from pyjsapi.engines.wasmtime.words import (
    V_ANY,
    V_EXTERN,
    V_F32,
    V_F64,
    V_FUNC,
    V_I32,
    V_I64,
    V_V128,
    Words,
    kind_of,
    part,
)
from pyjsapi.syntax.types import ValType

if TYPE_CHECKING:
    from pyjsapi.engines.wasmtime.store import Store

_LOW = (1 << 64) - 1


def write(store: Store, out: Words, type_: ValType, value: Any) -> None:
    """Write a canonical value. It has to be unrooted (``wasmtime_val_unroot``) when it was used."""
    kind = out[0] = kind_of(type_)
    out[1] = out[2] = out[3] = 0
    if kind in (V_I32, V_I64):
        out[1] = value
    elif kind == V_F32:
        out[1] = f32_bits(value)
    elif kind == V_F64:
        out[1] = f64_bits(value)
    elif kind == V_V128:
        out[1], out[2] = value & _LOW, value >> 64
    elif value is not None:
        _write_reference(store, out, kind, value)


def _write_reference(store: Store, out: Words, kind: int, value: Any) -> None:
    at, lib, context = addressof(out) + 8, store.lib, store.context
    roots: list[Words] = []
    if kind == V_FUNC:
        lib.wasmtime_func_from_raw(context, store.func_raw(value), at)
    elif kind == V_EXTERN:
        lib.wasmtime_externref_from_raw(context, store.references.extern_raw(value, roots), at)
    elif kind == V_ANY:
        lib.wasmtime_anyref_from_raw(context, store.references.any_raw(value, roots), at)
    else:
        lib.wasmtime_exnref_from_raw(context, store.exceptions.raw_of(value), at)
    store.references.unroot(roots)


def read(store: Store, value: Words) -> Any:
    """The canonical value. What it holds is unrooted."""
    kind = value[0] & 0xFF
    if kind == V_I32:
        return value[1] & 0xFFFFFFFF
    if kind == V_I64:
        return value[1]
    if kind == V_F32:
        return f32_from_bits(value[1] & 0xFFFFFFFF)
    if kind == V_F64:
        return f64_from_bits(value[1])
    if kind == V_V128:
        return value[1] | value[2] << 64
    return _reference(store, kind, value) if value[1] else None


def _reference(store: Store, kind: int, value: Words) -> Any:
    at, lib, context = addressof(value) + 8, store.lib, store.context
    if kind == V_FUNC:
        return store.func_of(lib.wasmtime_func_to_raw(context, at))
    if kind in (V_EXTERN, V_ANY):
        raw = lib.wasmtime_anyref_to_raw(context, at)
        try:
            references = store.references
            return references.extern_of(raw) if kind == V_EXTERN else references.any_of(raw)
        finally:
            lib.wasmtime_anyref_unroot(at)
    return store.exceptions.of(part(value, 3))
