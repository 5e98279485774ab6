"""Reading and writing several parts at once, also where the system's Python has no such calls."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from pyjsapi.wasi.guest import Parts


def _in_turn(parts: Parts, one: Callable[[memoryview, int], int]) -> int:
    total = 0
    for part in parts:
        view = memoryview(part)
        if not len(view):
            continue
        count = one(view, total)
        total += count
        if count < len(view):
            break
    return total


def _fill(view: memoryview, data: bytes) -> int:
    view[: len(data)] = data
    return len(data)


def _readv(fd: int, parts: Parts, /) -> int:
    return _in_turn(parts, lambda view, _: _fill(view, os.read(fd, len(view))))


def _writev(fd: int, parts: Parts, /) -> int:
    return _in_turn(parts, lambda view, _: os.write(fd, view))


def _preadv(fd: int, parts: Parts, offset: int, /) -> int:
    if not hasattr(os, "pread"):  # Windows
        return _at(fd, offset, lambda: _readv(fd, parts))
    return _in_turn(parts, lambda view, done: _fill(view, os.pread(fd, len(view), offset + done)))


def _pwritev(fd: int, parts: Parts, offset: int, /) -> int:
    if not hasattr(os, "pwrite"):
        return _at(fd, offset, lambda: _writev(fd, parts))
    return _in_turn(parts, lambda view, done: os.pwrite(fd, view, offset + done))


def _at(fd: int, offset: int, act: Callable[[], int]) -> int:
    before = os.lseek(fd, 0, os.SEEK_CUR)
    os.lseek(fd, offset, os.SEEK_SET)
    try:
        return act()
    finally:
        os.lseek(fd, before, os.SEEK_SET)


Vector = Callable[[int, Parts], int]
VectorAt = Callable[[int, Parts, int], int]
readv: Final[Vector] = getattr(os, "readv", _readv)
writev: Final[Vector] = getattr(os, "writev", _writev)
preadv: Final[VectorAt] = getattr(os, "preadv", _preadv)
pwritev: Final[VectorAt] = getattr(os, "pwritev", _pwritev)
