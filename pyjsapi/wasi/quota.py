"""How much a program may write: bytes and names beneath its directories, and bytes of its output.

Bytes are counted as they are written, names as they are created; removing gives nothing back, so that the count is
the same whatever else happens in the directories.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from pyjsapi.wasi.abi import Errno, WasiError


class Budget:
    """Something of which there is so much; ``None``: without end. ``errno`` says that there is no more."""

    __slots__ = ("_errno", "_left", "_lock")

    def __init__(self, most: int | None, errno: Errno) -> None:
        self._left = most
        self._errno = errno
        self._lock: Final = threading.Lock()

    @property
    def has_end(self) -> bool:
        """Whether it can be used up."""
        return self._left is not None

    def take(self, count: int) -> None:
        """Use some, or raise `WasiError` and use none."""
        if self._left is None:
            return
        with self._lock:
            if count > self._left:
                raise WasiError(self._errno)
            self._left -= count

    def give_back(self, count: int) -> None:
        """What was taken was not used."""
        if self._left is not None:
            with self._lock:
                self._left += count

    @contextmanager
    def taken(self, count: int) -> Iterator[None]:
        """Use some for what is done inside, if that succeeds; raises `WasiError` where there is too little."""
        self.take(count)
        try:
            yield
        except BaseException:
            self.give_back(count)
            raise

    def spend(self, count: int, act: Callable[[], int]) -> int:
        """What ``act`` gives, which says how much it used, of at most ``count``."""
        if self._left is None:
            return act()
        self.take(count)
        used = 0
        try:
            used = act()
        finally:
            self.give_back(count - used)
        return used


class Quota:
    """Of the directories of a program. What goes beyond fails as a whole, with DQUOT."""

    def __init__(self, max_bytes: int | None = None, max_files: int | None = None) -> None:
        self.bytes: Final = Budget(max_bytes, Errno.DQUOT)
        self.files: Final = Budget(max_files, Errno.DQUOT)
        self._lock: Final = threading.Lock()

    def write(self, fd: int, offset: int, size: int, act: Callable[[], int]) -> int:
        """Write ``size`` bytes to a file at an offset, by ``act``. A hole before them counts as if it were written."""
        if not self.bytes.has_end:
            return act()
        with self._lock:  # nobody else makes the file longer meanwhile
            hole = max(offset - os.fstat(fd).st_size, 0) if size else 0
            with self.bytes.taken(hole):
                return self.bytes.spend(size, act)

    def lengthen(self, fd: int, size: int, act: Callable[[], object]) -> None:
        """Give a file a size, by ``act``; what it gets more counts as if it were written."""
        if not self.bytes.has_end:
            act()
            return
        with self._lock:
            more = max(size - os.fstat(fd).st_size, 0)
            with self.bytes.taken(more):
                act()

    def creation(self) -> AbstractContextManager[None]:
        """Around what creates a name; it counts where that succeeds."""
        return self.files.taken(1)
