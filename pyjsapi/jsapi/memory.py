"""``WebAssembly.Memory`` (index.bs, "Memories")."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from operator import index
from typing import TYPE_CHECKING, Any, Final, NoReturn, Unpack

from pyjsapi import engines
from pyjsapi.ecmascript import ArrayBuffer, RangeError, SharedArrayBuffer
from pyjsapi.ecmascript.conversions import enforce_range
from pyjsapi.ecmascript.errors import DataCloneError
from pyjsapi.embedding.settings import settings_of
from pyjsapi.jsapi.descriptors import ADDRESS_TYPES, Descriptor, address_value, limits_of
from pyjsapi.jsapi.errors import js_error
from pyjsapi.jsapi.identity import object_of
from pyjsapi.jsapi.memory_control import MEMBERS, memory_control
from pyjsapi.runtime import MemInst, atomics
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.types import PAGE_SIZE, PAGE_SIZE_LOG2, MemType
from pyjsapi.validation.limits import Limits

if TYPE_CHECKING:
    from pyjsapi.jsapi.memory_control import MappingLike, StatsLike
    from pyjsapi.jsapi.signatures import MemoryMembers

_DETACH_KEY: Final = "WebAssembly.Memory"
_ENDLESS: Final = (1 << 64) - 1
_PAGE_SIZES: Final = (1, PAGE_SIZE)
"""Bytes; what a memory's pages may have."""
_MEMBERS: Final = ("address", "initial", "maximum", "minimum", "pageSize", "shared", *MEMBERS)
_EXTENSIONS: Final = frozenset(MEMBERS)


class Memory:
    """A memory, as the host sees it: one object per memory.

    ``Memory({"initial": 1, "maximum": 2})`` or ``Memory(initial=1, maximum=2)``; sizes in pages of 64 KiB, or of
    one byte with ``pageSize=1`` (an extension: the JS API does not know custom page sizes). With ``address="i64"``
    the memory has 64-bit addresses. ``features`` and ``limits`` restrict what the memory may be and have. Raises
    `TypeError` for a wrong descriptor, `RangeError` for sizes that are not valid or cannot be allocated.

    More extensions, for sharing and protection (docs/sharing.md), with sizes in pages: ``noAccess`` at the beginning,
    behind them ``readOnly`` ones that only active segments write; ``maplength`` at the beginning for `map` alone;
    ``virtual``: no page is there until it is mapped; ``backing``: a resource or buffer that the memory stands on;
    ``storage``: ``"heap"`` (as many bytes as it has), ``"reserve"`` (never moves, so that files can be mapped) or
    ``"guarded"`` (reached by calls from the start, so that everything can be mapped while code runs).
    """

    __slots__ = ("__weakref__", "_memory")

    _memory: MemInst

    def __init__(
        self,
        descriptor: Any = None,
        /,
        *,
        features: Features | Mapping[str, bool] | None = None,
        limits: Limits | Mapping[str, float | None] | None = None,
        **members: Unpack[MemoryMembers],
    ) -> None:
        settings = settings_of({"features": features, "limits": limits}, "WebAssembly.Memory()")
        read = Descriptor(descriptor, members, "WebAssembly.Memory()", _MEMBERS)
        addrtype = read.enum("address", ADDRESS_TYPES, "i32")
        is_extended = read.has_any(_EXTENSIONS)
        backed = _backed_pages(read) if is_extended else None
        initial, maximum = limits_of(read, addrtype, backed)
        page_size_log2 = _read_page_size_log2(read)
        shared = read.boolean("shared")
        if shared and maximum is None:
            raise TypeError(
                "WebAssembly.Memory(): property 'maximum': a shared memory must have a maximum"
            )
        if shared and not settings.features.threads:
            raise TypeError(
                "WebAssembly.Memory(): property 'shared': shared memories are switched off (Features.threads)"
            )
        # Pages that the addresses reach, but a byte less where their number would not fit.
        most = (
            (1 << addrtype.bits) - 1 if page_size_log2 == 0 else 1 << addrtype.bits - page_size_log2
        )
        for name, value in (("initial", initial), ("maximum", maximum)):
            if value is not None and value > most:
                raise RangeError(
                    f"WebAssembly.Memory(): property '{name}': value {value} is above the upper bound {most}"
                )
        if maximum is not None and maximum < initial:
            raise RangeError(
                f"WebAssembly.Memory(): property 'maximum': value {maximum} is below the lower bound {initial}"
            )
        try:
            type_ = MemType(addrtype, initial, maximum, shared, page_size_log2)
            if is_extended:
                memory = memory_control().new_memory(read, type_, settings.limits)
            else:
                memory = engines.default().new_memory(type_, settings.limits)
        except (MemoryError, OverflowError) as error:
            raise RangeError(f"WebAssembly.Memory(): could not allocate memory: {error}") from error
        memory.held_by = None
        self._attach(memory)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        """StructuredSerialize with *forStorage*: memories are sent to workers, never stored."""
        raise DataCloneError("a WebAssembly.Memory cannot be stored or copied")

    def _attach(self, memory: MemInst) -> None:
        self._memory = memory
        memory.wrapper = weakref.ref(self)

    @property
    def buffer(self) -> ArrayBuffer | SharedArrayBuffer:
        """The bytes as an `ArrayBuffer`, without copying: the same object until the memory grows.

        The buffer of a shared memory is a `SharedArrayBuffer`. Raises `TypeError` for a virtual memory.
        """
        if self._memory.sharing is not None:
            refusal = memory_control().buffer_refusal(self._memory)
            if refusal is not None:
                raise TypeError(f"WebAssembly.Memory.buffer: {refusal}")
        shared = _shared_buffer(self._memory)
        return _current_buffer(self._memory) if shared is None else shared

    def grow(self, delta: Any = None, /) -> int:
        """Grow by ``delta`` pages; the size before, in pages. The buffer is detached, even for ``delta`` 0.

        The buffer of a shared memory is left as it is: it keeps its length and the bytes.

        Raises `TypeError` for what is no number of pages, `RangeError` when the memory cannot grow so far.
        """
        memory = self._memory
        pages = address_value(
            delta, memory.declared_type.addrtype, "WebAssembly.Memory.grow(): delta"
        )
        return _grow(memory, pages, "WebAssembly.Memory.grow()")

    def toFixedLengthBuffer(self) -> ArrayBuffer | SharedArrayBuffer:
        """A buffer of fixed length; a resizable one is detached for it, a growable one of a shared memory is not."""
        shared = _shared_buffer(self._memory, growable=False)
        if shared is not None:
            return shared
        own: ArrayBuffer | None = self._memory.block.own_buffer(False)
        if own is not None:
            return own
        buffer = _current_buffer(self._memory)
        if not buffer.resizable:
            return buffer
        buffer._detach(_DETACH_KEY)
        return _new_buffer(self._memory, None)

    def toResizableBuffer(self) -> ArrayBuffer | SharedArrayBuffer:
        """A buffer that follows the memory when it grows, and grows it; a fixed one is detached for it.

        That of a shared memory is growable, and the fixed one stays usable.

        Raises `TypeError` when the memory has no maximum.
        """
        type_ = self._memory.declared_type
        if type_.maximum is None:
            raise TypeError(
                "WebAssembly.Memory.toResizableBuffer(): the memory must have a maximum"
            )
        shared = _shared_buffer(self._memory, growable=True)
        if shared is not None:
            return shared
        own: ArrayBuffer | None = self._memory.block.own_buffer(True)
        if own is not None:
            return own
        buffer = _current_buffer(self._memory)
        if buffer.resizable:
            return buffer
        buffer._detach(_DETACH_KEY)
        return _new_buffer(self._memory, type_.maximum * type_.page_size)

    def atomic_notify(self, address: int, count: int = 0xFFFF_FFFF, /) -> int:
        """Wake at most ``count`` of those who wait at an address, as ``memory.atomic.notify``; how many were woken.

        An extension, as are the other methods with such names: what Wasmtime's ``SharedMemory`` has. Raises
        `RuntimeError` where the instruction traps.
        """
        return _trapping(atomics.notify, self._memory, _address(address), count)

    def atomic_wait32(self, address: int, expected: int, timeout: int = -1, /) -> int:
        """Wait as ``memory.atomic.wait32``, for ``timeout`` nanoseconds, without end if that is negative.

        0 when notified, 1 where the integer is not ``expected``, 2 when the time is over. Raises `RuntimeError` where
        the instruction traps: unaligned, out of bounds, unshared, or in an agent that must not block.
        """
        wanted = expected & 0xFFFF_FFFF
        return _trapping(atomics.wait, self._memory, _address(address), 4, wanted, _i64(timeout))

    def atomic_wait64(self, address: int, expected: int, timeout: int = -1, /) -> int:
        """Wait as ``memory.atomic.wait64``; see `atomic_wait32`."""
        wanted = expected & 0xFFFF_FFFF_FFFF_FFFF
        return _trapping(atomics.wait, self._memory, _address(address), 8, wanted, _i64(timeout))

    def type(self) -> dict[str, Any]:
        """Type reflection: ``minimum`` (the current size) and ``maximum`` in pages, ``address``, ``shared``.

        ``pageSize``, in bytes, is there where it is not 65536.
        """
        return memory_type(self._memory.type)

    # ---- extensions: see docs/sharing.md

    def map(
        self,
        resource: Any,
        length: int | None = None,
        *,
        at: int | None = None,
        offset: int = 0,
        mode: str = "rw",
        strategy: str = "auto",
    ) -> MappingLike:
        """Map ``length`` bytes of a `HostResource` or any buffer, from ``offset`` on, to the address ``at``.

        Without ``length`` all the rest; without ``at`` the first free page. ``mode``: ``"rw"``, ``"r"`` (writing
        traps), ``"cow"`` (what is written stays here). ``strategy``: ``"mmap"`` (pages of a file, by the system),
        ``"segment"`` (any bytes at any address), ``"copy"`` (back at `flush` and `unmap`), or ``"auto"``: the first
        of them that can be and is safe. Raises `RangeError` for bytes that are not there, an overlap, or what a
        strategy cannot do; `TypeError` for a resource that is read-only; `OSError`; `RuntimeError` while code is
        running that would not see what is mapped: see ``storage``.
        """
        options = {"at": at, "offset": offset, "mode": mode, "strategy": strategy}
        found: MappingLike = memory_control().map(self._memory, resource, length, **options)
        return found

    def unmap(self, target: Any, length: int | None = None) -> None:
        """End a mapping, or all of a resource or buffer, or what is mapped of ``length`` bytes from an address on.

        The memory has zeros there, or nothing in a virtual memory or a mappable region. Raises `RangeError`.
        """
        memory_control().unmap(self._memory, target, length)

    def protect(self, address: int, size: int, access: str) -> None:
        """Say what code may do with the pages that ``size`` bytes are in: ``"none"``, ``"r"`` or ``"rw"``.

        What is not allowed traps. Raises `RangeError`, `TypeError` for another access, and `RuntimeError` while code
        is running that reaches the memory directly.
        """
        memory_control().protect(self._memory, address, size, access)

    def discard(self, byteOffset: int, byteLength: int) -> None:
        """Make the pages 0 that some bytes are in, and let the system have their room (memory-control proposal).

        The length does not change. Raises `RangeError`, and `RuntimeError` where there are no bytes.
        """
        memory_control().discard(self._memory, byteOffset, byteLength)

    def flush(self) -> None:
        """`Mapping.flush` of every mapping."""
        memory_control().flush(self._memory)

    def view(
        self, format: str = "B", address: int = 0, length: int | None = None
    ) -> memoryview[Any]:
        """A ``memoryview`` of ``length`` elements of a format of `struct`, from a byte address on; all by default.

        It has the bytes themselves and cannot be revoked; after the memory grew, or was mapped into for the first time,
        it may show old ones. Raises `RangeError` for bytes that are not there, not readable, or in several places.
        """
        found: memoryview[Any] = memory_control().view(self._memory, format, address, length)
        return found

    def address_of(self, address: int) -> int | None:
        """The absolute address in this process of a byte, for native code; ``None`` where it has none."""
        return memory_control().address_of(self._memory, address)

    async def read_into(self, reader: Any, address: int, length: int) -> int:
        """Read up to ``length`` bytes straight into the memory; how many there were.

        ``reader`` is a binary file, a socket, or an `asyncio.StreamReader`; in code that need not wait, hand
        `view` to ``recv_into`` or ``readinto``. Raises `RangeError`.
        """
        return await memory_control().read_into(self._memory, reader, address, length)

    def attach_heap(self, heap: Any, mode: str | None = None) -> None:
        """Have addresses above the memory's end stand for a `SharedHeap`, and the heaps of its chain.

        An access must be within one heap. With ``mode="r"``, or where the heap has it, writing traps. The memory
        grows up to the heap. Raises `RuntimeError` where it reaches beyond already, where another heap is in the way,
        or while code is running that reaches the memory directly.
        """
        memory_control().attach_heap(self._memory, heap, mode)

    def detach_heap(self, heap: Any = None) -> None:
        """Undo `attach_heap`, by default for all heaps. Raises `RuntimeError` for one that is not attached."""
        memory_control().detach_heap(self._memory, heap)

    @property
    def mappings(self) -> tuple[MappingLike, ...]:
        """What is mapped now."""
        if self._memory.sharing is None and not self._memory.declared_type.shared:
            return ()
        return memory_control().mappings(self._memory)

    @property
    def stats(self) -> StatsLike:
        """How much was mapped, unmapped and copied so far."""
        found: StatsLike = memory_control().stats(self._memory)
        return found

    @property
    def bufferOffset(self) -> int:
        """The address of the buffer's first byte: what comes before is protected or for mappings only."""
        return self._memory.buffer_offset

    @property
    def readOnlyBuffer(self) -> memoryview[int] | None:
        """The read-only part of a memory that was made with ``readOnly``, read-only here too."""
        return memory_control().read_only(self._memory)

    def __repr__(self) -> str:
        from pyjsapi.syntax.spelling import counted

        return f"<WebAssembly.Memory of {counted(self._memory.pages, 'page')}>"


def _trapping(helper: Callable[..., int], *arguments: Any) -> int:
    try:
        return helper(*arguments)
    except Trap as trap:
        raise js_error(trap) from None


def _address(value: int) -> int:
    address = index(value)
    if address < 0:
        raise RangeError(f"address {address} is negative")
    return address


def _i64(timeout: int) -> int:
    """The timeout as an instruction has it: unsigned, the longest where an i64 cannot say it."""
    return min(index(timeout), (1 << 63) - 1) & 0xFFFF_FFFF_FFFF_FFFF if timeout >= 0 else _ENDLESS


def memory_object(memory: MemInst) -> Memory:
    """ "Create a memory object": the one `Memory` of a memory instance."""
    return object_of(memory, Memory)


def memory_type(type_: MemType) -> dict[str, Any]:
    """A memory type as an object of the type reflection proposal."""
    found: dict[str, Any] = {"minimum": type_.minimum}
    if type_.maximum is not None:
        found["maximum"] = type_.maximum
    found["shared"] = type_.shared
    found["address"] = type_.addrtype.name
    if type_.page_size != PAGE_SIZE:
        found["pageSize"] = type_.page_size
    return found


def _read_page_size_log2(descriptor: Descriptor) -> int:
    value = descriptor.get("pageSize")
    if value is None:
        return PAGE_SIZE_LOG2
    size = enforce_range(value, 32, f"{descriptor.what}: property 'pageSize'")
    if size not in _PAGE_SIZES:
        raise RangeError(
            f"{descriptor.what}: property 'pageSize': value {size} must be 1 or {PAGE_SIZE}"
        )
    return size.bit_length() - 1


def _backed_pages(read: Descriptor) -> int | None:
    backing = read.get("backing")
    if backing is None:
        return None
    return memory_control().backed_pages(backing, _read_page_size_log2(read))


def _grow(memory: MemInst, delta: int, what: str) -> int:
    before = memory.grow(delta)
    if before < 0:
        from pyjsapi.syntax.spelling import counted

        raise RangeError(
            f"{what}: cannot grow by {counted(delta, 'page')}: the memory has {counted(memory.pages, 'page')} "
            f"and may have {memory.ceiling}"
        ) from _growth_failure(memory, delta)
    return before


def _growth_failure(memory: MemInst, delta: int) -> MemoryError:
    """Why a memory could not grow."""
    type_ = memory.declared_type
    pages = memory.pages + delta
    if type_.maximum is not None and pages > type_.maximum:
        from pyjsapi.syntax.spelling import counted

        return MemoryError(f"the maximum of the memory is {counted(type_.maximum, 'page')}")
    if pages > memory.ceiling:
        return MemoryError(
            f"the memory may have {memory.ceiling * type_.page_size} bytes, by the engine's limits "
            "(Limits.max_memory_bytes and others) or because the system had no more to reserve"
        )
    return MemoryError(
        f"the system has no {pages * type_.page_size} bytes for the memory, or the memories of an instance have "
        "all that they may have together (Limits.max_memory_bytes)"
    )


class _BufferLink:
    """What a memory holds of its current buffer: a weak reference, so that neither keeps the other alive."""

    __slots__ = ("_buffer", "max_byte_length")

    def __init__(self, buffer: ArrayBuffer, max_byte_length: int | None) -> None:
        self._buffer = weakref.ref(buffer)
        self.max_byte_length = max_byte_length
        """Of a resizable buffer, also when nobody holds it any more."""

    def get(self) -> ArrayBuffer | None:
        return self._buffer()

    def release_views(self) -> None:
        buffer = self._buffer()
        if buffer is not None:
            buffer._release_views()

    def memory_grown(self, memory: MemInst) -> None:
        """ "Refresh the Memory buffer"."""
        buffer = self._buffer()
        if self.max_byte_length is not None:
            if buffer is not None:
                buffer._rebind(_visible(memory))
            return
        memory.buffer = None
        if buffer is not None:
            buffer._detach(_DETACH_KEY)

    def memory_elsewhere(self, memory: MemInst) -> None:
        buffer = self._buffer()
        if buffer is None:
            return
        if memory.block.take_buffer(buffer):
            memory.buffer = None
        else:
            buffer._rebind(_visible(memory))


def _visible(memory: MemInst) -> Any:
    """The bytes that the buffer shows: all but those that protection keeps from it, which come first."""
    if memory.block.is_guarded:
        from pyjsapi.jsapi.guarded_bytes import visible_bytes  # most memories are plain

        return visible_bytes(memory)
    return memory.data


def _shared_buffer(memory: MemInst, growable: bool | None = None) -> SharedArrayBuffer | None:
    """The current buffer of a shared memory, as `shared_buffers.shared_buffer` gives it."""
    if not memory.declared_type.shared:
        return None
    from pyjsapi.jsapi.shared_buffers import shared_buffer  # most programs have no shared memory

    return shared_buffer(memory, growable)


def _current_buffer(memory: MemInst) -> ArrayBuffer:
    own: ArrayBuffer | None = memory.block.own_buffer()
    if own is not None:
        return own
    link = memory.buffer
    if not isinstance(link, _BufferLink):
        return _new_buffer(memory, None)
    buffer = link.get()
    return _new_buffer(memory, link.max_byte_length) if buffer is None else buffer


def _new_buffer(memory: MemInst, max_byte_length: int | None) -> ArrayBuffer:
    def resize(length: int) -> None:
        """HostResizeArrayBuffer."""
        delta = length - len(_visible(memory))
        page_size = memory.declared_type.page_size
        if delta < 0 or delta % page_size:
            raise RangeError(
                f"ArrayBuffer.resize(): {length} bytes: the buffer of a memory grows by multiples of {page_size} bytes"
            )
        _grow(memory, delta // page_size, "ArrayBuffer.resize()")

    buffer = ArrayBuffer._host(
        bytearray(), max_byte_length=max_byte_length, detach_key=_DETACH_KEY, resize=resize
    )
    buffer._rebind(_visible(memory))
    memory.buffer = _BufferLink(buffer, max_byte_length)
    return buffer
