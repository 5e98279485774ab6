"""Branch hints, which name instructions by their offset in a function (branch hinting proposal)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from pyjsapi.binary.leb128 import unsigned
from pyjsapi.binary.reader import Reader
from pyjsapi.syntax.errors import DecodeError
from pyjsapi.syntax.module import Custom

SECTION: Final = "metadata.code.branch_hint"

Offsets = Sequence[tuple[int, int]]
"""Offsets of the stretches of a function that stay the same: in the original, in the new code."""


def map_hints(
    custom: Custom, function: Callable[[int], int], offsets: Mapping[int, Offsets]
) -> Custom:
    """The section for functions whose code has changed; ``offsets`` by index in the original.

    Hints for a function without offsets, which lives elsewhere now, are left out.
    """
    try:
        hints = _decode(custom.data)
    except DecodeError:
        return custom
    mapped = {}
    for index, of_function in hints.items():
        stretches = offsets.get(index)
        if stretches is not None:
            mapped[function(index)] = [(_map(at, stretches), hint) for at, hint in of_function]
    return Custom(custom.name, _encode(mapped), custom.after)


def _map(offset: int, stretches: Offsets) -> int:
    old, new = stretches[bisect_right(stretches, (offset, 1 << 62)) - 1]
    return offset - old + new


def _decode(data: bytes) -> dict[int, list[tuple[int, bytes]]]:
    reader = Reader(data)

    def hint() -> tuple[int, bytes]:
        offset = reader.u32()
        return offset, reader.bytes(reader.length())

    return {reader.u32(): reader.list(hint) for _ in range(reader.length())}


def _encode(hints: Mapping[int, Sequence[tuple[int, bytes]]]) -> bytes:
    out = bytearray(unsigned(len(hints)))
    for index, of_function in sorted(hints.items()):
        out += unsigned(index) + unsigned(len(of_function))
        for offset, hint in of_function:
            out += unsigned(offset) + unsigned(len(hint)) + hint
    return bytes(out)
