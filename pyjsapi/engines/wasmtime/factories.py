"""Native objects that no module of the user's defines, made by modules for that (`made_modules`)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from ctypes import addressof, c_uint8, c_uint64, string_at
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.engines.wasmtime import made_modules, values
from pyjsapi.engines.wasmtime.calls import native_call
from pyjsapi.engines.wasmtime.made_modules import EXPORT
from pyjsapi.engines.wasmtime.native_engine import NativeEngine, native_engine
from pyjsapi.engines.wasmtime.reservations import NativeBlock, block_of
from pyjsapi.engines.wasmtime.store import func_handle_of, handle_of
from pyjsapi.engines.wasmtime.words import (
    SHARED_KIND,
    WasmtimeError,
    Words,
    check,
    error_text,
    words,
)
from pyjsapi.syntax.types import (
    ANY,
    I32,
    I64,
    ExternType,
    FuncType,
    GlobalType,
    HeapType,
    MemType,
    TableType,
    TagType,
    ref_type,
)

if TYPE_CHECKING:
    from pyjsapi.engines.wasmtime.store import Store

_modules: Final[dict[bytes, int]] = {}
"""Native modules by their bytes. They are small, and there are as many as there are types."""
_types: Final[dict[ExternType, int]] = {}
_TYPED: Final = ("func", "global", "table", "tag")
_making: Final = threading.RLock()


def compiled(engine: NativeEngine, data: bytes) -> int:
    """The native module for bytes. Raises `WasmtimeError` with what Wasmtime says."""
    lib, out = engine.lib, words(1)
    buffer = (c_uint8 * len(data)).from_buffer_copy(data)
    compiler = engine.compiler
    error = lib.wasmtime_module_new(compiler, addressof(buffer), len(data), addressof(out))
    if error:
        raise WasmtimeError(error_text(lib, error))
    return out[0] if compiler == engine.pointer else _taken_over(engine, out[0])


def _taken_over(engine: NativeEngine, module: int) -> int:
    """A module that another engine of the same settings has compiled."""
    try:
        return restored(engine, artifact_of(engine, module))
    finally:
        engine.lib.wasmtime_module_delete(module)


def artifact_of(engine: NativeEngine, module: int) -> bytes:
    """A compiled module as bytes, for engines of the same settings."""
    vector = words(2)
    check(engine.lib, engine.lib.wasmtime_module_serialize(module, addressof(vector)))
    found = string_at(vector[1], vector[0])
    engine.lib.wasm_byte_vec_delete(addressof(vector))
    return found


def restored(engine: NativeEngine, artifact: bytes) -> int:
    """The module of such bytes, which must be what an engine has given. Raises `WasmtimeError`."""
    out = words(1)
    error = engine.lib.wasmtime_module_deserialize(
        engine.pointer, artifact, len(artifact), addressof(out)
    )
    check(engine.lib, error)
    return out[0]


def _module(data: bytes) -> int:
    found = _modules.get(data)
    if found is None:
        with _making:
            found = _modules.get(data)
            if found is None:
                found = _modules[data] = compiled(native_engine(), data)
    return found


def native_type(type_: ExternType) -> int:
    """The native type of a function, global, table or tag of a closed type."""
    found = _types.get(type_)
    if found is None:
        with _making:
            module = compiled(native_engine(), made_modules.import_module(type_))
            # It, and the list of its imports, stay: the types are in them.
            found = _types[type_] = import_types(native_engine().lib, module)[1][0]
    return found


def import_types(lib: Any, module: int) -> tuple[Words, list[int]]:
    """The list of what a module imports, which is to be deleted, and the native types in it; 0 for memories."""
    vector = words(2)
    lib.wasmtime_module_imports(module, addressof(vector))
    found = []
    for pointer in (c_uint64 * vector[0]).from_address(vector[1]) if vector[0] else ():
        type_ = lib.wasm_importtype_type(pointer)
        made = (getattr(lib, f"wasm_externtype_as_{kind}type")(type_) for kind in _TYPED)
        found.append(next(filter(None, made), 0))
    return vector, found


def new_tag(store: Store, type_: TagType) -> Words:
    """A native tag."""
    handle = words(3)
    error = store.lib.wasmtime_tag_new(store.context, native_type(type_), addressof(handle))
    check(store.lib, error)
    return handle


def new_memory(store: Store, type_: MemType) -> NativeBlock:
    """The bytes of a native memory. Raises `MemoryError`."""
    # `wasmtime_memory_new` would not ask for bytes; an instance does.
    module = _module(made_modules.memory_module(type_))
    with store.entered():
        try:
            instance = store.instance_of(module)
        except WasmtimeError as error:
            raise MemoryError(str(error)) from None
        handle = handle_of(store.export(instance, EXPORT.encode()))
        return block_of(store, handle, type_.page_size_log2)


def new_table(store: Store, type_: TableType, init: Any) -> Words:
    """A native table, all its elements ``init``. Raises `MemoryError`."""
    handle, given = words(3), words(4)
    native = native_type(type_)
    with store.entered():
        values.write(store, given, type_.reftype, init)
        error = store.lib.wasmtime_table_new(
            store.context, native, addressof(given), addressof(handle)
        )
        store.lib.wasmtime_val_unroot(addressof(given))
    if error:
        raise MemoryError(error_text(store.lib, error))
    return handle


def new_global(store: Store, type_: GlobalType, value: Any) -> Words:
    """A native global."""
    handle, given = words(3), words(4)
    native = native_type(type_)
    with store.entered():
        values.write(store, given, type_.valtype, value)
        error = store.lib.wasmtime_global_new(
            store.context, native, addressof(given), addressof(handle)
        )
        store.lib.wasmtime_val_unroot(addressof(given))
        check(store.lib, error)
    return handle


def new_shared_memory(type_: MemType) -> int:
    """A native shared memory. Raises `MemoryError`."""
    lib, native, out = native_engine().lib, words(1), words(1)
    error = lib.wasmtime_memorytype_new(
        type_.minimum,
        type_.maximum is not None,
        type_.maximum or 0,
        type_.addrtype is I64,
        True,
        type_.page_size_log2,
        addressof(native),
    )
    check(lib, error)
    error = lib.wasmtime_sharedmemory_new(native_engine().pointer, native[0], addressof(out))
    lib.wasm_memorytype_delete(native[0])
    if error:
        raise MemoryError(error_text(lib, error))
    return out[0]


def atomics(store: Store, type_: MemType, memory: int) -> dict[str, Callable[..., int]]:
    """The atomic instructions on a native shared memory, by names as ``load4`` and ``add8``."""
    module = _module(made_modules.atomics_module(type_))
    externs, instance, trap = words(4), words(2), words(1)
    externs[0], externs[1] = SHARED_KIND, memory
    with store.entered():
        error = store.lib.wasmtime_instance_new(
            store.context, module, addressof(externs), 1, addressof(instance), addressof(trap)
        )
        check(store.lib, error)
        found = {}
        for action in made_modules.ATOMIC_ACTIONS:
            for size in (1, 2, 4, 8):
                name = f"{action}{size}"
                handle = func_handle_of(store.export(instance, name.encode()))
                value = I64 if size == 8 else I32
                given = {"load": 0, "cmpxchg": 2}.get(action, 1)
                results = () if action == "store" else (value,)
                signature = FuncType((type_.addrtype, *[value] * given), results)
                found[name] = native_call(store, signature, handle)
    return found


def type_test(store: Store, heap: HeapType) -> Callable[[Any], int]:
    """A native function that tells whether a reference of the hierarchy of ``any`` is of a heap type."""
    found = store.helpers.get(heap)
    if found is None:
        instance = store.instance_of(_module(made_modules.test_module(heap)))
        handle = func_handle_of(store.export(instance, EXPORT.encode()))
        type_ = FuncType((ref_type(True, ANY),), (I32,))
        found = store.helpers[heap] = native_call(store, type_, handle)
    test: Callable[[Any], int] = found
    return test
