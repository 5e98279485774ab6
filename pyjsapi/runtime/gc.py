"""Structures, arrays and i31 references (core: "Runtime Structure: Structure Instances", "Array Instances").

A reference of the ``any`` hierarchy is ``None`` (null), an `int` below ``2**31`` (i31, unsigned), a `StructInst`, an
`ArrayInst`, or any other object: one of the host's. As an external reference the same things are what the host knows
them as, so that an i31 reference is a signed number there and the host's numbers are numbers: see `internalize`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pyjsapi.blocks.floats import f32_from_bits, f64_from_bits
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.spelling import counted
from pyjsapi.syntax.types import (
    F32,
    F64,
    ArrayType,
    Exact,
    HeapType,
    PackType,
    RefType,
    StorageType,
)
from pyjsapi.validation.matching import match_heap

I31_MASK: Final = 0x7FFFFFFF
_I31_SIGN: Final = 0x40000000
MAX_ELEMENTS: Final = 1 << 27
"""Elements that an array may have."""

NULL_STRUCTURE: Final = "null structure reference"
NULL_ARRAY: Final = "null array reference"
OUT_OF_BOUNDS: Final = "out of bounds array access"
_OUT_OF_MEMORY_BOUNDS: Final = "out of bounds memory access"
_OUT_OF_TABLE_BOUNDS: Final = "out of bounds table access"


class Aggregate:
    """A structure or an array, of whatever engine."""

    __slots__ = ("type",)

    type: DefType

    def matches(self, heap: HeapType) -> bool:
        """Whether a reference to it is of a heap type."""
        return match_heap(Exact(self.type), heap)


class StructInst(Aggregate):
    """A structure: its type and the values of its fields, packed ones unsigned.

    One of a type with descriptors has its ``descriptor``, too; others have no such attribute.
    """

    __slots__ = ("descriptor", "fields")

    descriptor: StructInst

    def __init__(self, type_: DefType, fields: list[Any]) -> None:
        self.type = type_
        self.fields = fields

    def __repr__(self) -> str:
        return f"<structure of {counted(len(self.fields), 'field')}>"


class ArrayInst(Aggregate):
    """An array: its type and its elements, packed ones unsigned. It never changes its length."""

    __slots__ = ("elems",)

    def __init__(self, type_: DefType, elems: list[Any]) -> None:
        self.type = type_
        self.elems = elems

    def __repr__(self) -> str:
        return f"<array of {counted(len(self.elems), 'element')}>"


def freed_in_turn(slot: str) -> Callable[[Any], None]:
    """A ``__del__`` that lets go of an object's list in a loop.

    Freeing a chain of objects is a recursion in CPython. It is bounded there by a check of the C stack, which sees
    nothing of the stack that WebAssembly runs on: in Pyodide a chain of 1,000 would be the end of the page.
    """

    def release(self: Any) -> None:
        _waiting.append(getattr(self, slot, None))
        setattr(self, slot, None)
        if not _draining:
            _draining.append(True)
            try:
                while _waiting:
                    _waiting.pop()
            finally:
                _draining.clear()

    return release


_waiting: Final[list[Any]] = []
_draining: Final[list[bool]] = []

if sys.platform == "emscripten":
    StructInst.__del__ = freed_in_turn("fields")  # type: ignore[attr-defined]
    ArrayInst.__del__ = freed_in_turn("elems")  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class HostNumber:
    """A number of the host that is no i31, as a reference of the ``any`` hierarchy."""

    value: int


def internalize(value: Any) -> Any:
    """``any.convert_extern``, and the host's values as JS API's "ToWebAssemblyValue" takes them in.

    Numbers that fit into 31 bits are i31 references, as if made by ``ref.i31``.
    """
    kind = value.__class__
    if kind is int:
        if -_I31_SIGN <= value < _I31_SIGN:
            return value & I31_MASK
        return HostNumber(value)
    if kind is float and value.is_integer() and -_I31_SIGN <= value < _I31_SIGN:
        return int(value) & I31_MASK
    return value


def externalize(value: Any) -> Any:
    """``extern.convert_any``: the inverse of `internalize`."""
    kind = value.__class__
    if kind is int:
        return value - (I31_MASK + 1) if value & _I31_SIGN else value
    return value.value if kind is HostNumber else value


def default_of(storage: StorageType) -> Any:
    """The default value of a field."""
    if isinstance(storage, RefType):
        return None
    return 0.0 if storage is F32 or storage is F64 else 0


def pack(value: Any, storage: StorageType) -> Any:
    """A value as a field of this type keeps it."""
    return value & ((1 << storage.bits) - 1) if isinstance(storage, PackType) else value


# ---- arrays


def _elements(array: ArrayInst | None) -> list[Any]:
    if array is None:
        raise Trap(NULL_ARRAY)
    return array.elems


def storage_of(type_: DefType) -> StorageType:
    """What the elements of an array type are kept as."""
    comp = type_.comp
    if not isinstance(comp, ArrayType):
        raise TypeError(f"{type_} is not an array type")
    return comp.field.storage


def _check_size(count: int) -> None:
    if count > MAX_ELEMENTS:
        raise Trap(
            f"allocation failed: an array of {counted(count, 'element')}, at most {MAX_ELEMENTS}"
        )


def new_array(type_: DefType, value: Any, count: int) -> ArrayInst:
    """``array.new``. Traps when the array cannot be allocated."""
    _check_size(count)
    try:
        return ArrayInst(type_, [value] * count)
    except MemoryError:
        raise Trap(f"allocation failed: an array of {counted(count, 'element')}") from None


def new_array_data(
    type_: DefType, datas: list[bytes], dataidx: int, offset: int, count: int
) -> ArrayInst:
    """``array.new_data``. Traps beyond the segment."""
    return ArrayInst(type_, _decoded(storage_of(type_), datas[dataidx], offset, count))


def new_array_elem(
    type_: DefType, segments: list[list[Any]], elemidx: int, offset: int, count: int
) -> ArrayInst:
    """``array.new_elem``. Traps beyond the segment."""
    return ArrayInst(type_, _segment(segments[elemidx], offset, count))


def fill_array(array: ArrayInst | None, index: int, value: Any, count: int) -> None:
    """``array.fill``; traps before anything is written."""
    elems = _elements(array)
    _check_range(elems, index, count)
    elems[index : index + count] = [value] * count


def copy_array(
    array: ArrayInst | None, index: int, source: ArrayInst | None, source_index: int, count: int
) -> None:
    """``array.copy``; traps before anything is written."""
    elems = _elements(array)
    source_elems = _elements(source)
    _check_range(elems, index, count)
    _check_range(source_elems, source_index, count)
    elems[index : index + count] = source_elems[source_index : source_index + count]


def init_array_data(
    array: ArrayInst | None, datas: list[bytes], dataidx: int, index: int, offset: int, count: int
) -> None:
    """``array.init_data``; traps before anything is written."""
    elems = _elements(array)
    _check_range(elems, index, count)
    if array is not None:
        elems[index : index + count] = _decoded(
            storage_of(array.type), datas[dataidx], offset, count
        )


def init_array_elem(
    array: ArrayInst | None,
    segments: list[list[Any]],
    elemidx: int,
    index: int,
    offset: int,
    count: int,
) -> None:
    """``array.init_elem``; traps before anything is written."""
    elems = _elements(array)
    _check_range(elems, index, count)
    elems[index : index + count] = _segment(segments[elemidx], offset, count)


def _check_range(elems: list[Any], index: int, count: int) -> None:
    if index + count > len(elems):
        raise Trap(OUT_OF_BOUNDS)


def _segment(segment: list[Any], offset: int, count: int) -> list[Any]:
    if offset + count > len(segment):
        raise Trap(_OUT_OF_TABLE_BOUNDS)
    return segment[offset : offset + count]


def _decoded(storage: StorageType, data: bytes, offset: int, count: int) -> list[Any]:
    """``count`` values of a numeric field type from the bytes of a segment."""
    size = storage.bits >> 3
    end = offset + count * size
    if end > len(data):
        raise Trap(_OUT_OF_MEMORY_BOUNDS)
    part = data[offset:end]
    if size == 1:
        return list(part)
    integers = [int.from_bytes(part[i : i + size], "little") for i in range(0, count * size, size)]
    if storage is F32:
        return [f32_from_bits(bits) for bits in integers]
    if storage is F64:
        return [f64_from_bits(bits) for bits in integers]
    return integers
