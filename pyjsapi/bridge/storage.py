"""Memories whose bytes JavaScript can have: in Pyodide's heap until it asks for them, then in a WebAssembly.Memory.

Generated code reaches them through *accessors*, one function per instruction: ``i32_load(address)``,
``i32_load(address, offset)``, ``i64_store8(address, value, offset)``. Accessors take integers modulo the address type's
range, check bounds and alignment, give canonical values, and are the same objects before and after the bytes have
moved.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any, Final

from pyjsapi.bridge.hooks import HOOKS, MemoryAnchor
from pyjsapi.jsapi.descriptors import ADDRESS_TYPES
from pyjsapi.runtime.memory import OUT_OF_BOUNDS, MemoryStorage, page_limit_of
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import PAGE_SIZE_LOG2, MemType
from pyjsapi.validation.limits import Limits

_MOST_PAGES: Final = 1 << 16
"""Pages of 64 KiB that a WebAssembly.Memory can have."""


class NativeBytes:
    """The bytes of a memory in JavaScript, as far as they are needed like a bytearray: length, slices, items."""

    __slots__ = ("_record",)

    def __init__(self, record: int) -> None:
        self._record = record

    def __len__(self) -> int:
        return int(HOOKS["byte_length"](self._record))

    def __getitem__(self, key: int | slice) -> int | bytes:
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            data: bytes = HOOKS["read"](self._record, start, max(stop - start, 0))
            return data[::step]
        return self[key : key + 1][0]  # type: ignore[index]

    def __setitem__(self, key: int | slice, value: Any) -> None:
        if not isinstance(key, slice):
            key, value = slice(key, key + 1), bytes((value,))
        start, stop, step = key.indices(len(self))
        if step != 1 or stop - start != len(value):
            raise ValueError("the bytes of a memory are replaced by as many bytes")
        HOOKS["write"](self._record, start, value)


class LinkedMemoryStorage(MemoryStorage):
    """A memory that is reached through accessors. ``record`` names it in JavaScript.

    Raises `MemoryError` when there is no room for the minimum.
    """

    __slots__ = ("_accessors", "_anchor", "in_javascript")

    by_calls = True

    def __init__(self, type_: MemType, *, page_limit: int, record: int = 0) -> None:
        self._accessors: dict[str, Callable[..., Any]] = {}
        self.in_javascript = bool(record)
        """Whether the bytes are in a WebAssembly.Memory."""
        if record:
            self._anchor = MemoryAnchor(record)
        super().__init__(type_, page_limit=page_limit)
        if not record:
            mask = (1 << type_.addrtype.bits) - 1
            record = HOOKS["heap_memory"](self.data, type_.page_size_log2, mask)
            self._anchor = MemoryAnchor(record)
            self._anchor.data = self.data

    @property
    def record(self) -> int:
        """The number that names the memory in JavaScript."""
        return int(self._anchor)

    @property
    def asks_first(self) -> bool:  # type: ignore[override]
        """Whether the memory grows only after its guards were asked: a resizable buffer asks nobody."""
        return self._type.maximum is None

    @property
    def pages(self) -> int:
        """Current size in pages."""
        return self.byte_length >> self._type.page_size_log2

    @property
    def byte_length(self) -> int:
        """Current size in bytes."""
        if self.in_javascript:
            return int(HOOKS["byte_length"](self.record))
        return len(self.data)

    def accessor(self, name: str) -> Callable[..., Any]:
        """The function for an instruction: its mnemonic with underscores for dots.

        There are also ``memory_size()`` in pages, and ``v128_bytes(address, offset)``.
        """
        found = self._accessors.get(name)
        if found is None:
            found = self._accessors[name] = HOOKS["accessor"](self.record, self._anchor, name)
        return found

    def move_to_javascript(self) -> None:
        """Move the bytes into a WebAssembly.Memory, once and for all.

        Where JavaScript allows no more memories, they move into an ArrayBuffer that proxies reach. Raises `ValueError`
        if the pages are not of 64 KiB, `MemoryError` where there is no room.
        """
        if self.in_javascript:
            return
        if self._type.page_size_log2 != PAGE_SIZE_LOG2:
            raise ValueError("only memories with pages of 64 KiB can be WebAssembly.Memory objects")
        if self.buffer is not None:
            self.buffer.release_views()
        maximum = -1 if self._type.maximum is None else self._type.maximum
        try:
            _retried("move_to_javascript", self.record, maximum)
        except MemoryError:
            if not HOOKS["move_to_array_buffer"](self.record, maximum):
                raise
        self._release_views()
        self.in_javascript = True
        self._anchor.data = None
        self._take_native_bytes()

    def grow(self, delta: int) -> int:
        """Grow by ``delta`` pages; the size before in pages, or -1 when that is not possible."""
        if not self.in_javascript:
            return super().grow(delta)
        if self.pages + delta > self.ceiling:
            return -1
        if delta and not self.may_become(self.byte_length + delta * self._type.page_size):
            return -1
        return int(HOOKS["grow_memory"](self.record, delta))

    def fill(self, address: int, value: int, count: int) -> None:
        """``memory.fill``; traps before anything is written."""
        if self.in_javascript:
            self.accessor("memory_fill")(address, value, count)
        else:
            super().fill(address, value, count)

    def copy(self, source: MemoryStorage, address: int, source_address: int, count: int) -> None:
        """``memory.copy`` from ``source``, which may be any memory; traps before anything is written."""
        if not self.in_javascript and not getattr(source, "in_javascript", False):
            super().copy(source, address, source_address, count)
        elif source is self:
            self.accessor("memory_copy")(address, source_address, count)
        else:
            self._check(address, count)
            if isinstance(source, LinkedMemoryStorage):
                source._check(source_address, count)
                HOOKS["copy"](self.record, address, source.record, source_address, count)
            else:
                if source_address + count > len(source.data):
                    raise Trap(OUT_OF_BOUNDS)
                self.data[address : address + count] = source.data[
                    source_address : source_address + count
                ]

    def init(self, address: int, source_address: int, count: int, segment: bytes) -> None:
        """``memory.init`` from a data segment; traps before anything is written."""
        if not self.in_javascript:
            super().init(address, source_address, count, segment)
            return
        self._check(address, count)
        if source_address + count > len(segment):
            raise Trap(OUT_OF_BOUNDS)
        data = segment[source_address : source_address + count]
        HOOKS["write"](self.record, address, data)

    def _check(self, address: int, count: int) -> None:
        if address + count > self.byte_length:
            raise Trap(OUT_OF_BOUNDS)

    def _allocate(self, count: int) -> Any:
        if self.in_javascript:
            return NativeBytes(self.record)
        try:
            return bytearray(count)
        except (MemoryError, OverflowError):
            raise MemoryError(f"cannot allocate {count} bytes") from None

    def _make_views(self) -> None:
        if self.in_javascript:
            self._take_native_bytes()
        else:
            super()._make_views()

    def _take_native_bytes(self) -> None:
        self.data = self._bytes_view = NativeBytes(self.record)  # type: ignore[assignment]

    def _extended(self, count: int) -> bytearray:
        data = self.data
        try:
            data.extend(bytes(count))  # type: ignore[union-attr]
        except BufferError:
            # Somebody holds a view from outside.
            moved = bytearray(len(data) + count)
            moved[: len(data)] = data
            data = moved
        HOOKS["heap_moved"](self.record, data)
        self._anchor.data = data
        return data  # type: ignore[return-value]


class LinkedSharedMemoryStorage(LinkedMemoryStorage):
    """A shared memory: in a WebAssembly.Memory from the start. Other threads may grow it at any time."""

    __slots__ = ()

    asks_first = False

    def wait(self, address: int, size: int, expected: int, timeout: int) -> int:
        """``memory.atomic.wait``; ``timeout`` in nanoseconds, without end if negative."""
        wait = self.accessor(f"memory_atomic_wait{8 * size}")
        return int(wait(address, expected, timeout))

    def notify(self, address: int, count: int) -> int:
        """``memory.atomic.notify``: wake at most ``count`` waiters; how many were woken."""
        return int(self.accessor("memory_atomic_notify")(address, count))


def make_memory(type_: MemType, limits: Limits) -> MemoryStorage:
    """A memory of the type that JavaScript can have; `MemoryError` where there is no room for its minimum."""
    page_limit = page_limit_of(type_, limits)
    if not type_.shared:
        return LinkedMemoryStorage(type_, page_limit=page_limit)
    most = min(page_limit if type_.maximum is None else type_.maximum, _MOST_PAGES)
    mask = (1 << type_.addrtype.bits) - 1
    record = _retried("new_memory", type_.minimum, most, 1, mask)
    return LinkedSharedMemoryStorage(type_, page_limit=min(page_limit, most), record=record)


def _retried(hook: str, *operands: Any) -> int:
    """What a hook gives that needs a new WebAssembly.Memory: engines allow few of them at a time."""
    result: int = HOOKS[hook](*operands)
    if not result:
        gc.collect()
        result = HOOKS[hook](*operands)
    if not result:
        raise MemoryError("JavaScript allows no more memories")
    return result


# What JavaScript calls


def adopt(
    record: int, initial: float, maximum: float, kind: str, address: str
) -> LinkedMemoryStorage:
    """The storage of a WebAssembly.Memory that JavaScript has; the numbers are pages, -1 for no maximum."""
    type_ = MemType(
        ADDRESS_TYPES[address],
        int(initial),
        None if maximum < 0 else int(maximum),
        kind == "shared",
    )
    page_limit = min(page_limit_of(type_, Limits()), _MOST_PAGES)
    class_ = LinkedSharedMemoryStorage if type_.shared else LinkedMemoryStorage
    return class_(type_, page_limit=page_limit, record=record)


def moved_to_javascript(storage: LinkedMemoryStorage) -> int:
    """Move the bytes of a memory to JavaScript, unless they are there; the memory's record."""
    storage.move_to_javascript()
    return storage.record


def grow(storage: MemoryStorage, delta: float) -> int:
    """Grow a memory; the size before in pages, or -1."""
    return storage.grow(int(delta))
