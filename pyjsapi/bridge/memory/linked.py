"""Memories whose bytes JavaScript can have: in Pyodide's heap until it asks for them, then in a WebAssembly.Memory.

They are reached by calls, and JavaScript has the accessors (see `runtime.accessors`): the same objects before and after
the bytes have moved.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any, Final

from pyjsapi.blocks.block import Block, Bytes
from pyjsapi.blocks.guarded import Guarded
from pyjsapi.blocks.shifted import ShiftedBlock
from pyjsapi.bridge.link.hooks import LINK, MemoryAnchor
from pyjsapi.jsapi.descriptors import ADDRESS_TYPES
from pyjsapi.runtime.memory import MemInst, page_limit_of
from pyjsapi.syntax.types import PAGE_SIZE_LOG2, MemType
from pyjsapi.validation.limits import Limits

_MOST_PAGES: Final = 1 << 16
"""Pages of 64 KiB that a WebAssembly.Memory can have."""


_LOADS: Final = {1: "i32_load8_u", 2: "i32_load16_u", 4: "i32_load", 8: "i64_load"}
"""Accessors by the size of what they load."""
_STORES: Final = {1: "i32_store8", 2: "i32_store16", 4: "i32_store", 8: "i64_store"}


class NativeBytes:
    """The bytes of a memory in JavaScript, as far as they are needed like a bytearray: length, slices, items."""

    __slots__ = ("_record",)

    def __init__(self, record: int) -> None:
        self._record = record

    def __len__(self) -> int:
        return int(LINK.byte_length(self._record))

    def __getitem__(self, key: int | slice) -> int | bytes:
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            data = LINK.read(self._record, start, max(stop - start, 0))
            return data[::step]
        return self[key : key + 1][0]  # type: ignore[index]

    def __setitem__(self, key: int | slice, value: Any) -> None:
        if not isinstance(key, slice):
            key, value = slice(key, key + 1), bytes((value,))
        start, stop, step = key.indices(len(self))
        if step != 1 or stop - start != len(value):
            raise ValueError("the bytes of a memory are replaced by as many bytes")
        LINK.write(self._record, start, value)


class LinkedBlock(Block):
    """The bytes of a memory of a type, which has a record in JavaScript.

    With ``record`` they are in a WebAssembly.Memory already. Raises `MemoryError` where there is no room for them.
    """

    __slots__ = ("_accessors", "_anchor", "_data", "_type", "in_javascript")

    by_calls = True

    def __init__(self, type_: MemType, record: int = 0) -> None:
        self._type = type_
        self._accessors: dict[str, Callable[..., Any]] = {}
        self.in_javascript = bool(record)
        """Whether the bytes are in a WebAssembly.Memory."""
        self._data: bytearray | None = None
        if not record:
            self._data = _zeros(type_.minimum * type_.page_size)
            mask = (1 << type_.addrtype.bits) - 1
            record = LINK.heap_memory(self._data, type_.page_size_log2, mask)
        self._anchor = MemoryAnchor(record)
        self._anchor.data = self._data

    @property
    def record(self) -> int:
        """The number that names the memory in JavaScript."""
        return int(self._anchor)

    @property
    def data(self) -> Bytes:
        """See `Block`."""
        if self._data is None:
            return NativeBytes(self.record)  # type: ignore[return-value]
        return self._data

    @property
    def length(self) -> int:
        """See `Block`."""
        return int(LINK.byte_length(self.record)) if self._data is None else len(self._data)

    @property
    def most(self) -> int:
        """See `Block`. The type and its limits say how far a WebAssembly.Memory grows."""
        return 1 << 64

    @property
    def asks_first(self) -> bool:
        """See `Block`. The resizable buffer of a memory with a maximum asks nobody, nor does another thread."""
        return self._type.maximum is None

    @property
    def moves(self) -> bool:
        """See `Block`."""
        return not self.in_javascript

    def extend(self, length: int) -> None:
        """See `Block`."""
        if self._data is None:
            delta = (length - self.length) >> self._type.page_size_log2
            if LINK.grow_memory(self.record, delta) < 0:
                raise MemoryError("JavaScript could not grow the memory")
            return
        data = self._data
        try:
            data.extend(bytes(length - len(data)))
        except BufferError:  # somebody holds a view from outside
            moved = bytearray(length)
            moved[: len(data)] = data
            data = moved
        LINK.heap_moved(self.record, data)
        self._anchor.data = self._data = data

    def accessor(self, name: str, type_: MemType) -> Callable[..., Any]:
        """See `Block`. The same one every time: the block has one type."""
        found = self._accessors.get(name)
        if found is None:
            found = self._accessors[name] = LINK.accessor(self.record, self._anchor, name)
        return found

    def load(self, address: int, size: int) -> int:
        """See `Block`."""
        value: int = self.accessor(_LOADS[size], self._type)(address)
        return value

    def store(self, address: int, size: int, value: int) -> None:
        """See `Block`."""
        self.accessor(_STORES[size], self._type)(address, value)

    def fill(self, address: int, value: int, count: int) -> None:
        """See `Block`."""
        if self.in_javascript:
            self.accessor("memory_fill", self._type)(address, value, count)
        else:
            super().fill(address, value, count)

    def copy(self, address: int, source: int, count: int) -> None:
        """See `Block`."""
        if self.in_javascript:
            self.accessor("memory_copy", self._type)(address, source, count)
        else:
            super().copy(address, source, count)

    def copy_from(self, source: Block, address: int, source_address: int, count: int) -> bool:
        """See `Block`."""
        if not isinstance(source, LinkedBlock) or not (self.in_javascript or source.in_javascript):
            return False
        LINK.copy(self.record, address, source.record, source_address, count)
        return True

    def wait(self, address: int, size: int, expected: int, timeout: int) -> int:
        """See `Block`."""
        return int(
            self.accessor(f"memory_atomic_wait{8 * size}", self._type)(address, expected, timeout)
        )

    def notify(self, address: int, count: int) -> int:
        """See `Block`."""
        return int(self.accessor("memory_atomic_notify", self._type)(address, count))

    def move_to_javascript(self) -> None:
        """Move the bytes into a WebAssembly.Memory, for which no view of them is left.

        Where JavaScript allows no more memories, and where pages are not of 64 KiB, they move into an ArrayBuffer that
        proxies reach. Raises `MemoryError` where there is no room.
        """
        type_ = self._type
        maximum = -1 if type_.maximum is None else type_.maximum
        try:
            if type_.page_size_log2 != PAGE_SIZE_LOG2:
                raise MemoryError(f"JavaScript has no room for {self.length} bytes")
            _retried(lambda: LINK.move_to_javascript(self.record, maximum))
        except MemoryError:
            if not LINK.move_to_array_buffer(self.record, maximum, int(type_.shared)):
                raise
        self.in_javascript = True
        self._anchor.data = self._data = None


def _zeros(count: int) -> bytearray:
    try:
        return bytearray(count)
    except (MemoryError, OverflowError):
        raise MemoryError(f"cannot allocate {count} bytes") from None


def make_memory(type_: MemType, limits: Limits) -> MemInst:
    """A memory of the type that JavaScript can have; `MemoryError` where there is no room for its minimum."""
    page_limit = page_limit_of(type_, limits)
    if not type_.shared:
        return MemInst(type_, page_limit=page_limit, block=LinkedBlock(type_))
    if type_.page_size_log2 != PAGE_SIZE_LOG2:
        block = LinkedBlock(type_)
        block.move_to_javascript()
        return MemInst(type_, page_limit=page_limit, block=block)
    most = min(page_limit if type_.maximum is None else type_.maximum, _MOST_PAGES)
    mask = (1 << type_.addrtype.bits) - 1
    record = _retried(lambda: LINK.new_memory(type_.minimum, most, 1, mask))
    block = LinkedBlock(type_, record)
    return MemInst(type_, page_limit=min(page_limit, most), block=block)


def _retried(make: Callable[[], int]) -> int:
    """What a hook gives that needs a new WebAssembly.Memory: engines allow few of them at a time."""
    result = make()
    if not result:
        gc.collect()
        result = make()
    if not result:
        raise MemoryError("JavaScript allows no more memories")
    return result


def linked(memory: MemInst) -> LinkedBlock:
    """The block whose bytes JavaScript has, or can have, for a memory. Raises `TypeError` where it cannot."""
    block = memory.block
    while isinstance(block, (Guarded, ShiftedBlock)):
        block = block.base
    if not isinstance(block, LinkedBlock):
        raise TypeError("the bytes of this memory are Python's own")
    return block


def move_to_javascript(memory: MemInst) -> None:
    """Move the bytes of a memory into a WebAssembly.Memory, once and for all: see `LinkedBlock`."""
    block = linked(memory)
    if not block.in_javascript:
        memory.release_views()
        block.move_to_javascript()
        memory.moved()


# What JavaScript calls


def adopt(record: int, initial: float, maximum: float, kind: str, address: str) -> MemInst:
    """The memory of a WebAssembly.Memory that JavaScript has; the numbers are pages, -1 for no maximum."""
    type_ = MemType(
        ADDRESS_TYPES[address],
        int(initial),
        None if maximum < 0 else int(maximum),
        kind == "shared",
    )
    page_limit = min(page_limit_of(type_, Limits()), _MOST_PAGES)
    return MemInst(type_, page_limit=page_limit, block=LinkedBlock(type_, record))


def moved_to_javascript(memory: MemInst) -> int:
    """Move the bytes of a memory to JavaScript, unless they are there; the memory's record."""
    move_to_javascript(memory)
    return linked(memory).record


def grow(memory: MemInst, delta: float) -> int:
    """Grow a memory; the size before in pages, or -1."""
    return memory.grow(int(delta))
