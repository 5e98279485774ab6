"""References to memories: what the builtin sets ``memory-ref`` and ``far`` stand on, and the host's side of it.

A guest holds a memory as an ``externref`` to its `Memory` object, which nobody can forge. A far pointer is a number, so
that it fits into memory and through any function: a *handle* in the upper 32 bits, an address in the lower. Handles
are numbers of memories in an agent, which never come back; a handle opens a memory only to an instance that was
given it: because it had a reference itself, or by the host (`far_pointer`). A guessed one traps.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterable
from threading import Lock
from typing import Any, Final

from pyjsapi.ecmascript.conversions import shown
from pyjsapi.jsapi.errors import js_error
from pyjsapi.jsapi.instance import Instance
from pyjsapi.jsapi.instantiation import Instantiation
from pyjsapi.jsapi.memory import Memory, memory_object
from pyjsapi.runtime import MemInst, ModuleInstance
from pyjsapi.sharing.accesses import LOADS, STORES
from pyjsapi.syntax.errors import Trap

ADDRESS_BITS: Final = 32
"""Bits of a far pointer that are an address."""
_ADDRESSES: Final = (1 << ADDRESS_BITS) - 1
_MOST_HANDLES: Final = 1 << 32


class MemoryRef:
    """A memory as the guests' builtins ``memory-ref`` see it: loads and stores by name, sizes in pages.

    It is a reference for guests as the `Memory` itself is. All addresses and lengths are in bytes. Methods raise
    `RuntimeError` where the builtin traps.
    """

    __slots__ = ("memory",)

    def __init__(self, memory: Memory) -> None:
        if not isinstance(memory, Memory):
            raise TypeError(f"MemoryRef(): a WebAssembly.Memory is needed, not {shown(memory)}")
        self.memory = memory
        """The memory."""

    def load(self, name: str, address: int) -> int | float:
        """A value, by the name of the builtin without ``load``: ``8_s``, ``8_u``, ``16_s``, ``16_u``, ``32``, ``64``,
        ``f32``, ``f64``. Integers of 32 and 64 bits are unsigned. Raises `ValueError` for another name."""
        _, load = _named(LOADS, "load", name)
        try:
            found: int | float = load(self.memory._memory, _unsigned(address))
        except Trap as trap:
            raise js_error(trap) from None
        wide = 32 if name in ("8_s", "16_s") else 0
        return found - (1 << wide) if wide and found >= 1 << wide - 1 else found

    def store(self, name: str, address: int, value: int | float) -> None:
        """Store a value: ``8``, ``16``, ``32``, ``64``, ``f32`` or ``f64``; of an integer the low bytes."""
        _, store = _named(STORES, "store", name)
        try:
            store(self.memory._memory, _unsigned(address), value)
        except Trap as trap:
            raise js_error(trap) from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MemoryRef) and self.memory._memory is other.memory._memory

    def __hash__(self) -> int:
        return hash(self.memory._memory)

    def __repr__(self) -> str:
        return f"MemoryRef({self.memory!r})"


def _named(table: dict[str, tuple[str, Any]], prefix: str, name: str) -> tuple[str, Any]:
    found = table.get(f"{prefix}{name}")
    if found is None:
        from pyjsapi.syntax.spelling import advice

        known = [n.removeprefix(prefix) for n in table if n.startswith(prefix)]
        raise ValueError(f"MemoryRef.{prefix}(): nothing is called {name!r}; {advice(name, known)}")
    return found


def _unsigned(address: int) -> int:
    if address < 0:
        raise Trap(f"address {address} is negative")
    return address


def memory_of(instance: Instance, memidx: int = 0) -> Memory:
    """The memory of an index in an instance, exported or not. Raises `IndexError` where there is none.

    Raises `TypeError` for an instance of an engine that does not tell.
    """
    if not isinstance(instance, Instance):
        raise TypeError(f"memory_of(): a WebAssembly.Instance is needed, not {shown(instance)}")
    inner = instance._instance
    if not isinstance(inner, ModuleInstance):
        raise TypeError("memory_of(): the engine of this instance tells of exported memories alone")
    if not 0 <= memidx < len(inner.mems):
        count = len(inner.mems)
        there_are = f"{count} {'memory' if count == 1 else 'memories'}"
        raise IndexError(f"memory_of(): the instance has {there_are}, none at index {memidx}")
    return memory_object(inner.mems[memidx])


def memory_behind(reference: Any) -> MemInst:
    """The memory that an ``externref`` of a guest refers to; a trap where it refers to none."""
    if reference.__class__ is Memory:
        memory: MemInst = reference._memory
        return memory
    if reference is None:
        raise Trap("null memory reference")
    if isinstance(reference, MemoryRef):
        return reference.memory._memory
    if isinstance(reference, MemInst):  # as JavaScript's references are
        return reference
    raise Trap("the reference is not a memory")


# ---- far pointers


_numbers: Final[weakref.WeakKeyDictionary[MemInst, int]] = weakref.WeakKeyDictionary()
_next: Final = itertools.count(1)
_numbering: Final = Lock()


def _number(memory: MemInst) -> int:
    """The handle of a memory, the same for all who ask."""
    with _numbering:
        found = _numbers.get(memory)
        if found is None:
            found = next(_next)
            if found >= _MOST_HANDLES:
                raise Trap("no more far handles: their numbers never come back")
            _numbers[memory] = found
        return found


class FarHandles:
    """The handles that an instance may use, and the memories they keep alive."""

    def __init__(self) -> None:
        self.memories: dict[int, MemInst] = {}
        """By handle. Once it was asked for, 0 is the instance's own memory 0."""

    def grant(self, memory: MemInst) -> int:
        """Let the instance use a memory from now on; its handle."""
        handle = _number(memory)
        self.memories[handle] = memory
        return handle

    def release(self, handle: int) -> None:
        """Let the instance use a handle no more, and let go of the memory; a trap for one that it has not."""
        if not handle or self.memories.pop(handle, None) is None:
            raise _unknown(handle)


def _unknown(handle: int) -> Trap:
    return Trap(f"unknown far handle {handle}")


def memory_of_handle(made: Instantiation, handle: int) -> MemInst:
    """The memory of a handle in an instance, where 0 is its own memory 0; a trap for one that it was not given."""
    handles = made.own(FarHandles)
    found = handles.memories.get(handle)
    if found is not None:
        return found
    if handle:
        raise _unknown(handle)
    return handles.memories.setdefault(0, made.memory(0))


def far_place(made: Instantiation, pointer: int) -> tuple[MemInst, int]:
    """Memory and address of a far pointer in an instance; a trap for a handle that it was not given."""
    memory = made.own(FarHandles).memories.get(pointer >> ADDRESS_BITS)
    if memory is None:
        memory = memory_of_handle(made, pointer >> ADDRESS_BITS)
    return memory, pointer & _ADDRESSES


def far_pointer(memory: Memory, address: int = 0, *, to: Instance | Iterable[Instance]) -> int:
    """A far pointer to a byte of a memory, which ``to``, one instance or several, may use from now on.

    Far pointers reach the first 4 GiB. Raises `TypeError` for what is no memory or no instance, `ValueError` for an
    address that they do not reach.
    """
    if not isinstance(memory, Memory):
        raise TypeError(f"far_pointer(): a WebAssembly.Memory is needed, not {shown(memory)}")
    if not 0 <= address <= _ADDRESSES:
        raise ValueError(f"far_pointer(): address {address} is not below 4 GiB")
    if not isinstance(to, (Instance, Iterable)):
        raise TypeError(f"far_pointer(): 'to' must be instances, not {shown(to)}")
    handle = 0
    for instance in (to,) if isinstance(to, Instance) else to:
        if not isinstance(instance, Instance):
            raise TypeError(f"far_pointer(): 'to' must be instances, not {shown(instance)}")
        handle = instance._instantiation.own(FarHandles).grant(memory._memory)
    if not handle:
        raise ValueError("far_pointer(): 'to' names no instance")
    return handle << ADDRESS_BITS | address


def revoke_far(memory: Memory, instance: Instance) -> None:
    """Take a memory away from an instance: far pointers to it trap there from now on, until it is given it again."""
    handles = instance._instantiation.own(FarHandles)
    handles.release(_number(memory._memory))
