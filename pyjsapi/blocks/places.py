"""Who makes the shared blocks here: this process, unless somebody above has a better place for them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from pyjsapi.blocks.shared import SharedBlock

MakeShared: TypeAlias = Callable[[int, int, int], "SharedBlock | None"]
"""From the arguments of `new_shared_block`; ``None`` where it has no place for such a block."""

_COMMITTED: Final = 64 << 20
"""Bytes that are reserved beyond the minimum where the system cannot commit pages lazily."""

_makers: Final[list[MakeShared]] = []


def ask_first(make: MakeShared) -> None:
    """Ask ``make`` for every shared block from now on, before those that were told of earlier."""
    _makers.insert(0, make)


def new_shared_block(length: int, most: int, unit: int = 1) -> SharedBlock:
    """A block of ``length`` zeros that grows to ``most`` bytes by multiples of ``unit``, or less far.

    Raises `MemoryError` where not even ``length`` bytes can be had.
    """
    for make in _makers:
        found = make(length, most, unit)
        if found is not None:
            return found
    from pyjsapi.blocks.processes.segment import reserve  # most programs share nothing
    from pyjsapi.blocks.shared import SharedBlock

    if sys.platform == "emscripten":  # which commits at once what is reserved
        most = min(most, length + _COMMITTED)
    reservation, segment = reserve(length, most)
    return SharedBlock(reservation, length, segment)
