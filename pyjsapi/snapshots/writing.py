"""Values of the store as bytes that mean the same in every process.

Numbers have the width of their type. References are a tag and what it needs: functions are indices of the module's
function index space, structures and arrays are numbers of a list that holds each once, whatever refers to it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, Final

from pyjsapi.binary.leb128 import unsigned
from pyjsapi.blocks.floats import f32_bits, f64_bits
from pyjsapi.jsapi.references import UNDEFINED
from pyjsapi.runtime import ExnInst, FuncInst
from pyjsapi.runtime.continuation import ContInst
from pyjsapi.runtime.gc import ArrayInst, HostNumber, StructInst
from pyjsapi.runtime.instance import ModuleInstance
from pyjsapi.snapshots.errors import SnapshotError
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.types import ANY, F32, F64, ArrayType, RefType, StorageType, StructType
from pyjsapi.validation.cast_rules import top_of

NULL: Final = 0
FUNCTION: Final = 1
I31: Final = 2
AGGREGATE: Final = 3
UNDEFINED_VALUE: Final = 4
HOST_NUMBER: Final = 5
FALSE: Final = 6
TRUE: Final = 7
INTEGER: Final = 8
FLOAT: Final = 9
STRING: Final = 10

_TEXT_ERRORS: Final = "surrogatepass"


class Writer:
    """Writes values of one instance to ``out``. Raises `SnapshotError` for what is not its own."""

    __slots__ = ("_aggregates", "_functions", "_numbers", "_types", "instance", "out")

    def __init__(self, instance: ModuleInstance) -> None:
        self.instance = instance
        self.out = bytearray()
        self._functions: dict[FuncInst, int] = {}
        for index, function in enumerate(instance.funcs):
            self._functions.setdefault(function, index)
        self._types: dict[DefType, int] = {}
        for index, type_ in enumerate(instance.context.types):
            self._types.setdefault(type_, index)
        self._aggregates: list[StructInst | ArrayInst] = []
        self._numbers: dict[int, int] = {}

    def count(self, value: int) -> None:
        """An unsigned integer."""
        self.out += unsigned(value)

    def value(self, value: Any, type_: StorageType, where: str) -> None:
        """A value of a type; ``where`` it is, for messages."""
        if isinstance(type_, RefType):
            self.reference(value, type_, where)
        else:
            self.out += _number(value, type_)

    def values(self, values: Sequence[Any], type_: StorageType, where: str) -> None:
        """Values of one type."""
        if isinstance(type_, RefType):
            for index, value in enumerate(values):
                self.reference(value, type_, f"{where}, element {index}")
        else:
            self.out += b"".join([_number(value, type_) for value in values])

    def functions(self, values: Sequence[Any]) -> bool:
        """References to functions as 32-bit numbers, 0 for null; ``False``, with nothing written, for any others."""
        known = self._functions
        try:
            numbers = [0 if each is None else known[each] + 1 for each in values]
        except (KeyError, TypeError):
            return False
        self.out += struct.pack(f"<{len(numbers)}I", *numbers)
        return True

    def reference(self, value: Any, type_: RefType, where: str) -> None:
        """A reference of a type."""
        kind = value.__class__
        if value is None:
            self.out.append(NULL)
        elif kind is FuncInst and value in self._functions:
            self._tagged(FUNCTION, self._functions[value])
        elif kind is StructInst or kind is ArrayInst:
            self._tagged(AGGREGATE, self._number_of(value, where))
        elif value is UNDEFINED:
            self.out.append(UNDEFINED_VALUE)
        elif kind is HostNumber and value.value.__class__ is int:
            self._bytes(HOST_NUMBER, _integer(value.value))
        elif kind is bool:
            self.out.append(TRUE if value else FALSE)
        elif kind is int and top_of(type_.heap) is ANY:
            self._tagged(I31, value)
        elif kind is int:
            self._bytes(INTEGER, _integer(value))
        elif kind is float:
            self.out.append(FLOAT)
            self.out += f64_bits(value).to_bytes(8, "little")
        elif kind is str:
            self._bytes(STRING, value.encode("utf-8", _TEXT_ERRORS))
        else:
            raise SnapshotError(f"{where} holds {_described(value)}, which no snapshot can keep")

    def aggregates(self) -> bytes:
        """All structures and arrays that were referred to, and those that they refer to."""
        roots, self.out = self.out, bytearray()
        # The list grows meanwhile: by those that are found in those that are written.
        for each in self._aggregates:
            self._fields(each)
        bodies, self.out = self.out, roots
        heads = bytearray(unsigned(len(self._aggregates)))
        for each in self._aggregates:
            heads += unsigned(self._types[each.type])
            if isinstance(each, ArrayInst):
                heads += unsigned(len(each.elems))
        return bytes(heads + bodies)

    def _fields(self, aggregate: StructInst | ArrayInst) -> None:
        comp = aggregate.type.comp
        if isinstance(aggregate, ArrayInst) and isinstance(comp, ArrayType):
            self.values(aggregate.elems, comp.field.storage, "an array")
        elif isinstance(aggregate, StructInst) and isinstance(comp, StructType):
            for index, (value, field) in enumerate(zip(aggregate.fields, comp.fields, strict=True)):
                self.value(value, field.storage, f"field {index} of a structure")

    def _number_of(self, aggregate: StructInst | ArrayInst, where: str) -> int:
        if aggregate.type.descriptor is not None:
            raise SnapshotError(
                f"{where} has a structure with a descriptor, which is not in a snapshot"
            )
        number = self._numbers.get(id(aggregate))
        if number is None:
            if aggregate.type not in self._types:
                raise SnapshotError(
                    f"{where} holds {aggregate!r} of a type that the module does not define"
                )
            number = self._numbers[id(aggregate)] = len(self._aggregates)
            self._aggregates.append(aggregate)
        return number

    def _tagged(self, tag: int, number: int) -> None:
        self.out.append(tag)
        self.out += unsigned(number)

    def _bytes(self, tag: int, data: bytes) -> None:
        self._tagged(tag, len(data))
        self.out += data


def _number(value: Any, type_: StorageType) -> bytes:
    if type_ is F32:
        value = f32_bits(value)
    elif type_ is F64:
        value = f64_bits(value)
    found: bytes = value.to_bytes(type_.bits >> 3, "little")
    return found


def _integer(value: int) -> bytes:
    return value.to_bytes((value.bit_length() >> 3) + 1, "little", signed=True)


def _described(value: Any) -> str:
    if isinstance(value, FuncInst):
        if value.host is not None:
            return "a function of the host that the module does not import"
        return "a function of another instance"
    if isinstance(value, ExnInst):
        return "an exception"
    if isinstance(value, ContInst):
        return "a continuation"
    return f"an object of the host ({type(value).__name__})"
