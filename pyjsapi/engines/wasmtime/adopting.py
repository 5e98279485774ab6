"""Memories of the Python engine that become native: the bytes move, the `Memory`, its buffer and its users stay."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pyjsapi.blocks.block import Block
from pyjsapi.blocks.heap import HeapBlock
from pyjsapi.engines.wasmtime.factories import new_memory
from pyjsapi.engines.wasmtime.reservations import NativeBlock

if TYPE_CHECKING:
    from pyjsapi.engines.wasmtime.store import Store
    from pyjsapi.runtime.memory import MemInst


def native_block(store: Store, memory: MemInst) -> NativeBlock | None:
    """The native bytes of a memory, which it stands on from now on; ``None`` where it cannot.

    Raises `MemoryError`, and `BufferError` while another thread runs code in it.
    """
    block = memory.block
    if isinstance(block, NativeBlock):
        return block if block.home is store else None
    if block.__class__ is not HeapBlock or memory.by_calls:
        return None
    made = new_memory(store, replace(memory.declared_type, minimum=memory.pages))

    def moved(old: Block) -> Block:
        made.write(0, bytes(old.data))
        return made

    memory.rebase(moved)
    return made
