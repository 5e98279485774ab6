"""What can go wrong with memory blocks (``enum error`` of ``test:shm/exchange``)."""

from __future__ import annotations

from enum import IntEnum


class Failure(IntEnum):
    """Why a block was not attached, or storage not taken: the numbers are those of the interface."""

    NO_STORAGE = 0
    """No room was donated where the block could be attached."""
    BUSY = 1
    """Somebody else has the block attached, and one of the two writes."""
    WRONG_SIZE = 2
    """Sizes do not fit."""
    INTERNAL = 3
    """The host cannot do it."""


class BlockError(RuntimeError):
    """A memory block cannot do this, or not now; ``failure`` says why in one word."""

    def __init__(self, failure: Failure, message: str) -> None:
        super().__init__(message)
        self.failure = failure
