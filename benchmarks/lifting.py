"""The canonical ABI by way of Python values: what a host does that has no adapter. Tests compare adapters with it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from pyjsapi.tools.wit import (
    STRING,
    ListType,
    Primitive,
    RecordType,
    Type,
    alignment,
    flattened,
    offsets,
    size,
)

_FORMATS: Final = {
    "bool": "?", "s8": "b", "u8": "B", "s16": "h", "u16": "H", "s32": "i", "u32": "I", "s64": "q", "u64": "Q",
    "f32": "f", "f64": "d",
}  # fmt: skip


class Side:
    """A module's memory and its allocator."""

    def __init__(self, memory: Any, realloc: Callable[[int, int, int, int], int]) -> None:
        self.memory = memory
        self.realloc = realloc

    @property
    def bytes(self) -> memoryview:
        """The memory's bytes as they are now."""
        view: memoryview = self.memory.buffer.mv
        return view

    def load(self, type_: Type, at: int) -> Any:
        """The value at an address."""
        if isinstance(type_, RecordType):
            places = zip(type_.fields, offsets(type_), strict=True)
            return tuple([self.load(field, at + offset) for field, offset in places])
        if isinstance(type_, ListType) or type_ == STRING:
            return self._sequence(type_, *struct.unpack_from("<II", self.bytes, at))
        if type_.name == "char":
            return chr(struct.unpack_from("<I", self.bytes, at)[0])
        return struct.unpack_from("<" + _FORMATS[type_.name], self.bytes, at)[0]

    def store(self, type_: Type, value: Any, at: int) -> None:
        """Write a value at an address."""
        if isinstance(type_, RecordType):
            for field, offset, item in zip(type_.fields, offsets(type_), value, strict=True):
                self.store(field, item, at + offset)
        elif isinstance(type_, ListType) or type_ == STRING:
            struct.pack_into("<II", self.bytes, at, *self._lowered(type_, value))
        elif type_.name == "char":
            struct.pack_into("<I", self.bytes, at, ord(value))
        else:
            struct.pack_into("<" + _FORMATS[type_.name], self.bytes, at, value)

    def lift(self, type_: Type, flat: Iterator[Any]) -> Any:
        """The value that core values stand for."""
        if isinstance(type_, RecordType):
            return tuple([self.lift(field, flat) for field in type_.fields])
        if isinstance(type_, ListType) or type_ == STRING:
            return self._sequence(type_, next(flat) & 0xFFFF_FFFF, next(flat) & 0xFFFF_FFFF)
        value = next(flat)
        if type_.name == "char":
            return chr(value)
        if type_.name == "bool":
            return bool(value)
        if type_.name.startswith("u"):
            return value & ((1 << int(type_.name[1:])) - 1)
        return value

    def lower(self, type_: Type, value: Any) -> list[Any]:
        """Core values that stand for a value."""
        if isinstance(type_, RecordType):
            pairs = zip(type_.fields, value, strict=True)
            return [core for field, item in pairs for core in self.lower(field, item)]
        if isinstance(type_, ListType) or type_ == STRING:
            return list(self._lowered(type_, value))
        return [ord(value) if type_.name == "char" else value]

    def _sequence(self, type_: Primitive | ListType, at: int, count: int) -> Any:
        if not isinstance(type_, ListType):
            return str(self.bytes[at : at + count], "utf-8")
        element = type_.element
        if isinstance(element, Primitive) and element.name in _FORMATS:
            return list(struct.unpack_from(f"<{count}{_FORMATS[element.name]}", self.bytes, at))
        each = size(element)
        return [self.load(element, at + k * each) for k in range(count)]

    def _lowered(self, type_: Primitive | ListType, value: Any) -> tuple[int, int]:
        if not isinstance(type_, ListType):
            encoded = value.encode()
            at = self.realloc(0, 0, 1, len(encoded))
            self.bytes[at : at + len(encoded)] = encoded
            return at, len(encoded)
        element = type_.element
        each, count = size(element), len(value)
        at = self.realloc(0, 0, alignment(element), each * count)
        if isinstance(element, Primitive) and element.name in _FORMATS:
            struct.pack_into(f"<{count}{_FORMATS[element.name]}", self.bytes, at, *value)
        else:
            for k, item in enumerate(value):
                self.store(element, item, at + k * each)
        return at, count


def core_values(side: Side, types: Sequence[Type], values: Sequence[Any], most: int) -> list[Any]:
    """Values as core arguments; in memory when they are more than that."""
    if sum([len(flattened(type_)) for type_ in types]) <= most:
        return [
            c for type_, value in zip(types, values, strict=True) for c in side.lower(type_, value)
        ]
    record = RecordType("values", tuple(types))
    at = side.realloc(0, 0, alignment(record), size(record))
    side.store(record, tuple(values), at)
    return [at]


def lifted_values(side: Side, types: Sequence[Type], flat: Sequence[Any], most: int) -> list[Any]:
    """The inverse of `core_values`."""
    if sum([len(flattened(type_)) for type_ in types]) <= most:
        rest = iter(flat)
        return [side.lift(type_, rest) for type_ in types]
    record = RecordType("values", tuple(types))
    return list(side.load(record, flat[0] & 0xFFFF_FFFF))
