"""Packets of bytes and file descriptors between two processes, over a pair of connected sockets."""

from __future__ import annotations

import array
import contextlib
import os
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Final

_HEADER: Final = struct.Struct("<QI")
"""Bytes of the packet, and how many descriptors come with the header."""
MOST_DESCRIPTORS: Final = 250
"""In one packet: what systems allow, and a little less."""
_AT_ONCE: Final = getattr(socket, "MSG_DONTWAIT", 0)
_ANCILLARY: Final = socket.CMSG_SPACE(MOST_DESCRIPTORS * 4) if hasattr(socket, "CMSG_SPACE") else 0


class _Packet:
    """A packet on its way."""

    __slots__ = ("_ancillary", "_data", "_keep")

    def __init__(self, data: bytes, descriptors: Sequence[int], keep: object) -> None:
        self._data = memoryview(data)
        self._ancillary: list[tuple[int, int, array.array[int]]] = []
        if descriptors:
            content = array.array("i", descriptors)
            self._ancillary.append((socket.SOL_SOCKET, socket.SCM_RIGHTS, content))
        self._keep = keep

    def send(self, connected: socket.socket, flags: int) -> bool:
        """Send a part, the descriptors with the first; whether nothing is left. Raises `OSError`."""
        try:
            sent = connected.sendmsg([self._data], self._ancillary, flags)
        except BlockingIOError:
            return False
        self._ancillary = []
        self._data = self._data[sent:]
        return not self._data


class Pipe:
    """One end. Any thread may send, one at a time receives."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._sending = threading.Lock()
        self._backlog: deque[_Packet] = deque()

    @classmethod
    def pair(cls) -> tuple[Pipe, socket.socket]:
        """An end, and the socket to give to another process. Raises `OSError`."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        return cls(ours), theirs

    def send(self, data: bytes, descriptors: Sequence[int] = (), keep: object = None) -> None:
        """Send a packet, or queue what the system does not take at once: a thread sends it later.

        The descriptors stay the sender's own; ``keep`` is what keeps them open until they are sent. Raises `OSError`
        once the other end is gone.
        """
        packet = _Packet(_HEADER.pack(len(data), len(descriptors)) + data, descriptors, keep)
        with self._sending:
            if not self._backlog and packet.send(self._socket, _AT_ONCE):
                return
            self._backlog.append(packet)
            if len(self._backlog) == 1:
                threading.Thread(
                    target=self._send_backlog, name="pyjsapi pipe", daemon=True
                ).start()

    def _send_backlog(self) -> None:
        while True:
            packet = self._backlog[0]
            try:
                while not packet.send(self._socket, 0):
                    pass
            except OSError:
                with self._sending:
                    self._backlog.clear()
                return
            with self._sending:
                self._backlog.popleft()
                if not self._backlog:
                    return

    def flush(self) -> None:
        """Wait until all is sent, or can no longer be."""
        while self._backlog:
            time.sleep(0.001)

    def receive(self) -> tuple[bytes, list[int]] | None:
        """The next packet and its descriptors, which are now the receiver's; ``None`` once there is no more."""
        descriptors: list[int] = []
        header = b""
        try:
            while len(header) < _HEADER.size:
                part = self._receive_header(_HEADER.size - len(header), descriptors)
                if not part:
                    raise EOFError
                header += part
            size, count = _HEADER.unpack(header)
            data = self._receive_exactly(size)
        except (OSError, EOFError):
            _close_all(descriptors)
            return None
        if len(descriptors) != count:  # none were left for this process
            _close_all(descriptors)
            descriptors = []
        return data, descriptors

    def _receive_header(self, size: int, descriptors: list[int]) -> bytes:
        flags = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
        part, ancillary, _, _ = self._socket.recvmsg(size, _ANCILLARY, flags)
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                received = array.array("i")
                received.frombytes(content[: len(content) // 4 * 4])
                descriptors.extend(received)
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        return part

    def _receive_exactly(self, size: int) -> bytes:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            count = self._socket.recv_into(view)
            if not count:
                raise EOFError
            view = view[count:]
        return bytes(data)

    def drain(self) -> None:
        """Nothing more will come: let `receive` give what has arrived, and then ``None``."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)

    def shut(self) -> None:
        """End both directions at once, also for threads that are sending or receiving."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the socket back, once no thread uses it any more."""
        self._socket.close()


def _close_all(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            os.close(descriptor)
