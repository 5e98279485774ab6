"""How far memories may grow, as far as code is made for it.

Code of a memory that never exceeds `facts.PLAIN_BOUND` may conclude from an access that the address is below it. A
memory without such a limit is small too at first, so its code is the same, until it grows: then every function is
translated anew, and only frames that were running could still believe the bound. Those are frames of functions that
call others or grow memories themselves, so such functions never believe it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final, NamedTuple

from pyjsapi.compiler.facts import PLAIN_BOUND
from pyjsapi.runtime.memory import MemInst, page_limit_of
from pyjsapi.syntax.instructions import OPS
from pyjsapi.syntax.instructions_stack import FEATURE
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import MemType
from pyjsapi.validation.limits import Limits


class Extent(Enum):
    """How many bytes a memory has or will have, as letters in the keys of variants."""

    SMALL = "p"
    """Never more than `facts.PLAIN_BOUND`."""
    GROWING = "g"
    """Not more now, and guards are asked before it grows beyond."""
    BIG = "b"
    """More, or more at any moment."""


class MemoryKind(NamedTuple):
    """What code of a memory depends on."""

    extent: Extent
    by_calls: bool = False
    """Whether the memory is reached through its accessors."""

    @property
    def letter(self) -> str:
        """A letter for each kind."""
        return self.extent.value.upper() if self.by_calls else self.extent.value


def is_big(memory: MemInst) -> bool:
    """Whether a memory exceeds `facts.PLAIN_BOUND`, or may do so without a word."""
    if memory.asks_first:
        return memory.byte_length > PLAIN_BOUND
    return memory.may_exceed > PLAIN_BOUND


def kind_of(memory: MemInst) -> MemoryKind:
    """The kind of a memory as it is now."""
    if is_big(memory):
        extent = Extent.BIG
    else:
        extent = Extent.GROWING if memory.may_exceed > PLAIN_BOUND else Extent.SMALL
    return MemoryKind(extent, memory.by_calls)


def declared_kind(type_: MemType, limits: Limits) -> MemoryKind:
    """The kind of a memory that is made with a type."""
    try:
        limit = page_limit_of(type_, limits)
    except MemoryError:
        limit = type_.minimum  # It cannot be made, but its code can.
    most = limit if type_.maximum is None else min(type_.maximum, limit)
    if most * type_.page_size <= PLAIN_BOUND:
        return MemoryKind(Extent.SMALL)
    small = type_.minimum * type_.page_size <= PLAIN_BOUND and not type_.shared
    return MemoryKind(Extent.GROWING if small else Extent.BIG)


_GROWTH: Final = frozenset(
    op
    for op in OPS
    if op.mnemonic in ("memory.grow", "memory.atomic.wait32", "memory.atomic.wait64")
    or op.mnemonic.startswith(("call", "return_call"))
    or op.feature == FEATURE
)


def lets_memories_grow(body: Iterable[Instr]) -> bool:
    """Whether a memory may grow while a function with this body runs: by itself, or by what it calls."""
    return any(instr[0] in _GROWTH for instr in body)
