"""Atomic accesses to bytes that several blocks have: mapped ones, and those of shared heaps.

They are one step for all threads that do the same here; where `processes.machine` has the machine's own instructions,
also for other processes and for native code.
"""

from __future__ import annotations

import threading
from typing import Final

from pyjsapi.blocks.integers import LOAD, MASK, OPERATIONS, STORE
from pyjsapi.blocks.paging import address_of
from pyjsapi.blocks.processes.machine import SEQUENTIALLY_CONSISTENT, library
from pyjsapi.blocks.spans import Piece

LOCK: Final = threading.RLock()
"""Held for an access that the machine does not do in one step."""


def load(piece: Piece, size: int) -> int:
    """An integer."""
    absolute, machine = _absolute(piece, size), library()
    if absolute is not None and machine is not None:
        return machine.load(absolute, size)
    value: int = LOAD[size](piece.data, piece.place)[0]
    return value


def store(piece: Piece, size: int, value: int) -> None:
    """Store an integer that fits."""
    absolute, machine = _absolute(piece, size), library()
    if absolute is not None and machine is not None:
        machine.store(absolute, size, value)
        return
    with LOCK:
        STORE[size](piece.data, piece.place, value)


def update(piece: Piece, operation: str, size: int, operand: int) -> int:
    """Read, combine by one of `OPERATIONS`, wrap and write; the old value."""
    absolute, machine = _absolute(piece, size), library()
    if absolute is not None and machine is not None:
        return machine.fetching[operation, size](absolute, operand, SEQUENTIALLY_CONSISTENT)
    with LOCK:
        old: int = LOAD[size](piece.data, piece.place)[0]
        STORE[size](piece.data, piece.place, OPERATIONS[operation](old, operand) & MASK[size])
    return old


def compare_exchange(piece: Piece, size: int, expected: int, replacement: int) -> int:
    """Store ``replacement`` where ``expected`` is found; the old value."""
    absolute, machine = _absolute(piece, size), library()
    if absolute is not None and machine is not None:
        return machine.compare_exchange(absolute, size, expected, replacement)
    with LOCK:
        old: int = LOAD[size](piece.data, piece.place)[0]
        if old == expected:
            STORE[size](piece.data, piece.place, replacement)
    return old


def _absolute(piece: Piece, size: int) -> int | None:
    """The address of an integer in this process, if the machine can access it atomically there."""
    if piece.data.readonly:
        return None
    found: Final = address_of(piece.data) + piece.place
    return None if found % size else found
