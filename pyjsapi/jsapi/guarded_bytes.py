"""What the buffer of a guarded memory stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyjsapi.blocks.foreign_bytes import ForeignView, HostBytes

if TYPE_CHECKING:
    from pyjsapi.runtime.memory import MemInst


def visible_bytes(memory: MemInst) -> ForeignView:
    """The bytes that the buffer shows: all but those that protection keeps from it, which come first."""
    first = memory.buffer_offset
    return ForeignView(HostBytes(memory.block), range(first, memory.byte_length))
