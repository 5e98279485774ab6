"""Files and directories of the host's system, as descriptors."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from typing import ClassVar, Final

from pyjsapi.wasi import vectors
from pyjsapi.wasi.abi import (
    FDFLAGS_APPEND,
    FDFLAGS_DSYNC,
    FDFLAGS_NONBLOCK,
    FDFLAGS_RSYNC,
    FDFLAGS_SYNC,
    FILETYPE_BLOCK_DEVICE,
    FILETYPE_CHARACTER_DEVICE,
    FILETYPE_DIRECTORY,
    FILETYPE_REGULAR_FILE,
    FILETYPE_SOCKET_STREAM,
    FILETYPE_SYMBOLIC_LINK,
    FILETYPE_UNKNOWN,
    Errno,
    WasiError,
)
from pyjsapi.wasi.descriptors import Descriptor, Entry, FileStat, Times
from pyjsapi.wasi.guest import Parts
from pyjsapi.wasi.paths import Resolver
from pyjsapi.wasi.quota import Quota

_FILETYPES: Final = {
    stat.S_IFBLK: FILETYPE_BLOCK_DEVICE,
    stat.S_IFCHR: FILETYPE_CHARACTER_DEVICE,
    stat.S_IFDIR: FILETYPE_DIRECTORY,
    stat.S_IFREG: FILETYPE_REGULAR_FILE,
    stat.S_IFSOCK: FILETYPE_SOCKET_STREAM,
    stat.S_IFLNK: FILETYPE_SYMBOLIC_LINK,
}
APPENDS: Final = sys.platform != "emscripten"
"""Whether the system writes at the end as it is told; Emscripten's never forgets it again."""
_TOP: Final = (1 << 63) - 1
"""The greatest offset or time that systems know."""


def filetype_of(mode: int) -> int:
    """``filetype`` of a mode."""
    return _FILETYPES.get(stat.S_IFMT(mode), FILETYPE_UNKNOWN)


def file_stat(found: os.stat_result) -> FileStat:
    """What a system says, as WASI says it. Times before 1970, which it cannot say, are 1970."""
    return FileStat(
        found.st_dev & (1 << 64) - 1,
        found.st_ino & (1 << 64) - 1,
        filetype_of(found.st_mode),
        found.st_nlink,
        found.st_size,
        max(found.st_atime_ns, 0),
        max(found.st_mtime_ns, 0),
        max(found.st_ctime_ns, 0),
    )


def host_offset(offset: int) -> int:
    """An offset that systems know. Raises `WasiError` with INVAL."""
    if offset > _TOP:
        raise WasiError(Errno.INVAL)
    return offset


def both_times(times: Times, now: os.stat_result) -> tuple[int, int]:
    """The times to be set. Raises `WasiError` with INVAL for one that systems do not know."""
    accessed = now.st_atime_ns if times[0] is None else times[0]
    modified = now.st_mtime_ns if times[1] is None else times[1]
    if max(accessed, modified) > _TOP:
        raise WasiError(Errno.INVAL)
    return accessed, modified


class HostDescriptor(Descriptor):
    """A file descriptor of the host's, closed with this object."""

    def __init__(self, fd: int, rights: int, inheriting: int, flags: int = 0) -> None:
        self.fd = fd
        super().__init__(rights, inheriting, flags)

    def __del__(self, close: object = os.close) -> None:
        fd, self.fd = self.fd, -1
        if fd >= 0 and callable(close):
            close(fd)

    def stat(self) -> FileStat:
        """See `Descriptor`."""
        return file_stat(os.fstat(self.fd))

    def set_times(self, times: Times) -> None:
        """See `Descriptor`."""
        os.utime(self.fd, ns=both_times(times, os.fstat(self.fd)))

    def sync(self, *, data_only: bool) -> None:
        """See `Descriptor`."""
        if data_only and hasattr(os, "fdatasync"):
            os.fdatasync(self.fd)
        else:
            os.fsync(self.fd)


class HostFile(HostDescriptor):
    """A regular file."""

    filetype = FILETYPE_REGULAR_FILE

    def __init__(self, fd: int, rights: int, flags: int, *, quota: Quota) -> None:
        super().__init__(fd, rights, 0, flags)
        self._quota = quota

    def set_flags(self, flags: int) -> None:
        """See `Descriptor`. Only APPEND and NONBLOCK can be changed, as in POSIX."""
        synced = FDFLAGS_DSYNC | FDFLAGS_RSYNC | FDFLAGS_SYNC
        if (flags ^ self.flags) & synced:
            raise WasiError(Errno.NOTSUP)
        if (flags ^ self.flags) & FDFLAGS_APPEND and APPENDS:
            self._set_append(bool(flags & FDFLAGS_APPEND))
        self.flags = flags

    def _set_append(self, append: bool) -> None:
        try:
            import fcntl
        except ImportError:
            raise WasiError(Errno.NOTSUP) from None
        now = fcntl.fcntl(self.fd, fcntl.F_GETFL)
        wanted = now | os.O_APPEND if append else now & ~os.O_APPEND
        fcntl.fcntl(self.fd, fcntl.F_SETFL, wanted)

    def available(self) -> int:
        """See `Descriptor`."""
        return max(os.fstat(self.fd).st_size - os.lseek(self.fd, 0, os.SEEK_CUR), 0)

    def read(self, parts: Parts) -> int:
        """See `Descriptor`."""
        return vectors.readv(self.fd, parts) if parts else 0

    def write(self, parts: Parts) -> int:
        """See `Descriptor`."""
        if self.flags & FDFLAGS_APPEND and not APPENDS:
            os.lseek(self.fd, 0, os.SEEK_END)
        if not parts:
            return 0
        fd, quota = self.fd, self._quota
        if not quota.bytes.has_end:
            return vectors.writev(fd, parts)
        size = sum(len(part) for part in parts)
        start = 0 if self.flags & FDFLAGS_APPEND else os.lseek(fd, 0, os.SEEK_CUR)
        return quota.write(fd, start, size, lambda: vectors.writev(fd, parts))

    def read_at(self, parts: Parts, offset: int) -> int:
        """See `Descriptor`."""
        return vectors.preadv(self.fd, parts, host_offset(offset)) if parts else 0

    def write_at(self, parts: Parts, offset: int) -> int:
        """See `Descriptor`."""
        start = host_offset(offset)
        if not parts:
            return 0
        size = sum(len(part) for part in parts)
        begins = 0 if self.flags & FDFLAGS_APPEND else start
        return self._quota.write(
            self.fd, begins, size, lambda: vectors.pwritev(self.fd, parts, start)
        )

    def seek(self, offset: int, whence: int) -> int:
        """See `Descriptor`."""
        return os.lseek(self.fd, offset, whence)

    def set_size(self, size: int) -> None:
        """See `Descriptor`."""
        fd, wanted = self.fd, host_offset(size)
        self._quota.lengthen(fd, wanted, lambda: os.ftruncate(fd, wanted))

    def allocate(self, offset: int, size: int) -> None:
        """See `Descriptor`."""
        end = host_offset(offset + size)
        if size == 0:
            raise WasiError(Errno.INVAL)
        self._quota.lengthen(self.fd, end, lambda: self._allocate(offset, size))

    def _allocate(self, offset: int, size: int) -> None:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(self.fd, offset, size)
        elif os.fstat(self.fd).st_size < offset + size:
            os.ftruncate(self.fd, offset + size)

    def advise(self, offset: int, size: int, advice: int) -> None:
        """See `Descriptor`."""
        host_offset(offset)
        host_offset(size)
        if hasattr(os, "posix_fadvise"):
            names = ("NORMAL", "SEQUENTIAL", "RANDOM", "WILLNEED", "DONTNEED", "NOREUSE")
            os.posix_fadvise(self.fd, offset, size, getattr(os, f"POSIX_FADV_{names[advice]}"))


_MEMORY_DEVICES: Final = frozenset((1, minor) for minor in (3, 5, 7, 8, 9))
"""Major and minor numbers in Linux: ``null``, ``zero``, ``full``, ``random``, ``urandom``."""


def is_memory_device(found: os.stat_result) -> bool:
    """Whether it is a device that keeps nobody waiting and does nothing else, such as ``/dev/urandom``."""
    if sys.platform != "linux" or not stat.S_ISCHR(found.st_mode):
        return False
    return (os.major(found.st_rdev), os.minor(found.st_rdev)) in _MEMORY_DEVICES


class MemoryDevice(HostFile):
    """A device as `is_memory_device` has it, open as a file is."""

    filetype = FILETYPE_CHARACTER_DEVICE


class HostDirectory(HostDescriptor):
    """A directory, and how paths are resolved from it."""

    filetype = FILETYPE_DIRECTORY
    settable: ClassVar[int] = FDFLAGS_NONBLOCK

    def __init__(
        self,
        fd: int,
        rights: int,
        inheriting: int,
        *,
        resolver: Resolver,
        read_only: bool,
        quota: Quota,
    ) -> None:
        super().__init__(fd, rights, inheriting)
        self.quota = quota
        """How much may be written beneath it."""
        self.resolver = resolver
        self.read_only = read_only
        """Whether nothing beneath it is ever changed, whatever its rights say."""
        self._entries: Sequence[Entry] | None = None

    def entries(self, *, anew: bool) -> Sequence[Entry]:
        """See `Descriptor`."""
        found = self._entries
        if found is None or anew:
            own = os.fstat(self.fd).st_ino
            with os.scandir(self.fd) as scan:
                listed = [_entry(each) for each in scan]
            # The inode of what is above may be outside of what the guest may know.
            dots = [Entry(name, own, FILETYPE_DIRECTORY) for name in (b".", b"..")]
            found = self._entries = dots + sorted(listed)
        return found

    def read(self, parts: Parts) -> int:
        """See `Descriptor`."""
        raise WasiError(Errno.ISDIR)

    write = read

    def read_at(self, parts: Parts, offset: int) -> int:
        """See `Descriptor`."""
        raise WasiError(Errno.ISDIR)

    write_at = read_at

    def seek(self, offset: int, whence: int) -> int:
        """See `Descriptor`."""
        raise WasiError(Errno.ISDIR)


def _entry(found: os.DirEntry[str]) -> Entry:
    name = os.fsencode(found.name)
    if found.is_symlink():
        kind = FILETYPE_SYMBOLIC_LINK
    elif found.is_dir(follow_symlinks=False):
        kind = FILETYPE_DIRECTORY
    elif found.is_file(follow_symlinks=False):
        kind = FILETYPE_REGULAR_FILE
    else:
        kind = FILETYPE_UNKNOWN
    return Entry(name, found.inode(), kind)


HAS_DIRECTORIES: Final = os.open in os.supports_dir_fd and sys.platform != "win32"
"""Whether the system opens files in directories that are open."""
