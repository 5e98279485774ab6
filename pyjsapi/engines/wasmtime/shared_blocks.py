"""Bytes of Wasmtime's shared memories, which are Wasmtime's own: they never move, and threads see them at once.

Python reaches them as those of other shared blocks, but for what must be one step: machine code of other threads does
not heed a lock, so that is done by atomic instructions.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from ctypes import addressof, c_uint8
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.blocks.shared import SharedBlock
from pyjsapi.engines.wasmtime.native_engine import native_engine
from pyjsapi.engines.wasmtime.words import error_text, words
from pyjsapi.syntax.types import MemType

if TYPE_CHECKING:
    from pyjsapi.engines.wasmtime.store import Store


class _Owner:
    """A native shared memory, which is let go of with the last view of its bytes."""

    __slots__ = ("_delete", "pointer")

    def __init__(self, pointer: int) -> None:
        self.pointer = pointer
        self._delete = native_engine().lib.wasmtime_sharedmemory_delete

    def __del__(self) -> None:
        self._delete(self.pointer)


class NativeSharedBlock(SharedBlock):
    """The bytes of a native shared memory of a type, which is given away."""

    __slots__ = ("_log2", "_owner", "type")

    def __init__(self, pointer: int, type_: MemType) -> None:
        self._owner = _Owner(pointer)
        self._log2 = type_.page_size_log2
        self.type = type_
        lib = native_engine().lib
        most = (type_.maximum or 0) << self._log2
        base = lib.wasmtime_sharedmemory_data(pointer)
        data: Any = (c_uint8 * most).from_address(base) if most else bytearray()
        if most:
            data.owner = self._owner
        super().__init__(memoryview(data).cast("B"), self.length)

    @property
    def pointer(self) -> int:
        """The native memory."""
        return self._owner.pointer

    @property
    def backend(self) -> str:
        """See `SharedBlock`."""
        return "wasmtime"

    @property
    def length(self) -> int:
        """See `Block`. Native code of any thread may have changed it."""
        found: int = native_engine().lib.wasmtime_sharedmemory_data_size(self._owner.pointer)
        return found

    def publish(self, length: int) -> None:
        """The native memory has the length already."""

    def refresh(self) -> None:
        """See `Block`."""
        with self.lock:
            self.tell_followers(self.length)

    def extend(self, length: int) -> None:
        """See `SharedBlock`. Raises `MemoryError`."""
        lib, before = native_engine().lib, words(1)
        delta = length - self.length >> self._log2
        error = lib.wasmtime_sharedmemory_grow(self._owner.pointer, delta, addressof(before))
        if error:
            raise MemoryError(error_text(lib, error))
        self.tell_followers(self.length)

    def grow(self, delta: int) -> int:
        """See `Block`: one step for all threads, native code too."""
        lib, before = native_engine().lib, words(1)
        error = lib.wasmtime_sharedmemory_grow(
            self._owner.pointer, delta >> self._log2, addressof(before)
        )
        if error:
            raise MemoryError(error_text(lib, error))
        self.tell_followers(self.length)
        return before[0] << self._log2

    def forked(self) -> None:
        """See `SharedBlock`."""
        self._length = self.length
        super().forked()

    # ---- what is one step

    def load(self, address: int, size: int) -> int:
        """See `SharedBlock`."""
        return _helper(self, f"load{size}")(address)

    def store(self, address: int, size: int, value: int) -> None:
        """See `SharedBlock`."""
        _helper(self, f"store{size}")(address, value)

    def update(self, operation: str, address: int, size: int, operand: int) -> int:
        """See `SharedBlock`."""
        return _helper(self, f"{operation}{size}")(address, operand)

    def compare_exchange(self, address: int, size: int, expected: int, replacement: int) -> int:
        """See `SharedBlock`."""
        return _helper(self, f"cmpxchg{size}")(address, expected, replacement)


class _Helpers(threading.local):
    """The instances of a thread whose functions are the atomic instructions, by the block."""

    def __init__(self) -> None:
        self.functions: weakref.WeakKeyDictionary[
            NativeSharedBlock, tuple[Store, dict[str, Callable[..., int]]]
        ] = weakref.WeakKeyDictionary()


_helpers: Final = _Helpers()


def _helper(block: NativeSharedBlock, name: str) -> Callable[..., int]:
    from pyjsapi.engines.wasmtime.factories import atomics
    from pyjsapi.engines.wasmtime.store import store_here

    store = store_here()
    found = _helpers.functions.get(block)
    if found is None or found[0] is not store:
        found = _helpers.functions[block] = store, atomics(store, block.type, block.pointer)
    return found[1][name]
