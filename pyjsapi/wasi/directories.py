"""What is done to paths beneath a directory: the last component alone is touched, and never followed."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

from pyjsapi.wasi.abi import (
    FDFLAGS_APPEND,
    FDFLAGS_DSYNC,
    FDFLAGS_RSYNC,
    FDFLAGS_SYNC,
    FILETYPE_DIRECTORY,
    OFLAGS_CREAT,
    OFLAGS_DIRECTORY,
    OFLAGS_EXCL,
    OFLAGS_TRUNC,
    Errno,
    WasiError,
)
from pyjsapi.wasi.descriptors import FileStat, Times
from pyjsapi.wasi.files import (
    APPENDS,
    HostDescriptor,
    HostDirectory,
    HostFile,
    MemoryDevice,
    both_times,
    file_stat,
    is_memory_device,
)
from pyjsapi.wasi.paths import DIRECTORY, HAS_PATHS, LOOK, split
from pyjsapi.wasi.paths.walk import located
from pyjsapi.wasi.rights import CHANGING, FD_READ, FD_READDIR, FD_WRITE, FILE, WRITING
from pyjsapi.wasi.rights import DIRECTORY as OF_DIRECTORIES

# Opening must neither wait nor make a terminal the process's own.
_ALWAYS: Final = (
    getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
)
_SYNCED: Final = {
    FDFLAGS_DSYNC: getattr(os, "O_DSYNC", 0),
    FDFLAGS_RSYNC: getattr(os, "O_RSYNC", getattr(os, "O_SYNC", 0)),
    FDFLAGS_SYNC: getattr(os, "O_SYNC", 0),
    FDFLAGS_APPEND: os.O_APPEND if APPENDS else 0,
}
_CREATED: Final = {
    OFLAGS_CREAT: os.O_CREAT,
    OFLAGS_DIRECTORY: DIRECTORY,
    OFLAGS_EXCL: os.O_EXCL,
    OFLAGS_TRUNC: os.O_TRUNC,
}


def open_at(
    base: HostDirectory,
    path: bytes,
    *,
    oflags: int,
    fdflags: int,
    rights: int,
    inheriting: int,
    follow: bool,
) -> HostDescriptor:
    """Open a file or directory, for which ``rights`` are asked."""
    flags = _bits(_CREATED, oflags) | _bits(_SYNCED, fdflags)
    fd = _open(
        base, path, flags, _access(rights, oflags), follow, may_lose_write=not rights & FD_WRITE
    )
    try:
        found = os.fstat(fd)
        mode = found.st_mode
        if stat.S_ISDIR(mode):
            made: HostDescriptor = HostDirectory(
                fd,
                rights & OF_DIRECTORIES,
                inheriting,
                resolver=base.resolver,
                read_only=base.read_only,
                quota=base.quota,
            )
        elif stat.S_ISREG(mode):
            made = HostFile(fd, rights & FILE, fdflags, quota=base.quota)
        elif is_memory_device(found):
            made = MemoryDevice(fd, rights & FILE, fdflags, quota=base.quota)
        else:  # something that could make the program wait, or has effects of its own
            raise WasiError(Errno.NXIO)
    except BaseException:
        os.close(fd)
        raise
    if base.read_only:
        made.rights &= ~CHANGING
        made.inheriting &= ~CHANGING
    return made


def _bits(table: Mapping[int, int], flags: int) -> int:
    found = 0
    for flag, bit in table.items():
        if flags & flag:
            found |= bit
    return found


def _access(rights: int, oflags: int) -> int:
    writes = rights & WRITING or oflags & OFLAGS_TRUNC
    if not writes:
        return os.O_RDONLY
    return os.O_RDWR if rights & (FD_READ | FD_READDIR) else os.O_WRONLY


def _open(
    base: HostDirectory, path: bytes, flags: int, access: int, follow: bool, *, may_lose_write: bool
) -> int:
    if flags & DIRECTORY and flags & os.O_CREAT:  # which systems answer differently
        raise WasiError(Errno.INVAL)
    if flags & DIRECTORY and may_lose_write:
        access = os.O_RDONLY
    try:
        return _create(base, path, flags | access | _ALWAYS, follow=follow)
    except IsADirectoryError:
        if flags & (os.O_CREAT | os.O_TRUNC) or access == os.O_RDONLY or not may_lose_write:
            raise
    # Other rights that need a file opened for writing are asked for by habit: a directory does not get them.
    return base.resolver.open(base.fd, path, flags | DIRECTORY | _ALWAYS, follow=follow)


def _create(base: HostDirectory, path: bytes, flags: int, *, follow: bool) -> int:
    """Open what there is, or what is created now, if there may be one more."""
    creates = flags & os.O_CREAT and not path.endswith(b"/")
    if not creates or not base.quota.files.has_end:
        return base.resolver.open(base.fd, path, flags, follow=follow)
    if not flags & os.O_EXCL:
        with suppress(FileNotFoundError):
            fd = base.resolver.open(base.fd, path, flags & ~os.O_CREAT, follow=follow)
            if stat.S_ISDIR(os.fstat(fd).st_mode):  # which none is created in place of
                os.close(fd)
                raise IsADirectoryError(errno.EISDIR, "a directory")
            return fd
    with base.quota.creation():
        return base.resolver.open(base.fd, path, flags, follow=follow)


@contextmanager
def _look(base: HostDirectory, path: bytes, *, follow: bool) -> Iterator[int]:
    """Something, open only to be looked at."""
    fd = base.resolver.open(base.fd, path, LOOK, follow=follow)
    try:
        yield fd
    finally:
        os.close(fd)


@contextmanager
def parent(base: HostDirectory, path: bytes) -> Iterator[tuple[int, bytes]]:
    """The directory of the last component of a path, open, and that component."""
    if not path:
        raise OSError(errno.ENOENT, "no path")
    directory, name = split(path)
    if not name.strip(b"/"):  # an absolute path to nothing
        raise WasiError(Errno.PERM)
    with _look(base, directory, follow=True) as fd:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            raise WasiError(Errno.NOTDIR)
        bare = name.rstrip(b"/")
        if bare in (b".", b".."):
            if not HAS_PATHS:  # others refuse them by themselves
                with _look(base, path, follow=True):
                    raise WasiError(Errno.BUSY)
        elif bare != name:
            _check_slash(fd, bare)
        yield fd, name


def _check_slash(fd: int, name: bytes) -> None:
    """What has a slash behind it is a directory, if it is there. Not all systems say so."""
    try:
        mode = os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(mode):
        raise WasiError(Errno.NOTDIR)


def stat_at(base: HostDirectory, path: bytes, *, follow: bool) -> FileStat:
    """``path_filestat_get``"""
    if not HAS_PATHS:
        with located(base.fd, path, follow=follow) as (fd, name):
            return file_stat(os.stat(name, dir_fd=fd, follow_symlinks=False))
    with _look(base, path, follow=follow) as fd:
        return file_stat(os.fstat(fd))


def read_link(base: HostDirectory, path: bytes) -> bytes:
    """``path_readlink``"""
    if path.endswith(b"/"):  # that would be followed
        kind = stat_at(base, path, follow=True).filetype
        raise WasiError(Errno.INVAL if kind == FILETYPE_DIRECTORY else Errno.NOTDIR)
    with parent(base, path) as (fd, name):
        return os.readlink(name, dir_fd=fd)


def set_times_at(base: HostDirectory, path: bytes, times: Times, *, follow: bool) -> None:
    """``path_filestat_set_times``"""
    if not HAS_PATHS:
        _set_times_located(base, path, times, follow=follow)
        return
    with _look(base, path, follow=follow) as fd:
        now = os.fstat(fd)
        wanted = both_times(times, now)
        if not stat.S_ISLNK(now.st_mode):
            # By the name that the process has for what is open: there is no call for it in Python.
            os.utime(f"/proc/self/fd/{fd}", ns=wanted)
            return
    with parent(base, path) as (fd, name):
        os.utime(name, ns=wanted, dir_fd=fd, follow_symlinks=False)


def _set_times_located(base: HostDirectory, path: bytes, times: Times, *, follow: bool) -> None:
    with located(base.fd, path, follow=follow) as (fd, name):
        now = os.stat(name, dir_fd=fd, follow_symlinks=False)
        wanted = both_times(times, now)
        if os.utime in os.supports_follow_symlinks:
            os.utime(name, ns=wanted, dir_fd=fd, follow_symlinks=False)
        elif stat.S_ISLNK(now.st_mode):
            raise WasiError(Errno.NOTSUP)
        else:  # where nobody else can make it a link meanwhile
            os.utime(name, ns=wanted, dir_fd=fd)


def create_directory(base: HostDirectory, path: bytes) -> None:
    """``path_create_directory``"""
    with parent(base, path) as (fd, name), base.quota.creation():
        os.mkdir(name, dir_fd=fd)


def remove_directory(base: HostDirectory, path: bytes) -> None:
    """``path_remove_directory``"""
    with parent(base, path) as (fd, name):
        os.rmdir(name, dir_fd=fd)


def unlink(base: HostDirectory, path: bytes) -> None:
    """``path_unlink_file``"""
    with parent(base, path) as (fd, name):
        os.unlink(name, dir_fd=fd)


def rename(base: HostDirectory, path: bytes, to: HostDirectory, new: bytes) -> None:
    """``path_rename``"""
    with parent(base, path) as (fd, name), parent(to, new) as (new_fd, new_name):
        if new_name.endswith(b"/"):
            mode = os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode
            if not stat.S_ISDIR(mode):
                raise WasiError(Errno.NOTDIR)
        os.rename(name, new_name, src_dir_fd=fd, dst_dir_fd=new_fd)


def symlink(target: bytes, base: HostDirectory, path: bytes) -> None:
    """``path_symlink``. The target may not be absolute, which no resolution would follow."""
    if not target:
        raise WasiError(Errno.NOENT)
    if target.startswith(b"/"):
        raise WasiError(Errno.PERM)
    with parent(base, path) as (fd, name):
        if name.endswith(b"/"):
            os.stat(name, dir_fd=fd, follow_symlinks=False)
            raise WasiError(Errno.EXIST)
        with base.quota.creation():
            if os.symlink in os.supports_dir_fd:
                os.symlink(target, name, dir_fd=fd)
            else:
                with _inside(fd):
                    os.symlink(target, name)


@contextmanager
def _inside(fd: int) -> Iterator[None]:
    """Be in a directory: where there is one thread, and no call that takes directories."""
    before = os.getcwd()
    os.chdir(fd)
    try:
        yield
    finally:
        os.chdir(before)


def link(base: HostDirectory, path: bytes, to: HostDirectory, new: bytes) -> None:
    """``path_link``"""
    if not hasattr(os, "link"):
        raise WasiError(Errno.NOTSUP)
    if path.endswith(b"/"):  # that would be followed
        kind = stat_at(base, path, follow=True).filetype
        raise WasiError(Errno.PERM if kind == FILETYPE_DIRECTORY else Errno.NOTDIR)
    with (
        parent(base, path) as (fd, name),
        parent(to, new) as (new_fd, new_name),
        to.quota.creation(),
    ):
        os.link(name, new_name, src_dir_fd=fd, dst_dir_fd=new_fd, follow_symlinks=False)
