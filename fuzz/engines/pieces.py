"""Memories in pieces: every one that is made is guarded, and some of its bytes are elsewhere, at odd addresses.

Programs must do the same on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pyjsapi.blocks.block import Block
from pyjsapi.runtime import memory
from pyjsapi.syntax.types import MemType

_PIECES: Final = (
    (3, 9),
    (16, 48),
    (65530, 65541),
    (65541, 65543),
    (70001, 71000),
    (131071, 131073),
)
"""First and last address of each, the latter exclusive."""
_ROOM: Final = 256 << 20
"""Bytes that a memory can grow by: the address space is limited."""


@contextmanager
def in_pieces() -> Iterator[None]:
    """Make memories so for the moment."""
    from pyjsapi.blocks.guarded import guarded

    make = memory._new_block

    def new_block(type_: MemType, most: int) -> Block:
        base = make(type_, most)
        made = guarded(base, min(most * type_.page_size, base.length + _ROOM))
        for start, end in _PIECES:
            if end <= made.length:
                made.put(start, memoryview(bytearray(end - start)), owner="a piece")
        return made

    memory._new_block = new_block
    try:
        yield
    finally:
        memory._new_block = make
