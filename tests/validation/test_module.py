"""Modules: imports, constant expressions, tables, segments, exports, start, and the context that comes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.syntax.errors import DecodeError, FeatureError, ValidationError
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.module import (
    Active,
    Code,
    Data,
    Elem,
    Export,
    Func,
    Global,
    Import,
    Instr,
    Module,
    Table,
)
from pyjsapi.syntax.types import (
    EXTERNREF,
    F32,
    FUNCREF,
    I32,
    I64,
    FuncExtern,
    GlobalType,
    MemType,
    RecType,
    RefType,
    TableType,
    TagType,
    ref_type,
)
from pyjsapi.validation.context import Context
from pyjsapi.validation.limits import Limits
from pyjsapi.validation.module import validate_module

Build = Callable[[str], list[Instr]]
FuncTypeMaker = Callable[..., RecType]


def validate(module: Module, features: Features | None = None) -> Context:
    return validate_module(module, features or Features(), Limits())


def rejected(module: Module, features: Features | None = None) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        validate(module, features)
    return caught.value


def test_the_empty_module_is_valid() -> None:
    assert validate(Module()) == Context()


def test_the_context_has_closed_index_spaces_with_imports_first(
    build: Build, functype: FuncTypeMaker
) -> None:
    module = Module(
        types=[functype("i32"), functype("ref_null_0")],
        imports=[
            Import("m", "f", FuncExtern(1)),
            Import("m", "memory", MemType(I32, 1, None)),
            Import("m", "t", TableType(I32, 0, None, ref_type(True, 0))),
            Import("m", "g", GlobalType(ref_type(True, 0), True)),
        ],
        funcs=[Func(0, Code((), build("end")))],
        mems=[MemType(I64, 2, 3)],
        tables=[Table(TableType(I32, 1, None, FUNCREF), None)],
        globals=[Global(GlobalType(I32, False), build("i32.const 1; end"))],
        elems=[Elem(ref_type(True, 0), [build("ref.func 1; end")], "passive")],
        datas=[Data(b"", "passive")],
        exports=[Export("f", "func", 0)],
    )
    context = validate(module)
    first, second = context.types
    assert context.funcs == [second, first]
    assert context.mems == [MemType(I32, 1, None), MemType(I64, 2, 3)]
    reference = ref_type(True, first)
    assert [table.reftype for table in context.tables] == [reference, FUNCREF]
    assert [global_.valtype for global_ in context.globals] == [reference, I32]
    assert context.elems == [reference]
    assert context.datas == 1
    assert context.refs == {0, 1}
    assert context.imports[0] == FuncExtern(second)
    assert context.imports[1:3] == [MemType(I32, 1, None), context.tables[0]]
    assert context.close(ref_type(False, 0)) == ref_type(False, first)
    assert context.close(I32) is I32
    assert context.close(FUNCREF) is FUNCREF


@pytest.mark.parametrize(
    ("type_", "message"),
    [
        (FuncExtern(5), "unknown type 5"),
        (MemType(I32, 3, 2), "size minimum must not be greater than maximum"),
        (MemType(I32, 65537, None), "memory size"),
        (GlobalType(ref_type(True, 5), False), "unknown type 5"),
        (TableType(I32, 0, None, ref_type(True, 5)), "unknown type 5"),
        (TagType(5), "unknown type 5"),
    ],
)
def test_a_bad_import_is_named(functype: FuncTypeMaker, type_: Any, message: str) -> None:
    error = rejected(Module(types=[functype()], imports=[Import("mod", "item", type_)]))
    assert error.message.startswith(message)
    assert "in the import 'mod' 'item'" in error.message


CONSTANT = [
    ("i32", "i32.const 1; end"),
    ("f32", "f32.const 1; end"),
    ("i32", "i32.const 1; i32.const 2; i32.add; i32.const 3; i32.mul; end"),
    ("i64", "global.get 1; i64.const 2; i64.sub; end"),
    ("i32", "global.get 0; end"),
    ("i64", "global.get 3; end"),
    ("funcref", "ref.null func; end"),
    ("funcref", "ref.func 0; end"),
    ("ref_0", "ref.func 0; end"),
    ("externref", "ref.null extern; end"),
]

NOT_CONSTANT = [
    ("i32", "end", "type mismatch: constant expression requires [i32] but stack has []", 0),
    ("i32", "i64.const 0; end", "type mismatch", 1),
    ("i32", "i32.const 0; i32.const 0; end", "type mismatch", 2),
    ("i32", "i32.const 0", "type mismatch", 0),
    ("i32", "i32.const 0; i32.add; end", "type mismatch: instruction requires [i32 i32]", 1),
    ("i32", "i32.const 0; i64.const 0; i32.add; end", "type mismatch", 2),
    ("i32", "i32.const 0; nop; end", "constant expression required", 1),
    ("i32", "i32.const 0; i32.const 1; i32.div_u; end", "constant expression required", 2),
    ("i32", "i32.const 0; end; end", "constant expression required", 1),
    ("i32", "i32.const 0; i32.clz; end", "constant expression required", 1),
    ("i32", "call 0; end", "constant expression required", 0),
    ("i32", "global.get 2; end", "constant expression required, global 2 is mutable", 0),
    ("i32", "global.get 4; end", "unknown global 4", 0),
    ("i32", "global.get 1; end", "type mismatch", 1),
    ("ref_0", "ref.null 0; end", "type mismatch", 1),
    ("funcref", "ref.func 1; end", "unknown function 1", 0),
    ("funcref", "ref.null extern; end", "type mismatch", 1),
    ("funcref", "ref.null 7; end", "unknown type 7", 0),
]


def _with_global(functype: FuncTypeMaker, build: Build, type_: str, expr: str) -> Module:
    """Globals 0 i32 and 1 i64 and 2 mutable i32 are imported, 3 i64 is defined, 4 has the expression."""
    valtype = functype(type_).subtypes[0].comp.params[0]  # type: ignore[union-attr]
    return Module(
        types=[functype()],
        imports=[
            Import("m", "0", GlobalType(I32, False)),
            Import("m", "1", GlobalType(I64, False)),
            Import("m", "2", GlobalType(I32, True)),
        ],
        funcs=[Func(0, Code((), build("end")))],
        globals=[
            Global(GlobalType(I64, False), build("i64.const 0; end")),
            Global(GlobalType(valtype, True), build(expr)),
        ],
    )


@pytest.mark.parametrize(("type_", "expr"), CONSTANT)
def test_constant_expressions(build: Build, functype: FuncTypeMaker, type_: str, expr: str) -> None:
    assert len(validate(_with_global(functype, build, type_, expr)).globals) == 5


@pytest.mark.parametrize(("type_", "expr", "message", "position"), NOT_CONSTANT)
def test_expressions_that_are_not_constant_or_of_another_type(
    build: Build, functype: FuncTypeMaker, type_: str, expr: str, message: str, position: int
) -> None:
    error = rejected(_with_global(functype, build, type_, expr))
    assert error.message.startswith(message)
    assert error.instruction == position
    assert error.mnemonic == expr.split(";")[position].split()[0]


@pytest.mark.parametrize("expr", ["i32.const 1; i32.const 2; i32.add; end", "global.get 0; end"])
def test_extended_constant_expressions_can_be_switched_off(build: Build, expr: str) -> None:
    one = Global(GlobalType(I32, False), build("i32.const 1; end"))
    module = Module(globals=[one, Global(GlobalType(I32, False), build(expr))])
    validate(module)
    error = rejected(module, Features(extended_const=False))
    assert isinstance(error, FeatureError)
    assert "needs the feature extended_const" in error.message


def test_tables_see_only_imported_globals_and_segments_see_all(build: Build) -> None:
    null = Global(GlobalType(FUNCREF, False), build("ref.null func; end"))
    table = Table(TableType(I32, 1, None, FUNCREF), build("global.get 0; end"))
    error = rejected(Module(tables=[table], globals=[null]))
    assert error.message == "unknown global 0"
    table.init = None
    elem = Elem(FUNCREF, [build("global.get 0; end")], Active(0, build("i32.const 0; end")))
    assert validate(Module(tables=[table], globals=[null], elems=[elem])).elems == [FUNCREF]


def test_a_table_without_null_needs_an_initial_value(build: Build, functype: FuncTypeMaker) -> None:
    module = Module(
        types=[functype()],
        funcs=[Func(0, Code((), build("end")))],
        tables=[Table(TableType(I32, 1, None, ref_type(False, 0)), build("ref.func 0; end"))],
    )
    assert validate(module).refs == {0}
    module.tables[0].init = build("ref.null 0; end")
    assert rejected(module).message.startswith("type mismatch")
    module.tables[0].init = None
    assert rejected(module).message.startswith("type mismatch: a table of (ref")


@pytest.mark.parametrize(
    ("type_", "init", "offset", "index", "message"),
    [
        (FUNCREF, "ref.null func; end", "i32.const 0; end", 3, "unknown table 3"),
        (EXTERNREF, "ref.null extern; end", "i32.const 0; end", 0, "type mismatch: element segment"),
        (FUNCREF, "ref.null extern; end", "i32.const 0; end", 0, "type mismatch"),
        (FUNCREF, "ref.func 9; end", "i32.const 0; end", 0, "unknown function 9"),
        (FUNCREF, "ref.null func; end", "i64.const 0; end", 0, "type mismatch"),
        (FUNCREF, "ref.null func; end", "i32.const 0; end", 1, "type mismatch"),
        (FUNCREF, "i32.const 0; end", "i32.const 0; end", 0, "type mismatch"),
        (FUNCREF, "ref.null func; drop; end", "i32.const 0; end", 0, "constant expression required"),
    ],
)  # fmt: skip
def test_bad_element_segments(
    build: Build, type_: RefType, init: str, offset: str, index: int, message: str
) -> None:
    module = Module(
        tables=[
            Table(TableType(I32, 1, None, FUNCREF), None),
            Table(TableType(I64, 1, None, FUNCREF), None),
        ],
        elems=[Elem(type_, [build(init)], Active(index, build(offset)))],
    )
    assert rejected(module).message.startswith(message)


@pytest.mark.parametrize(
    ("index", "offset", "message"),
    [
        (0, "i32.const 0; end", None),
        (1, "i64.const 0; end", None),
        (2, "i32.const 0; end", "unknown memory 2"),
        (0, "i64.const 0; end", "type mismatch"),
        (1, "i32.const 0; end", "type mismatch"),
        (0, "end", "type mismatch"),
        (0, "i32.const 0; memory.grow 0; end", "constant expression required"),
    ],
)
def test_data_segments(build: Build, index: int, offset: str, message: str | None) -> None:
    module = Module(
        mems=[MemType(I32, 1, None), MemType(I64, 1, None)],
        datas=[Data(b"x", Active(index, build(offset)))],
    )
    if message is None:
        assert validate(module).datas == 1
    else:
        assert rejected(module).message.startswith(message)


@pytest.mark.parametrize(
    ("kind", "category"),
    [("func", "function"), ("table", "table"), ("memory", "memory"), ("global", "global")],
)
def test_exports_name_what_exists(whole: Callable[[], Module], kind: str, category: str) -> None:
    module = whole()
    module.exports = [Export("a", kind, 1), Export("b", kind, 1)]
    validate(module)
    module.exports = [Export("a", kind, 99)]
    assert rejected(module).message == f"unknown {category} 99, in the export 'a'"


def test_export_names_are_unique(whole: Callable[[], Module]) -> None:
    module = whole()
    module.exports = [Export("a", "func", 1), Export("a", "memory", 1)]
    assert rejected(module).message == "duplicate export name 'a'"


def test_an_exported_function_may_be_named_by_ref_func(
    build: Build, functype: FuncTypeMaker
) -> None:
    body = build("ref.func 0; drop; end")
    module = Module(types=[functype()], funcs=[Func(0, Code((), body))])
    assert rejected(module).message == "undeclared function reference 0"
    module.start = 0
    assert rejected(module).message == "undeclared function reference 0"
    module.exports = [Export("f", "func", 0)]
    assert validate(module).refs == {0}


def test_the_start_function_takes_and_gives_nothing(whole: Callable[[], Module]) -> None:
    module = whole()
    module.start = 0
    validate(module)
    for start in (1, 2):
        module.start = start
        assert rejected(module).message.startswith(
            "start function must not have parameters or results"
        )
    module.start = 4
    assert rejected(module).message == "unknown function 4"


def test_a_function_of_a_type_that_does_not_exist(build: Build) -> None:
    assert rejected(Module(funcs=[Func(0, Code((), build("end")))])).message == "unknown type 0"


class Source:
    """Code that counts how often it is asked for."""

    def __init__(self, body: list[Instr], error: DecodeError | None = None) -> None:
        self.body = body
        self.error = error
        self.loads = 0
        self.offsets: list[int] = []

    def load(self) -> Code:
        self.loads += 1
        if self.error is not None:
            raise self.error
        return Code(((1, F32),), self.body)

    def offset_of(self, instruction: int) -> int:
        self.offsets.append(instruction)
        return 1000 + instruction


def test_code_is_loaded_once_and_asked_for_offsets_only_on_errors(
    build: Build, functype: FuncTypeMaker
) -> None:
    good = Source(build("local.get 0; drop; end"))
    bad = Source(build("nop; i32.add; end"))
    error = rejected(Module(types=[functype()], funcs=[Func(0, good), Func(0, bad)]))
    assert (good.loads, good.offsets) == (1, [])
    assert (bad.loads, bad.offsets) == (1, [1])
    assert (error.funcidx, error.instruction, error.offset) == (1, 1, 1001)
    assert str(error).endswith("(in function #1, at i32.add, at offset 0x3e9)")


def test_code_that_cannot_be_decoded_stays_a_decode_error(functype: FuncTypeMaker) -> None:
    source = Source([], DecodeError("unexpected end", 7))
    with pytest.raises(DecodeError, match="unexpected end"):
        validate(Module(types=[functype()], funcs=[Func(0, source)]))
