"""From a guest's path to a file beneath a directory: by the kernel (`beneath`) or component by component (`walk`).

A resolver has one primitive, to open a path beneath a directory that is open. All else is built on it in
`pyjsapi.wasi.directories`: the directory of the last component is opened, and what is done to that component never
follows links.
"""

from __future__ import annotations

import os
import sys
from typing import Final, Protocol

from pyjsapi.wasi.abi import Errno, WasiError

LOOK: Final = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_CLOEXEC", 0)
"""To open something without opening it: only to know where it is."""
HAS_PATHS: Final = hasattr(os, "O_PATH") and sys.platform != "emscripten"
"""Whether links, too, can be opened like that; Emscripten's file system opens none."""
DIRECTORY: Final = getattr(os, "O_DIRECTORY", 0)
NOFOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)


class Resolver(Protocol):
    """A way to resolve paths."""

    def open(self, root: int, path: bytes, flags: int, *, follow: bool) -> int:
        """Open a path beneath ``root``, a file descriptor of a directory; the new one.

        ``flags`` are those of ``open``; ``follow`` says whether a link at the end is followed. Raises `WasiError` with
        PERM where the path leaves the directory, `OSError`.
        """


def escape() -> WasiError:
    """A path leaves its directory."""
    return WasiError(Errno.PERM)


def split(path: bytes) -> tuple[bytes, bytes]:
    """The directory of a path and its last component, with the slashes that are behind it."""
    bare = path.rstrip(b"/")
    directory, slash, name = bare.rpartition(b"/")
    return directory + slash or b".", name + path[len(bare) :]


def best_resolver() -> Resolver:
    """What this system has: `beneath`, else `walk`."""
    from pyjsapi.wasi.paths.beneath import Beneath, has_openat2

    if has_openat2():
        return Beneath()
    from pyjsapi.wasi.paths.walk import Walk

    return Walk()
