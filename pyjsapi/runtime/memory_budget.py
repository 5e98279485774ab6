"""How many bytes there may be together of what an instance has made: memories that it defines, and others."""

from __future__ import annotations

import weakref

from pyjsapi.runtime.memory import MemInst


class MemoryBudget:
    """Asked before one of its memories grows; see `MemInst.guard`. Who makes it holds it."""

    __slots__ = ("__weakref__", "_memories", "_most", "_others")

    def __init__(self, most: int) -> None:
        self._most = most
        self._memories: list[weakref.ref[MemInst]] = []
        self._others: weakref.WeakKeyDictionary[object, int] = weakref.WeakKeyDictionary()

    def add(self, memory: MemInst) -> None:
        """Count a memory for as long as there is one. Raises `MemoryError` if that is too much."""
        self.check(_occupied(memory))
        memory.guard(self, len(self._memories))
        memory.budget = self
        self._memories.append(weakref.ref(memory))

    def hold(self, other: object, size: int) -> None:
        """Count ``size`` bytes for as long as there is an object. Raises `MemoryError` likewise."""
        self.check(size)
        self._others[other] = size

    def check(self, size: int) -> None:
        """Raise `MemoryError` where there cannot be so many bytes more."""
        if not self.has(size):
            raise MemoryError(
                f"cannot allocate memories of {self._used() + size} bytes: "
                f"the limit is {self._most} (Limits.max_memory_bytes)"
            )

    def has(self, size: int) -> bool:
        """Whether there can be so many bytes more."""
        return self._used() + size <= self._most

    def memory_grows(self, memidx: int, length: int) -> bool:
        """Whether a memory, by its place among them, can be ``length`` bytes long beside what the others have."""
        memory = self._memories[memidx]()
        return memory is None or self.has(memory.block.occupied(length) - _occupied(memory))

    def _used(self) -> int:
        memories = [reference() for reference in self._memories]
        used = sum(_occupied(memory) for memory in memories if memory is not None)
        return used + sum(self._others.values())


def _occupied(memory: MemInst) -> int:
    return memory.block.occupied(memory.byte_length)


def check_total(total: int, most: int) -> None:
    """Raise `MemoryError` where memories would have more bytes than they may."""
    MemoryBudget(most).check(total)
