"""``fd_*``: what is done to file descriptors."""

from __future__ import annotations

from pyjsapi.wasi import rights
from pyjsapi.wasi.abi import (
    DIRENT,
    FDSTAT,
    FILESTAT,
    FSTFLAGS_ATIM,
    FSTFLAGS_ATIM_NOW,
    FSTFLAGS_MTIM,
    FSTFLAGS_MTIM_NOW,
    PRESTAT,
    Errno,
    WasiError,
)
from pyjsapi.wasi.descriptors import Times, shrunk
from pyjsapi.wasi.process import Process

_FLAGS = 0x1F
_SIGN = 1 << 63


def times_of(process: Process, accessed: int, modified: int, flags: int) -> Times:
    """The times that ``fstflags`` ask for. Raises `WasiError` with INVAL where they contradict themselves."""
    if flags & ~0xF:
        raise WasiError(Errno.INVAL)
    found: list[int | None] = []
    for given, one, now in (
        (accessed, FSTFLAGS_ATIM, FSTFLAGS_ATIM_NOW),
        (modified, FSTFLAGS_MTIM, FSTFLAGS_MTIM_NOW),
    ):
        if flags & one and flags & now:
            raise WasiError(Errno.INVAL)
        found.append(given if flags & one else process.now(0) if flags & now else None)
    return found[0], found[1]


def fd_advise(process: Process, fd: int, offset: int, size: int, advice: int) -> None:
    """Say how a file will be used."""
    descriptor = process.descriptors.get(fd, rights.FD_ADVISE)
    if advice > 5:
        raise WasiError(Errno.INVAL)
    descriptor.advise(offset, size, advice)


def fd_allocate(process: Process, fd: int, offset: int, size: int) -> None:
    """Have room in a file."""
    process.descriptors.get(fd, rights.FD_ALLOCATE).allocate(offset, size)


def fd_close(process: Process, fd: int) -> None:
    """Close."""
    process.descriptors.remove(fd)


def fd_datasync(process: Process, fd: int) -> None:
    """Have the bytes of a file stored for good."""
    process.descriptors.get(fd, rights.FD_DATASYNC).sync(data_only=True)


def fd_sync(process: Process, fd: int) -> None:
    """Have a file stored for good."""
    process.descriptors.get(fd, rights.FD_SYNC).sync(data_only=False)


def fd_fdstat_get(process: Process, fd: int, result: int) -> None:
    """What a descriptor is, and may."""
    found = process.descriptors.get(fd)
    process.memory.write(
        result, FDSTAT.pack(found.filetype, found.flags, found.rights, found.inheriting)
    )


def fd_fdstat_set_flags(process: Process, fd: int, flags: int) -> None:
    """Change a descriptor's flags."""
    found = process.descriptors.get(fd, rights.FD_FDSTAT_SET_FLAGS)
    if flags & ~_FLAGS:
        raise WasiError(Errno.INVAL)
    found.set_flags(flags)


def fd_fdstat_set_rights(process: Process, fd: int, base: int, inheriting: int) -> None:
    """Have fewer rights."""
    found = process.descriptors.get(fd)
    both = shrunk(found.rights, base), shrunk(found.inheriting, inheriting)
    found.rights, found.inheriting = both


def fd_filestat_get(process: Process, fd: int, result: int) -> None:
    """What is known of a file."""
    found = process.descriptors.get(fd, rights.FD_FILESTAT_GET)
    write = process.memory.target(result, FILESTAT.size)
    write(FILESTAT.pack(*found.stat()))


def fd_filestat_set_size(process: Process, fd: int, size: int) -> None:
    """Cut a file, or fill it up."""
    process.descriptors.get(fd, rights.FD_FILESTAT_SET_SIZE).set_size(size)


def fd_filestat_set_times(
    process: Process, fd: int, accessed: int, modified: int, flags: int
) -> None:
    """Change the times of a file."""
    found = process.descriptors.get(fd, rights.FD_FILESTAT_SET_TIMES)
    found.set_times(times_of(process, accessed, modified, flags))


def fd_read(process: Process, fd: int, iovecs: int, count: int, result: int) -> None:
    """Read."""
    found = process.descriptors.get(fd, rights.FD_READ)
    write = process.memory.u32_target(result)
    with process.memory.transfer(iovecs, count, into=True) as transfer:
        size = found.read(transfer.parts)
        transfer.received(size)
    write(size)


def fd_pread(process: Process, fd: int, iovecs: int, count: int, offset: int, result: int) -> None:
    """Read from an offset."""
    found = process.descriptors.get(fd, rights.FD_READ | rights.FD_SEEK)
    write = process.memory.u32_target(result)
    with process.memory.transfer(iovecs, count, into=True) as transfer:
        size = found.read_at(transfer.parts, offset)
        transfer.received(size)
    write(size)


def fd_write(process: Process, fd: int, iovecs: int, count: int, result: int) -> None:
    """Write."""
    found = process.descriptors.get(fd, rights.FD_WRITE)
    write = process.memory.u32_target(result)
    with process.memory.transfer(iovecs, count, into=False) as transfer:
        size = found.write(transfer.parts)
    write(size)


def fd_pwrite(process: Process, fd: int, iovecs: int, count: int, offset: int, result: int) -> None:
    """Write at an offset."""
    found = process.descriptors.get(fd, rights.FD_WRITE | rights.FD_SEEK)
    write = process.memory.u32_target(result)
    with process.memory.transfer(iovecs, count, into=False) as transfer:
        size = found.write_at(transfer.parts, offset)
    write(size)


def fd_seek(process: Process, fd: int, delta: int, whence: int, result: int) -> None:
    """Go to an offset."""
    found = process.descriptors.get(fd)
    offset = delta - 2 * _SIGN if delta & _SIGN else delta
    only_tells = whence == 1 and offset == 0 and found.rights & rights.FD_TELL
    if not only_tells:
        found.need(rights.FD_SEEK)
    write = process.memory.u64_target(result)
    if whence > 2:
        raise WasiError(Errno.INVAL)
    write(found.seek(offset, whence))


def fd_tell(process: Process, fd: int, result: int) -> None:
    """The offset."""
    found = process.descriptors.get(fd, rights.FD_TELL)
    write = process.memory.u64_target(result)
    write(found.seek(0, 1))


def fd_prestat_get(process: Process, fd: int, result: int) -> None:
    """That a descriptor is a directory which was there from the start, and how long its name is."""
    name = process.descriptors.get(fd).name
    if name is None:
        raise WasiError(Errno.BADF)
    process.memory.write(result, PRESTAT.pack(0, len(name)))


def fd_prestat_dir_name(process: Process, fd: int, address: int, size: int) -> None:
    """The name of such a directory."""
    name = process.descriptors.get(fd).name
    if name is None:
        raise WasiError(Errno.BADF)
    if size < len(name):
        raise WasiError(Errno.NAMETOOLONG)
    process.memory.target(address, size)(name)


def fd_readdir(
    process: Process, fd: int, address: int, size: int, cookie: int, result: int
) -> None:
    """Entries of a directory from one on, as many as there is room for, the last of them perhaps cut off."""
    found = process.descriptors.get(fd, rights.FD_READDIR)
    write_count = process.memory.u32_target(result)
    write = process.memory.target(address, size)
    entries = found.entries(anew=cookie == 0)
    data = bytearray()
    for index in range(min(cookie, len(entries)), len(entries)):
        if len(data) >= size:
            break
        entry = entries[index]
        data += DIRENT.pack(index + 1, entry.inode, len(entry.name), entry.filetype) + entry.name
    del data[size:]
    write(bytes(data))
    write_count(len(data))


def fd_renumber(process: Process, fd: int, to: int) -> None:
    """Move a descriptor over another one, which is closed."""
    process.descriptors.renumber(fd, to)
