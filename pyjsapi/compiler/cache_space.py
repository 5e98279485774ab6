"""How much the code cache may keep, and what goes first: the files that were not used for longest.

A file's time of modification is when it was last used: who reads it sets it. The environment variable
``PYJSAPI_CACHE_SIZE`` is the most that all files may take together, in MiB.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

SIZE_VARIABLE: Final = "PYJSAPI_CACHE_SIZE"
DEFAULT_MIB: Final = 512
SUFFIX: Final = ".wasmcode"
PART_SUFFIX: Final = ".part"
"""Of files that are being written."""
_MIB: Final = 1 << 20
_ABANDONED: Final = 3600
"""Seconds after which a file that is being written is one that a process left behind."""


class Kept(NamedTuple):
    """A file of the cache."""

    path: Path
    size: int
    """Bytes."""
    used: float
    """When it was last used, in seconds since the epoch."""


def most_bytes() -> int:
    """The most that the cache may take, in bytes; the default where the variable is no whole number of MiB."""
    try:
        mib = int(os.environ.get(SIZE_VARIABLE, ""))
    except ValueError:
        return DEFAULT_MIB * _MIB
    return max(mib, 0) * _MIB


def kept_files(folder: Path, suffix: str = SUFFIX) -> list[Kept]:
    """The files of a cache folder, those used last first. What disappears meanwhile is left out."""
    found = []
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if path.suffix == suffix:
                with contextlib.suppress(OSError):
                    status = path.stat()
                    found.append(Kept(path, status.st_size, status.st_mtime))
    return sorted(found, key=lambda kept: (-kept.used, kept.path.name))


def used(path: Path) -> None:
    """Note that a file is used now."""
    with contextlib.suppress(OSError):
        os.utime(path)


def trim(folder: Path, newest: Path) -> None:
    """Remove what goes beyond the most that the cache may take; ``newest`` was written just now and goes last."""
    left = most_bytes()
    clock = time.time()
    files = kept_files(folder)
    for kept in files:
        if kept.used > clock:  # The clock was put back: that file would stay for ever.
            used(kept.path)
    # At the same time as others it goes first.
    files.sort(key=lambda kept: (kept.path != newest, -min(kept.used, clock), kept.used > clock))
    for kept in files:
        left -= kept.size
        if left < 0:
            _remove(kept.path)
    now = max((kept.used for kept in files), default=0)
    for part in kept_files(folder, PART_SUFFIX):
        if abs(now - part.used) > _ABANDONED:
            _remove(part.path)


def clear(folder: Path) -> Iterator[Kept]:
    """Remove all files of the cache, one by one."""
    for kept in [*kept_files(folder), *kept_files(folder, PART_SUFFIX)]:
        if _remove(kept.path):
            yield kept


def _remove(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True


def is_private(status: os.stat_result, *, folder: bool = False) -> bool:
    """Whether only the user can write a file, or only the user can use a folder (which is no link)."""
    if folder and not stat.S_ISDIR(status.st_mode):
        return False
    if not hasattr(os, "getuid"):
        return True  # Windows: folders in the user's profile are private.
    others = 0o077 if folder else 0o022
    return status.st_uid == os.getuid() and not status.st_mode & others
