"""Bytes of Wasmtime's unshared memories, which are ours: Wasmtime asks for each of them, and before it grows.

Address space is reserved with guard pages behind it, and made accessible as far as the memory has grown. So growth in
native code is told at once, bytes never move, and views of them stay valid: the mapping is Python's, and lives as long
as a view of it does.
"""

from __future__ import annotations

import ctypes
import itertools
import mmap
import sys
import weakref
from collections.abc import Callable
from ctypes import addressof, c_uint64
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.blocks.paging import PageMap, Paging, address_of
from pyjsapi.blocks.reservation import Reservation
from pyjsapi.engines.wasmtime import library
from pyjsapi.engines.wasmtime.guarding import guarded
from pyjsapi.engines.wasmtime.words import Words, words

if TYPE_CHECKING:
    from pyjsapi.engines.wasmtime.store import Store
    from pyjsapi.runtime.memory import MemInst

_NO_ACCESS: Final = 0
_LAZILY: Final = getattr(mmap, "MAP_NORESERVE", 0x4000 if sys.platform == "linux" else 0)


@cache
def _protect() -> Any:
    """The system's ``mprotect``. Raises `EngineUnavailable` where there is none."""
    try:
        call = ctypes.CDLL(None, use_errno=True).mprotect
    except (AttributeError, OSError, TypeError):
        raise library.unavailable(f"memories cannot be reserved on {sys.platform} yet") from None
    call.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    call.restype = ctypes.c_int
    return call


def _pages(length: int) -> int:
    """A length in whole pages of the system, in bytes."""
    return -(-length // mmap.PAGESIZE) * mmap.PAGESIZE


class _Mapping:
    """Addresses of which the first ``length`` bytes can be accessed, and up to ``capacity`` ever; all others trap.

    Wasmtime has it as long as the native memory is there. Raises `MemoryError` where the system has not the addresses.
    """

    __slots__ = ("__weakref__", "address", "block", "bytes", "capacity", "length")

    def __init__(self, length: int, capacity: int, guard: int) -> None:
        size = max(_pages(capacity + guard), mmap.PAGESIZE)
        try:
            flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _LAZILY
            mapping = mmap.mmap(-1, size, flags=flags)
        except (OSError, ValueError, OverflowError) as error:
            raise MemoryError(f"cannot reserve {size} bytes of addresses: {error}") from None
        self.address = address_of(mapping)
        """Of the first byte, in this process."""
        if _protect()(self.address, size, _NO_ACCESS):
            raise MemoryError(f"cannot protect {size} bytes of addresses")
        self.bytes = memoryview(mapping)
        self.capacity = capacity
        self.length = 0
        self.block: weakref.ref[NativeBlock] | None = None
        """What is to be told when the memory grows, if anybody has it."""
        self.open(length)

    def open(self, length: int) -> None:
        """Have so many bytes. Raises `MemoryError`."""
        start, end = _pages(self.length), _pages(length)
        access = mmap.PROT_READ | mmap.PROT_WRITE
        if end > start and _protect()(self.address + start, end - start, access):
            raise MemoryError(f"the system has no {length} bytes")
        self.length = length

    def grows(self, length: int) -> bool:
        """The native memory is about to have so many bytes; whether it can."""
        block = None if self.block is None else self.block()
        if length > self.capacity or not (block is None or block.may_have(length)):
            return False
        self.open(length)
        if block is not None:
            block.grown(length)
        return True


class NativeBlock(Reservation):
    """The bytes of a memory of a store, ``home``, whose native ``handle`` is at hand."""

    __slots__ = ("_follower", "_log2", "_mapping", "handle", "home")

    def __init__(self, mapping: _Mapping, home: Store, handle: Words, page_size_log2: int) -> None:
        self._mapping = mapping
        self._bytes = mapping.bytes
        self._most = mapping.capacity
        self._length = mapping.length
        self._data = self._bytes[: self._length]
        self.pages = PageMap(self._bytes[: self._most], _fresh)
        self.home = home
        self.handle = handle
        self._log2 = page_size_log2
        self._follower: weakref.ref[MemInst] | None = None
        mapping.block = weakref.ref(self)

    @property
    def asks_first(self) -> bool:
        """Native code grows it."""
        return False

    def follow(self, follower: Any) -> None:
        """Tell the memory when native code has grown it."""
        self._follower = weakref.ref(follower)

    def others_follow(self, follower: Any) -> bool:
        """See `Block`. Native code does: raises `BufferError`, as it would go on to see these bytes."""
        raise BufferError(
            "machine code reaches the memory's bytes where they are: what is to be reached by calls needs "
            "engine='python'"
        )

    def extend(self, length: int) -> None:
        """See `Block`: the native memory grows."""
        store = self.home
        delta, before = length - self._length >> self._log2, words(1)
        with store.turns.lock:
            error = store.lib.wasmtime_memory_grow(
                store.context, addressof(self.handle), delta, addressof(before)
            )
        if error:
            store.lib.wasmtime_error_delete(error)
            raise MemoryError(f"the memory cannot have {length} bytes")

    def may_have(self, length: int) -> bool:
        """Whether the memory that stands here can have so many bytes."""
        memory = self._memory()
        if memory is None:
            return True
        if length <= memory.may_exceed and memory.may_become(length):
            return True
        memory.refused = length
        return False

    def grown(self, length: int) -> None:
        """Let the memory know of its bytes."""
        self._length = length
        self._data = self._bytes[:length]
        memory = self._memory()
        if memory is not None:
            memory.moved()
            if memory.buffer is not None:
                memory.buffer.memory_grown(memory)

    def _memory(self) -> MemInst | None:
        memory = None if self._follower is None else self._follower()
        return memory if memory is not None and memory.block is self else None


def _fresh(system: Paging, absolute: int, address: int, count: int) -> None:
    system.put_zeros(absolute, count)


_mappings: Final[dict[int, _Mapping]] = {}
"""Those of native memories there are, by the number that Wasmtime knows them by."""
_numbers: Final = itertools.count(1)
_by_address: Final[weakref.WeakValueDictionary[int, _Mapping]] = weakref.WeakValueDictionary()


def block_of(store: Store, handle: Words, page_size_log2: int) -> NativeBlock:
    """The bytes of a native memory. Wasmtime has others for purposes of its own."""
    address = store.lib.wasmtime_memory_data(store.context, addressof(handle))
    return NativeBlock(_by_address[address], store, handle, page_size_log2)


def _answering(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that is called again where it raised: of a signal, say. Native code must have an answer."""

    @guarded
    def answer(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except BaseException:
            return function(*arguments)

    return answer


@_answering
def _get_memory(number: int, size: Any, capacity: Any) -> int:
    mapping = _mappings[number]
    size[0] = mapping.length
    capacity[0] = mapping.capacity
    return mapping.address


@guarded
def _grow_memory(number: int, length: int) -> int | None:
    try:
        if _mappings[number].grows(length):
            return None
    except BaseException:  # it must not be seen by native code, which would take it for success
        pass
    return _failed()


@_answering
def _free_memory(number: int) -> None:
    _mappings.pop(number, None)


@guarded
def _new_memory(
    _: int, type_: int, minimum: int, maximum: int, reserved: int, guard: int, out: Any
) -> int | None:
    try:
        mapping = _Mapping(minimum, max(reserved, minimum), guard)
        number = next(_numbers)
        _mappings[number] = _by_address[mapping.address] = mapping
        made = out[0]
        made[0] = number
        made[1:4] = _ADDRESSES[:3]
    except BaseException:
        return _failed()
    return None


def _failed() -> int:
    error: int = library.load().wasmtime_error_new(b"cannot allocate memory")
    return error


_CALLBACKS: Final = (
    library.GET_MEMORY(_get_memory),
    library.GROW_MEMORY(_grow_memory),
    library.FINALIZER(_free_memory),
    library.NEW_MEMORY(_new_memory),
)
_ADDRESSES: Final = [ctypes.cast(callback, ctypes.c_void_p).value or 0 for callback in _CALLBACKS]
CREATOR: Final = (c_uint64 * 3)(0, _ADDRESSES[3], 0)
"""What Wasmtime is given as its creator of memories."""
