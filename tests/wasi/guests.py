"""A hostile guest: the functions of WASI called with whatever arguments, on a memory of its own."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from typing import Any

from pyjsapi import WebAssembly
from pyjsapi.wasi import WASI
from pyjsapi.wasi.abi import Errno
from pyjsapi.wasi.rights import FD_READ, FD_SEEK, FD_TELL, FD_WRITE, INHERITED

RESULT = 8
PATH = 64
OTHER_PATH = 8192
BUFFER = 16384
READ = FD_READ | FD_SEEK | FD_TELL
RESOLUTIONS = ("openat2", "walk")


class Failed(Exception):
    """A function gave an errno."""

    def __init__(self, errno: Errno) -> None:
        super().__init__(errno.name)
        self.errno = errno


class Guest:
    """Calls functions by name. What fails raises `Failed`."""

    def __init__(self, memory: Any = None, **options: Any) -> None:
        self.stdout, self.stderr = io.BytesIO(), io.BytesIO()
        given = {
            "stdin": io.BytesIO(),
            "stdout": self.stdout,
            "stderr": self.stderr,
            **options,
        }
        self.wasi = WASI({"version": "preview1", **given})
        self.memory = WebAssembly.Memory(initial=2) if memory is None else memory
        self.wasi.finalizeBindings({"exports": {"memory": self.memory}})

    def call(self, name: str, *arguments: int) -> None:
        errno = self.errno(name, *arguments)
        if errno is not Errno.SUCCESS:
            raise Failed(errno)

    def errno(self, name: str, *arguments: int) -> Errno:
        """Call a function; what it gives."""
        return Errno(self.wasi.wasiImport[name](*arguments))

    def put(self, address: int, data: bytes) -> tuple[int, int]:
        """Write to the memory; address and length."""
        self.memory._memory.block.write(address, data)
        return address, len(data)

    def get(self, address: int, size: int) -> bytes:
        return self.memory._memory.block.read(address, size)

    def result(self, size: int = 4) -> int:
        """What a function wrote as its result."""
        return int.from_bytes(self.get(RESULT, size), "little")

    def path(self, path: bytes | str) -> tuple[int, int]:
        return self.put(PATH, path if isinstance(path, bytes) else path.encode())

    def other_path(self, path: bytes | str) -> tuple[int, int]:
        return self.put(OTHER_PATH, path if isinstance(path, bytes) else path.encode())

    def iovecs(self, *parts: tuple[int, int], at: int = 256) -> tuple[int, int]:
        """A table of iovecs; its address and length."""
        self.put(at, b"".join(struct.pack("<II", *part) for part in parts))
        return at, len(parts)

    # ---- files

    def open(
        self,
        path: bytes | str,
        *,
        fd: int = 3,
        oflags: int = 0,
        rights: int = READ,
        inheriting: int = INHERITED,
        fdflags: int = 0,
        follow: bool = True,
    ) -> int:
        """``path_open``; the descriptor."""
        inherited = self.inheriting(fd)
        self.call(
            "path_open",
            fd,
            int(follow),
            *self.path(path),
            oflags,
            rights,
            inheriting & inherited,
            fdflags,
            RESULT,
        )
        return self.result()

    def inheriting(self, fd: int) -> int:
        if self.errno("fd_fdstat_get", fd, BUFFER):
            return 0
        return int.from_bytes(self.get(BUFFER + 16, 8), "little")

    def rights(self, fd: int) -> int:
        self.call("fd_fdstat_get", fd, BUFFER)
        return int.from_bytes(self.get(BUFFER + 8, 8), "little")

    def read(self, fd: int, size: int = 1000) -> bytes:
        self.call("fd_read", fd, *self.iovecs((BUFFER, size)), RESULT)
        return self.get(BUFFER, self.result())

    def write(self, fd: int, data: bytes) -> int:
        self.put(BUFFER, data)
        self.call("fd_write", fd, *self.iovecs((BUFFER, len(data))), RESULT)
        return self.result()

    def read_file(self, path: bytes | str, **options: Any) -> bytes:
        fd = self.open(path, **options)
        try:
            return self.read(fd)
        finally:
            self.call("fd_close", fd)

    def write_file(self, path: bytes | str, data: bytes, **options: Any) -> None:
        fd = self.open(path, oflags=1, rights=FD_WRITE, **options)
        try:
            self.write(fd, data)
        finally:
            self.call("fd_close", fd)

    def names(self, fd: int = 3, *, cookie: int = 0, room: int = 4096) -> list[bytes]:
        """The entries of a directory that are whole."""
        self.call("fd_readdir", fd, BUFFER, room, cookie, RESULT)
        data = self.get(BUFFER, self.result())
        found = []
        while len(data) >= 24:
            _, _, size, _ = struct.unpack_from("<QQIB", data)
            if len(data) < 24 + size:
                break
            found.append(data[24 : 24 + size])
            data = data[24 + size :]
        return found

    # ---- paths

    def stat(self, path: bytes | str, *, fd: int = 3, follow: bool = True) -> Sequence[int]:
        self.call("path_filestat_get", fd, int(follow), *self.path(path), BUFFER)
        return struct.unpack("<QQBxxxxxxxQQQQQ", self.get(BUFFER, 64))

    def on(self, name: str, path: bytes | str, *, fd: int = 3) -> None:
        """A function of one path."""
        self.call(name, fd, *self.path(path))

    def symlink(self, target: bytes | str, path: bytes | str, *, fd: int = 3) -> None:
        self.call("path_symlink", *self.other_path(target), fd, *self.path(path))

    def readlink(self, path: bytes | str, *, fd: int = 3) -> bytes:
        self.call("path_readlink", fd, *self.path(path), BUFFER, 4096, RESULT)
        return self.get(BUFFER, self.result())

    def rename(self, old: bytes | str, new: bytes | str, *, fd: int = 3, to: int = 3) -> None:
        self.call("path_rename", fd, *self.path(old), to, *self.other_path(new))

    def link(self, old: bytes | str, new: bytes | str, *, fd: int = 3, to: int = 3) -> None:
        self.call("path_link", fd, 0, *self.path(old), to, *self.other_path(new))

    def set_times(
        self, path: bytes | str, modified: int, *, fd: int = 3, follow: bool = True
    ) -> None:
        self.call("path_filestat_set_times", fd, int(follow), *self.path(path), 0, modified, 4)
