"""Types: identity, equality, names; defined types: structure decides."""

from __future__ import annotations

import gc

import pytest

from pyjsapi.syntax.deftypes import close_group, func_def_type
from pyjsapi.syntax.types import (
    ABS_HEAP_TYPES,
    ANY,
    BOT_HEAP,
    EXTERN,
    EXTERNREF,
    FUNC,
    FUNCREF,
    I32,
    I64,
    V128,
    ArrayType,
    FieldType,
    FuncExtern,
    FuncType,
    GlobalType,
    MemType,
    RecType,
    RefType,
    StructType,
    SubType,
    TableType,
    TagType,
    ValType,
    extern_kind,
    ref_type,
)


def rec(*members: tuple[bool, tuple[int, ...], FuncType]) -> RecType:
    return RecType(tuple(SubType(*member) for member in members))


def test_codes_of_one_byte_types_are_unique() -> None:
    codes = [heap.code for heap in ABS_HEAP_TYPES] + [I32.code, I64.code, V128.code]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("nullable", [True, False])
@pytest.mark.parametrize("heap", ABS_HEAP_TYPES, ids=str)
def test_references_to_abstract_types_are_the_same_object(nullable: bool, heap: object) -> None:
    assert ref_type(nullable, heap) is ref_type(nullable, heap)  # type: ignore[arg-type]


def test_references_to_indices_are_equal_by_value() -> None:
    assert ref_type(True, 3) == ref_type(True, 3)
    assert hash(ref_type(True, 3)) == hash(ref_type(True, 3))
    assert ref_type(True, 3) != ref_type(False, 3)
    assert ref_type(True, 3) != ref_type(True, 4)
    assert ref_type(True, 3) != FUNCREF


@pytest.mark.parametrize(
    ("type_", "name"),
    [
        (I32, "i32"),
        (FUNCREF, "funcref"),
        (EXTERNREF, "externref"),
        (ref_type(True, ANY), "anyref"),
        (ref_type(False, FUNC), "(ref func)"),
        (ref_type(True, 7), "(ref null 7)"),
        (RefType(True, BOT_HEAP), "(ref null bot)"),
        *[(ref_type(True, ABS_HEAP_TYPES[i]), f"null{name}ref") for i, name in
          ((0, "exn"), (1, "func"), (2, "extern"), (3, ""))],
    ],
)  # fmt: skip
def test_types_print_as_in_the_text_format(type_: ValType, name: str) -> None:
    assert repr(type_) == name


def test_function_types_print_as_in_the_specification() -> None:
    assert str(FuncType((I32, I64), (FUNCREF,))) == "[i32 i64] -> [funcref]"


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        (FuncExtern(0), "func"),
        (TableType(I32, 0, None, FUNCREF), "table"),
        (MemType(I32, 0, None), "memory"),
        (GlobalType(I32, True), "global"),
        (TagType(0), "tag"),
    ],
)
def test_extern_kinds(type_: FuncExtern, kind: str) -> None:
    assert extern_kind(type_) == kind


def test_pages_have_the_size_that_the_type_says() -> None:
    assert MemType(I32, 1, None).page_size == 65536
    assert MemType(I32, 1, None, page_size_log2=0).page_size == 1


def test_equal_function_types_are_one_defined_type() -> None:
    type_ = FuncType((I32,), (I64,))
    assert func_def_type(type_) is func_def_type(FuncType((I32,), (I64,)))
    assert func_def_type(type_) is not func_def_type(FuncType((I64,), (I64,)))
    assert func_def_type(type_).func == type_
    assert func_def_type(type_).final


def test_types_of_groups_of_different_shape_differ() -> None:
    empty = FuncType((), ())
    alone = close_group(rec((True, (), empty)), ())
    pair = close_group(rec((True, (), empty), (True, (), empty)), ())
    assert alone[0] is not pair[0]
    assert pair[0] is not pair[1]
    assert close_group(rec((True, (), empty), (True, (), empty)), alone) == pair


def test_recursive_groups_are_equal_wherever_they_stand() -> None:
    empty = func_def_type(FuncType((), ()))
    at_0 = close_group(rec((True, (), FuncType((ref_type(True, 0),), ()))), ())
    at_1 = close_group(rec((True, (), FuncType((ref_type(True, 1),), ()))), (empty,))
    to_empty = close_group(rec((True, (), FuncType((ref_type(True, 0),), ()))), (empty,))
    assert at_0[0] is at_1[0]
    assert at_0[0].func.params == (ref_type(True, at_0[0]),)
    assert to_empty[0] is not at_0[0]
    assert to_empty[0].func.params == (ref_type(True, empty),)


def test_declared_supertypes_make_subtypes() -> None:
    empty = FuncType((), ())
    (top,) = close_group(rec((False, (), empty)), ())
    (middle,) = close_group(rec((False, (0,), empty)), (top,))
    (bottom,) = close_group(rec((True, (1,), empty)), (top, middle))
    assert bottom.supers == (middle,)
    assert bottom.is_subtype_of(top)
    assert bottom.is_subtype_of(bottom)
    assert not top.is_subtype_of(bottom)
    assert not top.final


def test_structures_and_arrays_close_too() -> None:
    struct = StructType((FieldType(I32, True), FieldType(ref_type(True, 0), False)))
    array = ArrayType(FieldType(ref_type(False, 0), False))
    first, second = close_group(RecType((SubType(True, (), struct), SubType(True, (), array))), ())
    assert isinstance(first.comp, StructType)
    assert first.comp.fields[1].storage == ref_type(True, first)
    assert second.comp == ArrayType(FieldType(ref_type(False, first), False))
    with pytest.raises(TypeError, match="not a function type"):
        _ = first.func


def test_unused_groups_are_given_back() -> None:
    from pyjsapi.syntax import deftypes

    type_ = FuncType((ref_type(True, EXTERN),) * 37, ())
    defined = func_def_type(type_)
    key = defined.group.rec
    assert key in deftypes._groups
    del defined
    gc.collect()
    assert key not in deftypes._groups
