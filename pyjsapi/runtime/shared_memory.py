"""Shared memories (threads proposal, "Memory Instances" and "Wait Queues").

The bytes, the length and the queues of waiters are a `SharedBlock`, on which any number of storages stand: a memory
that was sent to another agent is a storage of that agent's own on the same block.
"""

from __future__ import annotations

import importlib
import sys
from contextlib import AbstractContextManager
from typing import Any

from pyjsapi.blocks.block import SharedBlock, allocate_block
from pyjsapi.blocks.waiting import current_policy
from pyjsapi.runtime.memory import OUT_OF_BOUNDS, MemoryStorage, MemoryUser
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import MemType


class SharedMemoryStorage(MemoryStorage):
    """The bytes of a shared memory, for any number of threads.

    Where the system cannot reserve the maximum, the memory may grow less far. With ``block``, it stands on the bytes
    of another memory of the same type.
    """

    __slots__ = ("block", "lock", "remote")

    block: SharedBlock
    lock: AbstractContextManager[Any]
    remote: bool
    asks_first = False  # Others grow it, in whatever thread or process.

    def __init__(
        self, type_: MemType, *, page_limit: int, block: SharedBlock | None = None
    ) -> None:
        most = page_limit if type_.maximum is None else min(type_.maximum, page_limit)
        if block is None:
            block = allocate_block(type_.minimum * type_.page_size, most * type_.page_size)
        self.block = block
        with block.lock:
            super().__init__(type_, page_limit=page_limit)
            self.ceiling = min(most, len(block.reservation) >> type_.page_size_log2)
            self.lock, self.remote = block.lock, block.remote
            block.follow(self)

    def _allocate(self, count: int) -> memoryview[int]:
        return self.block.reservation[: self.block.length]

    @property
    def pages(self) -> int:
        """Current size in pages."""
        length = self.block.length
        if length != len(self.data):
            self.follow()
        return length >> self._type.page_size_log2

    @property
    def byte_length(self) -> int:
        """Current size in bytes."""
        return self.pages << self._type.page_size_log2

    def follow(self) -> None:
        """Take over a length that another process has published."""
        self.block.refresh()

    def attach(self, user: MemoryUser, memidx: int) -> None:
        """Tell ``user`` from now on when the memory has grown, starting now."""
        with self.lock:
            super().attach(user, memidx)

    def block_changed(self, block: SharedBlock, length: int) -> None:
        """Take over a new length or lock of the block, which its lock protects."""
        self.lock, self.remote = block.lock, block.remote
        if length != len(self.data):
            view = block.reservation[:length]
            self._view_bytes(view)
            self.data = view
            self._tell_users()

    def grow(self, delta: int) -> int:
        """Grow by ``delta`` pages; the size before in pages, or -1 when that is not possible.

        One atomic step: of all agents that grow the memory, each gets another size.
        """
        with self.block.holding():
            before = self.pages
            if before + delta > self.ceiling:
                return -1
            if delta:
                self.block.extend(before + delta << self._type.page_size_log2)
            return before

    def wait(self, address: int, size: int, expected: int, timeout: int) -> int:
        """Wait until notified, for ``timeout`` nanoseconds or, if that is negative, without end; see `atomics.wait`."""
        if address + size > len(self.data):
            self.follow()
            if address + size > len(self.data):
                raise Trap(OUT_OF_BOUNDS)
        if not current_policy().can_block:
            raise Trap("this agent must not block: memory.atomic.wait cannot be called in it")
        try:
            return self.block.wait(address, size, expected, timeout)
        except OSError as error:  # too many wait
            raise Trap(str(error)) from error

    def notify(self, address: int, count: int) -> int:
        """Wake the ``count`` waiters that have waited longest at an address; how many there were."""
        return self.block.notify(address, count)


def new_shared_memory(type_: MemType, page_limit: int) -> MemoryStorage:
    """A shared memory of the type. `MemoryError` where there is no room for its minimum."""
    if sys.platform == "emscripten":
        found: MemoryStorage | None = _bridge().make_storage(type_, page_limit)
        if found is not None:
            return found
    return SharedMemoryStorage(type_, page_limit=page_limit)


def storage_on(block: SharedBlock, type_: MemType, page_limit: int) -> MemoryStorage:
    """A memory of this agent's own on the bytes of another one of the same type."""
    if block.backend == "js":
        found: MemoryStorage = _bridge().storage_on(block, type_, page_limit)
        return found
    return SharedMemoryStorage(type_, page_limit=page_limit, block=block)


def block_of(storage: MemoryStorage) -> SharedBlock:
    """What a shared memory stands on. Raises `TypeError` for an unshared one."""
    if storage.block is None:
        raise TypeError("an unshared memory stands on no block")
    return storage.block


def _bridge() -> Any:
    return importlib.import_module("pyjsapi.bridge.sharing")  # which only Pyodide has a use for
