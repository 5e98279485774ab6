"""Files that are written whole, or not at all."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path


def write_file(path: Path, data: bytes) -> None:
    """Write a file, or leave what was there: whoever reads it meanwhile, or is interrupted, finds no half.

    A link stays one, and what it names is written; a file keeps its mode. Pipes and devices are written to as they are.
    Raises `OSError`.
    """
    target = path.resolve()
    is_there = target.exists()
    if is_there and not target.is_file():
        target.write_bytes(data)  # A pipe or a device; a folder raises what says so.
        return
    mode = target.stat().st_mode & 0o7777 if is_there else 0o666 & ~_umask()
    if is_there and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(path))
    try:
        part = _write_part(target, data, mode)
    except PermissionError:
        if not is_there:
            raise
        target.write_bytes(data)  # Only the file is the user's, not its folder.
        return
    try:
        os.replace(part, target)
    except BaseException:
        _remove(part)
        raise


def _write_part(target: Path, data: bytes, mode: int) -> str:
    """A file beside another with what is to be in that; nothing is left where it cannot be written."""
    import tempfile  # which takes long, and whoever only reads needs it not

    descriptor, part = tempfile.mkstemp(prefix=f".{target.name[:40]}.", dir=target.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
        os.chmod(part, mode)
    except BaseException:
        _remove(part)
        raise
    return part


def _remove(part: str) -> None:
    with suppress(OSError):
        os.unlink(part)


def _umask() -> int:
    """It can be read only by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
