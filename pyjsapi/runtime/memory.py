"""Memory instances (core: "Runtime Structure: Memory Instances").

A `MemoryStorage` knows nothing of modules and instances. Its bytes are one object, ``data``, which generated code
indexes directly; typed views of the same bytes serve aligned accesses. Growth happens in place where nobody holds
a view from outside, else the bytes move; either way `MemoryUser`s are told.
"""

from __future__ import annotations

import mmap
import sys
import weakref
from _thread import RLock
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, TypeAlias, TypeVar

from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import I32, MemType
from pyjsapi.validation.limits import Limits

if TYPE_CHECKING:
    from pyjsapi.blocks.block import SharedBlock

MAPPED_BYTES: Final = 64 << 20
"""Memories that start at this many bytes are mapped, so that the system commits their pages lazily."""

OUT_OF_BOUNDS: Final = "out of bounds memory access"
"""What a trap says."""
_FILL_AT_ONCE: Final = 1 << 20
"""Bytes that are made to be stored at once: filling a memory must not take its size again."""
_COPY_DIRECTLY: Final = 2048
"""Bytes above which copying through views beats copying through a slice."""

Bytes: TypeAlias = "bytearray | mmap.mmap | memoryview[int]"


class MemoryUser(Protocol):
    """Something that caches ``data`` or views of a storage; held weakly."""

    def memory_moved(self, memidx: int, storage: MemoryStorage) -> None:
        """``data`` or the views of the storage are new objects; ``memidx`` is what `attach` was given."""


class GrowthGuard(Protocol):
    """Something that must know before a memory grows; held weakly."""

    def memory_grows(self, memidx: int, length: int) -> bool:
        """The memory is about to have ``length`` bytes; whether that is possible now."""


class MemoryBuffer(Protocol):
    """The embedder's object over the bytes, e.g. an ArrayBuffer."""

    def release_views(self) -> None:
        """Let go of every view of the bytes, so that they can be resized; they may be taken again later."""

    def memory_grown(self, storage: MemoryStorage) -> None:
        """The memory has grown, perhaps by nothing."""


class MemoryStorage:
    """The bytes of an unshared memory; see `shared_memory.SharedMemoryStorage` for the other kind.

    ``page_limit`` is the engine's limit in pages; the memory may grow to the smaller of it and its maximum.
    Raises `MemoryError` when the system cannot provide the minimum.
    """

    __slots__ = (
        "__weakref__",
        "_bytes_view",
        "_guards",
        "_type",
        "_users",
        "buffer",
        "ceiling",
        "data",
        "f32",
        "f64",
        "u16",
        "u32",
        "u64",
        "wrapper",
    )

    by_calls: ClassVar[bool] = False
    """Whether generated code reaches the bytes through `accessor`, not through ``data`` and the views."""
    asks_first: bool = True
    """Whether the memory never grows before its guards were asked."""
    data: Bytes
    lock: AbstractContextManager[Any] = RLock()
    """What atomic writes hold. Unshared memories have one in common: none is needed, but to ask costs more."""
    block: SharedBlock | None = None
    """What the bytes of a shared memory are."""
    remote: bool = False
    """Whether other processes share the memory: they see what its block's methods do."""
    u16: memoryview[int]
    u32: memoryview[int]
    u64: memoryview[int]
    f32: memoryview[float]
    f64: memoryview[float]

    def __init__(self, type_: MemType, *, page_limit: int) -> None:
        self._type = type_
        self.ceiling = page_limit if type_.maximum is None else min(type_.maximum, page_limit)
        """Pages that the memory may grow to."""
        self._users: list[tuple[weakref.ref[MemoryUser], int]] = []
        self._guards: list[tuple[weakref.ref[GrowthGuard], int]] = []
        self.buffer: MemoryBuffer | None = None
        """The embedder's current buffer object."""
        self.wrapper: weakref.ref[Any] | None = None
        """The embedder's object for this memory."""
        self.data = self._allocate(type_.minimum * type_.page_size)
        self._make_views()

    def _allocate(self, count: int) -> Bytes:
        return _allocate(count)

    @property
    def type(self) -> MemType:
        """The type with the current size as minimum, as matching an import sees it."""
        return replace(self._type, minimum=self.pages)

    @property
    def declared_type(self) -> MemType:
        """The type that the memory was made with."""
        return self._type

    @property
    def pages(self) -> int:
        """Current size in pages."""
        return len(self.data) >> self._type.page_size_log2

    @property
    def byte_length(self) -> int:
        """Current size in bytes."""
        return len(self.data)

    @property
    def may_exceed(self) -> int:
        """Bytes that the memory can ever have: no access beyond them succeeds."""
        return self.ceiling * self._type.page_size

    def limit_growth(self, pages: int) -> None:
        """Lower the ceiling to ``pages``, or to the current size where that is more."""
        self.ceiling = min(self.ceiling, max(pages, self.pages))

    def attach(self, user: MemoryUser, memidx: int) -> None:
        """Tell ``user`` from now on when ``data`` or the views change, starting now."""
        _add(self._users, user, memidx)
        user.memory_moved(memidx, self)

    def guard(self, guard: GrowthGuard, memidx: int) -> None:
        """Ask ``guard`` from now on before the memory grows; see ``asks_first``."""
        _add(self._guards, guard, memidx)

    def accessor(self, name: str) -> Callable[..., Any]:
        """The function for a memory instruction, where ``by_calls`` is true: a mnemonic with underscores for dots."""
        raise NotImplementedError(f"the bytes are reached directly: there is no {name}()")

    def grow(self, delta: int) -> int:
        """Grow by ``delta`` pages; the size before in pages, or -1 when that is not possible."""
        before = self.pages
        if before + delta > self.ceiling:
            return -1
        if delta and not self._extend(delta * self._type.page_size):
            return -1
        if self.buffer is not None:
            self.buffer.memory_grown(self)
        return before

    def may_become(self, length: int) -> bool:
        """Ask all guards whether the memory can have ``length`` bytes from now on."""
        for reference, memidx in list(self._guards):
            guard = reference()
            if guard is not None and not guard.memory_grows(memidx, length):
                return False
        return True

    def fill(self, address: int, value: int, count: int) -> None:
        """``memory.fill``; traps before anything is written."""
        if address + count > len(self.data):
            self.follow()
            if address + count > len(self.data):
                raise Trap(OUT_OF_BOUNDS)
        chunk = bytes((value & 0xFF,)) * min(count, _FILL_AT_ONCE)
        if len(chunk) == count:
            self.data[address : address + count] = chunk
            return
        end = address + count
        for start in range(address, end, _FILL_AT_ONCE):
            stop = min(start + _FILL_AT_ONCE, end)
            self._bytes_view[start:stop] = chunk[: stop - start]

    def copy(self, source: MemoryStorage, address: int, source_address: int, count: int) -> None:
        """``memory.copy`` from ``source``, which may be this memory; traps before anything is written."""
        if address + count > len(self.data) or source_address + count > len(source.data):
            self.follow()
            source.follow()
            if address + count > len(self.data) or source_address + count > len(source.data):
                raise Trap(OUT_OF_BOUNDS)
        if count < _COPY_DIRECTLY:
            self.data[address : address + count] = source.data[
                source_address : source_address + count
            ]
        else:
            view = source._bytes_view[source_address : source_address + count]
            self._bytes_view[address : address + count] = view

    def init(self, address: int, source_address: int, count: int, segment: bytes) -> None:
        """``memory.init`` from a data segment; traps before anything is written.

        The segment comes last: generated code reads it after it has evaluated the operands.
        """
        if address + count > len(self.data) or source_address + count > len(segment):
            self.follow()
            if address + count > len(self.data) or source_address + count > len(segment):
                raise Trap(OUT_OF_BOUNDS)
        self.data[address : address + count] = segment[source_address : source_address + count]

    def follow(self) -> None:
        """Take over a size that others have given to the memory: before an access traps, for shared memories."""

    def wait(self, address: int, size: int, expected: int, timeout: int) -> int:
        """``memory.atomic.wait``, which only shared memories allow."""
        raise Trap("expected shared memory")

    def notify(self, address: int, count: int) -> int:
        """``memory.atomic.notify``: nobody waits here."""
        return 0

    def _extend(self, count: int) -> bool:
        length = len(self.data) + count
        if length > sys.maxsize or not self.may_become(length):
            return False
        if self.buffer is not None:
            self.buffer.release_views()
        self._release_views()
        try:
            self.data = self._extended(count)
        except (MemoryError, OverflowError, OSError):
            return False
        finally:
            self._make_views()
            self._tell_users()
        return True

    def _extended(self, count: int) -> Bytes:
        """The bytes followed by ``count`` zeros: the same object where possible."""
        return _extended(self.data, count)

    def _make_views(self) -> None:
        self._view_bytes(memoryview(self.data))

    def _view_bytes(self, view: memoryview[int]) -> None:
        self._bytes_view = view
        size = len(view)
        if not size & 7:
            self._cast_views(view, view, view)
            return
        # With pages of one byte: every aligned element that fits is in the view of its width.
        with view[: size & ~1] as of2, view[: size & ~3] as of4, view[: size & ~7] as of8:
            self._cast_views(of2, of4, of8)

    def _cast_views(self, of2: memoryview, of4: memoryview, of8: memoryview) -> None:
        self.u16 = of2.cast("H")
        self.u32 = of4.cast("I")
        self.u64 = of8.cast("Q")
        self.f32 = of4.cast("f")
        self.f64 = of8.cast("d")

    def _release_views(self) -> None:
        for view in (self.u16, self.u32, self.u64, self.f32, self.f64, self._bytes_view):
            view.release()

    def _tell_users(self) -> None:
        alive = []
        for entry in self._users:
            user = entry[0]()
            if user is not None:
                alive.append(entry)
                user.memory_moved(entry[1], self)
        self._users = alive


_Watcher = TypeVar("_Watcher")


def _add(entries: list[tuple[weakref.ref[_Watcher], int]], watcher: _Watcher, memidx: int) -> None:
    if not len(entries) & len(entries) - 1:  # now and then, so that the dead do not pile up
        entries[:] = [entry for entry in entries if entry[0]() is not None]
    entries.append((weakref.ref(watcher), memidx))


def _allocate(count: int) -> Bytes:
    if count < MAPPED_BYTES:
        return bytearray(count)
    try:
        if hasattr(mmap, "MAP_PRIVATE"):
            return mmap.mmap(-1, count, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        return mmap.mmap(-1, count)
    except (OSError, ValueError, OverflowError):
        pass
    try:
        return bytearray(count)
    except (MemoryError, OverflowError):  # the latter where addresses are short, as in Pyodide
        raise MemoryError(f"cannot allocate {count} bytes") from None


def _extended(data: Bytes, count: int) -> Bytes:
    """The bytes followed by ``count`` zeros: the same object where possible."""
    size = len(data)
    if isinstance(data, bytearray) and size + count < MAPPED_BYTES:
        try:
            data.extend(bytes(count))
        except BufferError:
            moved = bytearray(size + count)
            moved[:size] = data
            return moved
        return data
    if isinstance(data, mmap.mmap):
        try:
            data.resize(size + count)
        except (BufferError, SystemError, OSError, ValueError):
            pass
        else:
            return data
    larger = _allocate(size + count)
    with memoryview(larger) as target, memoryview(data) as source:
        target[:size] = source
    return larger


def page_limit_of(type_: MemType, limits: Limits) -> int:
    """Pages that the engine allows a memory of the type; `MemoryError` where its minimum is beyond that."""
    pages = limits.max_memory_pages if type_.addrtype is I32 else limits.max_memory64_pages
    most = pages << 16
    if limits.max_memory_bytes is not None:
        most = min(most, limits.max_memory_bytes)
    page_limit = min(most >> type_.page_size_log2, (1 << type_.addrtype.bits) - 1)
    if type_.minimum > page_limit:
        raise MemoryError(
            f"cannot allocate a memory of {type_.minimum} pages: the limit is {page_limit} pages"
        )
    return page_limit


def new_memory(type_: MemType, limits: Limits) -> MemoryStorage:
    """A memory of the type; `MemoryError` where its minimum is beyond a limit or cannot be had."""
    page_limit = page_limit_of(type_, limits)
    if type_.shared:
        from pyjsapi.runtime.shared_memory import new_shared_memory  # most programs have none

        return new_shared_memory(type_, page_limit)
    return MemoryStorage(type_, page_limit=page_limit)


MakeMemory: TypeAlias = Callable[[MemType, Limits], MemoryStorage]
"""What makes the memories of an instance; see `new_memory`."""
