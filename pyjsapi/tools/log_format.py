"""The form of a log of stores: records one after the other, each with a trailer, so that it is read from its end.

A record is what was there (the old bytes, filled up to a multiple of eight), then a trailer of 16 bytes: ``addr``
(u64), ``len`` (u32), and a word with the index of the memory, global or table below and the kind above. All is
little-endian.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Kind(IntEnum):
    """What a record undoes, and what ``addr`` and ``len`` say then."""

    MEMORY = 0
    """Bytes of a memory: their address and number. They stand in the record."""
    GLOBAL = 1
    """A number in a global: nothing, and the bytes of its type. It stands in the record."""
    GROW = 2
    """A memory that grew: pages, nothing."""
    REFERENCE = 3
    """A reference in a global; it is in a table beside the log."""
    TABLE = 4
    """Elements of a table: the first of them, their number. They are in a table beside the log."""
    TABLE_GROW = 5
    """A table that grew: elements, nothing."""


KIND_SHIFT: Final = 24
INDEX_MASK: Final = (1 << KIND_SHIFT) - 1
TRAILER: Final = 16
"""Bytes of a trailer."""
SCALAR: Final = TRAILER + 8
"""Bytes of a record of up to eight bytes."""

LOG: Final = "tangle.log"
"""Export: the memory with the log."""
MARK: Final = "tangle.mark"
"""Export: a function that gives the present end of the log (i32)."""
ROLLBACK: Final = "tangle.rollback"
"""Export: a function that undoes everything since a mark (i32)."""
FORGET: Final = "tangle.forget"
"""Export: a function that empties the log without undoing anything; all marks are void then."""


def what(kind: Kind, index: int) -> int:
    """The last word of a trailer."""
    return kind << KIND_SHIFT | index
