"""The custom section of branch hints (core specification, appendix "Branch Hints").

It names instructions ``if`` and ``br_if`` by their offset in a function, and whether the condition is likely. No
engine has to heed it; this one does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pyjsapi.binary.leb128 import unsigned
from pyjsapi.binary.reader import Reader

SECTION: Final = "metadata.code.branch_hint"
"""The name of the section, and of the annotation."""
FOLLOWED_BY: Final = "code"
"""The section that it has to stand before."""


def decode_hints(data: bytes) -> dict[int, list[tuple[int, bytes]]]:
    """By function index, offsets in bytes from the first group of locals' count on, and hints. Raises `DecodeError`."""
    reader = Reader(data)

    def hint() -> tuple[int, bytes]:
        offset = reader.u32()
        return offset, reader.bytes(reader.length())

    found = {reader.u32(): reader.list(hint) for _ in range(reader.length())}
    if reader.left:
        raise reader.error("unexpected content after the hints")
    return found


def encode_hints(hints: Mapping[int, Sequence[tuple[int, bytes]]]) -> bytes:
    """The contents of the section."""
    out = bytearray(unsigned(len(hints)))
    for index, of_function in sorted(hints.items()):
        out += unsigned(index) + unsigned(len(of_function))
        for offset, hint in of_function:
            out += unsigned(offset) + unsigned(len(hint)) + hint
    return bytes(out)
