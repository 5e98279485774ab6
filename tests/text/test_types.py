"""Types and their abbreviations."""

from __future__ import annotations

import pytest

from pyjsapi.syntax.module import Active
from pyjsapi.syntax.types import (
    ANY,
    EXTERN,
    F32,
    F64,
    FUNC,
    FUNCREF,
    I8,
    I16,
    I32,
    I64,
    ArrayType,
    FieldType,
    FuncType,
    GlobalType,
    MemType,
    RecType,
    StructType,
    SubType,
    TableType,
    ValType,
    ref_type,
)
from pyjsapi.text import parse_module


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("i32", I32),
        ("f64", F64),
        ("funcref", FUNCREF),
        ("anyref", ref_type(True, ANY)),
        ("(ref extern)", ref_type(False, EXTERN)),
        ("(ref null func)", FUNCREF),
        ("(ref $t)", ref_type(False, 0)),
        ("(ref null 0)", ref_type(True, 0)),
    ],
)
def test_value_types(text: str, type_: ValType) -> None:
    module = parse_module(f"(type $t (func (param {text})))")
    assert module.types == [RecType((SubType(True, (), FuncType((type_,), ())),))]


def test_structures_and_arrays() -> None:
    module = parse_module(
        "(type (struct (field $a i8) (field (mut i32) f32) (field $r (ref null 1))))"
        "(type (array (mut i16)))"
    )
    assert module.types == [
        RecType((
            SubType(True, (), StructType((
                FieldType(I8, False), FieldType(I32, True), FieldType(F32, False),
                FieldType(ref_type(True, 1), False),
            ))),
        )),
        RecType((SubType(True, (), ArrayType(FieldType(I16, True))),)),
    ]  # fmt: skip


def test_recursion_groups_and_subtypes() -> None:
    module = parse_module(
        "(rec (type $a (sub (func (param (ref $b))))) (type $b (sub final $a (func (param (ref 1))))))"
        "(type $c (sub $a (func)))"
    )
    param = FuncType((ref_type(False, 1),), ())
    assert module.types == [
        RecType((SubType(False, (), param), SubType(True, (0,), param))),
        RecType((SubType(False, (0,), FuncType((), ())),)),
    ]


def test_implicit_types_do_not_take_subtypes_or_members_of_groups() -> None:
    module = parse_module(
        "(type (sub (func))) (rec (type (func)) (type (func (param i32)))) (func) (func (param i32))"
    )
    assert module.func_typeidxs == [3, 4]


def test_memories_tables_and_globals() -> None:
    module = parse_module(
        "(memory 1) (memory i64 1 0xffff_ffff_ffff_ffff) (table 1 2 funcref)"
        "(table i64 3 (ref null extern)) (global (mut f32) (f32.const 0)) (global i64 i64.const 0)"
    )
    assert module.mems == [MemType(I32, 1, None), MemType(I64, 1, 2**64 - 1)]
    assert [table.type for table in module.tables] == [
        TableType(I32, 1, 2, FUNCREF),
        TableType(I64, 3, None, ref_type(True, EXTERN)),
    ]
    assert [global_.type for global_ in module.globals] == [
        GlobalType(F32, True),
        GlobalType(I64, False),
    ]


def test_element_segments() -> None:
    module = parse_module(
        "(func $f) (table 1 funcref) (table $u 1 externref)"
        "(elem func $f) (elem funcref (ref.func $f) (item ref.null func)) (elem declare func 0)"
        "(elem (table $u) (i32.const 0) externref) (elem (i32.const 1) $f)"
        "(elem (offset (i32.const 2)) (ref func))"
    )
    assert [elem.type for elem in module.elems] == [
        ref_type(False, FUNC), FUNCREF, ref_type(False, FUNC), ref_type(True, EXTERN),
        ref_type(False, FUNC), ref_type(False, FUNC),
    ]  # fmt: skip
    modes = [e.mode.index if isinstance(e.mode, Active) else e.mode for e in module.elems]
    assert modes == ["passive", "passive", "declarative", 1, 0, 0]
    assert [len(elem.init) for elem in module.elems] == [1, 2, 1, 0, 1, 0]
