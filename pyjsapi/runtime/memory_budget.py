"""How many bytes the memories that an instance defines may have together."""

from __future__ import annotations

import weakref
from collections.abc import Sequence

from pyjsapi.runtime.memory import MemInst


class MemoryBudget:
    """Asked before one of some memories grows; see `MemInst.guard`. Who makes it holds it.

    Raises `MemoryError` if they have more than ``most`` bytes already.
    """

    __slots__ = ("__weakref__", "_memories", "_most")

    def __init__(self, memories: Sequence[MemInst], most: int) -> None:
        check_total(sum(memory.byte_length for memory in memories), most)
        self._most = most
        self._memories = [weakref.ref(memory) for memory in memories]
        for index, memory in enumerate(memories):
            memory.guard(self, index)

    def memory_grows(self, memidx: int, length: int) -> bool:
        """Whether a memory, by its place among them, can have ``length`` bytes beside what the others have."""
        for index, reference in enumerate(self._memories):
            memory = reference()
            if memory is not None and index != memidx:
                length += memory.byte_length
        return length <= self._most


def check_total(total: int, most: int) -> None:
    """Raise `MemoryError` where memories would have more bytes than they may."""
    if total > most:
        raise MemoryError(
            f"cannot allocate memories of {total} bytes: the limit is {most} (Limits.max_memory_bytes)"
        )
