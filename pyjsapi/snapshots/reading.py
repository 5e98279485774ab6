"""What `writing` wrote, read for an instance. The bytes may be anybody's: all is checked, types of references too."""

from __future__ import annotations

import struct
from typing import Any, Final

from pyjsapi.binary.reader import Reader
from pyjsapi.blocks.floats import f32_from_bits, f64_from_bits
from pyjsapi.jsapi.references import UNDEFINED
from pyjsapi.runtime import FuncInst
from pyjsapi.runtime.gc import I31_MASK, ArrayInst, HostNumber, StructInst
from pyjsapi.runtime.instance import ModuleInstance
from pyjsapi.snapshots import writing as tags
from pyjsapi.snapshots.errors import SnapshotError
from pyjsapi.syntax.types import (
    ANY,
    EXTERN,
    F32,
    F64,
    FUNC,
    I31,
    ArrayType,
    HeapType,
    RefType,
    StorageType,
    StructType,
)
from pyjsapi.validation.cast_rules import top_of
from pyjsapi.validation.matching import match_heap

_HOST_VALUES: Final = (ANY, EXTERN)
"""Hierarchies that values of the host are in."""


class ValueReader(Reader):
    """Reads values for one instance. Raises `DecodeError` or `SnapshotError`."""

    __slots__ = ("_aggregates", "_lookup", "instance")

    def __init__(self, data: bytes, instance: ModuleInstance) -> None:
        super().__init__(data)
        self.instance = instance
        self._lookup: list[FuncInst | None] = [None, *instance.funcs]
        self._aggregates: list[StructInst | ArrayInst] = []

    def value(self, type_: StorageType) -> Any:
        """A value of a type."""
        if isinstance(type_, RefType):
            return self.reference(type_)
        return _number(int.from_bytes(self.bytes(type_.bits >> 3), "little"), type_)

    def values(self, count: int, type_: StorageType) -> list[Any]:
        """So many values of one type."""
        if isinstance(type_, RefType):
            self._expect(count)
            return [self.reference(type_) for _ in range(count)]
        size = type_.bits >> 3
        data = self.bytes(count * size)
        if size == 1:
            return list(data)
        starts = range(0, len(data), size)
        return [_number(int.from_bytes(data[i : i + size], "little"), type_) for i in starts]

    def functions(self, count: int, type_: RefType) -> list[FuncInst | None]:
        """So many references to functions, or null, of a type."""
        numbers = struct.unpack(f"<{count}I", self.bytes(4 * count))
        lookup = self._lookup
        if numbers and max(numbers) >= len(lookup):
            raise SnapshotError(f"no function has index {max(numbers) - 1}")
        if type_.heap is not FUNC or not type_.nullable:
            for number in set(numbers):
                self._check_function(lookup[number], type_)
        return [lookup[number] for number in numbers]

    def reference(self, type_: RefType) -> Any:
        """A reference of a type."""
        tag = self.byte()
        if tag == tags.NULL:
            if not type_.nullable:
                raise SnapshotError(f"null is no value of type {type_}")
            return None
        if tag == tags.FUNCTION:
            found = self._item(self._lookup, self.u32() + 1)
            self._check_function(found, type_)
            return found
        if tag == tags.AGGREGATE:
            aggregate = self._item(self._aggregates, self.u32())
            self._check(aggregate.type, type_, extern=True)
            return aggregate
        if tag == tags.I31:
            self._check(I31, type_)
            return self._i31()
        return self._host_value(tag, type_)

    def read_aggregates(self) -> None:
        """Structures and arrays, which references read later are to."""
        heads = self._aggregates
        lengths: list[int] = []
        for _ in range(self.length()):
            type_ = self._item(self.instance.context.types, self.u32())
            if isinstance(type_.comp, StructType):
                heads.append(StructInst(type_, []))
                lengths.append(0)
            elif isinstance(type_.comp, ArrayType):
                heads.append(ArrayInst(type_, []))
                lengths.append(self.u32())
            else:
                raise SnapshotError("a type of functions, where one of structures or arrays is due")
        for aggregate, length in zip(heads, lengths, strict=True):
            comp = aggregate.type.comp
            if isinstance(aggregate, ArrayInst) and isinstance(comp, ArrayType):
                aggregate.elems = self.values(length, comp.field.storage)
            elif isinstance(aggregate, StructInst) and isinstance(comp, StructType):
                aggregate.fields = [self.value(field.storage) for field in comp.fields]

    def _host_value(self, tag: int, type_: RefType) -> Any:
        top = top_of(type_.heap)
        if top not in _HOST_VALUES or type_.heap is not top:
            raise SnapshotError(f"a value of the host is no value of type {type_}")
        if tag == tags.UNDEFINED_VALUE:
            return UNDEFINED
        if tag in (tags.FALSE, tags.TRUE):
            return tag == tags.TRUE
        if tag == tags.FLOAT:
            return f64_from_bits(int.from_bytes(self.bytes(8), "little"))
        if tag == tags.STRING:
            try:
                return self.bytes(self.length()).decode("utf-8", "surrogatepass")
            except UnicodeDecodeError:
                raise SnapshotError("a string that is no UTF-8") from None
        if (tag, top) == (tags.INTEGER, EXTERN):
            return int.from_bytes(self.bytes(self.length()), "little", signed=True)
        if (tag, top) == (tags.HOST_NUMBER, ANY):
            return HostNumber(int.from_bytes(self.bytes(self.length()), "little", signed=True))
        raise SnapshotError(f"no reference of type {type_} begins with {tag:#04x}")

    def _i31(self) -> int:
        value = self.u32()
        if value > I31_MASK:
            raise SnapshotError(f"{value} has more than 31 bits")
        return value

    def _check_function(self, function: FuncInst | None, type_: RefType) -> None:
        if function is None:
            if not type_.nullable:
                raise SnapshotError(f"null is no value of type {type_}")
        else:
            self._check(function.type, type_)

    def _check(self, heap: HeapType, type_: RefType, *, extern: bool = False) -> None:
        """Check that a reference to ``heap`` is one of a type; all there is may be an external reference."""
        if match_heap(heap, type_.heap) or (extern and type_.heap is EXTERN):
            return
        raise SnapshotError(f"a reference to {heap} is no value of type {type_}")

    def _item(self, items: Any, index: int) -> Any:
        if index >= len(items):
            raise SnapshotError(f"number {index} of {len(items)} things that there are")
        return items[index]

    def _expect(self, count: int) -> None:
        if count > self.left:
            raise self.end()


def _number(bits: int, type_: StorageType) -> Any:
    if type_ is F32:
        return f32_from_bits(bits)
    return f64_from_bits(bits) if type_ is F64 else bits
