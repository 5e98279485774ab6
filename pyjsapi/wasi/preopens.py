"""Directories that a program has from the start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from pyjsapi.wasi import rights
from pyjsapi.wasi.files import HostDirectory
from pyjsapi.wasi.paths import DIRECTORY, Resolver, best_resolver
from pyjsapi.wasi.quota import Quota

_RESOLUTIONS: Final = ("openat2", "walk")


class ReadOnly:
    """A directory of the host's in which, and beneath which, nothing can be changed: ``{"/data": ReadOnly(path)}``."""

    __slots__ = ("path",)

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)

    def __repr__(self) -> str:
        return f"ReadOnly({self.path!r})"


def preopens_of(
    directories: Mapping[str, tuple[str, bool]],
) -> dict[str, str | ReadOnly]:
    """The ``preopens`` of `WASI` for the host's directories, each with whether it is only to be read."""
    return {
        name: ReadOnly(path) if read_only else path
        for name, (path, read_only) in directories.items()
    }


def resolver_named(name: str | None) -> Resolver:
    """A way to resolve paths: ``"openat2"``, ``"walk"``, or the best there is."""
    if name is None:
        return best_resolver()
    if name == "walk":
        from pyjsapi.wasi.paths.walk import Walk

        return Walk()
    if name == "openat2":
        from pyjsapi.wasi.paths.beneath import Beneath, has_openat2

        if not has_openat2():
            raise OSError("WASI(): the system has no openat2")
        return Beneath()
    raise ValueError(f"WASI(): property 'resolution' must be one of {_RESOLUTIONS}, not {name!r}")


def open_preopen(
    name: bytes, directory: Any, resolution: str | None, quota: Quota
) -> HostDirectory:
    """The descriptor of a directory of the host's. Raises `OSError`, `TypeError`."""
    read_only = isinstance(directory, ReadOnly)
    path = directory.path if isinstance(directory, ReadOnly) else os.fspath(directory)
    resolver = resolver_named(resolution)
    fd = os.open(path, os.O_RDONLY | DIRECTORY | getattr(os, "O_CLOEXEC", 0))
    own, inherited = rights.DIRECTORY, rights.INHERITED
    if read_only:
        own, inherited = own & ~rights.CHANGING, inherited & ~rights.CHANGING
    made = HostDirectory(fd, own, inherited, resolver=resolver, read_only=read_only, quota=quota)
    made.name = name
    return made
