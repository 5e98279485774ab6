"""Sockets as descriptors."""

from __future__ import annotations

import socket as system
from typing import ClassVar, Final

from pyjsapi.wasi.abi import (
    FDFLAGS_NONBLOCK,
    FILETYPE_SOCKET_DGRAM,
    FILETYPE_SOCKET_STREAM,
    RIFLAGS_RECV_PEEK,
    RIFLAGS_RECV_WAITALL,
    ROFLAGS_RECV_DATA_TRUNCATED,
    SDFLAGS_RD,
    SDFLAGS_WR,
    Errno,
    WasiError,
)
from pyjsapi.wasi.descriptors import Descriptor
from pyjsapi.wasi.guest import Parts
from pyjsapi.wasi.rights import LISTENER, SOCKET

_HOW: Final = {
    SDFLAGS_RD: system.SHUT_RD,
    SDFLAGS_WR: system.SHUT_WR,
    SDFLAGS_RD | SDFLAGS_WR: system.SHUT_RDWR,
}


class Socket(Descriptor):
    """A socket; one that the host has given stays the host's, one that was accepted is closed with this object."""

    settable: ClassVar[int] = FDFLAGS_NONBLOCK

    def __init__(self, socket: system.socket, flags: int = 0, *, listens: bool = True) -> None:
        super().__init__(LISTENER if listens else SOCKET, 0 if not listens else SOCKET, flags)
        self._socket = socket
        self.filetype = (
            FILETYPE_SOCKET_DGRAM if socket.type == system.SOCK_DGRAM else FILETYPE_SOCKET_STREAM
        )
        self._accepted = not listens

    def __del__(self) -> None:
        if self._accepted:
            self._socket.close()

    def fileno(self) -> int | None:
        """See `Descriptor`."""
        return self._socket.fileno()

    def accept(self, flags: int) -> Socket:
        """Take a connection that waits."""
        self._socket.setblocking(not self.flags & FDFLAGS_NONBLOCK)
        accepted, _ = self._socket.accept()
        return Socket(accepted, flags, listens=False)

    def receive(self, parts: Parts, flags: int) -> tuple[int, int]:
        """Receive into the parts, by ``riflags``; how many bytes, and ``roflags``."""
        if flags & ~(RIFLAGS_RECV_PEEK | RIFLAGS_RECV_WAITALL):
            raise WasiError(Errno.INVAL)
        how = system.MSG_PEEK if flags & RIFLAGS_RECV_PEEK else 0
        how |= system.MSG_WAITALL if flags & RIFLAGS_RECV_WAITALL else 0
        self._socket.setblocking(not self.flags & FDFLAGS_NONBLOCK)
        if not parts:
            return 0, 0
        size, _, found, _ = self._socket.recvmsg_into(parts, 0, how)
        return size, ROFLAGS_RECV_DATA_TRUNCATED if found & system.MSG_TRUNC else 0

    def read(self, parts: Parts) -> int:
        """See `Descriptor`."""
        return self.receive(parts, 0)[0]

    def write(self, parts: Parts) -> int:
        """See `Descriptor`."""
        self._socket.setblocking(not self.flags & FDFLAGS_NONBLOCK)
        return self._socket.sendmsg(parts) if parts else 0

    def shutdown(self, how: int) -> None:
        """End one or both directions, by ``sdflags``."""
        if how not in _HOW:
            raise WasiError(Errno.INVAL)
        self._socket.shutdown(_HOW[how])
