"""The canonical ABI by way of Python values: what a host does that has no adapter. Tests compare adapters with it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any, Final

from pyjsapi.tools.wit import ListType, Primitive, RecordType, Type
from real import canonical as abi

_SCALARS: Final[dict[str, abi.ValueType]] = {
    "bool": abi.BOOL, "s8": abi.S8, "u8": abi.U8, "s16": abi.S16, "u16": abi.U16, "s32": abi.S32, "u32": abi.U32,
    "s64": abi.S64, "u64": abi.U64, "f32": abi.F32, "f64": abi.F64, "char": abi.CHAR, "string": abi.STRING,
}  # fmt: skip
_FORMATS: Final = {
    "s8": "b", "u8": "B", "s16": "h", "u16": "H", "s32": "i", "u32": "I", "s64": "q", "u64": "Q", "f32": "f",
    "f64": "d",
}  # fmt: skip


class Numbers(abi.List):
    """A list of numbers, which Python converts at once."""

    def __init__(self, element: abi.ValueType, format_: str) -> None:
        super().__init__(element)
        self._format = format_
        self._size = struct.calcsize("<" + format_)

    def place(self, context: abi.Context, value: Sequence[Any]) -> tuple[int, int]:
        count = len(value)
        at = context.allocate(self._size, self._size * count)
        context.memory.write(at, struct.pack(f"<{count}{self._format}", *value))
        return at, count

    def fetch(self, context: abi.Context, at: int, length: int) -> list[Any]:
        data = context.memory.read(at, self._size * length)
        return list(struct.unpack(f"<{length}{self._format}", data))


class Side:
    """A module's memory and its allocator."""

    def __init__(self, memory: Any, realloc: Callable[[int, int, int, int], int]) -> None:
        self.memory = memory
        self.realloc = realloc
        self.context = abi.Context(self, realloc)

    @property
    def view(self) -> memoryview:
        """The memory's bytes as they are now."""
        view: memoryview = self.memory.buffer.mv
        return view

    def read(self, at: int, count: int) -> bytes:
        """Bytes of the memory."""
        return bytes(self.view[at : at + count])

    def write(self, at: int, data: bytes) -> None:
        """Write bytes into the memory."""
        self.view[at : at + len(data)] = data

    def lowered(self, types: Sequence[Type], values: Sequence[Any], most: int) -> list[Any]:
        """Values as core arguments; in memory when they are more than that. Records are tuples."""
        record = abi.Tuple(*map(value_type, types)) if types else None
        if record is None:
            return []
        if len(record.flat) <= most:
            return record.lower(self.context, values)
        at = self.context.allocate(record.align, record.size)
        record.store(self.context, values, at)
        return [at]

    def lifted(self, types: Sequence[Type], cores: Sequence[Any], most: int) -> list[Any]:
        """The inverse of `lowered`."""
        record = abi.Tuple(*map(value_type, types)) if types else None
        if record is None:
            return []
        if len(record.flat) <= most:
            return list(record.lift(self.context, iter(cores)))
        return list(record.load(self.context, cores[0] & 0xFFFF_FFFF))


def value_type(type_: Type) -> abi.ValueType:
    """The host's form of a type."""
    if isinstance(type_, RecordType):
        return abi.Tuple(*map(value_type, type_.fields))
    if isinstance(type_, ListType):
        element = value_type(type_.element)
        if isinstance(type_.element, Primitive) and type_.element.name in _FORMATS:
            return Numbers(element, _FORMATS[type_.element.name])
        return abi.List(element)
    return _SCALARS[type_.name]
