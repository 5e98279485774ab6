"""What a program has: its arguments, what it may open, its clocks. The functions of WASI are called with it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Final

from pyjsapi.runtime.exception import UNCATCHABLE
from pyjsapi.wasi.abi import (
    CLOCK_MONOTONIC,
    CLOCK_PROCESS_CPUTIME,
    CLOCK_REALTIME,
    CLOCK_THREAD_CPUTIME,
    Errno,
    WasiError,
)
from pyjsapi.wasi.descriptors import Descriptors
from pyjsapi.wasi.files import HostDirectory
from pyjsapi.wasi.guest import GuestMemory

Clock = Callable[[int], int]
"""Nanoseconds of a clock, by its ``clockid``: 0 real time since 1970, 1 monotonic, 2 process, 3 thread."""
RandomBytes = Callable[[int], bytes]
"""So many random bytes."""


class WASIExit(SystemExit):
    """The program called ``proc_exit``; ``code`` is what with. No code of the guest's catches it.

    Where nobody catches it, it ends the Python program with that code, as ``process.exit`` does in Node.
    """

    code: int

    def __init__(self, code: int) -> None:
        super().__init__(code)


setattr(WASIExit, UNCATCHABLE, True)

_CLOCKS: Final[dict[int, Callable[[], int]]] = {
    CLOCK_REALTIME: time.time_ns,
    CLOCK_MONOTONIC: time.monotonic_ns,
    CLOCK_PROCESS_CPUTIME: time.process_time_ns,
}
if hasattr(time, "thread_time_ns"):
    _CLOCKS[CLOCK_THREAD_CPUTIME] = time.thread_time_ns


class Process:
    """A program's surroundings."""

    def __init__(
        self,
        arguments: Sequence[bytes],
        environment: Sequence[bytes],
        descriptors: Descriptors,
        *,
        clock: Clock | None,
        random: RandomBytes | None,
    ) -> None:
        self.arguments = arguments
        self.environment = environment
        """``NAME=value``, each."""
        self.descriptors = descriptors
        self.clock = clock
        self.random: RandomBytes = random or os.urandom
        self.last_error: Exception | None = None
        """What came out of a stream or a function of the host's, and was IO to the guest."""
        self._memory: GuestMemory | None = None

    @property
    def memory(self) -> GuestMemory:
        """The guest's memory. Raises `WasiError` with FAULT before it is known."""
        if self._memory is None:
            raise WasiError(Errno.FAULT)
        return self._memory

    @memory.setter
    def memory(self, memory: GuestMemory) -> None:
        self._memory = memory

    def for_another_memory(self) -> Process:
        """The same program, as another instance of it has it."""
        return Process(
            self.arguments,
            self.environment,
            self.descriptors,
            clock=self.clock,
            random=self.random,
        )

    def now(self, clock: int) -> int:
        """Nanoseconds of a clock. Raises `WasiError` with INVAL for one that is none."""
        read = _CLOCKS.get(clock)
        if read is None:
            raise WasiError(Errno.INVAL)
        return read() if self.clock is None else self.clock(clock)

    def directory(self, number: int, rights: int) -> HostDirectory:
        """A directory that has some rights. Raises `WasiError` with BADF, NOTDIR, NOTCAPABLE."""
        found = self.descriptors.get(number)
        if not isinstance(found, HostDirectory):
            raise WasiError(Errno.NOTDIR)
        found.need(rights)
        return found
