"""Bytes that no ``memoryview`` can show, as far as typed arrays use one: JavaScript's, or those of several places.

A ``memoryview`` points to one piece of Python's own memory. What stands in its place has the same slices, casts and
elements, and reaches the bytes with one call each. Copies (`bytes`, `memoryview` of it) are snapshots.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, Protocol, Self

from pyjsapi.syntax.errors import Trap

_WRITABLE: Final = 1
"""PyBUF_WRITABLE."""


class Store(Protocol):
    """Where the bytes are. Addresses and counts are in bytes and in bounds."""

    def read(self, address: int, count: int) -> bytes:
        """A copy of some bytes."""

    def write(self, address: int, data: bytes) -> None:
        """Write some bytes."""


class HostBytes:
    """The bytes of a block whose accesses may trap, for those who do not run in it: that is a `TypeError` here."""

    __slots__ = ("_store",)

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self, address: int, count: int) -> bytes:
        """See `Store`."""
        try:
            return self._store.read(address, count)
        except Trap as trap:
            raise TypeError(str(trap)) from None

    def write(self, address: int, data: bytes) -> None:
        """See `Store`."""
        try:
            self._store.write(address, data)
        except Trap as trap:
            raise TypeError(str(trap)) from None


class ForeignView:
    """Items ``start`` to ``stop`` of a store, each ``step`` bytes after the one before; of the format ``B``."""

    __slots__ = ("__weakref__", "_range", "_released", "_store")

    format = "B"
    itemsize = 1
    ndim = 1

    def __init__(self, store: Store, range_: range) -> None:
        self._store = store
        self._range = range_
        self._released = False

    @property
    def nbytes(self) -> int:
        """Their number."""
        return len(self)

    def _check(self) -> range:
        if self._released:
            raise ValueError("operation forbidden on released view")
        return self._range

    def __len__(self) -> int:
        return len(self._check())

    def __getitem__(self, index: Any, /) -> Any:
        found = self._check()[index]
        if isinstance(found, range):
            return ForeignView(self._store, found)
        return self._store.read(found, 1)[0]

    def __setitem__(self, index: Any, value: Any, /) -> None:
        place = self._check()[index]
        if isinstance(place, int):
            self._store.write(place, bytes((value,)))
            return
        data = bytes(value)
        if len(data) != len(place):
            raise ValueError(f"{len(data)} bytes cannot replace {len(place)}")
        if not data:
            return
        if place.step == 1:
            self._store.write(place.start, data)
            return
        for address, byte in zip(place, data, strict=True):
            self._store.write(address, bytes((byte,)))

    def __iter__(self) -> Iterator[int]:
        # Before Python 3.12 this is how bytes() and bytearray() read it: by one call, not one for each byte.
        return iter(self.tobytes())

    def tobytes(self) -> bytes:
        """A copy."""
        place = self._check()
        if not place:
            return b""
        first, last = min(place[0], place[-1]), max(place[0], place[-1])
        data = self._store.read(first, last - first + 1)
        return data[:: place.step] if place.step > 0 else data[::-1][:: -place.step]

    def tolist(self) -> list[int]:
        """The bytes as integers."""
        return list(self.tobytes())

    def cast(self, code: str) -> Any:
        """The same bytes as elements of another format."""
        return self if code == "B" else ForeignElements(self, code)

    def release(self) -> None:
        """Every later access raises ValueError."""
        self._released = True

    def __buffer__(self, flags: int, /) -> memoryview[int]:
        if flags & _WRITABLE:
            raise BufferError(
                "the bytes are reached by calls: there is no view of them, only a copy"
            )
        return memoryview(self.tobytes())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


class ForeignElements:
    """Elements of a ``struct`` format, little-endian."""

    __slots__ = ("__weakref__", "_bytes", "_code", "_count", "_store", "_start", "_struct")

    def __init__(self, data: ForeignView, code: str) -> None:
        self._bytes = data
        self._store = data._store
        self._start = data._range.start
        self._code = code
        self._struct = struct.Struct("<" + code)
        self._count = len(data) // self._struct.size

    def __len__(self) -> int:
        self._bytes._check()
        return self._count

    def _address(self, index: int) -> int:
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError("index out of bounds")
        return self._start + place * self._struct.size

    def __getitem__(self, index: int, /) -> Any:
        return self._struct.unpack(self._store.read(self._address(index), self._struct.size))[0]

    def __setitem__(self, index: int, value: Any, /) -> None:
        address = self._address(index)
        try:
            data = self._struct.pack(value)
        except struct.error as error:
            raise ValueError(str(error)) from None
        self._store.write(address, data)

    def tolist(self) -> list[Any]:
        """All elements."""
        return list(struct.unpack(f"<{len(self)}{self._code}", self._bytes.tobytes()))

    def release(self) -> None:
        """Every later access raises ValueError."""
        self._bytes.release()
