"""Paths resolved component by component, each opened in the directory before it, links read and walked in turn.

Nothing is asked by a path of two components, so that what is checked is what is used. ``..`` goes back to the directory
that was walked through, which is held open: not to where others may have moved the current one meanwhile.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

from pyjsapi.wasi.paths import DIRECTORY, HAS_PATHS, LOOK, NOFOLLOW, escape

_MOST_LINKS: Final = 40
"""Links that a path may go through, as in Linux."""
_TRIES: Final = 1000


class Walk:
    """See `Resolver`."""

    def open(self, root: int, path: bytes, flags: int, *, follow: bool) -> int:
        """See `Resolver`."""
        if not path:
            raise _error(errno.ENOENT)
        none_is_made = bool(flags & os.O_CREAT) and path.endswith(b"/")
        if flags & os.O_CREAT:
            follow = follow and not flags & os.O_EXCL and not none_is_made
            path = path.rstrip(b"/") or path
        for _ in range(_TRIES):
            walk = _Steps(root)
            try:
                name = walk.to_last(path, follow)
                if none_is_made and name != b".":
                    raise _error(errno.EISDIR)
                return os.open(name, flags | NOFOLLOW, 0o666, dir_fd=walk.top)
            except OSError as error:
                # What was no link a moment ago is one now: walk it.
                if error.errno != errno.ELOOP or not follow or walk.ended:
                    raise
            finally:
                walk.close()
        raise _error(errno.EAGAIN)


@contextmanager
def located(root: int, path: bytes, *, follow: bool) -> Iterator[tuple[int, bytes]]:
    """Where a path leads: the directory of the last component, open, and that component.

    With ``follow`` it was no link when it was looked at.
    """
    if not path:
        raise _error(errno.ENOENT)
    walk = _Steps(root)
    try:
        name = walk.to_last(path, follow)
        yield walk.top, name
    finally:
        walk.close()


class _Steps:
    """One way through directories: those that are open, from the root on."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._stack: list[int] = []
        self._links = 0
        self.ended = False
        """Whether the way itself is at fault, and walking it anew is of no use."""

    @property
    def top(self) -> int:
        return self._stack[-1] if self._stack else self._root

    def close(self) -> None:
        while self._stack:
            os.close(self._stack.pop())

    def to_last(self, path: bytes, follow: bool) -> bytes:
        """Walk to the directory of the last component; that, which is ``.`` where the path ends with a directory."""
        left = self._components(path)
        if path.endswith(b"/"):
            follow = True
        while left:
            name = left.pop()
            if name == b"..":
                if not self._stack:
                    raise escape()
                os.close(self._stack.pop())
            elif name not in (b"", b"."):
                if not left and not follow:
                    return name
                if not self._step(name, left):
                    return name
        return b"."

    def _components(self, path: bytes) -> list[bytes]:
        if path.startswith(b"/"):
            raise escape()
        return path.split(b"/")[::-1]

    def _step(self, name: bytes, left: list[bytes]) -> bool:
        """Go into a component; ``False`` where it is the last one, and neither directory nor link."""
        try:
            found, mode = _look(name, self.top)
        except FileNotFoundError:
            if left:
                raise
            return False
        try:
            if stat.S_ISLNK(mode):
                target = self._read(name, found)
                left += self._components(target)
            elif stat.S_ISDIR(mode) and found is not None:
                self._stack.append(found)
                found = None
            elif left:
                raise _error(errno.ENOTDIR)
            else:
                return False
        finally:
            if found is not None:
                os.close(found)
        return True

    def _read(self, name: bytes, found: int | None) -> bytes:
        self._links += 1
        if self._links > _MOST_LINKS:
            self.ended = True
            raise _error(errno.ELOOP)
        if found is None:
            target = os.readlink(name, dir_fd=self.top)
        else:
            if os.fstat(found).st_dev == _proc_device() and self._is_magic():
                self.ended = True
                raise _error(errno.ELOOP)
            target = os.readlink(b"", dir_fd=found)
        if not target:
            raise _error(errno.ENOENT)
        return target

    def _is_magic(self) -> bool:
        # The links that are text are all in the root of the file system.
        return not os.path.samestat(os.fstat(self.top), os.stat("/proc"))


def _look(name: bytes, directory: int) -> tuple[int | None, int]:
    """Something in a directory, and its mode: open if it is one, or if that has no effect on it."""
    if HAS_PATHS:
        found = os.open(name, LOOK | NOFOLLOW, dir_fd=directory)
        return found, os.fstat(found).st_mode
    mode = os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode
    if stat.S_ISDIR(mode):
        return os.open(name, LOOK | NOFOLLOW | DIRECTORY, dir_fd=directory), mode
    return None, mode


@cache
def _proc_device() -> int:
    try:
        return os.stat("/proc").st_dev if os.path.exists("/proc/self/fd") else -1
    except OSError:
        return -1


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
