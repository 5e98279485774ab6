"""Memories, shared ones too, and their bytes."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pyjsapi.compat.wasmtime.engine import Engine
from pyjsapi.compat.wasmtime.errors import WasmtimeError
from pyjsapi.compat.wasmtime.managed import Managed
from pyjsapi.compat.wasmtime.store import Store, Storelike
from pyjsapi.compat.wasmtime.types import MemoryType, mem_type, memory_type
from pyjsapi.ecmascript import RangeError, Uint8Array
from pyjsapi.jsapi.memory import Memory as JsMemory
from pyjsapi.runtime import MemInst
from pyjsapi.syntax.types import MemType
from pyjsapi.validation.limits import Limits

if TYPE_CHECKING:
    import ctypes

NO_SHARED = "shared memory support is disabled for this engine -- see `Config::shared_memory`"
"""What to say where there may be no shared memories."""


class Memory:
    """A memory. Raises `WasmtimeError` where it cannot be made."""

    _store: Store
    _js: JsMemory

    def __init__(self, store: Storelike, ty: MemoryType) -> None:
        self._store = store._context()
        type_ = mem_type(ty)
        if type_.shared:
            raise WasmtimeError("shared memories must be created through `SharedMemory`")
        self._store.check_sizes(type_.minimum, type_.page_size, 0)
        self._store.count("memory")
        self._js = _new(type_, self._store.limits())

    def type(self, store: Storelike) -> MemoryType:
        """The type that it was made with."""
        return memory_type(self._of(store)._memory.declared_type)

    def grow(self, store: Storelike, delta: int) -> int:
        """Grow by so many pages; the size before. Raises `WasmtimeError` where that cannot be."""
        return _grow(self._of(store), delta)

    def size(self, store: Storelike) -> int:
        """Its size in pages."""
        return self._of(store)._memory.pages

    def data_ptr(self, store: Storelike) -> ctypes._Pointer[ctypes.c_ubyte]:
        """A pointer to its bytes. From now on they stay where they are when the memory grows.

        In Pyodide they may move: a pointer is good until the memory grows. The pointer does not know where the memory
        ends: see `data_len`.
        """
        return _pointer(self._of(store))

    def get_buffer_ptr(
        self, store: Storelike, size: int | None = None, offset: int = 0
    ) -> ctypes.Array[ctypes.c_ubyte]:
        """Its bytes, or ``size`` of them from ``offset`` on, as an array that others can view without copying.

        Raises `ValueError` for bytes that are not there. See `data_ptr`.
        """
        return _array(self._of(store), size, offset)

    def read(self, store: Storelike, start: int | None = 0, stop: int | None = None) -> bytearray:
        """A copy of its bytes, chosen as ``list[start:stop]`` does."""
        with _bytes(self._of(store)) as view:
            return bytearray(view[start:stop])

    def write(self, store: Storelike, value: bytearray | bytes, start: int | None = None) -> int:
        """Write bytes, from the beginning or from ``start`` on; how many.

        Counts from the end if that is negative. Raises `IndexError`, with nothing written, for bytes beyond the end.
        """
        with _bytes(self._of(store)) as view:
            first = slice(start, None).indices(len(view))[0]
            if first >= len(view):
                raise IndexError("index out of range")
            data = value if isinstance(value, bytes | bytearray) else bytearray(value)
            if first + len(data) > len(view):
                raise IndexError("index out of range")
            view[first : first + len(data)] = data
            return len(data)

    def data_len(self, store: Storelike) -> int:
        """Its size in bytes."""
        return self._of(store)._memory.byte_length

    def page_size(self, store: Storelike) -> int:
        """Bytes of a page."""
        return self._of(store)._memory.declared_type.page_size

    def page_size_log2(self, store: Storelike) -> int:
        """Their binary logarithm."""
        return self._of(store)._memory.declared_type.page_size_log2

    def _of(self, store: Storelike) -> JsMemory:
        self._store.require(store._context())
        return self._js


class SharedMemory(Managed):
    """A memory that belongs to no store. Raises `WasmtimeError` without `Config.shared_memory`."""

    _js: JsMemory

    def __init__(self, engine: Engine, ty: MemoryType) -> None:
        engine._check_open()
        type_ = mem_type(ty)
        if not type_.shared:
            raise WasmtimeError(
                "shared memory must have the `shared` flag enabled on its memory type"
            )
        if not engine._settings.shared_memory:
            raise WasmtimeError(NO_SHARED)
        self._js = _new(type_, engine._settings.limits)

    def type(self) -> MemoryType:
        """The type that it was made with."""
        return memory_type(self._open()._memory.declared_type)

    def grow(self, delta: int) -> int:
        """Grow by so many pages; the size before. Raises `WasmtimeError` where that cannot be."""
        return _grow(self._open(), delta)

    def size(self) -> int:
        """Its size in pages."""
        return self._open()._memory.pages

    def data_ptr(self) -> ctypes._Pointer[ctypes.c_ubyte]:
        """A pointer to its bytes, which never move."""
        return _pointer(self._open())

    def data_len(self) -> int:
        """Its size in bytes."""
        return self._open()._memory.byte_length

    def _open(self) -> JsMemory:
        self._check_open()
        return self._js


def memory_of(store: Store, js: JsMemory) -> Memory | SharedMemory:
    """The memory of the JS API's object."""
    if js._memory.declared_type.shared:
        shared = SharedMemory.__new__(SharedMemory)
        shared._js = js
        return shared
    made = Memory.__new__(Memory)
    made._store, made._js = store, js
    return made


def _new(type_: MemType, limits: Limits) -> JsMemory:
    descriptor: dict[str, Any] = {
        "initial": type_.minimum,
        "maximum": type_.maximum,
        "shared": type_.shared,
        "address": type_.addrtype.name,
        "pageSize": type_.page_size,
    }
    try:
        return JsMemory(descriptor, limits=limits)
    except RangeError as error:
        raise WasmtimeError(str(error)) from None


def _grow(js: JsMemory, delta: int) -> int:
    if delta < 0:
        raise WasmtimeError("cannot grow by negative amount")
    try:
        return js.grow(delta)
    except (RangeError, TypeError):
        raise WasmtimeError(f"failed to grow memory by `{delta}`") from None


def _bytes(js: JsMemory) -> memoryview[int]:
    memory: Any = js._memory
    if not isinstance(memory, MemInst) or memory.by_calls:
        return Uint8Array(js.buffer).mv
    # What the buffer shows, at a fifth of the cost: packages read and write a few bytes at a time.
    length = memory.byte_length  # Also looks whether others have grown it.
    return memoryview(memory.data)[:length]


def _keep_in_place(memory: Any) -> None:
    """Have the bytes of a memory where they stay when it grows, if that is possible."""
    if sys.platform == "emscripten" or not isinstance(memory, MemInst):
        return
    if memory.by_calls or not memory.block.moves:
        return
    from pyjsapi.blocks.guarded import reserved

    with suppress(BufferError, MemoryError):  # Then the pointer is good until the memory grows.
        memory.rebase(lambda block: reserved(block, memory.may_exceed))


def _array(js: JsMemory, size: int | None = None, offset: int = 0) -> ctypes.Array[ctypes.c_ubyte]:
    import ctypes

    _keep_in_place(js._memory)
    view = _bytes(js)
    count = len(view) if size is None else size
    if not 0 <= offset <= len(view) - count:
        raise ValueError(f"{count} bytes from {offset} on: the memory has {len(view)}")
    return (ctypes.c_ubyte * count).from_buffer(view, offset)


def _pointer(js: JsMemory) -> ctypes._Pointer[ctypes.c_ubyte]:
    import ctypes

    return ctypes.cast(_array(js), ctypes.POINTER(ctypes.c_ubyte))
