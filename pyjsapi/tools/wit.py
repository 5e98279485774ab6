"""Signatures of the component model, in its own notation (WIT), and how the canonical ABI lays out their values.

The part of WIT that is read: ``record`` and ``type`` definitions, functions, and the types bool, s8 … u64, f32, f64,
char, string, list<T>, tuple<T…> and names of defined ones (component model: "Canonical ABI", "WIT").
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from pyjsapi.tools.errors import ToolError

MOST_FLAT_PARAMS: Final = 16
"""Core parameters of a function; beyond, its arguments are in memory."""
MOST_FLAT_RESULTS: Final = 1
"""Core results of a function; beyond, its result is in memory."""


@dataclass(frozen=True, slots=True)
class Primitive:
    """bool, an integer, a float, char, or string."""

    name: str


@dataclass(frozen=True, slots=True)
class ListType:
    """``list<element>``."""

    element: Type


@dataclass(frozen=True, slots=True)
class RecordType:
    """A record, or a tuple, whose fields have no names."""

    name: str
    fields: tuple[Type, ...]


Type: TypeAlias = "Primitive | ListType | RecordType"


@dataclass(frozen=True, slots=True)
class FunctionType:
    """A function's parameters, and its result if it has one."""

    params: tuple[Type, ...]
    result: Type | None


STRING: Final = Primitive("string")
_SIZES: Final = {
    "bool": 1, "s8": 1, "u8": 1, "s16": 2, "u16": 2, "s32": 4, "u32": 4, "s64": 8, "u64": 8, "f32": 4, "f64": 8,
    "char": 4, "string": 8,
}  # fmt: skip
_FLAT: Final = {"s64": "i64", "u64": "i64", "f32": "f32", "f64": "f64"}
_POINTER: Final = 4


def alignment(type_: Type) -> int:
    """Bytes to which a value in memory is aligned."""
    if isinstance(type_, Primitive):
        return _POINTER if type_ == STRING else _SIZES[type_.name]
    if isinstance(type_, ListType):
        return _POINTER
    return max(map(alignment, type_.fields))


def size(type_: Type) -> int:
    """Bytes of a value in memory."""
    if isinstance(type_, Primitive):
        return _SIZES[type_.name]
    if isinstance(type_, ListType):
        return 2 * _POINTER
    end = offsets(type_)[-1] + size(type_.fields[-1])
    return _aligned(end, alignment(type_))


def offsets(type_: RecordType) -> list[int]:
    """Where the fields of a record are."""
    found = []
    end = 0
    for field in type_.fields:
        found.append(_aligned(end, alignment(field)))
        end = found[-1] + size(field)
    return found


def flattened(type_: Type) -> list[str]:
    """The core types that stand for a value outside of memory."""
    if isinstance(type_, Primitive):
        return ["i32", "i32"] if type_ == STRING else [_FLAT.get(type_.name, "i32")]
    if isinstance(type_, ListType):
        return ["i32", "i32"]
    return [flat for field in type_.fields for flat in flattened(field)]


def is_plain(type_: Type) -> bool:
    """Whether a value's bytes mean the same in any memory, every bit of them being part of the value."""
    if isinstance(type_, Primitive):
        return type_.name not in ("bool", "char", "string")
    if isinstance(type_, ListType):
        return False
    return all(map(is_plain, type_.fields)) and sum(map(size, type_.fields)) == size(type_)


def _aligned(offset: int, to: int) -> int:
    return -(-offset // to) * to


_TOKEN: Final = re.compile(
    r"\s+|//[^\n]*|(->|[{}()<>:,;=]|%?[a-zA-Z][a-zA-Z0-9]*(?:-[a-zA-Z0-9]+)*)"
)


def parse(text: str) -> dict[str, FunctionType]:
    """The functions of a signature, by name. Raises `ToolError` for what is not one."""
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, int]] = []
        position = 0
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                raise self._error(
                    f"{text[position]!r} does not belong in a signature", text, position
                )
            if found[1]:
                self._tokens.append((found[1], position))
            position = found.end()
        self._text = text
        self._next = 0
        self._types: dict[str, Type] = {name: Primitive(name) for name in _SIZES}

    def parse(self) -> dict[str, FunctionType]:
        functions: dict[str, FunctionType] = {}
        while self._next < len(self._tokens):
            name = self._name()
            if name == "record" and self._peek() not in (":", ""):
                self._record()
            elif name == "type" and self._peek() not in (":", ""):
                alias = self._new_type()
                self._take("=")
                self._types[alias] = self._type()
                self._take(";")
            else:
                if name in functions:
                    raise self._wrong(f"there are two functions {name}", back=1)
                functions[name] = self._function()
        if not functions:
            raise ToolError(
                "the signature has no function, such as: greet: func(name: string) -> string;"
            )
        return functions

    def _record(self) -> None:
        name = self._new_type()
        self._take("{")
        fields = self._listed("}", self._field)
        if not fields:
            raise self._wrong(f"the record {name} has no fields", back=1)
        self._types[name] = RecordType(name, fields)

    def _function(self) -> FunctionType:
        self._take(":")
        self._take("func")
        self._take("(")
        params = self._listed(")", self._field)
        result = None
        if self._peek() == "->":
            self._take("->")
            result = self._type()
        if self._peek():
            self._take(";")
        return FunctionType(params, result)

    def _field(self) -> Type:
        self._name()
        self._take(":")
        return self._type()

    def _type(self) -> Type:
        name = self._name()
        if name == "list":
            self._take("<")
            element = self._type()
            self._take(">")
            return ListType(element)
        if name == "tuple":
            self._take("<")
            fields = self._listed(">", self._type)
            if not fields:
                raise self._wrong("a tuple has one type at least", back=1)
            return RecordType("tuple", fields)
        known = self._types.get(name)
        if known is None:
            raise self._wrong(
                f"the type {name} is not known: there are {', '.join(self._types)}, list and tuple",
                back=1,
            )
        return known

    def _listed(self, close: str, read: Callable[[], Type]) -> tuple[Type, ...]:
        """Items with commas between them, and perhaps one behind, up to a token."""
        found = []
        while self._peek() != close:
            found.append(read())
            if self._peek() != close:
                self._take(",")
        self._take(close)
        return tuple(found)

    def _new_type(self) -> str:
        name = self._name()
        if name in self._types or name in ("list", "tuple"):
            raise self._wrong(f"there is a type {name} already", back=1)
        return name

    def _peek(self) -> str:
        return self._tokens[self._next][0] if self._next < len(self._tokens) else ""

    def _take(self, wanted: str) -> None:
        if self._peek() != wanted:
            raise self._wrong(f"{wanted!r} is missing")
        self._next += 1

    def _name(self) -> str:
        token = self._peek()
        if not token[:1].isalpha() and token[:1] != "%":
            raise self._wrong("a name is missing")
        self._next += 1
        return token.removeprefix("%")

    def _wrong(self, what: str, back: int = 0) -> ToolError:
        place = self._next - back
        position = self._tokens[place][1] if place < len(self._tokens) else len(self._text)
        return self._error(what, self._text, position)

    @staticmethod
    def _error(what: str, text: str, position: int) -> ToolError:
        line = text.count("\n", 0, position) + 1
        column = position - text.rfind("\n", 0, position)
        return ToolError(f"{line}:{column}: {what}")
