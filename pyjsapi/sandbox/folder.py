"""Directories that a sandbox has for itself: what is in them is given, changed by hostile code, and read again."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import PurePosixPath
from typing import Final
from weakref import finalize

from pyjsapi.wasi.abi import WasiError
from pyjsapi.wasi.directories import create_directory
from pyjsapi.wasi.files import HAS_DIRECTORIES, HostDirectory
from pyjsapi.wasi.paths import DIRECTORY, NOFOLLOW, best_resolver
from pyjsapi.wasi.quota import Quota

_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | NOFOLLOW | getattr(os, "O_NONBLOCK", 0)
_READ: Final = os.O_RDONLY | NOFOLLOW | getattr(os, "O_NONBLOCK", 0)


def contents(files: Mapping[str, str | bytes]) -> dict[str, bytes]:
    """Files as bytes; text is UTF-8. Raises `ValueError` for a name that leads out of a directory, `TypeError`."""
    return {_checked(name): _encoded(name, data) for name, data in files.items()}


def _encoded(name: str, data: str | bytes) -> bytes:
    if isinstance(data, str):
        return data.encode()
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    raise TypeError(f"files: {name!r} must be text or bytes, not {type(data).__name__}")


def _checked(name: str) -> str:
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
        raise ValueError(f"files: {name!r} must be a path beneath the root, without '..'")
    return name


class Folder:
    """A new directory with some files, removed with this object, or at the end of a ``with`` statement.

    Whoever changes it meanwhile may make it as deep as they like; links are never followed.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        import tempfile  # which takes long, and sandboxes without files need it not

        if not HAS_DIRECTORIES:
            raise OSError("files: this system opens no files in directories that are open")
        self.path: Final = tempfile.mkdtemp(prefix="pyjsapi-")
        self.close: Final = finalize(self, _remove, self.path, os.getpid())
        self.write(files)

    def write(self, files: Mapping[str, bytes]) -> None:
        """Add files, with their directories. Raises `OSError` where something else has the name."""
        resolver = best_resolver()
        with _open(self.path) as root:
            base = HostDirectory(
                os.dup(root), 0, 0, resolver=resolver, read_only=False, quota=Quota()
            )
            for name, data in files.items():
                path = os.fsencode(PurePosixPath(name).as_posix())
                try:
                    for slash in (at for at, each in enumerate(path) if each == ord("/")):
                        with suppress(FileExistsError):
                            create_directory(base, path[:slash])
                    fd = resolver.open(root, path, _WRITE, follow=False)
                except WasiError as error:
                    raise OSError(f"files: {name!r} cannot be written: {error}") from None
                with open(fd, "wb") as file:
                    file.write(data)

    def files(self) -> dict[str, bytes]:
        """All regular files, by their paths. The names of one file share its bytes, however many they are."""
        found: dict[str, bytes] = {}
        known: dict[tuple[int, int], bytes] = {}
        resolver = best_resolver()
        with _open(self.path) as root:
            for name in sorted(_listed(self.path)):
                # Whoever ran here may not have ended yet, and swap names.
                with suppress(OSError, WasiError):
                    fd = resolver.open(root, os.fsencode(name), _READ, follow=False)
                    with open(fd, "rb") as file:
                        status = os.fstat(fd)
                        key = status.st_dev, status.st_ino
                        if key not in known and stat.S_ISREG(status.st_mode):
                            known[key] = file.read()
                    found[name] = known[key]
        return found

    def replace(self, files: Mapping[str, bytes]) -> None:
        """Have these files in it and nothing else."""
        _empty(self.path)
        self.write(files)

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _listed(top: str) -> Iterator[str]:
    """Paths of regular files, from the top. What is deeper than paths can be long cannot be named."""
    waiting = [""]
    while waiting:
        place = waiting.pop()
        with suppress(OSError), os.scandir(os.path.join(top, place)) as scan:
            for each in scan:
                name = f"{place}{each.name}"
                if each.is_dir(follow_symlinks=False):
                    waiting.append(f"{name}/")
                elif each.is_file(follow_symlinks=False):
                    yield name


def _remove(top: str, process: int) -> None:
    if os.getpid() != process:  # a fork has a copy of the object, not of the directory
        return
    _empty(top)
    os.rmdir(top)


def _empty(top: str) -> None:
    """Remove what is in a directory. What is in a directory there is moved up first: so no path becomes long."""
    names = count()
    with _open(top) as root:
        waiting = os.listdir(root)
        while waiting:
            name = waiting.pop()
            if not stat.S_ISDIR(os.stat(name, dir_fd=root, follow_symlinks=False).st_mode):
                os.unlink(name, dir_fd=root)
                continue
            with _open(name, root) as inside:
                for each in os.listdir(inside):
                    new = _unused(root, names)
                    os.rename(each, new, src_dir_fd=inside, dst_dir_fd=root)
                    waiting.append(new)
            os.rmdir(name, dir_fd=root)


def _unused(root: int, names: Iterator[int]) -> str:
    while True:
        name = f"{next(names)}"
        try:
            os.stat(name, dir_fd=root, follow_symlinks=False)
        except FileNotFoundError:
            return name


@contextmanager
def _open(name: str, root: int | None = None) -> Iterator[int]:
    fd = os.open(name, os.O_RDONLY | DIRECTORY | NOFOLLOW, dir_fd=root)
    try:
        yield fd
    finally:
        os.close(fd)
