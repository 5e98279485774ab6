"""Memories that stand on a resource as a whole: its bytes are theirs, and are reached directly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pyjsapi.blocks.block import Block, Bytes
from pyjsapi.blocks.guarded import GuardedBlock
from pyjsapi.blocks.integers import LOAD, STORE
from pyjsapi.blocks.paging import address_of
from pyjsapi.blocks.processes.machine import SEQUENTIALLY_CONSISTENT, library
from pyjsapi.blocks.shared import SharedBlock
from pyjsapi.ecmascript.errors import RangeError
from pyjsapi.runtime.memory import MemInst, page_limit_of
from pyjsapi.sharing.resources import HostResource
from pyjsapi.sharing.state import state_of

if TYPE_CHECKING:
    from pyjsapi.blocks.processes.machine import Library
    from pyjsapi.syntax.types import MemType
    from pyjsapi.validation.limits import Limits


class BackedBlock(Block):
    """The first ``length`` bytes of some that are there already; it grows to them all."""

    __slots__ = ("_bytes", "_data")

    def __init__(self, data: memoryview[int], length: int) -> None:
        self._bytes = data
        self._data = data[:length]

    @property
    def most(self) -> int:
        """See `Block`."""
        return len(self._bytes)

    @property
    def data(self) -> Bytes:
        """See `Block`."""
        return self._data

    def extend(self, length: int) -> None:
        """See `Block`: new bytes are what the resource has there."""
        self._data = self._bytes[:length]

    def load(self, address: int, size: int) -> int:
        """See `Block`."""
        value: int = LOAD[size](self._data, address)[0]
        return value

    def store(self, address: int, size: int, value: int) -> None:
        """See `Block`."""
        STORE[size](self._data, address, value)


class BackedSharedBlock(SharedBlock):
    """The same for a shared memory: atomic for all who have the bytes, as far as the machine's library is there.

    Who waits is woken by agents of this process only.
    """

    __slots__ = ("_base", "_library")

    def __init__(self, data: memoryview[int], length: int) -> None:
        super().__init__(data, length)
        self._base: Final = address_of(data) if len(data) else 0
        self._library: Final[Library | None] = None if self._base % 8 else library()

    @property
    def backend(self) -> str:
        """See `SharedBlock`."""
        return "gil" if self._library is None else "libatomic"

    def load(self, address: int, size: int) -> int:
        """See `SharedBlock`."""
        if self._library is None:
            return super().load(address, size)
        return self._library.load(self._base + address, size)

    def store(self, address: int, size: int, value: int) -> None:
        """See `SharedBlock`."""
        if self._library is None:
            super().store(address, size, value)
        else:
            self._library.store(self._base + address, size, value)

    def update(self, operation: str, address: int, size: int, operand: int) -> int:
        """See `SharedBlock`."""
        if self._library is None:
            return super().update(operation, address, size, operand)
        fetch = self._library.fetching[operation, size]
        return fetch(self._base + address, operand, SEQUENTIALLY_CONSISTENT)

    def compare_exchange(self, address: int, size: int, expected: int, replacement: int) -> int:
        """See `SharedBlock`."""
        if self._library is None:
            return super().compare_exchange(address, size, expected, replacement)
        return self._library.compare_exchange(self._base + address, size, expected, replacement)


def backed_memory(type_: MemType, resource: HostResource, limits: Limits, what: str) -> MemInst:
    """A memory whose bytes are those of a resource. Raises `RangeError` for one that is too short or not safe.

    It grows as far as the resource has bytes. One that is read-only makes a memory that traps when it is written to.
    """
    length = type_.minimum * type_.page_size
    if length > resource.size:
        raise RangeError(
            f"{what}: property 'backing': the resource has {resource.size} bytes, the memory {length}"
        )
    if not resource.stable:
        raise RangeError(
            f"{what}: property 'backing': the file could become shorter, which would end this process: "
            "open it with trusted=True if nobody will do that"
        )
    data = resource.view()
    if type_.shared:
        if resource.readonly:
            raise RangeError(f"{what}: property 'backing': a shared memory cannot be read-only")
        block: Block = BackedSharedBlock(data, length)
    elif resource.readonly:
        block = GuardedBlock(BackedBlock(data, length))
        block.protect(0, length, readable=True, writable=False)
    else:
        block = BackedBlock(data, length)
    memory = MemInst(type_, page_limit=page_limit_of(type_, limits), block=block)
    state_of(memory).backing = resource
    return memory
