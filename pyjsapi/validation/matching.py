"""Matching: subtyping on closed types (core specification, "Validation: Matching")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.types import (
    ANY,
    ARRAY,
    BOT,
    BOT_HEAP,
    CONT,
    EQ,
    EXN,
    EXTERN,
    FUNC,
    I31,
    NOCONT,
    NOEXN,
    NOEXTERN,
    NOFUNC,
    NONE,
    STRUCT,
    AbsHeapType,
    ArrayType,
    CompType,
    ContType,
    Exact,
    ExternType,
    FieldType,
    FuncExtern,
    FuncType,
    GlobalType,
    HeapType,
    MemType,
    RefType,
    StorageType,
    StructType,
    TableType,
    TagType,
    ValType,
)

_ABOVE: Final[dict[AbsHeapType, frozenset[AbsHeapType]]] = {
    EQ: frozenset((ANY,)),
    I31: frozenset((EQ, ANY)),
    STRUCT: frozenset((EQ, ANY)),
    ARRAY: frozenset((EQ, ANY)),
    NONE: frozenset((I31, STRUCT, ARRAY, EQ, ANY)),
    NOFUNC: frozenset((FUNC,)),
    NOEXTERN: frozenset((EXTERN,)),
    NOEXN: frozenset((EXN,)),
    NOCONT: frozenset((CONT,)),
}
"""The abstract heap types above each abstract heap type that has any."""
_BELOW: Final[dict[AbsHeapType, AbsHeapType]] = {FUNC: NOFUNC, CONT: NOCONT}
"""The abstract heap types below the defined types below one, where that is not ``none``."""


def _kind(comp: CompType) -> AbsHeapType:
    """The lowest abstract heap type above a defined type."""
    if isinstance(comp, FuncType):
        return FUNC
    if isinstance(comp, ContType):
        return CONT
    return STRUCT if isinstance(comp, StructType) else ARRAY


def match_heap(sub: HeapType, super_: HeapType) -> bool:
    """Whether heap type ``sub`` is a subtype of ``super_`` ("Heap Types")."""
    if sub is super_ or sub is BOT_HEAP:
        return True
    if isinstance(super_, Exact):
        if isinstance(sub, AbsHeapType):
            return match_heap(sub, super_.type)
        return isinstance(sub, Exact) and sub.type is super_.type
    if isinstance(sub, Exact):
        return match_heap(sub.type, super_)
    if isinstance(sub, DefType):
        if isinstance(super_, DefType):
            return sub.is_subtype_of(super_)
        kind = _kind(sub.comp)
        return super_ is kind or super_ in _ABOVE.get(kind, ())
    if isinstance(sub, AbsHeapType):
        if isinstance(super_, DefType):
            return sub is _BELOW.get(_kind(super_.comp), NONE)
        return super_ in _ABOVE.get(sub, ())
    return False


def match_ref(sub: RefType, super_: RefType) -> bool:
    """Whether reference type ``sub`` is a subtype of ``super_`` ("Reference Types")."""
    return (super_.nullable or not sub.nullable) and match_heap(sub.heap, super_.heap)


def match_val(sub: ValType, super_: ValType) -> bool:
    """Whether value type ``sub`` is a subtype of ``super_`` ("Value Types")."""
    if sub is super_ or sub is BOT:
        return True
    return isinstance(sub, RefType) and isinstance(super_, RefType) and match_ref(sub, super_)


def match_result(sub: Sequence[ValType], super_: Sequence[ValType]) -> bool:
    """Whether result type ``sub`` is a subtype of ``super_``, type by type ("Result Types")."""
    return len(sub) == len(super_) and all(map(match_val, sub, super_))


def match_storage(sub: StorageType, super_: StorageType) -> bool:
    """Whether storage type ``sub`` is a subtype of ``super_`` ("Field Types")."""
    if isinstance(sub, ValType) and isinstance(super_, ValType):
        return match_val(sub, super_)
    return sub is super_


def match_field(sub: FieldType, super_: FieldType) -> bool:
    """Whether field type ``sub`` is a subtype of ``super_``; mutable ones must be equal ("Field Types")."""
    if sub.mutable != super_.mutable or not match_storage(sub.storage, super_.storage):
        return False
    return not sub.mutable or match_storage(super_.storage, sub.storage)


def match_comp(sub: CompType, super_: CompType) -> bool:
    """Whether composite type ``sub`` is a subtype of ``super_`` ("Composite Types")."""
    if isinstance(sub, FuncType):
        return (
            isinstance(super_, FuncType)
            and match_result(super_.params, sub.params)
            and match_result(sub.results, super_.results)
        )
    if isinstance(sub, StructType):
        return (
            isinstance(super_, StructType)
            and len(sub.fields) >= len(super_.fields)
            and all(map(match_field, sub.fields, super_.fields))
        )
    if isinstance(sub, ContType):
        return isinstance(super_, ContType) and match_heap(sub.type, super_.type)
    return isinstance(super_, ArrayType) and match_field(sub.field, super_.field)


def match_limits(sub: MemType | TableType, super_: MemType | TableType) -> bool:
    """Whether the limits of ``sub`` lie within those of ``super_`` ("Limits").

    At instantiation the minimum of an actual memory or table is its current size.
    """
    if sub.minimum < super_.minimum:
        return False
    return super_.maximum is None or (sub.maximum is not None and sub.maximum <= super_.maximum)


def match_extern(actual: ExternType, expected: ExternType) -> bool:
    """Whether an external value of type ``actual`` may stand for an import of type ``expected``.

    Both types are closed ("External Types"; threads proposal: sharedness must be equal; custom page sizes
    proposal: page sizes must be equal).
    """
    if isinstance(expected, FuncExtern):
        return (
            isinstance(actual, FuncExtern)
            and isinstance(actual.type, DefType)
            and isinstance(expected.type, DefType)
            and (
                actual.type is expected.type
                if expected.exact
                else actual.type.is_subtype_of(expected.type)
            )
        )
    if isinstance(expected, TableType):
        return (
            isinstance(actual, TableType)
            and actual.addrtype is expected.addrtype
            and actual.reftype == expected.reftype
            and match_limits(actual, expected)
        )
    if isinstance(expected, MemType):
        return (
            isinstance(actual, MemType)
            and actual.addrtype is expected.addrtype
            and actual.shared == expected.shared
            and actual.page_size_log2 == expected.page_size_log2
            and match_limits(actual, expected)
        )
    if isinstance(expected, GlobalType):
        return (
            isinstance(actual, GlobalType)
            and actual.mutable == expected.mutable
            and match_val(actual.valtype, expected.valtype)
            and (not actual.mutable or match_val(expected.valtype, actual.valtype))
        )
    return isinstance(actual, TagType) and actual.type is expected.type
