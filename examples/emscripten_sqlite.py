"""SQLite, compiled with Emscripten: what its JavaScript does for it stands here in Python, with files of this machine.

npm install @sqlite.org/sqlite-wasm
python emscripten_sqlite.py [file.db]
"""

import asyncio
import errno
import os
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pyjsapi import Uint8Array, WebAssembly

PUBLISHED = "node_modules/@sqlite.org/sqlite-wasm/dist/sqlite3.wasm"
PAGE = 65536
ROW, DONE = 100, 101
INTEGER, FLOAT, TEXT, BLOB = 1, 2, 3, 4
COPIED = -1  # SQLITE_TRANSIENT: SQLite copies what it is given

# Numbers of C's headers, as Emscripten has them, which are not this machine's.
ERRORS = {errno.ENOENT: 44, errno.EACCES: 2, errno.EEXIST: 20, errno.EISDIR: 31, errno.ENOTDIR: 54}
INVALID, OTHER, NOT_THERE = 28, 29, 52
OPEN = {0x40: os.O_CREAT, 0x80: os.O_EXCL, 0x200: os.O_TRUNC}
Value = None | int | float | str | bytes


class Host:
    """What SQLite imports: Emscripten's system calls, on the files of one folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.memory = WebAssembly.Memory(initial=128, maximum=32768)

    def imports(self, module: WebAssembly.Module) -> dict[str, dict[str, Any]]:
        """The import object. A call that is not written here says that there is no such call."""
        given: dict[str, dict[str, Any]] = {"env": {"memory": self.memory}}
        for each in WebAssembly.Module.imports(module):
            if each["kind"] == "function":
                name = each["name"].lstrip("_")
                call = getattr(self, name, lambda *_: -NOT_THERE)
                given.setdefault(each["module"], {})[each["name"]] = self._answering(name, call)
        return given

    def _answering(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """A call that gives errors as C does: negative numbers by system calls, positive ones by those of WASI."""
        sign = 1 if name.startswith("fd_") else -1

        def answer(*arguments: Any) -> Any:
            try:
                return call(*arguments)
            except OSError as error:
                return sign * ERRORS.get(error.errno or 0, OTHER)

        return answer

    # ---- memory

    def bytes(self, address: int, size: int) -> memoryview:
        """Bytes of the memory, as long as it does not grow."""
        view: memoryview = Uint8Array(self.memory.buffer, address, size).mv
        return view

    def text(self, address: int) -> str:
        """A string of C's."""
        data = self.memory.buffer.mv
        end = address
        while data[end]:
            end += 1
        return bytes(data[address:end]).decode()

    def path(self, address: int) -> str:
        """A file's path: all of them are in the folder."""
        return os.path.join(self.folder, os.path.basename(self.text(address)))

    def put(self, address: int, format: str, *values: float) -> int:
        """Write numbers; 0, for calls that have nothing else to give."""
        struct.pack_into("<" + format, self.memory.buffer.mv, address, *values)
        return 0

    def vectors(self, address: int, count: int) -> Iterator[memoryview]:
        """The pieces of memory that a call reads or writes."""
        for each in range(address, address + 8 * count, 8):
            yield self.bytes(*struct.unpack_from("<II", self.memory.buffer.mv, each))

    # ---- files

    def syscall_openat(self, directory: int, path: int, flags: int, mode: int) -> int:
        """``openat``: what comes after the flags is where the mode stands."""
        wanted = (os.O_RDONLY, os.O_WRONLY, os.O_RDWR)[flags & 3]
        for theirs, ours in OPEN.items():
            wanted |= ours if flags & theirs else 0
        return os.open(self.path(path), wanted | getattr(os, "O_BINARY", 0), 0o644)

    def syscall_stat64(self, path: int, target: int) -> int:
        return self._status(os.stat(self.path(path)), target)

    def syscall_lstat64(self, path: int, target: int) -> int:
        return self._status(os.lstat(self.path(path)), target)

    def syscall_fstat64(self, fd: int, target: int) -> int:
        return self._status(os.fstat(fd), target)

    def _status(self, found: os.stat_result, target: int) -> int:
        self.put(target, "6I", found.st_dev & 0xFFFFFFFF, found.st_mode, found.st_nlink, 0, 0, 0)
        self.put(target + 24, "qII", found.st_size, 4096, -(-found.st_size // 512))
        for at, when in (
            (40, found.st_atime_ns),
            (56, found.st_mtime_ns),
            (72, found.st_ctime_ns),
        ):
            self.put(target + at, "qI", *divmod(when, 10**9))
        return self.put(target + 88, "Q", found.st_ino & (1 << 64) - 1)

    def syscall_faccessat(self, directory: int, path: int, how: int, flags: int) -> int:
        os.stat(self.path(path))
        return 0

    def syscall_unlinkat(self, directory: int, path: int, flags: int) -> int:
        os.unlink(self.path(path))
        return 0

    def syscall_ftruncate64(self, fd: int, size: int) -> int:
        os.ftruncate(fd, size)
        return 0

    def syscall_readlinkat(self, directory: int, path: int, target: int, size: int) -> int:
        return -INVALID  # nothing here is a link

    def syscall_getcwd(self, target: int, size: int) -> int:
        self.bytes(target, 2)[:] = b"/\0"
        return 2

    def syscall_fcntl64(self, fd: int, command: int, more: int) -> int:
        return 0  # locks: nobody else has the file

    def fd_read(self, fd: int, vectors: int, count: int, target: int) -> int:
        return self.put(target, "I", sum(os.readv(fd, [v]) for v in self.vectors(vectors, count)))

    def fd_write(self, fd: int, vectors: int, count: int, target: int) -> int:
        return self.put(target, "I", sum(os.write(fd, v) for v in self.vectors(vectors, count)))

    def fd_seek(self, fd: int, offset: int, whence: int, target: int) -> int:
        return self.put(target, "q", os.lseek(fd, offset, whence))

    def fd_sync(self, fd: int) -> int:
        os.fsync(fd)
        return 0

    def fd_close(self, fd: int) -> int:
        os.close(fd)
        return 0

    # ---- time, the environment, more memory

    def clock_time_get(self, clock: int, precision: int, target: int) -> int:
        return self.put(target, "Q", time.time_ns())

    def emscripten_date_now(self) -> float:
        return time.time() * 1000

    def emscripten_get_now(self) -> float:
        return time.perf_counter() * 1000

    def environ_sizes_get(self, count: int, size: int) -> int:
        return self.put(count, "I", 0) or self.put(size, "I", 0)

    def emscripten_get_heap_max(self) -> int:
        return 32768 * PAGE - 1 & 0x7FFFFFFF

    def emscripten_resize_heap(self, size: int) -> int:
        missing = size % 2**32 - self.memory.buffer.byteLength
        try:
            self.memory.grow(-(-missing // PAGE))
        except ValueError:  # JavaScript's RangeError: there is no more
            return 0
        return 1


class Database:
    """A database, with values of Python."""

    def __init__(self, c: Any, host: Host, path: str) -> None:
        self.c, self.host = c, host
        handle = c.malloc(4)
        status = c.sqlite3_open(self._string(path), handle)
        (self.handle,) = struct.unpack("<I", host.bytes(handle, 4))
        self._check(status)

    @classmethod
    async def open(cls, wasm: bytes, path: str) -> "Database":
        """Open a file's database, or make it."""
        host = Host(os.path.dirname(os.path.abspath(path)))
        module = await WebAssembly.compile(wasm)
        instance = await WebAssembly.instantiate(module, host.imports(module))
        instance.exports["__wasm_call_ctors"]()  # what C does before main
        return cls(instance.exports, host, "/" + os.path.basename(path))

    def execute(self, sql: str, *parameters: Value) -> list[tuple[Value, ...]]:
        """Run a statement; the rows that it gives."""
        statement = self._prepare(sql)
        try:
            for index, value in enumerate(parameters, 1):
                self._bind(statement, index, value)
            rows = []
            while (status := self.c.sqlite3_step(statement)) == ROW:
                count = self.c.sqlite3_column_count(statement)
                rows.append(tuple(self._column(statement, i) for i in range(count)))
            self._check(0 if status == DONE else status)
            return rows
        finally:
            self.c.sqlite3_finalize(statement)

    def close(self) -> None:
        """Close the file."""
        self._check(self.c.sqlite3_close_v2(self.handle))

    def _prepare(self, sql: str) -> int:
        text, target = self._string(sql), self.c.malloc(4)
        try:
            self._check(self.c.sqlite3_prepare_v2(self.handle, text, -1, target, 0))
            statement: int = struct.unpack("<I", self.host.bytes(target, 4))[0]
            return statement
        finally:
            self.c.free(text)
            self.c.free(target)

    def _bind(self, statement: int, index: int, value: Value) -> None:
        if value is None:
            status = self.c.sqlite3_bind_null(statement, index)
        elif isinstance(value, int):
            status = self.c.sqlite3_bind_int64(statement, index, value)
        elif isinstance(value, float):
            status = self.c.sqlite3_bind_double(statement, index, value)
        else:
            data = value.encode() if isinstance(value, str) else value
            bind = self.c.sqlite3_bind_text if isinstance(value, str) else self.c.sqlite3_bind_blob
            address = self._copy(data)
            status = bind(statement, index, address, len(data), COPIED)
            self.c.free(address)
        self._check(status)

    def _column(self, statement: int, index: int) -> Value:
        kind = self.c.sqlite3_column_type(statement, index)
        if kind == INTEGER:
            return int(self.c.sqlite3_column_int64(statement, index))
        if kind == FLOAT:
            return float(self.c.sqlite3_column_double(statement, index))
        if kind not in (TEXT, BLOB):
            return None
        address = self.c.sqlite3_column_blob(statement, index)
        size = self.c.sqlite3_column_bytes(statement, index)
        data = bytes(self.host.bytes(address, size)) if size else b""
        return data.decode() if kind == TEXT else data

    def _copy(self, data: bytes) -> int:
        address: int = self.c.malloc(len(data) or 1)
        self.host.bytes(address, len(data))[:] = data
        return address

    def _string(self, text: str) -> int:
        return self._copy(text.encode() + b"\0")

    def _check(self, status: int) -> None:
        if status:
            raise RuntimeError(self.host.text(self.c.sqlite3_errmsg(self.handle)))


async def main(path: str) -> None:
    """Make tables in a file, ask for what is in them, and print it."""
    database = await Database.open(Path(PUBLISHED).read_bytes(), path)
    database.execute("CREATE TABLE river (name TEXT PRIMARY KEY, km REAL, mouth TEXT, map BLOB)")
    database.execute("BEGIN")
    for row in (
        ("Donau", 2857.0, "Schwarzes Meer", b"\x00\xff"),
        ("Rhein", 1232.5, "Nordsee", None),
        ("Weser", 751.0, "Nordsee", b""),
        ("Łyna", 263.7, None, bytes(range(5))),
    ):
        database.execute("INSERT INTO river VALUES (?, ?, ?, ?)", *row)
    database.execute("COMMIT")
    for each in database.execute("SELECT name, km, mouth, map FROM river ORDER BY km"):
        print(each)
    mouths = "SELECT mouth, count(*), sum(km), group_concat(name, '+') FROM river GROUP BY mouth ORDER BY 1"
    print(database.execute(mouths))
    print(database.execute("SELECT ?, ?, typeof(?), upper('ß')", 2**62, -0.5, b"x"))
    try:
        database.execute("INSERT INTO river (name) VALUES ('Rhein')")
    except RuntimeError as error:
        print("refused:", error)
    database.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(main(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made:
            asyncio.run(main(os.path.join(made, "rivers.db")))
