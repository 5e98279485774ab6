"""``path_*``: what is done to paths beneath directories."""

from __future__ import annotations

from pyjsapi.wasi import directories, rights
from pyjsapi.wasi.abi import (
    FDFLAGS_DSYNC,
    FDFLAGS_RSYNC,
    FDFLAGS_SYNC,
    FILESTAT,
    LOOKUP_SYMLINK_FOLLOW,
    OFLAGS_CREAT,
    OFLAGS_TRUNC,
    Errno,
    WasiError,
)
from pyjsapi.wasi.calls.descriptors import times_of
from pyjsapi.wasi.descriptors import shrunk
from pyjsapi.wasi.process import Process


def _follows(lookup: int) -> bool:
    if lookup & ~LOOKUP_SYMLINK_FOLLOW:
        raise WasiError(Errno.INVAL)
    return bool(lookup & LOOKUP_SYMLINK_FOLLOW)


def path_create_directory(process: Process, fd: int, address: int, size: int) -> None:
    """Make a directory."""
    base = process.directory(fd, rights.PATH_CREATE_DIRECTORY)
    directories.create_directory(base, process.memory.path(address, size))


def path_filestat_get(
    process: Process, fd: int, lookup: int, address: int, size: int, result: int
) -> None:
    """What is known of a file."""
    base = process.directory(fd, rights.PATH_FILESTAT_GET)
    path = process.memory.path(address, size)
    write = process.memory.target(result, FILESTAT.size)
    write(FILESTAT.pack(*directories.stat_at(base, path, follow=_follows(lookup))))


def path_filestat_set_times(
    process: Process,
    fd: int,
    lookup: int,
    address: int,
    size: int,
    accessed: int,
    modified: int,
    flags: int,
) -> None:
    """Change the times of a file."""
    base = process.directory(fd, rights.PATH_FILESTAT_SET_TIMES)
    path = process.memory.path(address, size)
    times = times_of(process, accessed, modified, flags)
    directories.set_times_at(base, path, times, follow=_follows(lookup))


def path_link(
    process: Process,
    fd: int,
    lookup: int,
    address: int,
    size: int,
    new_fd: int,
    new_address: int,
    new_size: int,
) -> None:
    """Give a file another name. Links are not followed."""
    base = process.directory(fd, rights.PATH_LINK_SOURCE)
    new_base = process.directory(new_fd, rights.PATH_LINK_TARGET)
    path = process.memory.path(address, size)
    new_path = process.memory.path(new_address, new_size)
    if _follows(lookup):
        raise WasiError(Errno.INVAL)
    directories.link(base, path, new_base, new_path)


def path_open(
    process: Process,
    fd: int,
    lookup: int,
    address: int,
    size: int,
    oflags: int,
    base_rights: int,
    inheriting: int,
    fdflags: int,
    result: int,
) -> None:
    """Open a file or directory."""
    base = process.directory(fd, rights.PATH_OPEN | _needed(oflags))
    path = process.memory.path(address, size)
    write = process.memory.u32_target(result)
    follow = _follows(lookup)
    if oflags & ~0xF or fdflags & ~0x1F:
        raise WasiError(Errno.INVAL)
    shrunk(base.inheriting, _inherited(fdflags))
    wanted = shrunk(base.inheriting, base_rights)
    process.descriptors.check_room()
    opened = directories.open_at(
        base,
        path,
        oflags=oflags,
        fdflags=fdflags,
        rights=wanted,
        inheriting=inheriting & base.inheriting,
        follow=follow,
    )
    write(process.descriptors.add(opened))


def _needed(oflags: int) -> int:
    needed = 0
    if oflags & OFLAGS_CREAT:
        needed |= rights.PATH_CREATE_FILE
    if oflags & OFLAGS_TRUNC:
        needed |= rights.PATH_FILESTAT_SET_SIZE
    return needed


def _inherited(fdflags: int) -> int:
    needed = 0
    if fdflags & FDFLAGS_DSYNC:
        needed |= rights.FD_DATASYNC
    if fdflags & (FDFLAGS_RSYNC | FDFLAGS_SYNC):
        needed |= rights.FD_SYNC
    return needed


def path_readlink(
    process: Process, fd: int, address: int, size: int, buffer: int, room: int, result: int
) -> None:
    """What a symbolic link says, as far as there is room."""
    base = process.directory(fd, rights.PATH_READLINK)
    path = process.memory.path(address, size)
    write_size = process.memory.u32_target(result)
    write = process.memory.target(buffer, room)
    target = directories.read_link(base, path)[:room]
    write(target)
    write_size(len(target))


def path_remove_directory(process: Process, fd: int, address: int, size: int) -> None:
    """Remove an empty directory."""
    base = process.directory(fd, rights.PATH_REMOVE_DIRECTORY)
    directories.remove_directory(base, process.memory.path(address, size))


def path_rename(
    process: Process,
    fd: int,
    address: int,
    size: int,
    new_fd: int,
    new_address: int,
    new_size: int,
) -> None:
    """Move a file or directory."""
    base = process.directory(fd, rights.PATH_RENAME_SOURCE)
    new_base = process.directory(new_fd, rights.PATH_RENAME_TARGET)
    path = process.memory.path(address, size)
    directories.rename(base, path, new_base, process.memory.path(new_address, new_size))


def path_symlink(
    process: Process, target: int, target_size: int, fd: int, address: int, size: int
) -> None:
    """Make a symbolic link."""
    base = process.directory(fd, rights.PATH_SYMLINK)
    text = process.memory.path(target, target_size)
    directories.symlink(text, base, process.memory.path(address, size))


def path_unlink_file(process: Process, fd: int, address: int, size: int) -> None:
    """Remove a file."""
    base = process.directory(fd, rights.PATH_UNLINK_FILE)
    directories.unlink(base, process.memory.path(address, size))
