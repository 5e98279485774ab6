"""The part of the component model's canonical ABI that a host needs for the components here.

A `ValueType` knows how its values lie in linear memory and how they are passed as parameters.
Values are Python's: a record is a dict, a tuple a tuple, a variant a pair (case, value), an option
the value or None, a result a pair ("ok" or "error", value), an enum its label, flags a set of
labels, a char a string of one character.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from real.components import UTF8, Encoding


class LinearMemory(Protocol):
    """Bytes of a memory, whichever engine holds it."""

    def read(self, at: int, count: int) -> bytes: ...

    def write(self, at: int, data: bytes) -> None: ...


@dataclass(frozen=True)
class Context:
    """The memory, the allocator and the string encoding of the component that is called."""

    memory: LinearMemory
    realloc: Callable[[int, int, int, int], int]
    encoding: Encoding = UTF8

    def allocate(self, align: int, size: int) -> int:
        """The address (bytes) of ``size`` new bytes."""
        return self.realloc(0, 0, align, size) & 0xFFFFFFFF


class ValueType(Protocol):
    """A type of values of the component model; ``size`` and ``align`` are in bytes."""

    size: int
    align: int
    flat: tuple[str, ...]

    def store(self, context: Context, value: Any, at: int) -> None: ...

    def load(self, context: Context, at: int) -> Any: ...

    def lower(self, context: Context, value: Any) -> list[Any]:
        """``value`` as parameters of a core function."""
        ...

    def lift(self, context: Context, cores: Iterator[Any]) -> Any:
        """The value that parameters of a core function stand for; takes them."""
        ...


class Scalar:
    """A type that is one core value: its `struct` format in memory and its core type."""

    def __init__(self, format_: str, core: str) -> None:
        self._format = "<" + format_
        self.size = self.align = struct.calcsize(self._format)
        self.flat: tuple[str, ...] = (core,)

    def encode(self, value: Any) -> Any:
        """The core value."""
        return value

    def decode(self, value: Any) -> Any:
        """The value that a core value from memory stands for."""
        return value

    def store(self, context: Context, value: Any, at: int) -> None:
        context.memory.write(at, struct.pack(self._format, self.encode(value)))

    def load(self, context: Context, at: int) -> Any:
        return self.decode(struct.unpack(self._format, context.memory.read(at, self.size))[0])

    def lower(self, context: Context, value: Any) -> list[Any]:
        return [self.encode(value)]

    def lift(self, context: Context, cores: Iterator[Any]) -> Any:
        # Of a core integer the low bits count.
        core, packed = next(cores), struct.Struct(self._format)
        if self.flat[0].startswith("f"):
            return core
        data = (core & ((1 << 64) - 1)).to_bytes(8, "little")
        return self.decode(packed.unpack(data[: self.size])[0])


class Char(Scalar):
    """A Unicode scalar value."""

    def __init__(self) -> None:
        super().__init__("I", "i32")

    def encode(self, value: str) -> int:
        return ord(value)

    def decode(self, value: int) -> str:
        return chr(value)


class Enum(Scalar):
    """One of up to 256 labels."""

    def __init__(self, *labels: str) -> None:
        super().__init__("B", "i32")
        self._labels = labels

    def encode(self, value: str) -> int:
        return self._labels.index(value)

    def decode(self, value: int) -> str:
        return self._labels[value]


class Flags(Scalar):
    """A set of up to 8 labels."""

    def __init__(self, *labels: str) -> None:
        super().__init__("B", "i32")
        self._labels = labels

    def encode(self, value: set[str]) -> int:
        return sum(1 << bit for bit, label in enumerate(self._labels) if label in value)

    def decode(self, value: int) -> set[str]:
        return {label for bit, label in enumerate(self._labels) if value >> bit & 1}


BOOL = Scalar("?", "i32")
U8, S8 = Scalar("B", "i32"), Scalar("b", "i32")
U16, S16 = Scalar("H", "i32"), Scalar("h", "i32")
U32, S32 = Scalar("I", "i32"), Scalar("i", "i32")
U64, S64 = Scalar("Q", "i64"), Scalar("q", "i64")
F32, F64 = Scalar("f", "f32"), Scalar("d", "f64")
CHAR = Char()


class _Range:
    """What strings and lists share: an address and a length."""

    size, align = 8, 4
    flat: tuple[str, ...] = ("i32", "i32")

    def place(self, context: Context, value: Any) -> tuple[int, int]:
        """Allocates and fills; the address (bytes) and the length."""
        raise NotImplementedError

    def fetch(self, context: Context, at: int, length: int) -> Any:
        """The value at an address."""
        raise NotImplementedError

    def store(self, context: Context, value: Any, at: int) -> None:
        context.memory.write(at, struct.pack("<II", *self.place(context, value)))

    def load(self, context: Context, at: int) -> Any:
        return self.fetch(context, *struct.unpack("<II", context.memory.read(at, 8)))

    def lower(self, context: Context, value: Any) -> list[Any]:
        return list(self.place(context, value))

    def lift(self, context: Context, cores: Iterator[Any]) -> Any:
        at, length = (next(cores) & 0xFFFFFFFF for _ in range(2))
        return self.fetch(context, at, length)


class String(_Range):
    """A string in the encoding of the component; its length counts code units."""

    def place(self, context: Context, value: str) -> tuple[int, int]:
        encoding = context.encoding
        data = value.encode(encoding.codec)
        at = context.allocate(encoding.width, len(data))
        context.memory.write(at, data)
        return at, len(data) // encoding.width

    def fetch(self, context: Context, at: int, length: int) -> str:
        encoding = context.encoding
        return context.memory.read(at, length * encoding.width).decode(encoding.codec)


STRING = String()


class List(_Range):
    """A list of any length."""

    def __init__(self, element: ValueType) -> None:
        self._element = element

    def place(self, context: Context, value: Sequence[Any]) -> tuple[int, int]:
        element = self._element
        at = context.allocate(element.align, element.size * len(value))
        for index, item in enumerate(value):
            element.store(context, item, at + index * element.size)
        return at, len(value)

    def fetch(self, context: Context, at: int, length: int) -> list[Any]:
        element = self._element
        return [element.load(context, at + index * element.size) for index in range(length)]


def _aligned(at: int, align: int) -> int:
    return (at + align - 1) & -align


class Tuple:
    """Values one behind the other."""

    def __init__(self, *elements: ValueType) -> None:
        self._elements = elements
        self._offsets = []
        end = 0
        for element in elements:
            end = _aligned(end, element.align)
            self._offsets.append(end)
            end += element.size
        self.align = max(element.align for element in elements)
        self.size = _aligned(end, self.align)
        self.flat = tuple(core for element in elements for core in element.flat)

    def store(self, context: Context, value: Sequence[Any], at: int) -> None:
        for element, offset, item in zip(self._elements, self._offsets, value, strict=True):
            element.store(context, item, at + offset)

    def load(self, context: Context, at: int) -> Any:
        pairs = zip(self._elements, self._offsets, strict=True)
        return tuple(element.load(context, at + offset) for element, offset in pairs)

    def lower(self, context: Context, value: Sequence[Any]) -> list[Any]:
        pairs = zip(self._elements, value, strict=True)
        return [core for element, item in pairs for core in element.lower(context, item)]

    def lift(self, context: Context, cores: Iterator[Any]) -> Any:
        return tuple([element.lift(context, cores) for element in self._elements])


class Record(Tuple):
    """A tuple with names."""

    def __init__(self, **fields: ValueType) -> None:
        super().__init__(*fields.values())
        self._names = tuple(fields)

    def store(self, context: Context, value: Any, at: int) -> None:
        super().store(context, [value[name] for name in self._names], at)

    def load(self, context: Context, at: int) -> dict[str, Any]:
        return dict(zip(self._names, super().load(context, at), strict=True))

    def lower(self, context: Context, value: Any) -> list[Any]:
        return super().lower(context, [value[name] for name in self._names])

    def lift(self, context: Context, cores: Iterator[Any]) -> Any:
        return dict(zip(self._names, super().lift(context, cores), strict=True))


_JOINED = {
    frozenset({"i32", "f32"}): "i32",
    frozenset({"i32"}): "i32",
    frozenset({"f32"}): "f32",
    frozenset({"f64"}): "f64",
}


def _join(first: str, second: str) -> str:
    """The core type that can carry both."""
    return _JOINED.get(frozenset({first, second}), "i64")


def _carry(value: Any, own: str, joined: str) -> Any:
    """A core value of type ``own`` in a parameter of the type ``joined``: its bits."""
    if own == joined:
        return value
    formats = {"f32": ("<f", "<I"), "f64": ("<d", "<Q")}
    if own in formats:
        pack, unpack = formats[own]
        return struct.unpack(unpack, struct.pack(pack, value))[0]
    return value & 0xFFFFFFFF


def _carried(value: Any, own: str, joined: str) -> Any:
    """The opposite of `_carry`."""
    if own == joined:
        return value
    formats = {"f32": ("<f", "<I"), "f64": ("<d", "<Q")}
    if own in formats:
        unpack, pack = formats[own]
        size = struct.calcsize(pack)
        bits = value & ((1 << 8 * size) - 1)
        return struct.unpack(unpack, struct.pack(pack, bits))[0]
    return value & 0xFFFFFFFF


class Variant:
    """One of up to 256 cases, each with a value or without."""

    def __init__(self, cases: Mapping[str, ValueType | None]) -> None:
        self._cases = dict(cases)
        self._names = tuple(cases)
        payloads = [case for case in cases.values() if case is not None]
        self.align = max([1, *(case.align for case in payloads)])
        self._offset = self.align
        self.size = _aligned(self._offset + max(case.size for case in payloads), self.align)
        joined: list[str] = []
        for case in payloads:
            for index, core in enumerate(case.flat):
                if index < len(joined):
                    joined[index] = _join(joined[index], core)
                else:
                    joined.append(core)
        self._payload_flat = joined
        self.flat = ("i32", *joined)

    def unwrap(self, value: Any) -> tuple[str, Any]:
        """The case and the value in it."""
        case, payload = value
        return case, payload

    def wrap(self, case: str, payload: Any) -> Any:
        """The opposite of `unwrap`."""
        return case, payload

    def store(self, context: Context, value: Any, at: int) -> None:
        name, payload = self.unwrap(value)
        context.memory.write(at, bytes([self._names.index(name)]))
        case = self._cases[name]
        if case is not None:
            case.store(context, payload, at + self._offset)

    def load(self, context: Context, at: int) -> Any:
        name = self._names[context.memory.read(at, 1)[0]]
        case = self._cases[name]
        payload = None if case is None else case.load(context, at + self._offset)
        return self.wrap(name, payload)

    def lower(self, context: Context, value: Any) -> list[Any]:
        name, payload = self.unwrap(value)
        case = self._cases[name]
        cores = [] if case is None else case.lower(context, payload)
        own = () if case is None else case.flat
        parameters: list[Any] = [self._names.index(name)]
        for index, joined in enumerate(self._payload_flat):
            parameters.append(_carry(cores[index], own[index], joined) if index < len(own) else 0)
        return parameters

    def lift(self, context: Context, cores: Iterator[Any]) -> Any:
        name = self._names[next(cores)]
        carried = [next(cores) for _ in self._payload_flat]
        case = self._cases[name]
        if case is None:
            return self.wrap(name, None)
        own = map(_carried, carried, case.flat, self._payload_flat)
        return self.wrap(name, case.lift(context, iter(list(own))))


class Option(Variant):
    """A value or None."""

    def __init__(self, some: ValueType) -> None:
        super().__init__({"none": None, "some": some})

    def unwrap(self, value: Any) -> tuple[str, Any]:
        return ("none", None) if value is None else ("some", value)

    def wrap(self, case: str, payload: Any) -> Any:
        return payload


def result(ok: ValueType, error: ValueType) -> Variant:
    """A result type."""
    return Variant({"ok": ok, "error": error})
