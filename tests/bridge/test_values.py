"""Value types as texts, and references as JavaScript asks for them."""

from __future__ import annotations

import gc

import pytest

from pyjsapi.bridge.face import values
from pyjsapi.bridge.face.values import ARRAY_KIND, STRUCT_KIND, ExternRef
from pyjsapi.runtime.function import FuncInst
from pyjsapi.runtime.gc import ArrayInst, StructInst
from pyjsapi.syntax.deftypes import close_group, func_def_type
from pyjsapi.syntax.types import (
    ANY,
    EQ,
    EXN,
    EXTERNREF,
    F32,
    F64,
    FUNC,
    FUNCREF,
    I32,
    I64,
    V128,
    ArrayType,
    FieldType,
    FuncType,
    RecType,
    StructType,
    SubType,
    ValType,
    ref_type,
)

NULLARY = func_def_type(FuncType((), ()))
UNARY = func_def_type(FuncType((I32,), ()))
POINT = close_group(RecType((SubType(True, (), StructType((FieldType(I32, True),))),)), ())[0]
LIST = close_group(RecType((SubType(True, (), ArrayType(FieldType(I32, True))),)), ())[0]


@pytest.mark.parametrize(
    ("type_", "code"),
    [
        (I32, "i"),
        (I64, "I"),
        (F32, "f"),
        (F64, "d"),
        (V128, "v"),
        (FUNCREF, "F?func"),
        (EXTERNREF, "r?extern"),
        (ref_type(False, ANY), "A!any"),
        (ref_type(True, EQ), "A?eq"),
        (ref_type(True, EXN), "x?exn"),
        (ref_type(False, FUNC), "F!func"),
    ],
)
def test_a_type_and_its_text_stand_for_each_other(type_: ValType, code: str) -> None:
    assert values.type_code(type_) == code
    assert values.type_of(code) == type_


def test_defined_types_are_numbered_once() -> None:
    code = values.type_code(ref_type(True, NULLARY))
    other = values.type_code(ref_type(False, UNARY))
    assert (code[:2], other[:2]) == ("F?", "F!")
    assert code[2:] != other[2:]
    assert values.type_code(ref_type(False, NULLARY))[2:] == code[2:]
    assert values.type_code(ref_type(True, POINT)).startswith("A?")
    function = FuncInst(NULLARY, lambda: None)
    assert values.func_matches(function, int(code[2:])) == 1
    assert values.func_matches(function, int(other[2:])) == 0


def test_structures_and_arrays_match_their_own_types() -> None:
    point, items = StructInst(POINT, [1]), ArrayInst(LIST, [1])
    number = int(values.type_code(ref_type(True, POINT))[2:])
    assert values.object_matches(point, number) == 1
    assert values.object_matches(items, number) == 0


def test_a_signature_lists_parameters_and_results() -> None:
    type_ = FuncType((I32, FUNCREF), (I64, EXTERNREF))
    assert values.signature_code(type_) == "i,F?func>I,r?extern"
    assert values.signature_code(FuncType((), ())) == ">"


def test_references_tell_what_they_are() -> None:
    assert values.extern_kind(-5) == -5
    assert values.any_kind(values.i31(0xFFFFFFFB)) == -5
    assert values.i31(7) == 7
    for kind in (values.extern_kind, values.any_kind):
        assert kind(StructInst(POINT, [1])) == STRUCT_KIND
        assert kind(ArrayInst(LIST, [])) == ARRAY_KIND


def test_a_dropped_reference_tells_its_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    dropped: list[int] = []
    monkeypatch.setattr(values, "_release", dropped.append)
    kept, gone = ExternRef(4), ExternRef(5)
    assert repr(gone) == "<JavaScript value #5>"
    del gone
    gc.collect()
    assert dropped == [5]
    del kept
    assert dropped == [5, 4]
