"""What is known about the integer locals at a point of a function: interval and alignment."""

from __future__ import annotations

from typing import Final, TypeAlias

Fact: TypeAlias = tuple[int, int, int]
"""(least value, greatest value, log2 of a power of two that divides the value)."""

Facts: TypeAlias = dict[int, Fact]
"""Facts by local index. A local without an entry may have any canonical value."""

MAX_ALIGNMENT: Final = 6
"""Alignments are not tracked beyond ``2**6`` bytes."""

PLAIN_PAGES: Final = 32_767
"""Pages up to which a successful access at ``p`` proves ``p < 2**31``: most address arithmetic needs no wrapping then;
see `extents`."""

PLAIN_BOUND: Final = PLAIN_PAGES * 65_536
"""Exclusive bound of accessed addresses in a memory of so many pages."""

ONE_DIGIT: Final = (1 << 30) - 1
"""Greatest integer that CPython stores in one digit. Comparisons of two of them are specialised, so asking
for a small value first makes the usual case faster."""

FULL_BOUND32: Final = 1 << 32
"""Exclusive bound of accessed addresses in a memory that may use all of its 32-bit addresses."""

FULL_BOUND64: Final = 1 << 63
"""The same for 64-bit addresses: no Python buffer is longer."""


def alignment_of(value: int) -> int:
    """Log2 of the greatest tracked power of two that divides ``value``."""
    return min((value & -value).bit_length() - 1, MAX_ALIGNMENT) if value else MAX_ALIGNMENT


def join(into: Facts, other: Facts) -> None:
    """Weaken ``into`` to what holds on both of two ways to a point."""
    for local in list(into):
        there = other.get(local)
        if there is None:
            del into[local]
            continue
        here = into[local]
        if here != there:
            into[local] = (
                min(here[0], there[0]),
                max(here[1], there[1]),
                min(here[2], there[2]),
            )


def without(facts: Facts, assigned: int) -> Facts:
    """The facts about locals outside the bit set ``assigned``."""
    return {local: fact for local, fact in facts.items() if not assigned >> local & 1}
