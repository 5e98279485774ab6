"""What atomic instructions do (threads proposal, "Atomic Memory Instructions"): the helpers of generated code.

Addresses are effective addresses, values canonical, ``size`` is in bytes. Every helper traps first where the address is
no multiple of the size, then where the access is out of bounds. What is one step, and for whom, is the block's affair.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from pyjsapi.blocks.block import OUT_OF_BOUNDS
from pyjsapi.blocks.integers import MASK
from pyjsapi.runtime.memory import MemInst
from pyjsapi.syntax.errors import Trap

ReadModifyWrite: TypeAlias = Callable[[MemInst, int, int, int], int]


def _follow(memory: MemInst, address: int, size: int) -> None:
    """For an access that is unaligned or out of the bytes that are known: it traps unless the memory grew."""
    if address % size:
        raise Trap("unaligned atomic")
    memory.follow()
    if address + size > len(memory.data):
        raise Trap(OUT_OF_BOUNDS)


def load(memory: MemInst, address: int, size: int) -> int:
    """``atomic.load``"""
    if address % size or address + size > len(memory.data):
        _follow(memory, address, size)
    return memory.block.load(address, size)


def store(memory: MemInst, address: int, size: int, value: int) -> None:
    """``atomic.store``; of a wide value the low bytes."""
    if address % size or address + size > len(memory.data):
        _follow(memory, address, size)
    memory.block.store(address, size, value & MASK[size])


def _rmw(operation: str) -> ReadModifyWrite:
    def read_modify_write(memory: MemInst, address: int, size: int, operand: int) -> int:
        if address % size or address + size > len(memory.data):
            _follow(memory, address, size)
        return memory.block.update(operation, address, size, operand)

    return read_modify_write


rmw_add: Final = _rmw("add")
rmw_sub: Final = _rmw("sub")
rmw_and: Final = _rmw("and")
rmw_or: Final = _rmw("or")
rmw_xor: Final = _rmw("xor")
rmw_xchg: Final = _rmw("xchg")


def rmw_cmpxchg(memory: MemInst, address: int, size: int, expected: int, replacement: int) -> int:
    """``atomic.rmw.cmpxchg``; of wide values the low bytes."""
    if address % size or address + size > len(memory.data):
        _follow(memory, address, size)
    mask = MASK[size]
    return memory.block.compare_exchange(address, size, expected & mask, replacement & mask)


def wait(memory: MemInst, address: int, size: int, expected: int, timeout: int) -> int:
    """``memory.atomic.wait``: 0 when notified, 1 where another value is found, 2 when the time is over.

    ``timeout`` is an i64 in nanoseconds, without end when negative. An unshared memory traps before the bounds are
    looked at.
    """
    if address % size:
        raise Trap("unaligned atomic")
    return memory.wait(address, size, expected, timeout - (timeout >> 63 << 64))


def notify(memory: MemInst, address: int, count: int) -> int:
    """``memory.atomic.notify``: wake at most ``count`` waiters, the oldest first; how many were woken."""
    if address % 4 or address + 4 > len(memory.data):
        _follow(memory, address, 4)
    return memory.notify(address, count)
