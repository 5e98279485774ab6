"""The part of Wasmtime's C API that the engine needs, loaded with `ctypes`: pointers are passed as integers."""

from __future__ import annotations

import ctypes
import importlib.metadata
import platform
import sys
from ctypes import c_bool, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p
from functools import cache
from pathlib import Path
from typing import Any, Final

from pyjsapi.engines.errors import EngineUnavailable

NAME: Final = "wasmtime"
MAJORS: Final = ("50",)
"""Versions of the package whose C API has the layouts and signatures below: it changes with each of them."""
INSTALL: Final = "pip install 'pyjsapi[wasmtime]'"

P, U8, U32, U64, B, N = c_void_p, c_uint8, c_uint32, c_uint64, c_bool, c_size_t

FINALIZER: Final = ctypes.CFUNCTYPE(None, P)
NEW_MEMORY: Final = ctypes.CFUNCTYPE(P, P, P, N, N, N, N, ctypes.POINTER(U64 * 4))
GET_MEMORY: Final = ctypes.CFUNCTYPE(P, P, ctypes.POINTER(N), ctypes.POINTER(N))
GROW_MEMORY: Final = ctypes.CFUNCTYPE(P, P, N)
EPOCH_CALLBACK: Final = ctypes.CFUNCTYPE(P, P, P, ctypes.POINTER(U64), ctypes.POINTER(U8))

_SIGNATURES: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "wasm_config_new": (P, ()),
    "wasm_engine_new_with_config": (P, (P,)),
    "wasmtime_config_host_memory_creator_set": (None, (P, P)),
    "wasmtime_config_max_wasm_stack_set": (None, (P, N)),
    "wasmtime_store_new": (P, (P, P, P)),
    "wasmtime_store_context": (P, (P,)),
    "wasmtime_store_delete": (None, (P,)),
    "wasmtime_store_limiter": (None, (P, *[ctypes.c_int64] * 5)),
    "wasmtime_context_gc": (P, (P,)),
    "wasmtime_module_new": (P, (P, P, N, P)),
    "wasmtime_module_delete": (None, (P,)),
    "wasmtime_module_serialize": (P, (P, P)),
    "wasmtime_module_deserialize": (P, (P, ctypes.c_char_p, N, P)),
    "wasmtime_module_imports": (None, (P, P)),
    "wasmtime_instance_new": (P, (P, P, P, N, P, P)),
    "wasmtime_instance_export_get": (B, (P, P, ctypes.c_char_p, N, P)),
    "wasmtime_func_call_unchecked": (P, (P, P, P, N, P)),
    "wasmtime_func_new_unchecked": (None, (P, P, P, P, P, P)),
    "wasmtime_func_to_raw": (P, (P, P)),
    "wasmtime_func_from_raw": (None, (P, P, P)),
    "wasmtime_func_type": (P, (P, P)),
    "wasm_functype_params": (P, (P,)),
    "wasm_functype_results": (P, (P,)),
    "wasm_functype_delete": (None, (P,)),
    "wasm_valtype_kind": (U8, (P,)),
    "wasmtime_memory_data": (P, (P, P)),
    "wasmtime_memory_grow": (P, (P, P, U64, P)),
    "wasmtime_memorytype_new": (P, (U64, B, U64, B, B, U8, P)),
    "wasm_memorytype_delete": (None, (P,)),
    "wasmtime_sharedmemory_new": (P, (P, P, P)),
    "wasmtime_sharedmemory_data": (P, (P,)),
    "wasmtime_sharedmemory_data_size": (N, (P,)),
    "wasmtime_sharedmemory_grow": (P, (P, U64, P)),
    "wasmtime_sharedmemory_delete": (None, (P,)),
    "wasmtime_table_get": (B, (P, P, U64, P)),
    "wasmtime_table_set": (P, (P, P, U64, P)),
    "wasmtime_table_size": (U64, (P, P)),
    "wasmtime_table_grow": (P, (P, P, U64, P, P)),
    "wasmtime_global_get": (None, (P, P, P)),
    "wasmtime_global_set": (P, (P, P, P)),
    "wasmtime_val_unroot": (None, (P,)),
    "wasmtime_externref_new": (B, (P, P, FINALIZER, P)),
    "wasmtime_externref_data": (P, (P, P)),
    "wasmtime_externref_from_raw": (None, (P, U32, P)),
    "wasmtime_externref_to_raw": (U32, (P, P)),
    "wasmtime_externref_unroot": (None, (P,)),
    "wasmtime_anyref_from_raw": (None, (P, U32, P)),
    "wasmtime_anyref_to_raw": (U32, (P, P)),
    "wasmtime_anyref_unroot": (None, (P,)),
    "wasmtime_anyref_is_struct": (B, (P, P)),
    "wasmtime_anyref_is_array": (B, (P, P)),
    "wasmtime_anyref_as_array": (B, (P, P, P)),
    "wasmtime_arrayref_len": (P, (P, P, P)),
    "wasmtime_arrayref_get": (P, (P, P, U32, P)),
    "wasmtime_arrayref_set": (P, (P, P, U32, P)),
    "wasmtime_arrayref_unroot": (None, (P,)),
    "wasmtime_exnref_new": (P, (P, P, P, N, P)),
    "wasmtime_exnref_clone": (None, (P, P)),
    "wasmtime_exnref_tag": (P, (P, P, P)),
    "wasmtime_exnref_field_count": (N, (P, P)),
    "wasmtime_exnref_field": (P, (P, P, N, P)),
    "wasmtime_exnref_to_raw": (U32, (P, P)),
    "wasmtime_exnref_from_raw": (None, (P, U32, P)),
    "wasmtime_exnref_unroot": (None, (P,)),
    "wasmtime_context_set_exception": (P, (P, P)),
    "wasmtime_context_take_exception": (B, (P, P)),
    "wasmtime_tag_eq": (B, (P, P, P)),
    "wasmtime_trap_new_code": (P, (U8,)),
    "wasmtime_trap_code": (B, (P, P)),
    "wasm_trap_message": (None, (P, P)),
    "wasm_trap_trace": (None, (P, P)),
    "wasm_trap_delete": (None, (P,)),
    "wasm_frame_module_offset": (N, (P,)),
    "wasm_frame_func_index": (U32, (P,)),
    "wasmtime_frame_module_name": (P, (P,)),
    "wasm_frame_vec_delete": (None, (P,)),
    "wasmtime_engine_increment_epoch": (None, (P,)),
    "wasmtime_store_epoch_deadline_callback": (None, (P, EPOCH_CALLBACK, P, P)),
    "wasmtime_context_set_epoch_deadline": (None, (P, U64)),
    "wasmtime_error_new": (P, (ctypes.c_char_p,)),
    "wasmtime_error_message": (None, (P, P)),
    "wasmtime_error_delete": (None, (P,)),
    "wasm_byte_vec_delete": (None, (P,)),
    "wasm_importtype_vec_delete": (None, (P,)),
    "wasm_importtype_type": (P, (P,)),
    "wasm_externtype_as_functype": (P, (P,)),
    "wasm_externtype_as_globaltype": (P, (P,)),
    "wasm_externtype_as_tabletype": (P, (P,)),
    "wasm_externtype_as_tagtype": (P, (P,)),
    "wasmtime_global_new": (P, (P, P, P, P)),
    "wasmtime_table_new": (P, (P, P, P, P)),
    "wasmtime_tag_new": (P, (P, P, P)),
}
_SWITCHES: Final = (
    "wasm_threads", "shared_memory", "wasm_tail_call", "wasm_reference_types", "wasm_function_references", "wasm_gc",
    "gc_support", "wasm_simd", "wasm_relaxed_simd", "wasm_bulk_memory", "wasm_multi_value", "wasm_multi_memory",
    "wasm_memory64", "wasm_exceptions", "wasm_custom_page_sizes", "wasm_wide_arithmetic", "parallel_compilation",
    "memory_init_cow", "epoch_interruption",
)  # fmt: skip
"""Settings of an engine that are on or off."""
_FILES: Final = {"win32": "_wasmtime.dll", "darwin": "_libwasmtime.dylib"}
_MACHINES: Final = {"AMD64": "x86_64", "arm64": "aarch64", "ARM64": "aarch64"}


def unavailable(reason: str) -> EngineUnavailable:
    """The error of an engine that cannot run here."""
    return EngineUnavailable(NAME, reason)


def package_version() -> str:
    """The version of the installed package. Raises `EngineUnavailable` if it is none of `MAJORS`, or not there."""
    try:
        version = importlib.metadata.version("wasmtime")
    except importlib.metadata.PackageNotFoundError:
        raise unavailable(f"the package 'wasmtime' is not installed: {INSTALL}") from None
    if version.partition(".")[0] not in MAJORS:
        wanted = " or ".join(f"{major}.*" for major in MAJORS)
        raise unavailable(f"wasmtime {version} is installed, {wanted} is needed: {INSTALL}")
    return version


def library_path() -> Path:
    """Where the shared library is. Raises `EngineUnavailable`."""
    package_version()
    # Not by what `import wasmtime` would give: that may be `pyjsapi.compat.wasmtime`.
    places = [str(importlib.metadata.distribution("wasmtime").locate_file("wasmtime"))]
    machine = _MACHINES.get(platform.machine(), platform.machine())
    for place in places:
        path = (
            Path(place) / f"{sys.platform}-{machine}" / _FILES.get(sys.platform, "_libwasmtime.so")
        )
        if path.is_file() and sys.maxsize > 1 << 32:
            return path
    raise unavailable(f"wasmtime has no library for {sys.platform} on {machine}")


@cache
def load() -> Any:
    """The library, each function with its signature. Raises `EngineUnavailable`."""
    path = library_path()
    try:
        lib = ctypes.CDLL(str(path))
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(lib, name)
            function.restype = result
            function.argtypes = arguments
        for name in _SWITCHES:
            function = getattr(lib, f"wasmtime_config_{name}_set")
            function.restype = None
            function.argtypes = (P, B)
    except (OSError, AttributeError) as error:
        raise unavailable(f"{path} cannot be used: {error}") from error
    return lib


def quick_call() -> Any:
    """``wasmtime_func_call_unchecked`` for arguments that are objects of `ctypes` already.

    A function of its own, without ``argtypes``: converting each argument of each call takes longer than the call.
    """
    function = ctypes.CDLL(str(library_path()))["wasmtime_func_call_unchecked"]
    function.restype = P
    return function
