"""Files of a session: what its code opens, by calls to the host, since the interpreters have no files of their own.

`Files.call` is the one function that the code calls, with the name of what is to be done. All paths are resolved as
those of WASI programs are (`pyjsapi.wasi.directories`), and what may be written is bounded in the same way.
"""

from __future__ import annotations

import errno
import io
import os
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any, Final, NamedTuple

from pyjsapi.sandbox.bridge import AT_ONCE
from pyjsapi.sandbox.folder import Folder
from pyjsapi.wasi import ReadOnly, directories
from pyjsapi.wasi.abi import (
    FDFLAGS_APPEND,
    FILETYPE_DIRECTORY,
    OFLAGS_CREAT,
    OFLAGS_DIRECTORY,
    OFLAGS_EXCL,
    OFLAGS_TRUNC,
    WasiError,
)
from pyjsapi.wasi.descriptors import Descriptor
from pyjsapi.wasi.files import HostDirectory, HostFile
from pyjsapi.wasi.guest import MOST_PATH
from pyjsapi.wasi.preopens import open_preopen
from pyjsapi.wasi.quota import Quota
from pyjsapi.wasi.rights import FD_READ, FILE

_MOST_OPEN: Final = 256
_DONE, _FAILED, _WRONG = 0, 1, 2
"""What an answer begins with: then a value, an errno and its text, or a text follows."""
_MODES: Final = {
    "r": 0,
    "w": OFLAGS_CREAT | OFLAGS_TRUNC,
    "a": OFLAGS_CREAT,
    "x": OFLAGS_CREAT | OFLAGS_EXCL,
}


class _Raw(io.RawIOBase):
    """A descriptor as a raw file object."""

    def __init__(self, descriptor: Descriptor, readable: bool, writable: bool) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._can = readable, writable
        self.is_void = False
        """Whether what is still to be written is dropped."""

    def readable(self) -> bool:
        return self._can[0]

    def writable(self) -> bool:
        return self._can[1]

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        return self._descriptor.read([memoryview(buffer)])

    def write(self, data: Any, /) -> int:
        if self.is_void:
            return len(data)
        return self._descriptor.write([memoryview(data)])

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._descriptor.seek(offset, whence)

    def truncate(self, size: int | None = None, /) -> int:
        wanted = self.tell() if size is None else size
        self._descriptor.set_size(wanted)
        return wanted


class _Open:
    """A file that code has open, to read (``r``), to write (``w``) or both (``+``).

    It is written to at once; what could not be written is dropped.
    """

    def __init__(self, descriptor: HostFile, mode: str) -> None:
        self._descriptor = descriptor
        self._mode = mode
        self._wrap()

    def _wrap(self) -> None:
        reads = self._mode in "r+"
        self._raw = _Raw(self._descriptor, reads, self._mode in "w+")
        kind: Any = io.BufferedRandom if reads else io.BufferedWriter
        if self._mode == "r":
            kind = io.BufferedReader
        self.file: Any = kind(self._raw, AT_ONCE)

    def change(self, act: Callable[[], Any]) -> Any:
        """Do something that writes."""
        try:
            result = act()
            self.file.flush()
        except (WasiError, OSError):
            self._raw.is_void = True
            self._wrap()
            raise
        return result


class _Place(NamedTuple):
    directory: HostDirectory
    path: bytes


class Files:
    """The files of one session: ``files`` in a directory of its own, which is the root, and ``given`` directories.

    Raises `OSError` for a directory that cannot be opened.
    """

    def __init__(
        self,
        files: Mapping[str, bytes] | None,
        given: Mapping[str, str | os.PathLike[str] | ReadOnly],
        *,
        max_bytes: int | None,
        max_files: int | None,
    ) -> None:
        self._initial = files
        self._most = max_bytes, max_files
        self.folder = None if files is None else Folder(files)
        self._given: dict[str, str | os.PathLike[str] | ReadOnly] = {}
        if self.folder is not None:
            self._given["/"] = self.folder.path
        for name, directory in given.items():
            self._given[_absolute(name)] = directory
        self._last = 0
        self._data = b""
        self.begin()

    def begin(self) -> None:
        """Close all that is open, and let as much be written as at the start."""
        quota = Quota(*self._most)
        self._open: dict[int, _Open] = {}
        self._directories = {
            name: open_preopen(name.encode(), directory, None, quota)
            for name, directory in self._given.items()
        }

    def reset(self) -> None:
        """Have the files of the start."""
        self.begin()
        if self.folder is not None and self._initial is not None:
            self.folder.replace(self._initial)

    def close_all(self) -> None:
        """Close what code has open."""
        self._open.clear()

    def close(self) -> None:
        """Be of no use any more."""
        self._open.clear()
        self._directories.clear()
        if self.folder is not None:
            self.folder.close()

    def call(self, data: bytes, name: str, *arguments: Any) -> list[Any] | bytes:
        """What code asks for, with data to write; an answer that it can read. Raises `TypeError` for other requests."""
        act = _ACTS.get(name)
        if act is None:
            raise TypeError(f"no files do {name!r}")
        self._data = data
        try:
            found = act(self, *arguments)
            return found if isinstance(found, bytes) else [_DONE, found]
        except WasiError as error:
            number = getattr(errno, f"E{error.errno.name}", errno.EACCES)
            return [_FAILED, [number, os.strerror(number)]]
        except OSError as error:  # without the paths of the host
            number = error.errno or errno.EIO
            return [_FAILED, [number, os.strerror(number)]]
        except ValueError as error:  # closed, no mode, a path with a zero
            return [_WRONG, str(error)]

    def _find(self, path: str, *, changes: bool = False) -> _Place:
        """The directory that a path is beneath, and the rest of the path."""
        whole = path if path.startswith("/") else f"/{path}"
        found = [
            name
            for name in self._directories
            if whole.rstrip("/") == name.rstrip("/") or whole.startswith(name.rstrip("/") + "/")
        ]
        if not path or not found:
            raise FileNotFoundError(errno.ENOENT, "no such file")
        name = max(found, key=len)
        directory = self._directories[name]
        if changes and directory.read_only:
            raise OSError(errno.EROFS, "read-only")
        rest = whole[len(name.rstrip("/")) :].lstrip("/").encode() or b"."
        if len(rest) >= MOST_PATH:
            raise OSError(errno.ENAMETOOLONG, "too long")
        if 0 in rest:
            raise ValueError("a path has a zero in it")
        return _Place(directory, rest)

    def _file(self, number: int) -> _Open:
        try:
            return self._open[number]
        except (KeyError, TypeError):
            raise ValueError("the file is closed") from None

    def open(self, path: str, mode: str) -> int:
        """Open a file; its number."""
        bare = mode.replace("b", "", 1).replace("t", "", 1).replace("+", "", 1)
        if bare not in _MODES or ("b" in mode and "t" in mode):
            raise ValueError(f"{mode!r} is no mode of files")
        access = "+" if "+" in mode else "r" if bare == "r" else "w"
        writes = access != "r"
        rights = FILE if access == "+" else FILE & ~FD_READ if writes else FD_READ
        place = self._find(path, changes=writes)
        if len(self._open) >= _MOST_OPEN:
            raise OSError(errno.EMFILE, "too many")
        opened = directories.open_at(
            place.directory,
            place.path,
            oflags=_MODES[bare],
            fdflags=FDFLAGS_APPEND if bare == "a" else 0,
            rights=rights,
            inheriting=0,
            follow=True,
        )
        if not isinstance(opened, HostFile):
            raise IsADirectoryError(errno.EISDIR, "a directory")
        self._last += 1  # never twice: what was closed stays closed
        self._open[self._last] = _Open(opened, access)
        if bare == "a":
            self._open[self._last].file.seek(0, 2)
        return self._last

    def read(self, number: int, size: int) -> bytes:
        """Some bytes."""
        found: bytes = self._file(number).file.read(max(min(size, AT_ONCE), 0))
        return found

    def write(self, number: int) -> int:
        """Write the bytes that came with the request; how many."""
        return self._written(number, self._data)

    def read_text(self, number: int) -> str:
        """Text: bytes as far as they go at once, and those of its last character."""
        file = self._file(number).file
        return _text(file, file.read(AT_ONCE))

    def read_line(self, number: int) -> str:
        """A line, or the begin of one that is long."""
        file = self._file(number).file
        return _text(file, file.readline(AT_ONCE))

    def write_text(self, number: int, data: str) -> int:
        """Write text; how many bytes."""
        return self._written(number, data.encode("utf-8", "replace"))

    def read_base64(self, number: int, size: int) -> str:
        """Bytes, in base64."""
        return b2a_base64(self.read(number, size), newline=False).decode()

    def write_base64(self, number: int, data: str) -> int:
        """Write bytes, in base64."""
        return self._written(number, a2b_base64(data))

    def _written(self, number: int, data: bytes) -> int:
        found = self._file(number)
        count: int = found.change(lambda: found.file.write(data))
        return count

    def seek(self, number: int, offset: int, whence: int) -> int:
        """Go to a place; where that is."""
        moved: int = self._file(number).file.seek(offset, whence)
        return moved

    def tell(self, number: int) -> int:
        """Where the file is."""
        place: int = self._file(number).file.tell()
        return place

    def truncate(self, number: int, size: int | None) -> int:
        """Cut the file, or fill it up."""
        found = self._file(number)
        if size is not None and size < 0:
            raise ValueError("a size is negative")
        length: int = found.change(lambda: found.file.truncate(size))
        return length

    def close_file(self, number: int) -> None:
        """Close a file, if it is open."""
        self._open.pop(number, None)

    def listdir(self, path: str) -> list[str]:
        """The names in a directory, sorted."""
        place = self._find(path)
        opened = directories.open_at(
            place.directory,
            place.path,
            oflags=OFLAGS_DIRECTORY,
            fdflags=0,
            rights=0,
            inheriting=0,
            follow=True,
        )
        names = [os.fsdecode(entry.name) for entry in opened.entries(anew=True)[2:]]
        below = [
            name.rsplit("/", 1)[1]
            for name in self._directories
            if name != "/" and _absolute(path) == _absolute(name.rsplit("/", 1)[0])
        ]
        return sorted({*(name for name in names if name.isprintable()), *below})

    def stat(self, path: str) -> list[int]:
        """Whether it is a directory, and the size."""
        place = self._find(path)
        found = directories.stat_at(place.directory, place.path, follow=True)
        return [int(found.filetype == FILETYPE_DIRECTORY), found.size]

    def mkdir(self, path: str) -> None:
        """Make a directory."""
        directories.create_directory(*self._find(path, changes=True))

    def remove(self, path: str) -> None:
        """Remove a file."""
        directories.unlink(*self._find(path, changes=True))

    def rmdir(self, path: str) -> None:
        """Remove an empty directory."""
        directories.remove_directory(*self._find(path, changes=True))

    def rename(self, path: str, new: str) -> None:
        """Move a file or directory."""
        directories.rename(*self._find(path, changes=True), *self._find(new, changes=True))


def _absolute(name: str) -> str:
    return f"/{PurePosixPath('/', name).as_posix().strip('/')}"


def _text(file: Any, data: bytes) -> str:
    """Bytes of a file as text, with what of the last character is still in the file."""
    for _ in range(3):
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            if "unexpected end" not in error.reason:
                break
            data += file.read(1)
    return data.decode("utf-8", "replace")


_ACTS: Final[Mapping[str, Callable[..., Any]]] = {
    "open": Files.open,
    "read": Files.read,
    "read_text": Files.read_text,
    "read_line": Files.read_line,
    "read_base64": Files.read_base64,
    "write_base64": Files.write_base64,
    "write": Files.write,
    "write_text": Files.write_text,
    "seek": Files.seek,
    "tell": Files.tell,
    "truncate": Files.truncate,
    "close": Files.close_file,
    "listdir": Files.listdir,
    "stat": Files.stat,
    "mkdir": Files.mkdir,
    "remove": Files.remove,
    "rmdir": Files.rmdir,
    "rename": Files.rename,
}
