"""What builtins call to write much: in pieces where the call that they are of may be told to end."""

from __future__ import annotations

from typing import Final

from pyjsapi.blocks.waiting import heed_interruption, watches
from pyjsapi.runtime import MemInst
from pyjsapi.runtime.pieces import Pieces

_PIECES: Final = Pieces(heed_interruption)


def copy(memory: MemInst, source: MemInst, address: int, source_address: int, count: int) -> None:
    """See `MemInst.copy`."""
    call = _PIECES.memory_copy if watches() else MemInst.copy
    call(memory, source, address, source_address, count)


def fill(memory: MemInst, address: int, value: int, count: int) -> None:
    """See `MemInst.fill`."""
    call = _PIECES.memory_fill if watches() else MemInst.fill
    call(memory, address, value, count)
