"""Waiting, across processes, for a 32-bit word of a mapping to change.

A `Futex` sleeps in the kernel (Linux, with `ctypes`); `Polling` looks again and again, everywhere else. Both may return
too early: whoever waits looks at the word again.
"""

from __future__ import annotations

import functools
import os
import platform
import sys
import time
from typing import Any, Final, Protocol

FUTEX: Final = "futex"
POLLING: Final = "polling"
"""The ways, by name."""

_NANOSECONDS: Final = 10**9
_AT_ONCE: Final = 3600 * _NANOSECONDS
"""Nanoseconds to sleep at once: an i64 can say more than the system takes."""
_POLL_EVERY: Final = 0.0005
"""Seconds."""
_SYSCALLS: Final = {"x86_64": 202, "aarch64": 98, "riscv64": 98}
"""Number of the system call ``futex``, by machine, where times have 64 bits."""
_WAIT: Final = 0
_WAKE: Final = 1
_ALL: Final = (1 << 31) - 1


class Parking(Protocol):
    """A way to wait for one of the 32-bit words of a mapping, which are counted from its start."""

    name: str

    def wait(self, index: int, value: int, timeout: int) -> None:
        """Return once the word may be another than ``value``, or after ``timeout`` ns (negative: no end)."""

    def wake(self, index: int) -> int | None:
        """Wake all that wait for a word; how many those were, where that is known."""


class Futex:
    """The system call ``futex`` on words at the absolute address ``base``."""

    name = FUTEX

    def __init__(self, base: int, functions: _Functions) -> None:
        self._base = base
        self._functions = functions

    def wait(self, index: int, value: int, timeout: int) -> None:
        """See `Parking`."""
        left = _AT_ONCE if timeout < 0 else min(timeout, _AT_ONCE)
        time_ = self._functions.timespec(left // _NANOSECONDS, left % _NANOSECONDS)
        self._functions.wait(self._functions.number, self._base + 4 * index, _WAIT, value, time_)

    def wake(self, index: int) -> int | None:
        """See `Parking`."""
        functions = self._functions
        woken: int = functions.wake(functions.number, self._base + 4 * index, _WAKE, _ALL)
        return woken


class Polling:
    """Looking every half of a millisecond."""

    name = POLLING

    def wait(self, index: int, value: int, timeout: int) -> None:
        """See `Parking`."""
        if timeout < 0:
            time.sleep(_POLL_EVERY)
        else:
            time.sleep(min(_POLL_EVERY, timeout / _NANOSECONDS))

    def wake(self, index: int) -> int | None:
        """See `Parking`: they will see it."""
        return None


class _Functions:
    """``syscall`` of the C library: to wait it lets other threads run, to wake it need not."""

    def __init__(self, number: int) -> None:
        import ctypes

        class Timespec(ctypes.Structure):
            _fields_ = [("seconds", ctypes.c_int64), ("nanoseconds", ctypes.c_int64)]

        self.number = number
        self.timespec: Any = Timespec
        given = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32)
        waiting = ctypes.CFUNCTYPE(*given, ctypes.POINTER(Timespec))
        self.wait: Any = waiting(("syscall", ctypes.CDLL(None)))
        self.wake: Any = ctypes.PYFUNCTYPE(*given)(("syscall", ctypes.PyDLL(None)))


@functools.cache
def _functions() -> _Functions | None:
    number = _SYSCALLS.get(platform.machine())
    if sys.platform != "linux" or number is None or sys.maxsize < 1 << 32:
        return None
    try:
        return _Functions(number)
    except (ImportError, OSError, AttributeError):
        return None


def best_parking() -> str:
    """The name of the way to wait here."""
    return POLLING if _functions() is None else FUTEX


def parking_of(name: str, base: int) -> Parking:
    """The way to wait of a name. Raises `OSError` where this process has not what another waits by."""
    if name == POLLING:
        return Polling()
    functions = _functions()
    if functions is None:
        raise OSError("other processes wait for this memory by futex, which needs ctypes")
    return Futex(base, functions)


def address_of(view: memoryview[int], offset: int = 0) -> int:
    """The absolute address of a byte of a writable view: valid as long as the bytes are."""
    import ctypes

    return ctypes.addressof(ctypes.c_char.from_buffer(view)) + offset


def is_alive(process: int) -> bool:
    """Whether a process still runs; a dead one whose parent has not asked for its status does not."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split(maxsplit=1)[0] not in (b"Z", b"X")
    except OSError:
        pass
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return not os.path.exists("/proc/self/stat")
