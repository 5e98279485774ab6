"""Features that are switched off are named wherever a module uses them, not only by instructions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pyjsapi.syntax.errors import FeatureError
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.module import (
    Active,
    Code,
    Data,
    Elem,
    Func,
    Global,
    Import,
    Instr,
    Module,
    Table,
)
from pyjsapi.syntax.types import (
    ANY,
    EXTERNREF,
    FUNC,
    FUNCREF,
    I32,
    I64,
    FuncType,
    GlobalType,
    MemType,
    RecType,
    StructType,
    SubType,
    TableType,
    ref_type,
)
from pyjsapi.text import parse_module
from pyjsapi.validation.limits import Limits
from pyjsapi.validation.module import validate_module

Build = Callable[[str], list[Instr]]
FuncTypeMaker = Callable[..., RecType]

ANYREF = ref_type(True, ANY)
EMPTY = FuncType((), ())
ONE_MEMORY = MemType(I32, 0, None)
ONE_TABLE = TableType(I32, 0, None, FUNCREF)


def _cases(build: Build, functype: FuncTypeMaker) -> dict[str, tuple[str, Module]]:
    null = build("ref.null func; end")
    block = [*build("i32.const 0; block 0; end; drop"), *build("end")]
    return {
        "two memories": ("multi_memory", Module(mems=[ONE_MEMORY] * 2)),
        "an imported and a defined memory": (
            "multi_memory",
            Module(imports=[Import("", "", ONE_MEMORY)], mems=[ONE_MEMORY]),
        ),
        "two tables": ("reference_types", Module(tables=[Table(ONE_TABLE, None)] * 2)),
        "64-bit memory": ("memory64", Module(mems=[MemType(I64, 0, None)])),
        "pages of one byte": (
            "custom_page_sizes",
            Module(mems=[MemType(I32, 0, None, page_size_log2=0)]),
        ),
        "shared memory": ("threads", Module(mems=[MemType(I32, 0, 1, shared=True)])),
        "64-bit table": ("memory64", Module(tables=[Table(TableType(I64, 0, None, FUNCREF), None)])),
        "two results": ("multi_value", Module(types=[functype("", "i32 i32")])),
        "block type": (
            "multi_value",
            Module(
                types=[functype("i32", "i32"), functype()],
                funcs=[Func(1, Code((), block))],
            ),
        ),
        "externref": ("reference_types", Module(types=[functype("externref")])),
        "funcref global": (
            "reference_types",
            Module(globals=[Global(GlobalType(FUNCREF, False), null)]),
        ),
        "externref table": (
            "reference_types",
            Module(tables=[Table(TableType(I32, 0, None, EXTERNREF), None)]),
        ),
        "reference without null": (
            "function_references",
            Module(types=[RecType((SubType(True, (), FuncType((ref_type(False, FUNC),), ())),))]),
        ),
        "reference to a type": ("function_references", Module(types=[functype("ref_null_0")])),
        "recursion group": (
            "function_references",
            Module(types=[RecType((SubType(True, (), EMPTY), SubType(True, (), EMPTY)))]),
        ),
        "open type": ("function_references", Module(types=[RecType((SubType(False, (), EMPTY),))])),
        "initial value of a table": (
            "function_references",
            Module(tables=[Table(ONE_TABLE, null)]),
        ),
        "structure type": ("gc", Module(types=[RecType((SubType(True, (), StructType(())),))])),
        "abstract heap type": ("gc", Module(tables=[Table(TableType(I32, 0, None, ANYREF), None)])),
        "i31 in a constant": (
            "gc",
            Module(globals=[Global(GlobalType(ANYREF, False), build("i32.const 1; ref.i31; end"))]),
        ),
        "passive data": ("bulk_memory", Module(datas=[Data(b"", "passive")])),
        "data count": ("bulk_memory", Module(data_count=0)),
        "passive elements": ("bulk_memory", Module(elems=[Elem(FUNCREF, [], "passive")])),
        "declared elements": ("reference_types", Module(elems=[Elem(FUNCREF, [], "declarative")])),
    }  # fmt: skip


CASES = [
    "two memories", "an imported and a defined memory", "two tables", "64-bit memory", "64-bit table", "two results",
    "block type", "externref", "funcref global", "externref table", "reference without null", "reference to a type",
    "recursion group", "open type", "initial value of a table", "passive data", "data count", "passive elements",
    "declared elements", "structure type", "abstract heap type", "i31 in a constant",
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_feature_that_is_off_is_named(build: Build, functype: FuncTypeMaker, case: str) -> None:
    field, module = _cases(build, functype)[case]
    validate_module(module, Features(), Limits())
    with pytest.raises(FeatureError) as caught:
        validate_module(module, Features(**{field: False}), Limits())
    assert f"needs the feature {field}, which is switched off" in caught.value.message


def test_a_module_of_webassembly_1_needs_no_feature(build: Build, functype: FuncTypeMaker) -> None:
    module = Module(
        types=[functype("i32", "i32"), functype()],
        imports=[Import("m", "g", GlobalType(I32, False))],
        funcs=[
            Func(0, Code(((1, I32),), build("local.get 0; local.get 0; i32.load 0 2 0; i32.add; end"))),
            Func(1, Code((), build("block i32; i32.const 0; i32.const 0; call_indirect 0 0; end; drop; end"))),
        ],
        mems=[ONE_MEMORY],
        tables=[Table(TableType(I32, 1, None, FUNCREF), None)],
        elems=[Elem(FUNCREF, [build("ref.func 1; end")], Active(0, build("global.get 0; end")))],
        datas=[Data(b"", Active(0, build("i32.const 0; end")))],
    )  # fmt: skip
    none = Features(**dict.fromkeys(Features.__slots__, False))
    assert len(validate_module(module, none, Limits()).funcs) == 2


@pytest.mark.parametrize(
    ("text", "off"),
    [
        (
            "(elem (i32.const 0) $f)",
            ("reference_types", "function_references", "bulk_memory", "gc"),
        ),
        ("(elem func $f)", ("reference_types", "function_references", "gc")),
    ],
)
def test_a_list_of_functions_is_as_old_as_tables(text: str, off: tuple[str, ...]) -> None:
    module = parse_module(f"(module (table 1 funcref) (func $f) {text})")
    validate_module(module, Features(**dict.fromkeys(off, False)), Limits())
