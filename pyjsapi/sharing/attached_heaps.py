"""Which shared heaps memories have attached.

It is the block of a memory that has them: agents of this process to which a shared memory is posted afterwards stand on
the same one, and see its heaps as well.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Final

from pyjsapi.ecmascript.conversions import shown
from pyjsapi.sharing.heap import SharedHeap, check_mode
from pyjsapi.sharing.heap_places import LOCK, HeapError
from pyjsapi.sharing.state import guarded_block

if TYPE_CHECKING:
    from pyjsapi.blocks.block import Block
    from pyjsapi.runtime.memory import MemInst

_WHAT: Final = "WebAssembly.Memory.attach_heap()"


_attached: Final[weakref.WeakKeyDictionary[Block, list[_Attachment]]] = weakref.WeakKeyDictionary()


class _Attachment:
    """A heap and its chain in a memory."""

    __slots__ = ("extents", "heap", "start")

    def __init__(self, heap: SharedHeap, address: str) -> None:
        self.heap = heap
        self.start = heap.start(address)
        self.extents = [
            (member, member.start(address), member.start(address) + member.size)
            for member in heap.members()
        ]


def attach_heap(memory: MemInst, heap: SharedHeap, mode: str | None = None) -> None:
    """Let a memory reach a heap, and those that follow it in its chain, at their addresses.

    An access must be within one heap; with ``mode="r"``, or where the heap has it, writing traps. The memory grows up
    to the heap, not beyond. Raises `HeapError` where it reaches beyond it now, or has another heap there or this one
    already, `RuntimeError` while code runs that reaches the bytes of the memory directly.
    """
    if not isinstance(heap, SharedHeap):
        raise TypeError(f"{_WHAT}: what is attached must be a SharedHeap, not {shown(heap)}")
    mode = heap.mode if mode is None else check_mode(mode)
    with LOCK:
        attachment = _Attachment(heap, memory.declared_type.addrtype.name)
        if memory.byte_length > attachment.start:
            raise HeapError(
                f"the memory has {memory.byte_length} bytes, but {heap!r} starts at {attachment.start:#x}"
            )
        _must_be_apart(attachment, _attached.get(memory.block, []))
        for member in heap.members():
            if mode == "rw" and member.mode == "r":
                raise HeapError(f"{member!r} is for reading only: attach it with mode='r'")
        guarded = guarded_block(memory, _WHAT)
        for member, start, _ in attachment.extents:
            writable = mode == "rw"
            guarded.put(start, member.bytes_for(mode), writable=writable, whole=True, owner=member)
            member.holders.add(guarded)
        _attached.setdefault(guarded, []).append(attachment)


def detach_heap(memory: MemInst, heap: SharedHeap | None = None) -> None:
    """Take a heap and its chain away from a memory, or all that it has: accesses there trap again.

    Raises `HeapError` where the memory does not have the heap attached.
    """
    with LOCK:
        attachments = _attached.get(memory.block, [])
        leaving = [found for found in attachments if heap is None or found.heap is heap]
        if heap is not None and not leaving:
            raise HeapError(f"{heap!r} is not attached to the memory")
        for attachment in leaving:
            guarded = guarded_block(memory, _WHAT)
            for member, start, end in attachment.extents:
                guarded.restore(start, end)
                member.holders.discard(guarded)
            attachments.remove(attachment)


def heaps_of(memory: MemInst) -> tuple[SharedHeap, ...]:
    """The heaps that a memory has attached: of chains, the first one attached."""
    with LOCK:
        return tuple(attachment.heap for attachment in _attached.get(memory.block, ()))


def _must_be_apart(attachment: _Attachment, others: list[_Attachment]) -> None:
    for other in others:
        for _, start, end in attachment.extents:
            for member, other_start, other_end in other.extents:
                if start < other_end and other_start < end:
                    raise HeapError(
                        f"the memory has {member!r} attached there: heaps for one memory need places of their own, "
                        "from a HeapDomain or by address"
                    )
