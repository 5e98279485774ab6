"""Memories of the engine of JavaScript, their buffers, and elements of these."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any, ClassVar, Final, NoReturn

from pyjsapi.blocks.foreign_bytes import ForeignView
from pyjsapi.bridge.engine.elements import native_elements
from pyjsapi.bridge.engine.hooks import NATIVE, EngineFailure, Handle
from pyjsapi.bridge.link.hooks import LINK
from pyjsapi.bridge.memory.linked import LinkedBlock
from pyjsapi.ecmascript import ArrayBuffer, RangeError
from pyjsapi.ecmascript.element_view import ElementView
from pyjsapi.runtime.memory import MemInst, page_limit_of
from pyjsapi.syntax.types import I64, PAGE_SIZE, PAGE_SIZE_LOG2, MemType
from pyjsapi.validation.limits import Limits

_MOST_PAGES: Final = 1 << 16
"""Pages of 64 KiB that a WebAssembly.Memory of 32-bit addresses can have."""
_DETACH_KEY: Final = "WebAssembly.Memory"


class NativeBlock(LinkedBlock):
    """The bytes of a memory of the engine's, which native code grows without asking anybody."""

    __slots__ = ("_buffer", "handle")

    def __init__(self, type_: MemType, handle: Handle) -> None:
        self.handle = handle
        self._buffer: weakref.ref[NativeBuffer] | None = None
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

    def own_buffer(self, resizable: bool | None = None) -> NativeBuffer:
        """See `Block`: the same object as long as the engine has the same."""
        if resizable is not None and bool(self._current().resizable) is not resizable:
            if not NATIVE.can_be_resizable():
                raise TypeError("this engine of JavaScript has no resizable buffers of memories")
            NATIVE.resizable_buffer(int(self.handle), resizable)
        return self._current()

    def _current(self) -> NativeBuffer:
        found = self._buffer() if self._buffer is not None else None
        if found is None or not NATIVE.is_buffer_of(int(self.handle), found.number):
            found = NativeBuffer.of(self)
            self._buffer = weakref.ref(found)
        return found


class NativeBuffer(ArrayBuffer):
    """An ``ArrayBuffer`` of JavaScript: detached when that is. What it is asked is asked of JavaScript's."""

    __slots__ = ("_handle", "_memory", "number")

    _kind: ClassVar[str] = "ArrayBuffer"

    _handle: Handle
    _memory: NativeBlock
    number: int

    @classmethod
    def of(cls, memory: NativeBlock) -> NativeBuffer:
        """The buffer that a memory has now."""
        handle = Handle(NATIVE.buffer_of(int(memory.handle)))
        most = NATIVE.most_of_buffer(int(handle))

        def resize(length: int) -> None:
            before = int(NATIVE.length_of_buffer(int(handle)))
            if length < before or length % PAGE_SIZE or NATIVE.resize_buffer(int(handle), length):
                raise RangeError(
                    f"ArrayBuffer.resize(): {length} bytes: the buffer of a memory grows by multiples of "
                    f"{PAGE_SIZE} bytes, as far as the memory does"
                )

        buffer = cls._host(
            bytearray(),
            max_byte_length=None if most < 0 else int(most),
            detach_key=_DETACH_KEY,
            resize=resize,
        )
        buffer._handle, buffer._memory, buffer.number = handle, memory, int(handle)
        return buffer

    @property
    def _is_elsewhere(self) -> bool:
        return True

    @property
    def detached(self) -> bool:
        """Whether the engine has detached it."""
        return NATIVE.length_of_buffer(self.number) < 0

    def _byte_length(self) -> int:
        return max(int(NATIVE.length_of_buffer(self.number)), 0)

    @property
    def maxByteLength(self) -> int:
        """The length that it can grow to, in bytes; 0 when detached."""
        if self.detached:
            return 0
        return self._byte_length() if self._max_byte_length is None else self._max_byte_length

    def _require_attached(self, doing: str) -> None:
        if self.detached:
            raise TypeError(f"cannot {doing} a detached ArrayBuffer")

    def _detach(self, key: object = None) -> None:
        """It is the engine that detaches it."""
        raise TypeError("the ArrayBuffer belongs to a host and cannot be detached")

    def _bytes(self, offset: int = 0, byte_length: int | None = None) -> Any:
        length = int(NATIVE.length_of_buffer(self.number))
        if length < 0:
            raise TypeError("cannot access the bytes: the ArrayBuffer is detached")
        return ForeignView(
            self, range(offset, length if byte_length is None else offset + byte_length)
        )

    def _element_view(self, code: str, offset: int, byte_length: int) -> ElementView:
        found = native_elements(self._memory, self.number, code, offset, byte_length)
        return super()._element_view(code, offset, byte_length) if found is None else found

    @property
    def mv(self) -> NoReturn:
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
        if end > NATIVE.length_of_buffer(self.number):
            raise ValueError("the bytes are gone")


def can_have(type_: MemType) -> bool:
    """Whether the engine can have a memory of a type, as far as its pages are concerned."""
    return type_.page_size_log2 == PAGE_SIZE_LOG2


def memory_of(type_: MemType, handle: Handle, limits: Limits) -> MemInst:
    """The memory instance for a memory of the engine's, of a type. Raises `MemoryError` as `page_limit_of`."""
    page_limit = page_limit_of(type_, limits)
    if type_.addrtype is not I64:
        page_limit = min(page_limit, _MOST_PAGES)
    return MemInst(type_, page_limit=page_limit, block=NativeBlock(type_, handle))


def new_memory(type_: MemType, limits: Limits) -> MemInst:
    """A memory of the host's, which the engine makes. Raises `MemoryError`."""
    page_limit_of(type_, limits)
    maximum = -1 if type_.maximum is None else type_.maximum
    address = type_.addrtype.name
    handle = Handle(retried(lambda: NATIVE.new_memory(type_.minimum, maximum, address)))
    return memory_of(type_, handle, limits)


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
