"""The hooks for memories without a native link layer: JavaScript's memories through JsProxy.

Slower, with the same results. Bytes that JavaScript has not asked for are a bytearray, which works outside of Pyodide
too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any, Final

from pyjsapi.blocks.block import fill_by
from pyjsapi.blocks.integers import MASK, OPERATIONS
from pyjsapi.bridge.link.errors import CannotWait
from pyjsapi.bridge.link.hooks import LINK
from pyjsapi.runtime.accessors import Accessor, make_accessor
from pyjsapi.syntax.types import I32, I64, PAGE_SIZE_LOG2, MemType

_MOST_PAGES: Final = 1 << 16
_WAIT_RESULTS: Final = {"ok": 0, "not-equal": 1, "timed-out": 2}
_VIEW_SIZES: Final = (1, 2, 4)


class Record:
    """The bytes of a memory: ``data``, or those of the WebAssembly.Memory ``memory``."""

    def __init__(self, data: bytearray | None, memory: Any, page_size_log2: int, mask: int) -> None:
        self.data = data
        self.memory = memory
        self.shared = False
        self._length = 0
        self._views: dict[int, Any] = {}
        self.type = MemType(I32 if mask >> 32 == 0 else I64, 0, None, False, page_size_log2)
        if memory is not None:
            self.move(memory)

    def move(self, memory: Any) -> None:
        """Let the bytes be those of a WebAssembly.Memory."""
        self.data, self.memory = None, memory
        self.refresh()
        self.shared = self._views[1].buffer.constructor.name == "SharedArrayBuffer"
        self.type = replace(self.type, shared=self.shared)

    def refresh(self) -> None:
        """Look at the memory's present buffer."""
        import js

        buffer = self.memory.buffer
        self._length = int(buffer.byteLength)
        self._views = {
            1: js.Uint8Array.new(buffer),
            2: js.Uint16Array.new(buffer, 0, self._length // 2),
            4: js.Uint32Array.new(buffer, 0, self._length // 4),
        }

    @property
    def length(self) -> int:
        """Size now, in bytes."""
        if self.data is not None:
            return len(self.data)
        if self.shared or not self._length or self._views[1].byteLength != self._length:
            # Unshared: detached when the memory grew. Another thread may make a shared memory grow.
            self.refresh()
        return self._length

    def reaches(self, address: int, count: int) -> bool:
        """Whether there are bytes at some addresses."""
        return address + count <= self.length

    def read(self, address: int, size: int) -> bytes:
        """Bytes that are in bounds."""
        if self.data is not None:
            return bytes(self.data[address : address + size])
        found: bytes = self._views[1].slice(address, address + size).to_bytes()
        return found

    def write(self, address: int, data: bytes) -> None:
        """The reverse."""
        if self.data is not None:
            self.data[address : address + len(data)] = data
        elif len(data):
            self._views[1].subarray(address, address + len(data)).assign(data)

    def load(self, address: int, size: int) -> int:
        """The integer at an address."""
        if self.data is None and size in _VIEW_SIZES and not address % size:
            return int(self._views[size][address // size])
        return int.from_bytes(self.read(address, size), "little")

    def store(self, address: int, size: int, value: int) -> None:
        """Store an integer that fits."""
        if self.data is None and size in _VIEW_SIZES and not address % size:
            self._views[size][address // size] = value
        else:
            self.write(address, value.to_bytes(size, "little"))

    def update(self, operation: str, address: int, size: int, operand: int) -> int:
        """Read, combine and write, of a memory that is not shared; the old value."""
        old = self.load(address, size)
        self.store(address, size, OPERATIONS[operation](old, operand) & MASK[size])
        return old

    def compare_exchange(self, address: int, size: int, expected: int, replacement: int) -> int:
        """Store ``replacement`` where ``expected`` is found, likewise."""
        old = self.load(address, size)
        if old == expected:
            self.store(address, size, replacement)
        return old

    def fill(self, address: int, value: int, count: int) -> None:
        """``memory.fill``"""
        if self.data is None:
            self._views[1].fill(value, address, address + count)
        else:
            fill_by(self.write, address, value, count)

    def copy(self, address: int, source: int, count: int) -> None:
        """``memory.copy`` within the memory."""
        if self.data is None:
            self._views[1].copyWithin(address, source, source + count)
        else:
            self.data[address : address + count] = self.data[source : source + count]

    def atomic(self, action: str, address: int, size: int, *operands: int) -> int:
        """An atomic access through ``Atomics``."""
        if action == "wait" and not LINK.can_wait():
            raise CannotWait
        # Integers beyond 2**53 arrive as BigInt, others as Number: text says the same for all.
        texts = [str(operand) for operand in operands]
        result = LINK.atomic(self.memory.buffer, action, address, size, *texts)
        return _WAIT_RESULTS[result] if action == "wait" else int(result)


class ProxyMemories:
    """The hooks, by record number."""

    def __init__(self) -> None:
        self.records: dict[int, Record] = {}
        self._numbers = count(1)

    def install(self) -> None:
        """Make these the hooks."""
        for name in (
            "heap_memory", "heap_moved", "new_memory", "move_to_javascript", "move_to_array_buffer",
            "accessor", "grow_memory", "byte_length", "read", "write", "copy", "free_memory",
        ):  # fmt: skip
            setattr(LINK, name, getattr(self, name))

    def add(self, record: Record) -> int:
        """The number of a new record."""
        number = next(self._numbers)
        self.records[number] = record
        return number

    def heap_memory(self, data: bytearray, page_size_log2: int, mask: int) -> int:
        """The record of bytes that are in Python."""
        return self.add(Record(data, None, page_size_log2, mask))

    def heap_moved(self, record: int, data: bytearray) -> None:
        """The bytes are another object, or longer."""
        self.records[record].data = data

    def new_memory(self, pages: int, maximum: int, shared: int, mask: int) -> int:
        """The record of a new WebAssembly.Memory; 0 if there can be none."""
        memory = _new_memory(pages, maximum, bool(shared))
        return 0 if memory is None else self.add(Record(None, memory, PAGE_SIZE_LOG2, mask))

    def move_to_javascript(self, record: int, maximum: int) -> int:
        """Move the bytes into a new WebAssembly.Memory; 0 if there can be none."""
        return self._move(record, lambda pages: _new_memory(pages, maximum, False))

    def move_to_array_buffer(self, record: int, maximum: int, shared: int) -> int:
        """The same, where the engine can have no memory."""
        page_log2 = self.records[record].type.page_size_log2
        return self._move(
            record, lambda pages: LINK.make_array_buffer(pages, maximum, page_log2, bool(shared))
        )

    def _move(self, record: int, make: Callable[[int], Any]) -> int:
        entry = self.records[record]
        data = entry.data
        if data is None:
            return 1
        memory = make(len(data) >> entry.type.page_size_log2)
        if memory is None:
            return 0
        entry.move(memory)
        entry.write(0, bytes(data))
        return 1

    def accessor(self, record: int, anchor: object, name: str) -> Accessor:
        """The accessor for an instruction, which keeps the anchor."""
        entry = self.records[record]
        access = make_accessor(entry, entry.type, name)

        def anchored(*operands: Any, _anchor: object = anchor) -> Any:
            return access(*operands)

        return anchored

    def grow_memory(self, record: int, delta: int) -> int:
        """Grow a WebAssembly.Memory; the size before in pages, or -1."""
        entry = self.records[record]
        if delta > _MOST_PAGES << PAGE_SIZE_LOG2 - entry.type.page_size_log2:
            return -1
        before = LINK.grow_native(entry.memory, delta)
        entry.refresh()
        return int(before)

    def byte_length(self, record: int) -> int:
        """Size of a WebAssembly.Memory in bytes."""
        return self.records[record].length

    def read(self, record: int, address: int, count: int) -> bytes:
        """Bytes that are in bounds."""
        return self.records[record].read(address, count)

    def write(self, record: int, address: int, data: bytes) -> None:
        """The reverse."""
        self.records[record].write(address, data)

    def copy(self, target: int, address: int, source: int, source_address: int, count: int) -> None:
        """Copy from one memory to another."""
        self.write(target, address, self.read(source, source_address, count))

    def free_memory(self, record: int) -> None:
        """Nobody can reach the memory through Python any more."""
        del self.records[record]


_proxied: Final = ProxyMemories()
"""Memories that a native link layer reaches through proxies."""


def add_proxied(memory: Any, mask: str, page_size_log2: int) -> int:
    """Begin to reach what stands for a WebAssembly.Memory through proxies; its number."""
    return _proxied.add(Record(None, memory, page_size_log2, int(mask)))


def set_atomics(atomic: Callable[..., Any], can_wait: Callable[[], bool]) -> None:
    """What atomic accesses of such memories are done by."""
    LINK.atomic, LINK.can_wait = atomic, can_wait


def remove_proxied(number: int) -> None:
    """End that."""
    _proxied.free_memory(number)


def proxied_accessor(number: int, name: str) -> Accessor:
    """The accessor for an instruction."""
    entry = _proxied.records[number]
    return make_accessor(entry, entry.type, name)


def _new_memory(pages: int, maximum: int, shared: bool) -> Any:
    return LINK.make_native(pages, min(maximum, _MOST_PAGES), shared)
