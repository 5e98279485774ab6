"""What the buffer of a guarded memory stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyjsapi.blocks.foreign_bytes import ForeignView
from pyjsapi.syntax.errors import Trap

if TYPE_CHECKING:
    from pyjsapi.blocks.block import Block
    from pyjsapi.runtime.memory import MemInst


def visible_bytes(memory: MemInst) -> ForeignView:
    """The bytes that the buffer shows: all but those that protection keeps from it, which come first."""
    first = memory.buffer_offset
    return ForeignView(_HostBytes(memory.block), range(first, memory.byte_length))


class _HostBytes:
    """The bytes of a guarded block, for those who do not run in it: what traps there is a `TypeError` here."""

    __slots__ = ("_block",)

    def __init__(self, block: Block) -> None:
        self._block = block

    def read(self, address: int, count: int) -> bytes:
        try:
            return self._block.read(address, count)
        except Trap as trap:
            raise TypeError(str(trap)) from None

    def write(self, address: int, data: bytes) -> None:
        try:
            self._block.write(address, data)
        except Trap as trap:
            raise TypeError(str(trap)) from None
