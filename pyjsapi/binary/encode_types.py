"""Encoding of types (core: "Binary Format: Types"), the inverse of :mod:`pyjsapi.binary.types`."""

from __future__ import annotations

from collections.abc import Sequence

from pyjsapi.binary.leb128 import signed, unsigned
from pyjsapi.binary.types import (
    ARRAY_FORM,
    CONT_FORM,
    DESCRIBES,
    DESCRIPTOR,
    EMPTY,
    EXACT,
    FUNC_FORM,
    LIMITS_64,
    LIMITS_MAX,
    LIMITS_PAGE_SIZE,
    LIMITS_SHARED,
    REC,
    REF,
    REF_NULL,
    STRUCT_FORM,
    SUB,
    SUB_FINAL,
)
from pyjsapi.syntax.types import (
    I64,
    PAGE_SIZE_LOG2,
    AbsHeapType,
    AddrType,
    CompType,
    ContType,
    Exact,
    FieldType,
    FuncType,
    GlobalType,
    HeapType,
    MemType,
    RecType,
    RefType,
    StructType,
    SubType,
    TableType,
    TagType,
    ValType,
)


def typeidx(type_: object) -> int:
    """The type index that stands in an encodable module. Raises `ValueError` for a closed type."""
    if not isinstance(type_, int):
        raise ValueError(f"{type_} is a closed type; only a type index can be encoded")
    return type_


def heap_type(heap: HeapType) -> bytes:
    """An abstract heap type or a type index."""
    if isinstance(heap, AbsHeapType):
        return bytes((heap.code,))
    if isinstance(heap, Exact):
        return bytes((EXACT,)) + unsigned(typeidx(heap.type))
    return signed(typeidx(heap))


def value_type(type_: ValType) -> bytes:
    """A value type."""
    if isinstance(type_, RefType):
        return reference_type(type_)
    return bytes((type_.code,))


def reference_type(type_: RefType) -> bytes:
    """A reference type: one byte where it has a short form."""
    if type_.nullable and isinstance(type_.heap, AbsHeapType):
        return bytes((type_.heap.code,))
    return bytes((REF_NULL if type_.nullable else REF,)) + heap_type(type_.heap)


def block_type(type_: ValType | int | None) -> bytes:
    """``None`` (empty), a value type, or a type index."""
    if type_ is None:
        return bytes((EMPTY,))
    if isinstance(type_, int):
        return signed(type_)
    return value_type(type_)


def _field_type(field: FieldType) -> bytes:
    storage = field.storage
    encoded = value_type(storage) if isinstance(storage, ValType) else bytes((storage.code,))
    return encoded + bytes((field.mutable,))


def _result_type(types: Sequence[ValType]) -> bytes:
    return unsigned(len(types)) + b"".join(map(value_type, types))


def _comp_type(comp: CompType) -> bytes:
    if isinstance(comp, FuncType):
        return bytes((FUNC_FORM,)) + _result_type(comp.params) + _result_type(comp.results)
    if isinstance(comp, StructType):
        fields = b"".join(map(_field_type, comp.fields))
        return bytes((STRUCT_FORM,)) + unsigned(len(comp.fields)) + fields
    if isinstance(comp, ContType):
        return bytes((CONT_FORM,)) + signed(typeidx(comp.type))
    return bytes((ARRAY_FORM,)) + _field_type(comp.field)


def _sub_type(sub: SubType) -> bytes:
    comp = _clause(DESCRIBES, sub.describes) + _clause(DESCRIPTOR, sub.descriptor)
    comp += _comp_type(sub.comp)
    if sub.final and not sub.supers:
        return comp
    supers = b"".join([unsigned(typeidx(heap)) for heap in sub.supers])
    form = SUB_FINAL if sub.final else SUB
    return bytes((form,)) + unsigned(len(sub.supers)) + supers + comp


def _clause(form: int, heap: HeapType | None) -> bytes:
    return b"" if heap is None else bytes((form,)) + unsigned(typeidx(heap))


def rec_type(rec: RecType) -> bytes:
    """A recursion group; a group of one stands as its type."""
    if len(rec.subtypes) == 1:
        return _sub_type(rec.subtypes[0])
    return bytes((REC,)) + unsigned(len(rec.subtypes)) + b"".join(map(_sub_type, rec.subtypes))


def _limits(addrtype: AddrType, minimum: int, maximum: int | None, flags: int = 0) -> bytes:
    flags |= (0 if maximum is None else LIMITS_MAX) | (LIMITS_64 if addrtype is I64 else 0)
    return bytes((flags,)) + unsigned(minimum) + (b"" if maximum is None else unsigned(maximum))


def mem_type(type_: MemType) -> bytes:
    """The type of a memory."""
    flags = LIMITS_SHARED if type_.shared else 0
    if type_.page_size_log2 == PAGE_SIZE_LOG2:
        return _limits(type_.addrtype, type_.minimum, type_.maximum, flags)
    limits = _limits(type_.addrtype, type_.minimum, type_.maximum, flags | LIMITS_PAGE_SIZE)
    return limits + unsigned(type_.page_size_log2)


def table_type(type_: TableType) -> bytes:
    """The type of a table."""
    limits = _limits(type_.addrtype, type_.minimum, type_.maximum)
    return reference_type(type_.reftype) + limits


def tag_type(type_: TagType) -> bytes:
    """The type of a tag."""
    return b"\0" + unsigned(typeidx(type_.type))


def global_type(type_: GlobalType) -> bytes:
    """The type of a global."""
    return value_type(type_.valtype) + bytes((type_.mutable,))
