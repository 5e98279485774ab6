"""Numbers of the module level that decoder and encoder share (core: "Binary Format: Modules")."""

from __future__ import annotations

from typing import Final

MAGIC: Final = b"\0asm"
VERSION: Final = b"\1\0\0\0"

CUSTOM_ID: Final = 0
SECTION_IDS: Final[dict[str, int]] = {
    "type": 1,
    "import": 2,
    "func": 3,
    "table": 4,
    "memory": 5,
    "global": 6,
    "export": 7,
    "start": 8,
    "elem": 9,
    "datacount": 12,
    "code": 10,
    "data": 11,
    "tag": 13,
}
"""Ids of the sections that exist so far, by their name in `pyjsapi.syntax.module.SECTIONS`."""

IMPORTS_TYPED: Final = 0x7F
"""After a module name and an empty name: several imports, each with its type (compact import section)."""
IMPORTS_OF_ONE_TYPE: Final = 0x7E
"""Likewise, with one type for all."""

DATA_ACTIVE_ZERO: Final = 0
DATA_PASSIVE: Final = 1
DATA_ACTIVE: Final = 2

# The kind of an element segment is made of bits; the second one means two things.
ELEM_ACTIVE_ZERO: Final = 0
ELEM_PASSIVE_BIT: Final = 1
ELEM_INDEX_BIT: Final = 2
"""Of an active segment: the table index is written."""
ELEM_DECLARATIVE_BIT: Final = 2
"""Of a segment that is not active."""
ELEM_EXPRS_BIT: Final = 4
"""Elements are expressions, not function indices."""
