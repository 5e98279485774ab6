"""Decoding of types (core: "Binary Format: Types")."""

from __future__ import annotations

from typing import Final

from pyjsapi.binary.reader import Reader
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.types import (
    ABS_HEAP_TYPES,
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    PAGE_SIZE_LOG2,
    V128,
    AbsHeapType,
    AddrType,
    ArrayType,
    CompType,
    ContType,
    Exact,
    FieldType,
    FuncType,
    GlobalType,
    HeapType,
    MemType,
    PackType,
    RecType,
    RefType,
    StorageType,
    StructType,
    SubType,
    TableType,
    TagType,
    ValType,
    ref_type,
)

REF: Final = 0x64
"""``(ref ht)``"""
REF_NULL: Final = 0x63
"""``(ref null ht)``"""
FUNC_FORM: Final = 0x60
STRUCT_FORM: Final = 0x5F
ARRAY_FORM: Final = 0x5E
CONT_FORM: Final = 0x5D
EXACT: Final = 0x62
"""``(exact x)`` (custom descriptors)"""
DESCRIPTOR: Final = 0x4D
DESCRIBES: Final = 0x4C
SUB: Final = 0x50
SUB_FINAL: Final = 0x4F
REC: Final = 0x4E
EMPTY: Final = 0x40
"""Block type without a type; also the mark of a table with an initial value."""

EXACT_FUNC: Final = 0x20
"""Kind of an import of a function whose type is exact."""

LIMITS_MAX: Final = 0x01
LIMITS_SHARED: Final = 0x02
"""Of memories."""
LIMITS_64: Final = 0x04
LIMITS_PAGE_SIZE: Final = 0x08
"""Of memories: log2 of the page size follows."""
MAX_PAGE_SIZE_LOG2: Final = 64
"""The greatest that the format allows; validation allows much less."""

ABS_HEAP_TYPE_OF: Final[dict[int, AbsHeapType]] = {heap.code: heap for heap in ABS_HEAP_TYPES}
VAL_TYPE_OF: Final[dict[int, ValType]] = {
    **{type_.code: type_ for type_ in (I32, I64, F32, F64, V128)},
    **{heap.code: ref_type(True, heap) for heap in ABS_HEAP_TYPES},
}
"""Value types that are one byte."""
_PACK_TYPE_OF: Final[dict[int, PackType]] = {type_.code: type_ for type_ in (I8, I16)}


def heap_type(reader: Reader) -> HeapType:
    """An abstract heap type or a type index."""
    heap = ABS_HEAP_TYPE_OF.get(reader.peek())
    if heap is not None:
        reader.pos += 1
        return heap
    if reader.peek() == EXACT:
        reader.pos += 1
        return Exact(reader.u32())
    start = reader.pos
    index = reader.s33()
    if index < 0:
        raise reader.error("malformed heap type", reader.pos - start)
    return index


def _ref_type_or_none(reader: Reader) -> RefType | None:
    code = reader.peek()
    if code in (REF, REF_NULL):
        reader.pos += 1
        return ref_type(code == REF_NULL, heap_type(reader))
    return None


def reference_type(reader: Reader) -> RefType:
    """A reference type."""
    type_ = _ref_type_or_none(reader)
    if type_ is not None:
        return type_
    code = reader.s7() & 0x7F
    heap = ABS_HEAP_TYPE_OF.get(code)
    if heap is None:
        raise reader.error(f"malformed reference type: {code:#04x}")
    return ref_type(True, heap)


def value_type(reader: Reader) -> ValType:
    """A value type."""
    type_ = VAL_TYPE_OF.get(reader.peek())
    if type_ is None:
        # The alternative tried last names the error, as in the reference interpreter.
        return reference_type(reader)
    reader.pos += 1
    return type_


def block_type(reader: Reader) -> ValType | int | None:
    """``None`` (empty), a value type, or a type index."""
    code = reader.peek()
    if code == EMPTY:
        reader.pos += 1
        return None
    if code < 0 or 0x40 <= code < 0x80:
        return value_type(reader)
    start = reader.pos
    index = reader.s33()
    if index < 0:
        raise reader.error("malformed block type", reader.pos - start)
    return index


def _storage_type(reader: Reader) -> StorageType:
    type_ = _PACK_TYPE_OF.get(reader.peek())
    if type_ is None:
        if reader.peek() == EXACT:
            raise reader.error("malformed storage type: an exact heap type is no reference type", 0)
        return value_type(reader)
    reader.pos += 1
    return type_


def mutability(reader: Reader) -> bool:
    """Whether mutable."""
    code = reader.byte()
    if code > 1:
        raise reader.error(f"malformed mutability: {code:#04x} is neither 0 nor 1")
    return code == 1


def _field_type(reader: Reader) -> FieldType:
    return FieldType(_storage_type(reader), mutability(reader))


def _result_type(reader: Reader) -> tuple[ValType, ...]:
    return tuple([value_type(reader) for _ in range(reader.length())])


def _comp_type(reader: Reader) -> CompType:
    form = reader.s7() & 0x7F
    if form == FUNC_FORM:
        params = _result_type(reader)
        return FuncType(params, _result_type(reader))
    if form == STRUCT_FORM:
        return StructType(tuple([_field_type(reader) for _ in range(reader.length())]))
    if form == ARRAY_FORM:
        return ArrayType(_field_type(reader))
    if form == CONT_FORM:
        start = reader.pos
        index = reader.s33()
        if index < 0:
            raise reader.error("malformed continuation type", reader.pos - start)
        return ContType(index)
    raise reader.error(f"malformed definition type: {form:#04x}")


def _sub_type(reader: Reader) -> SubType:
    form = reader.peek()
    supers: tuple[int, ...]
    final, supers = True, ()
    if form in (SUB, SUB_FINAL):
        reader.pos += 1
        final, supers = form == SUB_FINAL, tuple(reader.list(reader.u32))
        form = reader.peek()
    if form != DESCRIBES and form != DESCRIPTOR:
        return SubType(final, supers, _comp_type(reader))
    describes = _clause(reader, DESCRIBES)
    descriptor = _clause(reader, DESCRIPTOR)
    return SubType(final, supers, _comp_type(reader), describes, descriptor)


def _clause(reader: Reader, form: int) -> int | None:
    """The type index of a clause, if it comes next."""
    if reader.peek() != form:
        return None
    reader.pos += 1
    return reader.u32()


def rec_type(reader: Reader) -> RecType:
    """A recursion group, or a type that stands for a group of one."""
    if reader.peek() == REC:
        reader.pos += 1
        return RecType(tuple([_sub_type(reader) for _ in range(reader.length())]))
    return RecType((_sub_type(reader),))


_LIMITS_FEATURES: Final = {
    LIMITS_SHARED: "threads",
    LIMITS_64: "memory64",
    LIMITS_PAGE_SIZE: "custom_page_sizes",
}
"""Flags of limits that need a feature."""


def _limits_flags(reader: Reader, known: int, features: Features) -> int:
    flags = reader.byte()
    if flags & ~known:
        raise reader.error(f"malformed limits flags: {flags:#04x}")
    for flag, feature in _LIMITS_FEATURES.items():
        if flags & flag and not getattr(features, feature):
            raise reader.error(
                f"malformed limits flags: {flags:#04x} needs the feature {feature}, which is switched off"
            )
    return flags


def _limits(reader: Reader, flags: int) -> tuple[AddrType, int, int | None]:
    minimum = reader.u64()
    maximum = reader.u64() if flags & LIMITS_MAX else None
    return I64 if flags & LIMITS_64 else I32, minimum, maximum


def mem_type(reader: Reader, features: Features) -> MemType:
    """The type of a memory."""
    known = LIMITS_MAX | LIMITS_SHARED | LIMITS_64 | LIMITS_PAGE_SIZE
    flags = _limits_flags(reader, known, features)
    addrtype, minimum, maximum = _limits(reader, flags)
    page_size_log2 = PAGE_SIZE_LOG2
    if flags & LIMITS_PAGE_SIZE:
        start = reader.pos
        page_size_log2 = reader.u32()
        if page_size_log2 > MAX_PAGE_SIZE_LOG2:
            raise reader.error(
                f"invalid custom page size: 2^{page_size_log2} bytes", reader.pos - start
            )
    shared = bool(flags & LIMITS_SHARED)
    return MemType(addrtype, minimum, maximum, shared, page_size_log2)


def table_type(reader: Reader, features: Features) -> TableType:
    """The type of a table."""
    type_ = reference_type(reader)
    flags = _limits_flags(reader, LIMITS_MAX | LIMITS_64, features)
    return TableType(*_limits(reader, flags), type_)


def tag_type(reader: Reader) -> TagType:
    """The type of a tag: the attribute, which is zero (exceptions), and a type index."""
    reader.zero()
    return TagType(reader.u32())


def global_type(reader: Reader) -> GlobalType:
    """The type of a global."""
    type_ = value_type(reader)
    return GlobalType(type_, mutability(reader))
