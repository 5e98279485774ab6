"""Whose turn it is in a store: one thread's at a time, from its outermost call on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from pyjsapi.syntax.errors import WasmError

_PATIENCE: Final = 1.0
"""Seconds after which a thread looks whether the one whose turn it is goes on."""


class OtherThreadWaits(WasmError):
    """The thread whose turn it is waits in code until it is notified, perhaps by whoever wanted the next turn."""


class Turns:
    """The lock of a store."""

    def __init__(self) -> None:
        self.lock: Final = threading.RLock()
        self._waits: list[Callable[[], int]] = []

    def take(self) -> None:
        """Wait for the turn. Raises `OtherThreadWaits`, as the Python engine runs code of several threads at once."""
        if self.lock.acquire(blocking=False):
            return
        before = None
        while not self.lock.acquire(timeout=_PATIENCE):
            waits = list(self._waits)
            # One that has been notified goes on in a moment.
            if waits and before == waits and waits[-1]():
                raise OtherThreadWaits(
                    "another thread waits in memory.atomic.wait, in an instance of this agent: on Wasmtime calls of "
                    "several threads into the instances of one agent are made one after the other. "
                    "Give each thread an instance of its own, which it makes itself"
                )
            before = waits

    @contextmanager
    def waiting(self, count: Callable[[], int]) -> Iterator[None]:
        """Wait in code, with the turn; ``count`` tells how many wait where this thread does."""
        self._waits.append(count)
        try:
            yield
        finally:
            self._waits.pop()
