"""Shared heaps: bytes that several memories have at the same addresses, above their own (option 4: WAMR's shared heap).

The rules are those of WAMR (``core/iwasm/common/wasm_memory.c``, ``doc/shared_heap.md``): sizes, addresses, chains, who
may be attached when. What is different: a heap is attached to a memory, not to an instance; a memory may have several;
an attachment may be for reading only; misuse raises errors.
"""

from __future__ import annotations

import ctypes
import mmap
import weakref
from collections.abc import Callable, Iterator
from operator import index
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.blocks.block import fill_by
from pyjsapi.blocks.heap import HeapBlock
from pyjsapi.blocks.shared import SharedBlock
from pyjsapi.ecmascript.conversions import shown
from pyjsapi.ecmascript.errors import RangeError
from pyjsapi.sharing.allocator import Allocator
from pyjsapi.sharing.heap_places import LOCK, HeapDomain, HeapError, Place, at, top
from pyjsapi.sharing.resources import HostResource
from pyjsapi.sharing.state import Unstored, integer

if TYPE_CHECKING:
    from pyjsapi.blocks.block import Block

PAGE: Final = mmap.PAGESIZE
"""Bytes of a page of the system, of which heaps have whole ones."""
MOST: Final = 1 << 30
"""Bytes that a heap may have."""
MODES: Final = ("rw", "r")
"""What memories may do with a heap: read and write, or read only."""


class SharedHeap(Unstored):
    """``size`` bytes, rounded up to whole pages of the system, which memories have in common when they attach it.

    Without ``backing`` the heap has bytes of its own and gives them out (`malloc`, `free`): it is *managed*. With
    ``backing``, a buffer or a `HostResource`, it is *preallocated*: ``size`` must be whole pages and at most what the
    backing has, and who writes where is agreed on otherwise. ``managed=True`` has it give out bytes of a backing: of
    several processes that have the same one, a single one may do that, and tell the others the addresses.

    The heap ends where addresses end, as in WAMR: it starts at 2^32 - size, in memories with 64-bit addresses at
    2^64 - size. Heaps for the same memory need different places: from a `HeapDomain`, or by ``address``. With
    ``mode="r"`` memories only read it.

    Raises `RangeError` for sizes and addresses that cannot be, `TypeError` for a backing that is no buffer, cannot be
    written where it has to be, or might become shorter: see `HostResource.file`.
    """

    __slots__ = (
        "__weakref__",
        "_above",
        "_allocator",
        "_data",
        "_domain",
        "_next",
        "_own_place",
        "_waiters",
        "backing",
        "holders",
        "mode",
        "place",
        "size",
    )

    def __init__(
        self,
        size: int,
        *,
        backing: Any = None,
        managed: bool | None = None,
        address: int | None = None,
        domain: HeapDomain | None = None,
        mode: str = "rw",
    ) -> None:
        self.size = _whole_pages(size, exact=backing is not None)
        """Bytes."""
        self.mode = check_mode(mode)
        """``rw`` or ``r``: what memories may do where the attachment says nothing else."""
        self.backing = backing
        """What has the bytes, of a heap that has none of its own."""
        if not isinstance(domain, HeapDomain | None):
            raise TypeError(f"SharedHeap(): domain must be a HeapDomain, not {shown(domain)}")
        if address is not None and domain is not None:
            raise TypeError("a heap has a place by its address or from a domain, not both")
        self._data = _bytes_of(backing, self.size, mode)
        if managed is None:
            managed = backing is None
        if managed and self._data.readonly:
            raise TypeError("a managed heap needs bytes that can be written")
        self._allocator = Allocator(self.size) if managed else None
        self._next: SharedHeap | None = None
        self._above: weakref.ref[SharedHeap] | None = None
        self.holders: weakref.WeakSet[Block] = weakref.WeakSet()
        """The blocks of memories that have it attached."""
        self._domain = domain
        self._waiters: SharedBlock | None = None
        self._own_place = top(self.size) if address is None else at(index(address), self.size, PAGE)
        self.place: Place = self._own_place
        """Where it starts in memories of both kinds."""
        if domain is not None:
            with LOCK:
                self.place = domain.enter(self)

    def __repr__(self) -> str:
        kind = "managed" if self.managed else "preallocated"
        start = self.place.i64 if self.place.i32 is None else self.place.i32
        return f"<SharedHeap of {self.size} bytes at {start:#x}, {kind}>"

    @property
    def managed(self) -> bool:
        """Whether it gives out bytes: whether `malloc` of it alone can succeed."""
        return self._allocator is not None

    @property
    def attached(self) -> bool:
        """Whether a memory has it attached: then neither its place nor its chain can change."""
        return len(self.holders) > 0

    @property
    def next(self) -> SharedHeap | None:
        """The heap that follows it in a chain, at the addresses above."""
        return self._next

    def members(self) -> Iterator[SharedHeap]:
        """The heap and those that follow it in its chain, in the order of addresses."""
        member: SharedHeap | None = self
        while member is not None:
            yield member
            member = member._next

    def start(self, address: str = "i32") -> int:
        """The first address in memories whose addresses are ``i32`` or ``i64``."""
        return self.place.start(address)

    # ---- chains

    def chain(self, body: SharedHeap) -> SharedHeap:
        """Put this heap before ``body``, so that its addresses end where those of ``body`` start; returns the head.

        Raises `HeapError` where one of them is attached, or is the body of a chain, where this one is the head of
        one, or where the chain would have two managed heaps: `malloc` has to know which.
        """
        if not isinstance(body, SharedHeap):
            raise TypeError(f"SharedHeap.chain(): a SharedHeap is needed, not {shown(body)}")
        with LOCK:
            for heap in (self, body):
                heap._must_be_detached("chained")
                if heap._is_body():
                    raise HeapError(f"{heap!r} is the body of a chain already")
            if self._next is not None:
                raise HeapError(f"{self!r} is the head of a chain already")
            if body is self:
                raise HeapError("a heap cannot be chained to itself")
            if self.managed and any(heap.managed for heap in body.members()):
                raise HeapError(
                    "a chain can have one managed heap: the others must be preallocated"
                )
            place = body.place.below(self.size)
            if self._domain is not None and not self._domain.is_free(self, place):
                raise HeapError(f"another heap of the domain is below {body!r}")
            self.place = place
            self._next = body
            body._above = weakref.ref(self)
        return self

    def unchain(self, entire: bool = False) -> SharedHeap:
        """Take this heap off the chain that it heads, or take the ``entire`` chain apart.

        Whoever leaves has a place of its own again. Returns the heap that comes next: the head of what is left, or
        the last one. Raises `HeapError` where there is no chain, or a heap is attached that would move.
        """
        with LOCK:
            if self._next is None:
                raise HeapError(f"{self!r} heads no chain")
            leaving = list(self.members())[:-1] if entire else [self]
            for heap in leaving:
                heap._must_be_detached("taken off a chain")
            last = self
            for heap in leaving:
                assert heap._next is not None
                last, heap._next = heap._next, None
                last._above = None
                heap.place = heap._domain.enter(heap) if heap._domain else heap._own_place
        return last

    def reset(self) -> None:
        """Make all bytes of this heap 0, and free all blocks. Raises `HeapError` where it is attached."""
        with LOCK:
            self._must_be_detached("reset")
            if self._data.readonly:
                raise TypeError("the backing of the heap is read-only: it cannot be reset")
            if self._allocator is not None:
                self._allocator.reset()
            fill_by(self._write, 0, 0, self.size)

    def reset_chain(self) -> None:
        """`reset` this heap and all that follow it; none, where one of them is attached."""
        with LOCK:
            for heap in self.members():
                heap._must_be_detached("reset")
            for heap in self.members():
                heap.reset()

    def _is_body(self) -> bool:
        return self._above is not None and self._above() is not None

    def _must_be_detached(self, what: str) -> None:
        if self.attached:
            raise HeapError(f"{self!r} is attached: it cannot be {what} before it is detached")

    def _write(self, offset: int, data: bytes) -> None:
        self._data[offset : offset + len(data)] = data

    # ---- blocks

    def malloc(self, size: int, address: str = "i32") -> int:
        """The address of a new block of ``size`` bytes, or 0: no room, or no heap of the chain is managed.

        The block is of the managed heap among this one and those that follow it, and has what was written there
        before. ``address`` says whether it is for memories with addresses of ``i32`` or ``i64``.
        """
        size = index(size)
        if size < 0:
            raise RangeError(f"a block cannot have {size} bytes")
        for heap in self.members():
            if heap._allocator is not None:
                start = heap.start(address)
                offset = heap._allocator.malloc(size)
                return 0 if offset is None else start + offset
        return 0

    def free(self, address: int) -> None:
        """Give a block back by its address; 0 is none, and nothing happens.

        Raises `HeapError` where no block starts there: never, not any more, or in a heap that is not managed.
        """
        if address == 0:
            return
        heap, offset = self.find(address, 0)
        if heap._allocator is None or not heap._allocator.free(offset):
            raise HeapError(f"there is no block at address {address:#x} to be freed")

    def view(self, address: int | None = None, size: int | None = None) -> memoryview:
        """The bytes at an address, without copying; all of this heap where there is no address.

        The view is read-only where the heap is. Raises `RangeError` where the bytes are not in one heap, `HeapError`
        where they are in a managed one, but not all in blocks that `malloc` gave and nobody freed.
        """
        if address is None:
            return self._view(0, self.size)
        heap, offset = self.find(address, size or 0)
        if size is None:
            size = heap.size - offset
        elif heap._allocator is not None and not heap._allocator.is_taken(offset, size):
            raise HeapError(f"the {size} bytes at address {address:#x} are not all allocated")
        return heap._view(offset, size)

    def bytes_for(self, mode: str) -> memoryview:
        """All of this heap, for a memory that attaches it."""
        return self._data if mode == "rw" else self._data.toreadonly()

    @property
    def waiters(self) -> SharedBlock:
        """The queues of those who wait at its bytes, in whatever shared memory."""
        with LOCK:
            if self._waiters is None:
                self._waiters = SharedBlock(self._data, self.size)
            return self._waiters

    def _view(self, offset: int, size: int) -> memoryview:
        return self.bytes_for(self.mode)[offset : offset + size]

    def addr_to_native(self, address: int) -> int:
        """The address in this process of the byte at an address of the heap. Raises `RangeError`."""
        heap, offset = self.find(address, 1)
        return heap._native() + offset

    def native_to_addr(self, native: int, address: str = "i32") -> int:
        """The address of the byte at an address in this process; 0 where it is in no heap of the chain."""
        for heap in self.members():
            offset = native - heap._native()
            if 0 <= offset < heap.size:
                return heap.start(address) + offset
        return 0

    def _native(self) -> int:
        if self._data.readonly:
            raise TypeError("the bytes of the heap are read-only: native code must not have them")
        return ctypes.addressof(ctypes.c_char.from_buffer(self._data))

    def find(self, address: int, size: int) -> tuple[SharedHeap, int]:
        """The heap of the chain that has ``size`` bytes at an address, of either kind, and where in it.

        Raises `RangeError` where none has all of them.
        """
        address, size = index(address), index(size)
        for heap in self.members():
            for start in heap.place:
                if start is not None and size >= 0 and start <= address:
                    offset = address - start
                    if offset < heap.size and size <= heap.size - offset:
                        return heap, offset
        raise RangeError(f"the heap does not have the {size} bytes at address {address:#x}")

    def imports(self) -> dict[str, dict[str, Callable[..., Any]]]:
        """What modules written for WAMR import: ``env.shared_heap_malloc`` and ``env.shared_heap_free``.

        With ``malloc64`` and ``free64`` at the end of their names they take and give ``i64``, for memories with such
        addresses. Put them into the imports object: ``{**heap.imports(), "other": …}``. They trap where `free` raises.
        """
        from pyjsapi.sharing.heap_imports import imports_of

        return {"env": imports_of(self)}


def check_mode(mode: str) -> str:
    """The mode, if it is one."""
    if mode not in MODES:
        raise TypeError(f"the mode of a heap is 'rw' or 'r', not {mode!r}")
    return mode


def _whole_pages(size: int, *, exact: bool) -> int:
    size = integer(size, "SharedHeap()", "size")
    whole = -(-size // PAGE) * PAGE
    if not 0 < whole <= MOST:
        raise RangeError(f"a shared heap has between 1 and {MOST} bytes, not {size}")
    if exact and whole != size:
        raise RangeError(
            f"a preallocated heap has whole pages of {PAGE} bytes: {size} bytes are none"
        )
    return whole


def _bytes_of(backing: Any, size: int, mode: str) -> memoryview:
    if backing is None:
        return memoryview(HeapBlock(size).data)
    if isinstance(backing, HostResource):
        if not backing.stable:
            raise TypeError(
                f"the backing of a heap must not become shorter, or the process ends: {backing!r} might, "
                "unless it is opened with trusted=True"
            )
        view = backing.view()
    else:
        try:
            view = memoryview(backing).cast("B")
        except TypeError as error:
            raise TypeError(f"the backing of a heap must be a contiguous buffer: {error}") from None
    if len(view) < size:
        raise RangeError(f"a heap of {size} bytes: its backing has {len(view)}")
    if view.readonly and mode != "r":
        raise TypeError("the backing of the heap is read-only: the heap must have mode='r'")
    return view[:size]


__all__ = ["HeapDomain", "HeapError", "SharedHeap"]
