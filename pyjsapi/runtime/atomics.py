"""What atomic instructions do (threads proposal, "Atomic Memory Instructions"): the helpers of generated code.

Addresses are effective addresses, values canonical, ``size`` is in bytes. Every helper traps first where the address is
no multiple of the size, then where the access is out of bounds. A load is one indivisible step of the interpreter; what
writes takes the memory's lock, so that no write is lost between the read and the write of another thread. A memory that
other processes share leaves all of it to its block.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from pyjsapi.blocks.integers import INTEGERS, OPERATIONS
from pyjsapi.runtime.memory import OUT_OF_BOUNDS, Bytes, MemoryStorage
from pyjsapi.syntax.errors import Trap

if TYPE_CHECKING:
    from pyjsapi.blocks.block import SharedBlock

ReadModifyWrite: TypeAlias = Callable[[MemoryStorage, int, int, int], int]


def _followed(memory: MemoryStorage, address: int, size: int) -> Bytes:
    """The bytes for an access that is unaligned or out of those that are known: it traps unless the memory grew."""
    if address % size:
        raise Trap("unaligned atomic")
    memory.follow()
    if address + size > len(memory.data):
        raise Trap(OUT_OF_BOUNDS)
    return memory.data


def _block(memory: MemoryStorage) -> SharedBlock:
    """The block of a memory that other processes share."""
    if memory.block is None:
        raise TypeError("the memory is not shared")
    return memory.block


def load(memory: MemoryStorage, address: int, size: int) -> int:
    """``atomic.load``"""
    data = memory.data
    if address % size or address + size > len(data):
        data = _followed(memory, address, size)
    if memory.remote:
        return _block(memory).load(address, size)
    value: int = INTEGERS[size].unpack_from(data, address)[0]
    return value


def store(memory: MemoryStorage, address: int, size: int, value: int) -> None:
    """``atomic.store``; of a wide value the low bytes."""
    data = memory.data
    if address % size or address + size > len(data):
        data = _followed(memory, address, size)
    value &= (1 << 8 * size) - 1
    if not memory.remote:
        with memory.lock:
            if not memory.remote:  # it may have become so meanwhile
                INTEGERS[size].pack_into(data, address, value)
                return
    _block(memory).store(address, size, value)


def _rmw(operation: str) -> ReadModifyWrite:
    combine = OPERATIONS[operation]

    def read_modify_write(memory: MemoryStorage, address: int, size: int, operand: int) -> int:
        data = memory.data
        if address % size or address + size > len(data):
            data = _followed(memory, address, size)
        integer = INTEGERS[size]
        mask = (1 << 8 * size) - 1
        if not memory.remote:
            with memory.lock:
                if not memory.remote:
                    old: int = integer.unpack_from(data, address)[0]
                    integer.pack_into(data, address, combine(old, operand) & mask)
                    return old
        return _block(memory).update(operation, address, size, operand)

    return read_modify_write


rmw_add: Final = _rmw("add")
rmw_sub: Final = _rmw("sub")
rmw_and: Final = _rmw("and")
rmw_or: Final = _rmw("or")
rmw_xor: Final = _rmw("xor")
rmw_xchg: Final = _rmw("xchg")


def rmw_cmpxchg(
    memory: MemoryStorage, address: int, size: int, expected: int, replacement: int
) -> int:
    """``atomic.rmw.cmpxchg``; of wide values the low bytes."""
    data = memory.data
    if address % size or address + size > len(data):
        data = _followed(memory, address, size)
    integer = INTEGERS[size]
    mask = (1 << 8 * size) - 1
    if not memory.remote:
        with memory.lock:
            if not memory.remote:
                old: int = integer.unpack_from(data, address)[0]
                if old == expected & mask:
                    integer.pack_into(data, address, replacement & mask)
                return old
    return _block(memory).compare_exchange(address, size, expected & mask, replacement & mask)


def wait(memory: MemoryStorage, address: int, size: int, expected: int, timeout: int) -> int:
    """``memory.atomic.wait``: 0 when notified, 1 where another value is found, 2 when the time is over.

    ``timeout`` is an i64 in nanoseconds, without end when negative. An unshared memory traps before the bounds are
    looked at.
    """
    if address % size:
        raise Trap("unaligned atomic")
    return memory.wait(address, size, expected, timeout - (timeout >> 63 << 64))


def notify(memory: MemoryStorage, address: int, count: int) -> int:
    """``memory.atomic.notify``: wake at most ``count`` waiters, the oldest first; how many were woken."""
    if address % 4 or address + 4 > len(memory.data):
        _followed(memory, address, 4)
    return memory.notify(address, count)
