"""Files that are written whole, or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


def write_file(path: Path, data: bytes) -> None:
    """Write a file, or leave what was there: whoever reads it meanwhile, or is interrupted, finds no half.

    A link stays one, and what it names is written; a file keeps its mode. Pipes and devices are written to as they are.
    Raises `OSError`, with the path as its ``filename``.
    """
    write_files({path: data})


def write_files(files: Mapping[Path, bytes]) -> None:
    """Write several files as `write_file` does one: none of them where one cannot be written."""
    pending = [_Pending(path, data) for path, data in files.items()]
    try:
        for each in pending:
            each.prepare()
        for each in pending:
            each.finish()
    finally:
        for each in pending:
            each.forget()


class _Pending:
    """A file that is going to be written."""

    def __init__(self, path: Path, data: bytes) -> None:
        self._path = path
        self._target = path.resolve()
        self._data = data
        self._part: str | None = None
        """What is to take the target's place; without it the target is written to."""

    def prepare(self) -> None:
        """Write what is to take the file's place, beside it."""
        try:
            self._prepare()
        except OSError as error:
            error.filename = os.fspath(self._path)
            raise

    def _prepare(self) -> None:
        target = self._target
        is_there = target.exists()
        if is_there and not target.is_file():
            if target.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            return  # A pipe or a device.
        mode = target.stat().st_mode & 0o7777 if is_there else 0o666 & ~_umask()
        if is_there and not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        try:
            self._write_part(mode)
        except PermissionError:
            if not is_there:
                raise
            # Only the file is the user's, not its folder.

    def _write_part(self, mode: int) -> None:
        import tempfile  # which takes long, and whoever only reads needs it not

        target = self._target
        descriptor, part = tempfile.mkstemp(prefix=f".{target.name[:40]}.", dir=target.parent)
        self._part = part
        with open(descriptor, "wb") as file:
            file.write(self._data)
        os.chmod(part, mode)

    def finish(self) -> None:
        """Let it be there."""
        try:
            if self._part is None:
                self._target.write_bytes(self._data)
            else:
                os.replace(self._part, self._target)
                self._part = None
        except OSError as error:
            error.filename = os.fspath(self._path)
            raise

    def forget(self) -> None:
        """Leave nothing beside it."""
        if self._part is not None:
            with suppress(OSError):
                os.unlink(self._part)
            self._part = None


def _umask() -> int:
    """It can be read only by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
