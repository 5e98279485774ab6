"""Reading position in a binary module (core: "Binary Format: Conventions" and "Values")."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pyjsapi.binary.leb128 import read_signed, read_unsigned
from pyjsapi.syntax.errors import DecodeError
from pyjsapi.syntax.spelling import counted

_T = TypeVar("_T")

UNEXPECTED_END = "unexpected end of section or function"


class Reader:
    """A buffer, a position in it, and the readers of the values that all parts of the format are made of.

    Every method moves ``pos`` and raises `DecodeError`. Offsets count bytes of ``data``.
    """

    __slots__ = ("data", "pos")

    def __init__(self, data: bytes, pos: int = 0) -> None:
        self.data = data
        self.pos = pos

    @property
    def left(self) -> int:
        """Bytes up to the end."""
        return len(self.data) - self.pos

    def end(self) -> DecodeError:
        """The error that says that bytes are missing."""
        return DecodeError(UNEXPECTED_END, len(self.data))

    def error(self, message: str, back: int = 1) -> DecodeError:
        """An error about what was read ``back`` bytes ago."""
        return DecodeError(message, self.pos - back)

    def byte(self) -> int:
        """One byte."""
        try:
            byte = self.data[self.pos]
        except IndexError:
            raise self.end() from None
        self.pos += 1
        return byte

    def peek(self) -> int:
        """The next byte, -1 at the end. Does not move."""
        return self.data[self.pos] if self.pos < len(self.data) else -1

    def zero(self) -> None:
        """A byte that must be zero."""
        if self.byte():
            raise self.error("zero byte expected")

    def skip(self, count: int) -> None:
        """Move over this many bytes."""
        if not 0 <= count <= self.left:
            raise self.end()
        self.pos += count

    def bytes(self, count: int) -> bytes:
        """This many bytes."""
        start = self.pos
        self.skip(count)
        return self.data[start : self.pos]

    def u32(self) -> int:
        """A u32 in LEB128."""
        try:
            byte = self.data[self.pos]
            if byte < 0x80:
                self.pos += 1
                return byte
            second = self.data[self.pos + 1]
            if second < 0x80:
                self.pos += 2
                return second << 7 | byte & 0x7F
            value, self.pos = read_unsigned(self.data, self.pos, 32)
        except IndexError:
            raise self.end() from None
        return value

    def u64(self) -> int:
        """A u64 in LEB128."""
        try:
            value, self.pos = read_unsigned(self.data, self.pos, 64)
        except IndexError:
            raise self.end() from None
        return value

    def _signed(self, bits: int) -> int:
        try:
            value, self.pos = read_signed(self.data, self.pos, bits)
        except IndexError:
            raise self.end() from None
        return value

    def s7(self) -> int:
        """A signed number of one byte, as the codes of types are."""
        return self._signed(7)

    def s32(self) -> int:
        """An s32 in LEB128."""
        return self._signed(32)

    def s33(self) -> int:
        """An s33 in LEB128."""
        return self._signed(33)

    def s64(self) -> int:
        """An s64 in LEB128."""
        return self._signed(64)

    def length(self) -> int:
        """A count of things that take a byte or more each, so that no count is taken seriously that
        the bytes left (with those of the count itself, as the reference interpreter sees it) cannot serve.
        """
        start, left = self.pos, self.left
        count = self.u32()
        if count > left:
            raise DecodeError(
                f"length out of bounds: {count}, but only {counted(left, 'byte')} left", start
            )
        return count

    def list(self, read: Callable[[], _T]) -> list[_T]:
        """A count and that many of what ``read`` reads."""
        return [read() for _ in range(self.length())]

    def name(self) -> str:
        """A name: a length and strict UTF-8."""
        data, start = self.data, self.pos
        end = start + 1 + data[start] if start < len(data) and data[start] < 0x80 else len(data)
        if end < len(data):
            encoded = data[start + 1 : end]
            self.pos = end
        else:
            encoded = self.bytes(self.length())
        try:
            return encoded.decode("utf-8")
        except UnicodeDecodeError:
            raise DecodeError("malformed UTF-8 encoding", start) from None
