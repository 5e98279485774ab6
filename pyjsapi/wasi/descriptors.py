"""What a file descriptor stands for, and the table of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import ClassVar, Final, NamedTuple

from pyjsapi.wasi.abi import FDFLAGS_APPEND, FDFLAGS_NONBLOCK, FILETYPE_UNKNOWN, Errno, WasiError
from pyjsapi.wasi.guest import Parts
from pyjsapi.wasi.rights import ALL


class FileStat(NamedTuple):
    """``filestat``, in its order; times in nanoseconds since 1970."""

    device: int
    inode: int
    filetype: int
    links: int
    size: int
    accessed: int
    modified: int
    changed: int


class Entry(NamedTuple):
    """An entry of a directory."""

    name: bytes
    inode: int
    filetype: int


Times = tuple[int | None, int | None]
"""Of access and modification, in nanoseconds since 1970; ``None`` stays as it is."""


class Descriptor:
    """Something open. What a kind cannot do raises `WasiError`; all may raise `OSError`.

    It is closed when nobody has it any more: not while another thread is still reading from it.
    """

    filetype: int = FILETYPE_UNKNOWN
    name: bytes | None = None
    """Of a preopened directory: its name, to the guest."""
    settable: ClassVar[int] = FDFLAGS_APPEND | FDFLAGS_NONBLOCK
    """Flags that can be changed later."""

    def __init__(self, rights: int, inheriting: int = 0, flags: int = 0) -> None:
        self.rights = rights
        self.inheriting = inheriting
        self.flags = flags

    def need(self, rights: int) -> None:
        """Raise `WasiError` with NOTCAPABLE unless all of some rights are there."""
        if self.rights & rights != rights:
            raise WasiError(Errno.NOTCAPABLE)

    def set_flags(self, flags: int) -> None:
        """Change the flags."""
        if flags & ~self.settable:
            raise WasiError(Errno.NOTSUP)
        self.flags = flags

    def fileno(self) -> int | None:
        """What the host's system can wait for; ``None`` where nothing has to be waited for."""
        return None

    def available(self) -> int:
        """Bytes that can be read at once, as far as that is known."""
        return 0

    def read(self, parts: Parts) -> int:
        """Read into the parts, in order; how many bytes, 0 at the end."""
        raise WasiError(Errno.BADF)

    def write(self, parts: Parts) -> int:
        """Write the parts; how many bytes."""
        raise WasiError(Errno.BADF)

    def read_at(self, parts: Parts, offset: int) -> int:
        """`read`, from an offset that is not remembered."""
        raise WasiError(Errno.SPIPE)

    def write_at(self, parts: Parts, offset: int) -> int:
        """`write`, likewise."""
        raise WasiError(Errno.SPIPE)

    def seek(self, offset: int, whence: int) -> int:
        """Go to an offset, from the start (0), here (1) or the end (2); where that is."""
        raise WasiError(Errno.SPIPE)

    def stat(self) -> FileStat:
        """What is known of it."""
        return FileStat(0, 0, self.filetype, 0, 0, 0, 0, 0)

    def sync(self, *, data_only: bool) -> None:
        """Have it stored for good."""
        raise WasiError(Errno.INVAL)

    def set_size(self, size: int) -> None:
        """Cut it, or fill it up with zeros."""
        raise WasiError(Errno.INVAL)

    def allocate(self, offset: int, size: int) -> None:
        """Have room for some bytes."""
        raise WasiError(Errno.NOTSUP)

    def advise(self, offset: int, size: int, advice: int) -> None:
        """Say how it will be used."""
        raise WasiError(Errno.BADF)

    def set_times(self, times: Times) -> None:
        """Change the times of access and modification."""
        raise WasiError(Errno.INVAL)

    def entries(self, *, anew: bool) -> Sequence[Entry]:
        """The entries of a directory: as they were when they were first asked for, or ``anew``."""
        raise WasiError(Errno.NOTDIR)


class Descriptors:
    """The file descriptors of a program: at most ``most``."""

    def __init__(self, most: int) -> None:
        self._open: dict[int, Descriptor] = {}
        self._most = most
        self._lock: Final = threading.Lock()

    def get(self, number: int, rights: int = 0) -> Descriptor:
        """A descriptor that has some rights. Raises `WasiError` with BADF, NOTCAPABLE."""
        found = self._open.get(number)
        if found is None:
            raise WasiError(Errno.BADF)
        if found.rights & rights != rights:
            raise WasiError(Errno.NOTCAPABLE)
        return found

    def check_room(self) -> None:
        """Raise `WasiError` with MFILE where none can be added."""
        if len(self._open) >= self._most:
            raise WasiError(Errno.MFILE)

    def add(self, descriptor: Descriptor) -> int:
        """Give it the lowest number that is free."""
        with self._lock:
            self.check_room()
            number = next(n for n in range(len(self._open) + 1) if n not in self._open)
            self._open[number] = descriptor
        return number

    def remove(self, number: int) -> None:
        """Close."""
        with self._lock:
            if self._open.pop(number, None) is None:
                raise WasiError(Errno.BADF)

    def renumber(self, number: int, to: int) -> None:
        """Move a descriptor, and close the one that is there. Both must be open; no preopened directory is either."""
        with self._lock:
            moved, replaced = self._open.get(number), self._open.get(to)
            if moved is None or replaced is None:
                raise WasiError(Errno.BADF)
            if number != to:
                self._open[to] = self._open.pop(number)

    def clear(self) -> None:
        """Close all."""
        with self._lock:
            self._open.clear()

    def __iter__(self) -> Iterator[int]:
        return iter(tuple(self._open))


def shrunk(now: int, wanted: int) -> int:
    """Rights that are ``wanted``, which must be among those that are there ``now``: they only shrink."""
    if wanted & ~now:
        raise WasiError(Errno.NOTCAPABLE)
    return wanted & ALL
