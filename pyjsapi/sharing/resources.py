"""What hosts share: files, shared memory of the system, and anybody's buffers, as resources that memories can map."""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import secrets
import stat
import sys
import threading
import weakref
from collections.abc import Callable
from operator import index
from typing import Any, Final, Protocol, Self

from pyjsapi.blocks.foreign_bytes import ForeignView
from pyjsapi.blocks.paging import address_of, page_size
from pyjsapi.ecmascript.conversions import shown
from pyjsapi.ecmascript.errors import RangeError
from pyjsapi.sharing.state import Unstored, integer

_FLAGS: Final = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_POSITION: Final = threading.Lock()
"""Held while the position of a descriptor is used, on Windows."""
_SEAL_SHRINK: Final = 2
_ADD_SEALS: Final = 1033
_GET_SEALS: Final = 1034
"""Of ``fcntl`` on Linux, which Python's module does not name everywhere."""


class MappableResource(Protocol):
    """What shows its bytes in a memory for a while, in its own way: a `HostResource`, or a buffer of a device."""

    def map_into(self, memory: Any, addr: int, mode: str = "rw") -> None:
        """Show the bytes from an address on; ``mode`` is one of those of `Memory.map`."""

    def unmap(self) -> None:
        """Take them away; the memory has zeros there, and the resource what was written in mode ``"rw"``."""


class HostResource(Unstored):
    """Some bytes of the host, for `Memory.map`; made by one of the class methods, closed with `close` or ``with``.

    Sizes and offsets are in bytes. What is mapped stays valid when the resource is closed: see `close`.
    """

    def __init__(
        self,
        kind: str,
        size: int,
        *,
        readonly: bool = False,
        descriptor: int | None = None,
        start: int = 0,
        data: memoryview[int] | None = None,
        stable: bool = True,
        name: str | None = None,
        array: Any = None,
        of: Any = None,
    ) -> None:
        self.kind = kind
        """``file``, ``device``, ``shm``, ``memfd``, ``buffer``, ``anon`` or ``js``."""
        self.size = size
        """Bytes."""
        self.readonly = readonly
        """Whether it can be mapped to be read alone, or copied (modes ``r`` and ``cow``)."""
        self.name = name
        """Of shared memory: what other processes open it by."""
        self.stable = stable
        """Whether the bytes cannot go: a file that becomes shorter ends every process that has mapped the rest."""
        self.descriptor = descriptor
        """Of what the system can map."""
        self.start = start
        """Where in the file the resource begins."""
        self.of = of
        """The object whose buffer it is."""
        self._data = data
        self._array = array
        self._mappings: list[Any] = []
        self._open = True
        self._end: Callable[[], Any] = weakref.finalize(self, _nothing)
        if descriptor is not None:
            self._end = weakref.finalize(self, _close, descriptor, None)

    # ---- making

    @classmethod
    def file(
        cls,
        file: str | os.PathLike[str] | int,
        *,
        offset: int = 0,
        length: int | None = None,
        writable: bool = True,
        trusted: bool = False,
    ) -> Self:
        """A file or device, by its path or an open descriptor (which is duplicated).

        ``trusted`` says that nobody makes the file shorter while it is mapped: such an access ends the process, so a
        file without it is copied, unless a strategy is asked for. A descriptor that is open for reading makes a
        read-only resource. A device has the bytes that ``length`` says. Raises `OSError`, also for what has no bytes
        at places (a directory, a pipe) or puts what is written elsewhere (``O_APPEND``), and `RangeError` for a part
        that the file does not have.
        """
        what = "HostResource.file()"
        offset = integer(offset, what, "offset")
        length = None if length is None else integer(length, what, "length")
        descriptor, writable = _opened(file, writable)
        try:
            found = os.fstat(descriptor)
            device = _check_kind(found.st_mode, file)
            size = 0 if device else found.st_size
            if device and length is None:
                raise RangeError(f"{what}: {file!r} is a device: its length must be given")
            count = max(size - offset, 0) if length is None else length
            if offset < 0 or count < 0:
                raise RangeError(f"{what}: {count} bytes from {offset} on: there are none")
            if not device and not (offset <= size and count <= size - offset):
                raise RangeError(f"{what}: {count} bytes from {offset} on: the file has {size}")
            # What Emscripten maps is a copy that does not follow the file.
            mappable = sys.platform != "emscripten"
            stable = mappable and (trusted or device or _sealed(descriptor))
        except BaseException:
            os.close(descriptor)
            raise
        kind = "device" if device else "file"
        return cls(
            kind,
            count,
            readonly=not writable,
            descriptor=descriptor,
            start=offset,
            stable=stable,
        )

    @classmethod
    def shm(
        cls,
        name: str | None = None,
        *,
        size: int | None = None,
        create: bool = False,
        trusted: bool = False,
    ) -> Self:
        """Shared memory of the system, which other processes open by its name.

        With ``create``, or without a name, a new one of ``size`` zeros, which goes with this resource; else one that
        somebody else made, who could make it shorter: see `file` for ``trusted``. Raises `OSError`,
        `NotImplementedError` where there is none.
        """
        create = create or name is None
        if name is not None and not isinstance(name, str):
            raise TypeError(f"HostResource.shm(): name must be a string, not {shown(name)}")
        size = None if size is None else _size(size, "HostResource.shm()")
        if create and not size:
            raise RangeError("HostResource.shm(): new shared memory needs a size above 0")
        name = name or f"pyjsapi-{secrets.token_hex(8)}"
        open_, unlink = _shared_memory()
        descriptor = open_(f"/{name}", os.O_RDWR | (os.O_CREAT | os.O_EXCL if create else 0), 0o600)
        try:
            if create and size is not None:
                os.ftruncate(descriptor, size)
            else:
                size = os.fstat(descriptor).st_size
            made = cls("shm", size or 0, descriptor=descriptor, stable=create or trusted, name=name)
        except BaseException:
            os.close(descriptor)
            if create:
                unlink(f"/{name}")
            raise
        if create:
            made._end.detach()  # type: ignore[attr-defined]
            made._end = weakref.finalize(
                made, _close, descriptor, (unlink, f"/{name}", os.getpid())
            )
        return made

    @classmethod
    def memfd(cls, size: int) -> Self:
        """New bytes in a file without a name, which cannot become shorter. Linux; elsewhere `NotImplementedError`."""
        if not hasattr(os, "memfd_create"):
            raise NotImplementedError("HostResource.memfd(): this system has no memfd_create")
        size = _size(size, "HostResource.memfd()")
        descriptor = os.memfd_create("pyjsapi", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(descriptor, size)
            import fcntl

            fcntl.fcntl(descriptor, _ADD_SEALS, _SEAL_SHRINK)
        except BaseException:
            os.close(descriptor)
            raise
        return cls("memfd", size, descriptor=descriptor)

    @classmethod
    def buffer(cls, obj: Any) -> Self:
        """The bytes of any contiguous buffer: bytearray, numpy, ctypes, mmap, RawArray, Arrow.

        Raises `TypeError` for what has no such bytes.
        """
        mv = getattr(obj, "mv", None)
        if isinstance(mv, ForeignView):
            raise TypeError(
                "HostResource.buffer(): the bytes are those of a guarded memory, in several places: "
                "no view shows them"
            )
        try:
            view = memoryview(mv if isinstance(mv, memoryview) else obj)
        except TypeError:
            raise TypeError(
                f"a HostResource or a buffer (bytearray, numpy, ctypes, mmap …) is needed, not {shown(obj)}"
            ) from None
        if not view.c_contiguous:
            raise TypeError(
                "HostResource.buffer(): the buffer must be contiguous, in the order of C: "
                "memoryview: casts are restricted to C-contiguous views"
            )
        flat = view.cast("B") if view.nbytes else memoryview(bytearray())
        return cls("buffer", flat.nbytes, readonly=flat.readonly, data=flat, of=obj)

    @classmethod
    def anon(cls, size: int) -> Self:
        """New zeros of this process."""
        size = _size(size, "HostResource.anon()")
        return cls("anon", size, data=memoryview(mmap.mmap(-1, size)) if size else None)

    @classmethod
    def js(cls, array: Any) -> Self:
        """In Pyodide: bytes of JavaScript, a ``Uint8Array`` over any of its buffers. They are copied."""
        if not (hasattr(array, "subarray") and hasattr(array, "assign")):
            raise TypeError("HostResource.js() needs a Uint8Array of JavaScript")
        return cls("js", int(array.byteLength), array=array)

    # ---- what it has

    @property
    def address(self) -> int | None:
        """The absolute address of the first byte, where the bytes are in this process."""
        try:
            return address_of(self.view())
        except (TypeError, OSError, ValueError):
            return None

    def view(self) -> memoryview[int]:
        """The bytes themselves, the same ones every time. Raises `TypeError` for bytes of JavaScript, `OSError`."""
        self._check()
        if self._data is None:
            if self.descriptor is None:
                if self.size:
                    raise TypeError("the bytes are in JavaScript: there is no view of them")
                self._data = memoryview(bytearray())
            else:
                self._data = self._mapped(self.readonly, private=False)
        return self._data

    def private_view(self, offset: int, count: int) -> memoryview[int]:
        """Bytes as they are, to be written to without changing them here; copied when that is done, or at once."""
        if self.descriptor is None or not count:
            return memoryview(bytearray(self.read(offset, count)))
        return self._mapped(False, private=True)[offset : offset + count]

    def _mapped(self, readonly: bool, *, private: bool) -> memoryview[int]:
        if not self.size:
            return memoryview(bytearray())
        if self.descriptor is None:
            raise TypeError("only files can be mapped")
        if sys.platform == "emscripten":  # whose mappings of files are copies
            raise TypeError("files cannot be mapped here: use strategy 'copy'")
        access = mmap.ACCESS_WRITE
        if private:
            access = mmap.ACCESS_COPY
        elif readonly:
            access = mmap.ACCESS_READ
        self.check_length(0, self.size)
        granularity = mmap.ALLOCATIONGRANULARITY
        first = self.start // granularity * granularity
        count = self.start - first + self.size
        mapped = mmap.mmap(self.descriptor, count, access=access, offset=first)
        return memoryview(mapped)[self.start - first :]

    def read(self, offset: int, count: int) -> bytes:
        """A copy of some bytes. Raises `OSError` where the file has become shorter."""
        self._check()
        if self._array is not None:
            return bytes(self._array.subarray(offset, offset + count).to_bytes())
        if self._data is not None and self._may_look:
            return self._data[offset : offset + count].tobytes()
        if self.descriptor is None:
            return bytes(count)
        data = _read(self.descriptor, self.start + offset, count)
        if len(data) != count:
            raise OSError(f"the file has become shorter: it has {len(data)} of {count} bytes")
        return data

    def write(self, offset: int, data: bytes) -> None:
        """Write some bytes. Raises `OSError` where the file has become shorter, `TypeError` where it is read-only."""
        self._check()
        if self.readonly:
            raise TypeError("the resource is read-only")
        if self._array is not None:
            self._array.subarray(offset, offset + len(data)).assign(data)
        elif self._data is not None and self._may_look:
            self._data[offset : offset + len(data)] = data
        elif self.descriptor is not None:
            self.check_length(offset, len(data))
            _write(self.descriptor, self.start + offset, data)

    @property
    def _may_look(self) -> bool:
        """Whether bytes of the view are there for sure, so that looking at them cannot end the process."""
        return self.stable or self.descriptor is None

    def check_length(self, offset: int, count: int) -> None:
        """Raise `OSError` unless the file still has some bytes, `ValueError` when the resource is closed."""
        self._check()
        if self.descriptor is None or self.kind == "device":
            return
        size = os.fstat(self.descriptor).st_size
        if self.start + offset + count > size:
            raise OSError(
                f"the file has become shorter: {count} bytes from {self.start + offset} on are wanted, it has {size}"
            )

    def pages_match(self, address: int, offset: int, count: int) -> bool:
        """Whether whole pages of the system, at an address that begins one, can show exactly these bytes."""
        page = page_size()
        return self.descriptor is not None and not (
            address % page or (self.start + offset) % page or count % page
        )

    def map_into(self, memory: Any, addr: int, mode: str = "rw") -> None:
        """Show the bytes in a memory until `unmap`, as buffers of WebGPU are mapped (`MappableResource`).

        With ``"r"`` the memory may be written to as well, which the resource does not see. At the end the memory has
        zeros there, and the resource what was written with ``"rw"``.
        """
        self._mappings.append(memory.map(self, at=addr, mode="cow" if mode == "r" else mode))

    def unmap(self) -> None:
        """End what `map_into` began."""
        while self._mappings:
            self._mappings.pop().unmap()

    def flush(self) -> None:
        """Have the system write to the disk what was written to the bytes of a file; else there is nothing to do."""
        if self.kind == "file" and self.descriptor is not None and not self.readonly:
            self._check()
            if isinstance(self._data, memoryview) and isinstance(self._data.obj, mmap.mmap):
                self._data.obj.flush()
            os.fsync(self.descriptor)

    def close(self) -> None:
        """Let go of it: shared memory that was made here has no name any more.

        What is mapped stays valid; but what was copied is not copied back any more.
        """
        self._open = False
        self._data = self._array = self.of = self.descriptor = None
        self._end()

    def _check(self) -> None:
        if not self._open:
            raise ValueError("the resource is closed")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = ("read-only " if self.readonly else "") if self._open else "closed "
        return f"<{state}HostResource {self.kind} of {self.size} bytes>"


def _size(size: int, what: str) -> int:
    size = integer(size, what, "size")
    if not 0 <= size <= sys.maxsize:
        raise RangeError(f"{what}: the size cannot be {size}")
    return size


def _opened(file: str | os.PathLike[str] | int, writable: bool) -> tuple[int, bool]:
    """A descriptor of a file or of what a number is open for, and whether it can be written to."""
    try:
        number = index(file)  # type: ignore[arg-type]
    except TypeError:
        path: Any = file
    else:
        descriptor = os.dup(number)
        try:
            return descriptor, _writable(descriptor) and writable
        except BaseException:
            os.close(descriptor)
            raise
    _check_kind(os.stat(path).st_mode, path)  # before it is opened, which waits for a pipe
    return os.open(path, (os.O_RDWR if writable else os.O_RDONLY) | _FLAGS), writable


def _check_kind(mode: int, file: Any) -> bool:
    """Whether it is a device. Raises `OSError` for what is neither that nor a file."""
    device = stat.S_ISCHR(mode) or stat.S_ISBLK(mode)
    if not (device or stat.S_ISREG(mode)):
        number = errno.EISDIR if stat.S_ISDIR(mode) else errno.ESPIPE
        raise OSError(number, "a HostResource is a file or a device", file)
    return device


def _writable(descriptor: int) -> bool:
    """Whether a descriptor is open for writing too. Raises `OSError` for one that cannot be used."""
    try:
        import fcntl
    except ImportError:
        return True
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    access = flags & os.O_ACCMODE
    if access == os.O_WRONLY:
        raise OSError(errno.EACCES, "the descriptor of a HostResource must be open for reading")
    if access == os.O_RDWR and flags & os.O_APPEND:
        raise OSError(errno.EINVAL, "what is written to a descriptor with O_APPEND goes to the end")
    return access == os.O_RDWR


def _nothing() -> None:
    pass


def _close(descriptor: int, named: tuple[Callable[[str], None], str, int] | None) -> None:
    with contextlib.suppress(OSError):
        os.close(descriptor)
    if named is not None and named[2] == os.getpid():  # not in a fork
        with contextlib.suppress(OSError):
            named[0](named[1])


def _sealed(descriptor: int) -> bool:
    """Whether a file can never become shorter."""
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        return bool(fcntl.fcntl(descriptor, _GET_SEALS) & _SEAL_SHRINK)
    except OSError:
        return False


def _shared_memory() -> tuple[Callable[[str, int, int], int], Callable[[str], None]]:
    try:
        # What `multiprocessing` opens shared memory with, but for its tracker, which unlinks what others made.
        from _posixshmem import (  # type: ignore[import-not-found, unused-ignore]
            shm_open,
            shm_unlink,
        )
    except ImportError:
        raise NotImplementedError(
            "HostResource.shm(): this system has no shared memory of POSIX"
        ) from None
    return shm_open, shm_unlink


def _read(descriptor: int, offset: int, count: int) -> bytes:
    parts = []
    while count:
        part = _read_at(descriptor, min(count, 1 << 30), offset)
        if not part:
            break
        parts.append(part)
        offset += len(part)
        count -= len(part)
    return b"".join(parts)


def _read_at(descriptor: int, count: int, offset: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, count, offset)
    with _POSITION:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, count)


def _write_at(descriptor: int, data: memoryview, offset: int) -> int:
    if hasattr(os, "pwrite"):
        return os.pwrite(descriptor, data, offset)
    with _POSITION:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.write(descriptor, data)


def _write(descriptor: int, offset: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        written = _write_at(descriptor, view, offset)
        offset += written
        view = view[written:]
