"""Locks that several processes hold in turn, and that a process which dies leaves open.

`RobustMutex` is POSIX's, in bytes that all of them have mapped: when its owner dies the next one gets it. `FileLock` is
a lock on the file behind the bytes, which the system takes back from a process that ends: slower, but to be had
everywhere. Both may be locked again by the thread that holds them.
"""

from __future__ import annotations

import errno
import functools
import os
import threading
from typing import Final, Protocol

ROBUST: Final = "pthread"
FILE: Final = "file"
"""The kinds, by name."""

MUTEX_SIZE: Final = 128
"""Bytes that any system's ``pthread_mutex_t`` fits into."""

_SHARED = 1  # PTHREAD_PROCESS_SHARED
_ROBUST = 1  # PTHREAD_MUTEX_ROBUST
_RECURSIVE = 1  # PTHREAD_MUTEX_RECURSIVE: these values are those of Linux, the only system with robust mutexes here


class Lock(Protocol):
    """What the processes of a block hold in turn."""

    def __enter__(self) -> None:
        """Wait for it."""

    def __exit__(self, *raised: object) -> None:
        """Let the next one have it."""

    def forked(self) -> None:
        """This process is a fork: no thread of it holds the lock, whatever those of the other did."""


class _Pthread:
    """The functions of the C library. Those that never block keep the interpreter's lock, which is faster."""

    def __init__(self) -> None:
        import ctypes

        quick, blocking = ctypes.PyDLL(None), ctypes.CDLL(None)
        address = ctypes.c_void_p
        one = ctypes.PYFUNCTYPE(ctypes.c_int, address)
        self.trylock = one(("pthread_mutex_trylock", quick))
        self.unlock = one(("pthread_mutex_unlock", quick))
        self.consistent = one(("pthread_mutex_consistent", quick))
        self.lock = ctypes.CFUNCTYPE(ctypes.c_int, address)(("pthread_mutex_lock", blocking))
        self._attributes = ctypes.create_string_buffer(64)
        attributes = ctypes.addressof(self._attributes)
        setting = ctypes.PYFUNCTYPE(ctypes.c_int, address, ctypes.c_int)
        _check(one(("pthread_mutexattr_init", quick))(attributes))
        for name, value in (("pshared", _SHARED), ("robust", _ROBUST), ("type", _RECURSIVE)):
            _check(setting((f"pthread_mutexattr_set{name}", quick))(attributes, value))
        self._init = ctypes.PYFUNCTYPE(ctypes.c_int, address, address)(
            ("pthread_mutex_init", quick)
        )

    def initialize(self, mutex: int) -> None:
        import ctypes

        _check(self._init(mutex, ctypes.addressof(self._attributes)))


def _check(error: int) -> None:
    if error:
        raise OSError(error, os.strerror(error))


@functools.cache
def _pthread() -> _Pthread | None:
    if not os.path.exists("/proc/self/stat"):  # not Linux: the constants are others
        return None
    try:
        return _Pthread()
    except (ImportError, OSError, AttributeError):
        return None


class RobustMutex:
    """The mutex at an absolute address."""

    kind = ROBUST

    __slots__ = ("_address", "_functions")

    def __init__(self, address: int, functions: _Pthread) -> None:
        self._address = address
        self._functions = functions

    def __enter__(self) -> None:
        error = self._functions.trylock(self._address)
        if error == errno.EBUSY:
            error = self._functions.lock(self._address)
        if error == errno.EOWNERDEAD:
            # What the lock protects is consistent after every single write: see `control`.
            error = self._functions.consistent(self._address)
        _check(error)

    def __exit__(self, *raised: object) -> None:
        self._functions.unlock(self._address)

    def forked(self) -> None:
        """See `Lock`: the mutex is in bytes that both processes have, and knows its owner."""


class FileLock:
    """A lock on the first byte of a file; the threads of a process take turns among themselves."""

    kind = FILE

    __slots__ = ("_depth", "_descriptor", "_thread_lock")

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._thread_lock = threading.RLock()
        self._depth = 0

    def __enter__(self) -> None:
        import fcntl

        self._thread_lock.acquire()
        self._depth += 1
        if self._depth == 1:
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX, 1)
            except BaseException:
                self._depth = 0
                self._thread_lock.release()
                raise

    def __exit__(self, *raised: object) -> None:
        import fcntl

        self._depth -= 1
        try:
            if self._depth == 0:
                fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1)
        finally:
            self._thread_lock.release()

    def forked(self) -> None:
        """See `Lock`."""
        self._thread_lock = threading.RLock()
        self._depth = 0


def best_kind() -> str:
    """The kind of lock to make here."""
    return FILE if _pthread() is None else ROBUST


def lock_of(kind: str, address: int, descriptor: int, *, new: bool) -> Lock:
    """The lock of a kind: a mutex at an absolute address, made there if it is ``new``, or that of a file.

    Raises `OSError` where this process cannot lock what another has made.
    """
    if kind == FILE:
        return FileLock(descriptor)
    functions = _pthread()
    if functions is None:
        raise OSError("another process locks this memory by a robust mutex, which needs ctypes")
    if new:
        functions.initialize(address)
    return RobustMutex(address, functions)
