"""Functions that come out of native code though no instance handed them out: of one that could not be made whole."""

from __future__ import annotations

from ctypes import addressof, c_uint64
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.engines.wasmtime.words import WasmtimeError, Words, words
from pyjsapi.runtime.function import FuncInst
from pyjsapi.syntax.deftypes import DefType, func_def_type
from pyjsapi.syntax.types import F32, F64, I32, I64, FuncType, ValType

if TYPE_CHECKING:
    from pyjsapi.engines.wasmtime.store import Store

_TYPES: Final[dict[int, ValType]] = {0: I32, 1: I64, 2: F32, 3: F64}


def stranger(store: Store, raw: int) -> FuncInst:
    """The function that a reference is to: one of an instance of which an active segment did not fit.

    Raises `WasmtimeError` for a signature with other types than numbers.
    """
    handle = words(2)
    store.lib.wasmtime_func_from_raw(store.context, raw, addressof(handle))
    return store.add_func(_type(store, handle), handle, 0, True)


def _type(store: Store, handle: Words) -> DefType:
    lib = store.lib
    native = lib.wasmtime_func_type(store.context, addressof(handle))
    try:
        return func_def_type(
            FuncType(
                _values(lib, lib.wasm_functype_params(native)),
                _values(lib, lib.wasm_functype_results(native)),
            )
        )
    finally:
        lib.wasm_functype_delete(native)


def _values(lib: Any, vector: int) -> tuple[ValType, ...]:
    size, at = (c_uint64 * 2).from_address(vector)
    pointers = (c_uint64 * size).from_address(at) if size else ()
    kinds = [lib.wasm_valtype_kind(pointer) for pointer in pointers]
    if not all(kind in _TYPES for kind in kinds):
        raise WasmtimeError("a function of an instance that could not be made whole")
    return tuple(_TYPES[kind] for kind in kinds)
