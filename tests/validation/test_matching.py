"""Subtyping of closed types, and matching of imports."""

from __future__ import annotations

import pytest

from pyjsapi.syntax.deftypes import DefType, close_group, func_def_type
from pyjsapi.syntax.types import (
    ABS_HEAP_TYPES,
    ANY,
    ARRAY,
    BOT,
    BOT_HEAP,
    CONT,
    EQ,
    EXN,
    EXTERN,
    EXTERNREF,
    F32,
    FUNC,
    FUNCREF,
    I8,
    I16,
    I31,
    I32,
    I64,
    NOCONT,
    NOEXN,
    NOEXTERN,
    NOFUNC,
    NONE,
    STRUCT,
    AbsHeapType,
    ArrayType,
    CompType,
    ExternType,
    FieldType,
    FuncExtern,
    FuncType,
    GlobalType,
    MemType,
    RecType,
    StructType,
    SubType,
    TableType,
    TagType,
    ref_type,
)
from pyjsapi.validation.matching import (
    match_comp,
    match_extern,
    match_heap,
    match_ref,
    match_result,
    match_val,
)

ABOVE: dict[AbsHeapType, set[AbsHeapType]] = {
    ANY: set(),
    EQ: {ANY},
    I31: {EQ, ANY},
    STRUCT: {EQ, ANY},
    ARRAY: {EQ, ANY},
    NONE: {I31, STRUCT, ARRAY, EQ, ANY},
    FUNC: set(),
    NOFUNC: {FUNC},
    EXTERN: set(),
    NOEXTERN: {EXTERN},
    EXN: set(),
    NOEXN: {EXN},
    CONT: set(),
    NOCONT: {CONT},
}


def defined(comp: CompType, final: bool = True) -> DefType:
    return close_group(RecType((SubType(final, (), comp),)), ())[0]


BASE = defined(FuncType((), (FUNCREF,)), final=False)
DERIVED = close_group(RecType((SubType(True, (0,), FuncType((), (FUNCREF,))),)), [BASE])[0]
A_STRUCT = defined(StructType((FieldType(I32, True),)))
AN_ARRAY = defined(ArrayType(FieldType(I8, False)))


@pytest.mark.parametrize("sub", ABS_HEAP_TYPES, ids=str)
def test_the_hierarchies_of_abstract_heap_types(sub: AbsHeapType) -> None:
    matched = {other for other in ABS_HEAP_TYPES if match_heap(sub, other)}
    assert matched == {sub} | ABOVE[sub]


@pytest.mark.parametrize(
    ("sub", "above", "bottom"),
    [
        (BASE, {FUNC}, NOFUNC),
        (A_STRUCT, {STRUCT, EQ, ANY}, NONE),
        (AN_ARRAY, {ARRAY, EQ, ANY}, NONE),
    ],
    ids=["func", "struct", "array"],
)
def test_defined_types_lie_within_the_hierarchy_of_their_kind(
    sub: DefType, above: set[AbsHeapType], bottom: AbsHeapType
) -> None:
    assert {other for other in ABS_HEAP_TYPES if match_heap(sub, other)} == above
    assert [other for other in ABS_HEAP_TYPES if match_heap(other, sub)] == [bottom]


def test_defined_types_match_what_they_declare() -> None:
    assert match_heap(DERIVED, BASE)
    assert match_heap(DERIVED, DERIVED)
    assert not match_heap(BASE, DERIVED)
    assert not match_heap(A_STRUCT, AN_ARRAY)


def test_bottom_matches_everything() -> None:
    assert match_val(BOT, I32)
    assert match_val(BOT, FUNCREF)
    assert match_ref(ref_type(False, BOT_HEAP), ref_type(False, BASE))
    assert match_heap(BOT_HEAP, EXTERN)
    assert not match_val(I32, BOT)


def test_a_nullable_reference_does_not_match_one_without_null() -> None:
    assert match_val(ref_type(False, FUNC), FUNCREF)
    assert not match_val(FUNCREF, ref_type(False, FUNC))
    assert match_val(ref_type(False, DERIVED), ref_type(True, BASE))
    assert not match_val(FUNCREF, EXTERNREF)
    assert not match_val(FUNCREF, I32)
    assert not match_val(I32, I64)


def test_result_types_match_type_by_type() -> None:
    assert match_result([I32, ref_type(False, FUNC)], [I32, FUNCREF])
    assert not match_result([I32], [I32, I32])
    assert not match_result([I32, I32], [I32, F32])


def test_composite_types() -> None:
    mutable, constant = FieldType(FUNCREF, True), FieldType(FUNCREF, False)
    narrow = FieldType(ref_type(False, FUNC), False)
    narrow_mutable = FieldType(ref_type(False, FUNC), True)
    assert match_comp(StructType((narrow, mutable)), StructType((constant,)))
    assert not match_comp(StructType(()), StructType((constant,)))
    assert not match_comp(StructType((narrow_mutable,)), StructType((mutable,)))
    assert not match_comp(StructType((mutable,)), StructType((constant,)))
    assert match_comp(ArrayType(narrow), ArrayType(constant))
    assert not match_comp(ArrayType(FieldType(I8, False)), ArrayType(FieldType(I16, False)))
    assert match_comp(ArrayType(FieldType(I8, True)), ArrayType(FieldType(I8, True)))
    assert not match_comp(ArrayType(FieldType(I8, True)), ArrayType(FieldType(I32, True)))
    assert not match_comp(ArrayType(constant), StructType((constant,)))
    assert not match_comp(FuncType((), ()), StructType(()))


NOTHING = func_def_type(FuncType((), ()))

EXTERNS: list[tuple[ExternType, ExternType, bool]] = [
    (FuncExtern(DERIVED), FuncExtern(BASE), True),
    (FuncExtern(BASE), FuncExtern(DERIVED), False),
    (FuncExtern(func_def_type(FuncType((), ()))), FuncExtern(NOTHING), True),
    (FuncExtern(NOTHING), MemType(I32, 0, None), False),
    (MemType(I32, 2, 4), MemType(I32, 1, None), True),
    (MemType(I32, 2, 4), MemType(I32, 2, 4), True),
    (MemType(I32, 2, 4), MemType(I32, 3, 4), False),
    (MemType(I32, 2, 4), MemType(I32, 2, 3), False),
    (MemType(I32, 2, None), MemType(I32, 2, 4), False),
    (MemType(I64, 2, 4), MemType(I32, 1, 4), False),
    (MemType(I32, 2, 4, shared=True), MemType(I32, 1, 4), False),
    (MemType(I32, 2, 4), MemType(I32, 1, 4, shared=True), False),
    (MemType(I32, 2, 4, page_size_log2=0), MemType(I32, 1, 4), False),
    (MemType(I32, 2, 4), TableType(I32, 1, 4, FUNCREF), False),
    (TableType(I32, 2, 4, FUNCREF), TableType(I32, 1, 4, FUNCREF), True),
    (TableType(I32, 2, 4, FUNCREF), TableType(I64, 1, 4, FUNCREF), False),
    (TableType(I32, 2, 4, ref_type(True, BASE)), TableType(I32, 1, 4, FUNCREF), False),
    (TableType(I32, 2, 4, ref_type(True, BASE)), TableType(I32, 1, 4, ref_type(True, BASE)), True),
    (TableType(I32, 0, 4, FUNCREF), TableType(I32, 1, 4, FUNCREF), False),
    (GlobalType(I32, False), GlobalType(I32, False), True),
    (GlobalType(I32, True), GlobalType(I32, False), False),
    (GlobalType(ref_type(False, FUNC), False), GlobalType(FUNCREF, False), True),
    (GlobalType(ref_type(False, FUNC), True), GlobalType(FUNCREF, True), False),
    (GlobalType(I32, False), FuncExtern(NOTHING), False),
    (TagType(NOTHING), TagType(NOTHING), True),
    (TagType(DERIVED), TagType(BASE), False),
    (GlobalType(I32, False), TagType(NOTHING), False),
]


@pytest.mark.parametrize(("actual", "expected", "matches"), EXTERNS)
def test_external_types(actual: ExternType, expected: ExternType, matches: bool) -> None:
    assert match_extern(actual, expected) is matches
