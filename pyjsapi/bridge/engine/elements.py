"""Elements of a native memory's buffer, for typed arrays: each access is a call of an accessor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from pyjsapi.bridge.engine.hooks import NATIVE
from pyjsapi.syntax.types import I64, MemType

_ACCESSORS: Final = {
    "B": ("i32_load8_u", "i32_store8"),
    "b": ("i32_load8_u", "i32_store8"),
    "H": ("i32_load16_u", "i32_store16"),
    "h": ("i32_load16_u", "i32_store16"),
    "I": ("i32_load", "i32_store"),
    "i": ("i32_load", "i32_store"),
    "Q": ("i64_load", "i64_store"),
    "q": ("i64_load", "i64_store"),
    "f": ("f32_load", "f32_store"),
    "d": ("f64_load", "f64_store"),
}
"""By the format of `struct`."""
_SIZES: Final = {"b": 1, "h": 2, "i": 4, "q": 8, "f": 4, "d": 8}


class Accessible(Protocol):
    """A block whose bytes accessors reach."""

    _type: MemType

    def accessor(self, name: str, type_: MemType) -> Any:
        """See `Block`."""


def native_elements(
    memory: Accessible, buffer: int, code: str, offset: int, byte_length: int
) -> Elements | None:
    """The elements of a format in a part of a buffer; ``None`` where they are not reached so."""
    if code not in _ACCESSORS or memory._type.addrtype is I64:
        return None
    load, store = (memory.accessor(name, memory._type) for name in _ACCESSORS[code])
    size = _SIZES[code.lower()]
    kind = Floats if code in "fd" else Signed if code.islower() else Unsigned
    return kind(buffer, load, store, offset, byte_length // size, size)


class Elements:
    """What all formats share: an `ElementView` that raises `ValueError` when the buffer is detached.

    The accessors reach the memory, which has other bytes there, or more of them, when it has grown.
    """

    __slots__ = (
        "__weakref__",
        "_buffer",
        "_count",
        "_end",
        "_half",
        "_length",
        "_load",
        "_size",
        "_start",
        "_store",
    )

    def __init__(
        self,
        buffer: int,
        load: Callable[[int], Any],
        store: Callable[[int, Any], Any],
        start: int,
        count: int,
        size: int,
    ) -> None:
        self._buffer = buffer
        self._load = load
        self._store = store
        self._start = start
        self._count = count
        self._size = size
        self._end = start + count * size
        self._half = 1 << (8 * size - 1)
        self._length = NATIVE.length_of_buffer

    def __len__(self) -> int:
        if self._length(self._buffer) < self._end:
            raise ValueError("operation forbidden on released view")
        return self._count

    def _address(self, index: int) -> int:
        if index < 0:
            index += self._count
        if not 0 <= index < self._count:
            raise IndexError("index out of bounds")
        if self._length(self._buffer) < self._end:
            raise ValueError("operation forbidden on released view")
        return self._start + index * self._size

    def __getitem__(self, index: int, /) -> Any:
        raise NotImplementedError

    def __setitem__(self, index: int, value: Any, /) -> None:
        raise NotImplementedError

    def tolist(self) -> list[Any]:
        """All elements as a list."""
        return [self[index] for index in range(len(self))]

    def release(self) -> None:
        """Give up the bytes; every later access raises ValueError."""
        self._end = 1 << 64


class Unsigned(Elements):
    """Elements that are unsigned integers."""

    __slots__ = ()

    def __getitem__(self, index: int, /) -> Any:
        return self._load(self._address(index))

    def __setitem__(self, index: int, value: Any, /) -> None:
        if value.__class__ is not int or not 0 <= value < 2 * self._half:
            raise ValueError("not a value of the elements' type")
        self._store(self._address(index), value)


class Signed(Elements):
    """Elements that are signed integers."""

    __slots__ = ()

    def __getitem__(self, index: int, /) -> Any:
        value = self._load(self._address(index))
        return value if value < self._half else value - 2 * self._half

    def __setitem__(self, index: int, value: Any, /) -> None:
        if value.__class__ is not int or not -self._half <= value < self._half:
            raise ValueError("not a value of the elements' type")
        self._store(self._address(index), value)


class Floats(Elements):
    """Elements that are floats."""

    __slots__ = ()

    def __getitem__(self, index: int, /) -> Any:
        return self._load(self._address(index))

    def __setitem__(self, index: int, value: Any, /) -> None:
        if value.__class__ is not float:
            raise ValueError("not a value of the elements' type")
        self._store(self._address(index), value)
