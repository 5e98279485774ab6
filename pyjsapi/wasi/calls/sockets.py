"""``sock_*``: sockets that the host has opened, and what is accepted from them."""

from __future__ import annotations

from pyjsapi.wasi import rights
from pyjsapi.wasi.abi import FDFLAGS_NONBLOCK, Errno, WasiError
from pyjsapi.wasi.process import Process
from pyjsapi.wasi.sockets import Socket


def _socket(process: Process, fd: int, needed: int) -> Socket:
    found = process.descriptors.get(fd)
    if not isinstance(found, Socket):
        raise WasiError(Errno.NOTSOCK)
    found.need(needed)
    return found


def sock_accept(process: Process, fd: int, flags: int, result: int) -> None:
    """Take a connection that waits."""
    listener = _socket(process, fd, rights.SOCK_ACCEPT)
    if flags & ~FDFLAGS_NONBLOCK:
        raise WasiError(Errno.INVAL)
    write = process.memory.u32_target(result)
    process.descriptors.check_room()
    write(process.descriptors.add(listener.accept(flags)))


def sock_recv(
    process: Process, fd: int, iovecs: int, count: int, flags: int, result: int, out_flags: int
) -> None:
    """Receive."""
    socket = _socket(process, fd, rights.FD_READ)
    write = process.memory.u32_target(result)
    write_flags = process.memory.target(out_flags, 2)
    with process.memory.transfer(iovecs, count, into=True) as transfer:
        size, found = socket.receive(transfer.parts, flags)
        transfer.received(size)
    write(size)
    write_flags(found.to_bytes(2, "little"))


def sock_send(process: Process, fd: int, iovecs: int, count: int, flags: int, result: int) -> None:
    """Send."""
    socket = _socket(process, fd, rights.FD_WRITE)
    write = process.memory.u32_target(result)
    if flags:
        raise WasiError(Errno.INVAL)
    with process.memory.transfer(iovecs, count, into=False) as transfer:
        size = socket.write(transfer.parts)
    write(size)


def sock_shutdown(process: Process, fd: int, how: int) -> None:
    """End one or both directions."""
    socket = _socket(process, fd, rights.SOCK_SHUTDOWN)
    socket.shutdown(how)
