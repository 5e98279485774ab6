"""Branch hints, which name instructions by their offset in a function (branch hinting proposal)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence

from pyjsapi.binary.branch_hints import decode_hints, encode_hints
from pyjsapi.syntax.errors import DecodeError
from pyjsapi.syntax.module import Custom

Offsets = Sequence[tuple[int, int]]
"""Offsets of the stretches of a function that stay the same: in the original, in the new code."""


def map_hints(
    custom: Custom, function: Callable[[int], int], offsets: Mapping[int, Offsets]
) -> Custom:
    """The section for functions whose code has changed; ``offsets`` by index in the original.

    Hints for a function without offsets, which lives elsewhere now, are left out.
    """
    try:
        hints = decode_hints(custom.data)
    except DecodeError:
        return custom
    mapped = {}
    for index, of_function in hints.items():
        stretches = offsets.get(index)
        if stretches is not None:
            mapped[function(index)] = [(_map(at, stretches), hint) for at, hint in of_function]
    return Custom(custom.name, encode_hints(mapped), custom.after)


def _map(offset: int, stretches: Offsets) -> int:
    old, new = stretches[bisect_right(stretches, (offset, 1 << 62)) - 1]
    return offset - old + new
