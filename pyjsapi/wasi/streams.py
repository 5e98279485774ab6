"""Standard streams, and whatever else a program reads or writes that is no file beneath a directory.

A stream is a file object (binary, or text, which is UTF-8 then), a number (a file descriptor of the host's, which is
left open), or a callable: for output it gets bytes, for input it is asked for up to so many.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Callable
from typing import Any, ClassVar, Final, TypeAlias

from pyjsapi.blocks.waiting import heed_interruption
from pyjsapi.wasi import vectors
from pyjsapi.wasi.abi import (
    FDFLAGS_NONBLOCK,
    FILETYPE_CHARACTER_DEVICE,
    FILETYPE_REGULAR_FILE,
    FILETYPE_UNKNOWN,
    Errno,
    WasiError,
)
from pyjsapi.wasi.descriptors import Descriptor, FileStat
from pyjsapi.wasi.files import file_stat, filetype_of
from pyjsapi.wasi.guest import Parts
from pyjsapi.wasi.quota import Budget
from pyjsapi.wasi.rights import INPUT, OUTPUT

Stream: TypeAlias = "int | Callable[..., Any] | Any"
"""What can be given as a stream; see above."""
_ONCE: Final = 1 << 16
"""Bytes that are asked for at once where they are copied."""
_SLICE: Final = 50
"""Milliseconds that the system waits at once: so often is looked whether the program was interrupted."""


def input_stream(source: Stream) -> Descriptor:
    """The descriptor of a stream to read from. Raises `TypeError`."""
    if isinstance(source, int) and not isinstance(source, bool):
        return HostStream(source, INPUT)
    if isinstance(source, io.TextIOBase):
        binary = getattr(source, "buffer", None)
        return (
            Input(source, _text_reader(source))
            if binary is None
            else Input(source, _reader(binary))
        )
    if hasattr(source, "read"):
        return Input(source, _reader(source))
    if callable(source):
        return Input(None, lambda part: _copied(part, source(min(len(part), _ONCE))))
    raise TypeError(_refusal("stdin", "read", source))


class Limited(Descriptor):
    """A stream to write to that takes so many bytes: what goes beyond fails as a whole, with NOSPC."""

    def __init__(self, stream: Descriptor, most: int) -> None:
        super().__init__(stream.rights, 0, stream.flags)
        self._stream = stream
        self._budget = Budget(most, Errno.NOSPC)
        self.filetype = stream.filetype
        self.fileno = stream.fileno  # type: ignore[method-assign]
        self.stat = stream.stat  # type: ignore[method-assign]
        self.sync = stream.sync  # type: ignore[method-assign]

    def set_flags(self, flags: int) -> None:
        """See `Descriptor`."""
        self._stream.set_flags(flags)
        self.flags = flags

    def write(self, parts: Parts) -> int:
        """See `Descriptor`."""
        size = sum(len(part) for part in parts)
        return self._budget.spend(size, lambda: self._stream.write(parts))


def output_stream(sink: Stream, name: str, most: int | None = None) -> Descriptor:
    """The descriptor of a stream to write to, at most so many bytes. Raises `TypeError`."""
    made = _output(sink, name)
    return made if most is None else Limited(made, most)


def _output(sink: Stream, name: str) -> Descriptor:
    if isinstance(sink, int) and not isinstance(sink, bool):
        return HostStream(sink, OUTPUT)
    if isinstance(sink, io.TextIOBase):
        binary = getattr(sink, "buffer", None)
        if binary is None:
            return Output(sink, _text_writer(sink))
        return Output(binary, binary.write, before=sink.flush)
    if hasattr(sink, "write"):
        return Output(sink, sink.write)
    if callable(sink):
        return Output(None, lambda part: sink(bytes(part)) and None)
    raise TypeError(_refusal(name, "write", sink))


def _refusal(name: str, method: str, given: object) -> str:
    return (
        f"WASI(): {name} must be a file object with a method {method}, a file descriptor or a callable, "
        f"not {type(given).__name__}"
    )


class HostStream(Descriptor):
    """A file descriptor of the host's, which stays the host's."""

    settable: ClassVar[int] = FDFLAGS_NONBLOCK

    def __init__(self, fd: int, rights: int) -> None:
        super().__init__(rights)
        self.fd = fd
        try:
            self.filetype = filetype_of(os.fstat(fd).st_mode)
        except OSError:  # there is none: so says each use
            self.filetype = FILETYPE_UNKNOWN
        self._is_file = self.filetype == FILETYPE_REGULAR_FILE

    def fileno(self) -> int | None:
        """See `Descriptor`."""
        return self.fd

    def stat(self) -> FileStat:
        """See `Descriptor`."""
        return file_stat(os.fstat(self.fd))

    def read(self, parts: Parts) -> int:
        """See `Descriptor`."""
        if not parts:
            return 0
        self._await()
        return vectors.readv(self.fd, parts)

    def write(self, parts: Parts) -> int:
        """See `Descriptor`."""
        return vectors.writev(self.fd, parts) if parts else 0

    def sync(self, *, data_only: bool) -> None:
        """See `Descriptor`."""
        os.fsync(self.fd)

    def _await(self) -> None:
        """Wait until there is something to read, so that the wait can be ended as others are."""
        nonblocking = self.flags & FDFLAGS_NONBLOCK
        if self._is_file or sys.platform in ("win32", "emscripten"):
            return
        while not _is_ready(self.fd, 0 if nonblocking else _SLICE):
            if nonblocking:
                raise WasiError(Errno.AGAIN)
            heed_interruption()


class _Streamed(Descriptor):
    settable: ClassVar[int] = FDFLAGS_NONBLOCK

    def __init__(self, stream: Any, rights: int) -> None:
        super().__init__(rights)
        self._stream = stream
        self.filetype = _filetype(stream)

    def fileno(self) -> int | None:
        """See `Descriptor`."""
        return _fileno(self._stream)


class Input(_Streamed):
    """A file object or callable that is read from. ``read_into`` fills a part and says how far, ``None``: not yet."""

    def __init__(self, stream: Any, read_into: Callable[[Any], int | None]) -> None:
        super().__init__(stream, INPUT)
        self._read_into = read_into

    def read(self, parts: Parts) -> int:
        """See `Descriptor`: as much as one call gives."""
        for part in parts:
            if len(part):
                count = self._read_into(part)
                if count is None:
                    raise WasiError(Errno.AGAIN)
                return count
        return 0


class Output(_Streamed):
    """A file object or callable that is written to."""

    def __init__(
        self, stream: Any, write: Callable[[Any], Any], before: Callable[[], Any] | None = None
    ) -> None:
        super().__init__(stream, OUTPUT)
        self._write = write
        self._before = before
        self._flush = getattr(stream, "flush", None)

    def write(self, parts: Parts) -> int:
        """See `Descriptor`."""
        if self._before is not None:
            self._before()
        total = 0
        for part in parts:
            if not len(part):
                continue
            count = self._write(part)
            if isinstance(count, int):
                total += count
                if count < len(part):
                    break
            elif isinstance(self._stream, io.RawIOBase):  # full for now
                break
            else:
                total += len(part)
        if self._flush is not None:
            self._flush()
        if not total and any(len(part) for part in parts):
            raise WasiError(Errno.AGAIN)
        return total

    def sync(self, *, data_only: bool) -> None:
        """See `Descriptor`."""
        number = self.fileno()
        if number is None:
            raise WasiError(Errno.INVAL)
        os.fsync(number)


def _reader(source: Any) -> Callable[[Any], int | None]:
    """What reads from a binary file object, as it comes where that is possible."""
    for name in ("readinto1", "readinto"):
        if hasattr(source, name):
            method: Callable[[Any], int | None] = getattr(source, name)
            return method
    read = getattr(source, "read1", source.read)
    return lambda part: _copied(part, read(len(part)))


def _copied(part: Any, data: Any) -> int | None:
    if data is None:
        return None
    found = data.encode() if isinstance(data, str) else bytes(data)
    part[: len(found)] = found
    return len(found)


def _text_reader(source: io.TextIOBase) -> Callable[[Any], int | None]:
    kept = bytearray()

    def read(part: Any) -> int:
        if not kept:
            kept.extend(source.readline().encode())
        count = min(len(part), len(kept))
        part[:count] = kept[:count]
        del kept[:count]
        return count

    return read


def _text_writer(sink: io.TextIOBase) -> Callable[[Any], None]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write(part: Any) -> None:
        sink.write(decoder.decode(bytes(part)))

    return write


def _fileno(stream: Any) -> int | None:
    try:
        number = stream.fileno()
    except (AttributeError, OSError, ValueError):
        return None
    return number if isinstance(number, int) else None


def _filetype(stream: Any) -> int:
    try:
        if stream.isatty():
            return FILETYPE_CHARACTER_DEVICE
        number = _fileno(stream)
        if number is not None:
            return filetype_of(os.fstat(number).st_mode)
    except (AttributeError, OSError, ValueError):
        pass
    return FILETYPE_UNKNOWN


def _is_ready(fd: int, timeout: int) -> bool:
    """Whether there is something to read, or an error or an end, within some milliseconds."""
    import select

    poller = select.poll()
    poller.register(fd, select.POLLIN)
    return bool(poller.poll(timeout))
