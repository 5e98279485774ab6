"""Memories of the engine of JavaScript, their buffers, and elements of these."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from functools import cache
from typing import Any, Final, NoReturn

from pyjsapi.blocks.block import Block
from pyjsapi.blocks.foreign_bytes import ForeignView
from pyjsapi.blocks.heap import HeapBlock
from pyjsapi.bridge.engine.elements import native_elements
from pyjsapi.bridge.engine.hooks import NATIVE, EngineFailure, Handle
from pyjsapi.bridge.engine.letters import NAME
from pyjsapi.bridge.link.hooks import LINK
from pyjsapi.bridge.memory.linked import LinkedBlock
from pyjsapi.bridge.memory.places import NOT_ISOLATED, can_share
from pyjsapi.bridge.memory.web import WebBlock, new_block
from pyjsapi.ecmascript import ArrayBuffer, RangeError
from pyjsapi.ecmascript.element_view import ElementView
from pyjsapi.runtime.memory import MemInst, page_limit_of
from pyjsapi.syntax.types import I64, PAGE_SIZE, PAGE_SIZE_LOG2, MemType
from pyjsapi.validation.limits import Limits

_MOST_PAGES: Final = 1 << 16
"""Pages of 64 KiB that a WebAssembly.Memory of 32-bit addresses can have."""
_NOT_RESIZABLE: Final = "this engine of JavaScript has no resizable buffers of memories"
_DETACH_KEY: Final = "WebAssembly.Memory"


class NativeBlock(LinkedBlock):
    """The bytes of a memory of the engine's, which native code grows without asking anybody."""

    __slots__ = ("_buffer", "_source", "handle")

    def __init__(self, type_: MemType, handle: Handle) -> None:
        self.handle = handle
        self._buffer: weakref.ref[ArrayBuffer] | None = None
        self._source: NativeSource | None = None
        if type_.addrtype is I64:
            NATIVE.mark_wide(int(handle))
        super().__init__(type_, NATIVE.record_of(int(handle), type_.addrtype.name))

    @property
    def asks_first(self) -> bool:
        """See `Block`."""
        return False

    def extend(self, length: int) -> None:
        """See `Block`."""
        delta = (length - self.length) >> PAGE_SIZE_LOG2
        if NATIVE.grow_memory(int(self.handle), delta) < 0:
            raise MemoryError("the engine could not grow the memory")

    def accessor(self, name: str, type_: MemType) -> Any:
        """See `Block`. Accessors reach memories of 32-bit addresses only."""
        return None if type_.addrtype is I64 else super().accessor(name, type_)

    def read(self, address: int, count: int) -> bytes:
        """See `Block`."""
        return LINK.read(self.record, address, count)

    def write(self, address: int, data: bytes) -> None:
        """See `Block`."""
        LINK.write(self.record, address, data)

    def load(self, address: int, size: int) -> int:
        """See `Block`."""
        if self._type.addrtype is I64:
            return int.from_bytes(self.read(address, size), "little")
        return super().load(address, size)

    def store(self, address: int, size: int, value: int) -> None:
        """See `Block`."""
        if self._type.addrtype is I64:
            self.write(address, value.to_bytes(size, "little"))
        else:
            super().store(address, size, value)

    def fill(self, address: int, value: int, count: int) -> None:
        """See `Block`."""
        if self._type.addrtype is I64:
            self.write(address, bytes((value,)) * count)
        else:
            super().fill(address, value, count)

    def copy(self, address: int, source: int, count: int) -> None:
        """See `Block`."""
        LINK.copy(self.record, address, self.record, source, count)

    def own_buffer(self, resizable: bool | None = None) -> ArrayBuffer:
        """See `Block`: the same object as long as the engine has the same."""
        if resizable is not None and bool(self._current().resizable) is not resizable:
            self._become(resizable)
        return self._current()

    def take_buffer(self, buffer: Any) -> bool:
        """See `Block`."""
        if buffer.resizable:
            self._become(True)
        source = NativeSource(self)
        buffer._resize = source.resize
        buffer._stand_over(source)
        self._buffer, self._source = weakref.ref(buffer), source
        return True

    def _become(self, resizable: bool) -> None:
        if not NATIVE.can_be_resizable():
            raise TypeError(_NOT_RESIZABLE)
        NATIVE.resizable_buffer(int(self.handle), resizable)

    def _current(self) -> ArrayBuffer:
        found = self._buffer() if self._buffer is not None else None
        source = self._source
        if found is None or source is None or not self._is_current(source):
            source = NativeSource(self)
            most = NATIVE.most_of_buffer(source.number)
            found = ArrayBuffer._host(
                bytearray(),
                max_byte_length=None if most < 0 else int(most),
                detach_key=_DETACH_KEY,
                resize=source.resize,
            )
            found._stand_over(source)
            self._buffer, self._source = weakref.ref(found), source
        return found

    def _is_current(self, source: NativeSource) -> bool:
        return bool(NATIVE.is_buffer_of(int(self.handle), source.number))


class NativeSource:
    """An ``ArrayBuffer`` of JavaScript, the one that a memory has now: see `arraybuffer.ByteSource`.

    It is detached when JavaScript's is. What it is asked is asked of that.
    """

    __slots__ = ("_handle", "_memory", "number")

    def __init__(self, memory: NativeBlock) -> None:
        self._handle = Handle(NATIVE.buffer_of(int(memory.handle)))
        self._memory = memory
        self.number = int(self._handle)

    def resize(self, length: int) -> None:
        """What `ArrayBuffer.resize` does."""
        before = self.length()
        if length < before or length % PAGE_SIZE or NATIVE.resize_buffer(self.number, length):
            raise RangeError(
                f"ArrayBuffer.resize(): {length} bytes: the buffer of a memory grows by multiples of "
                f"{PAGE_SIZE} bytes, as far as the memory does"
            )

    def length(self) -> int:
        """See `ByteSource`."""
        return int(NATIVE.length_of_buffer(self.number))

    def view(self, start: int, end: int) -> Any:
        """See `ByteSource`."""
        return ForeignView(self, range(start, end))

    def elements(self, code: str, offset: int, byte_length: int) -> ElementView | None:
        """See `ByteSource`: by accessors of the memory."""
        return native_elements(self._memory, self.number, code, offset, byte_length)

    def shared_view(self) -> NoReturn:
        """No ``memoryview`` can show bytes that are JavaScript's: raises `BufferError`."""
        raise BufferError(
            "the bytes are JavaScript's, and no memoryview can show them: bytes(buffer) is a copy, and "
            "slices of a Uint8Array read and write many at a time"
        )

    # ---- bytes, for views

    def read(self, address: int, count: int) -> bytes:
        """A copy of some bytes. Raises `ValueError` where they are gone: whoever has a view takes another."""
        self._check(address + count)
        return NATIVE.read_buffer(self.number, address, count)

    def write(self, address: int, data: bytes) -> None:
        """Write some bytes; raises likewise."""
        self._check(address + len(data))
        NATIVE.write_buffer(self.number, address, bytes(data))

    def _check(self, end: int) -> None:
        if end > self.length():
            raise ValueError("the bytes are gone")


def _most(type_: MemType, page_limit: int) -> int:
    """Pages that a shared memory can have, which has a maximum."""
    return min(page_limit, _MOST_PAGES, _MOST_PAGES if type_.maximum is None else type_.maximum)


def lacking(type_: MemType) -> str:
    """Why JavaScript can have no memory of a type that bridges know; nothing where it can."""
    if type_.page_size_log2 != PAGE_SIZE_LOG2:
        return "the engine of JavaScript has pages of 64 KiB only"
    if type_.shared and type_.addrtype is I64:
        return "shared memories of 64-bit addresses cannot be reached from Python"
    if type_.shared and not can_share():
        return NOT_ISOLATED
    if type_.addrtype is I64 and not _has_wide_memories():
        return "this engine of JavaScript has no memories of 64-bit addresses"
    return ""


@cache
def _has_wide_memories() -> bool:
    try:
        Handle(NATIVE.new_memory(0, 0, I64.name))
    except (EngineFailure, MemoryError):
        return False
    return True


def memory_of(type_: MemType, handle: Handle, limits: Limits) -> MemInst:
    """The memory instance for a memory of the engine's, of a type. Raises `MemoryError` as `page_limit_of`."""
    page_limit = page_limit_of(type_, limits)
    if type_.addrtype is not I64:
        page_limit = min(page_limit, _MOST_PAGES)
    if not type_.shared:
        return MemInst(type_, page_limit=page_limit, block=NativeBlock(type_, handle))
    from pyjsapi.bridge.engine.start import start

    block = WebBlock(start().objectOf(int(handle)), _most(type_, page_limit) * PAGE_SIZE)
    return MemInst(type_, page_limit=page_limit, block=block)


def new_memory(type_: MemType, limits: Limits) -> MemInst:
    """A memory of the host's, which the engine makes. Raises `MemoryError`."""
    page_limit = page_limit_of(type_, limits)
    if type_.shared:
        block = new_block(type_.minimum, _most(type_, page_limit))
        return MemInst(type_, page_limit=page_limit, block=block)
    return memory_of(type_, _made(type_), limits)


def _made(type_: MemType) -> Handle:
    maximum = -1 if type_.maximum is None else type_.maximum
    address = type_.addrtype.name
    return Handle(retried(lambda: NATIVE.new_memory(type_.minimum, maximum, address)))


def take_memory(memory: MemInst) -> NativeBlock:
    """Have the bytes of a memory in one of the engine's from now on, for all who have it.

    Raises `BufferError` where that cannot be, with the reason, and `MemoryError`.
    """
    type_ = memory.type
    if lacking(type_) or type_.shared or memory.block.__class__ is not HeapBlock:
        raise BufferError("its bytes are where native code cannot reach them")
    is_resizable = getattr(memory.buffer, "max_byte_length", None) is not None
    if is_resizable and not NATIVE.can_be_resizable():
        raise BufferError(_NOT_RESIZABLE)
    made: list[NativeBlock] = []

    def moved(old: Block) -> NativeBlock:
        block = NativeBlock(memory.declared_type, _made(type_))
        block.write(0, bytes(old.data))
        made.append(block)
        return block

    memory.take(NAME, moved)
    return made[0]


def retried(make: Callable[[], int]) -> int:
    """What a hook gives that needs room: engines allow few memories, and count those that nobody has any more."""
    try:
        return make()
    except (MemoryError, EngineFailure):
        gc.collect()
    try:
        return make()
    except EngineFailure as error:
        raise MemoryError(f"the engine of JavaScript refuses it: {error}") from None
