"""Modules and errors: index spaces, what messages say and where."""

from __future__ import annotations

import pytest

from pyjsapi.syntax.errors import (
    DecodeError,
    Exhaustion,
    FeatureError,
    LinkError,
    ParseError,
    Trap,
    ValidationError,
    WasmError,
)
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import SECTIONS, Code, Func, Global, Import, Module, Table, op_of
from pyjsapi.syntax.types import (
    EXTERNREF,
    F32,
    FUNCREF,
    I32,
    I64,
    ExternType,
    FuncExtern,
    GlobalType,
    MemType,
    TableType,
)

END = BY_MNEMONIC["end"].instr


def test_index_spaces_hold_imports_first() -> None:
    imported: list[ExternType] = [
        MemType(I32, 1, None),
        FuncExtern(4),
        GlobalType(F32, False),
        TableType(I32, 0, None, FUNCREF),
        FuncExtern(5),
    ]
    module = Module(
        imports=[Import("m", "n", type_) for type_ in imported],
        funcs=[Func(6, Code((), [END]))],
        tables=[Table(TableType(I32, 0, None, EXTERNREF), None)],
        mems=[MemType(I64, 2, None)],
        globals=[Global(GlobalType(I32, True), [END])],
    )
    assert module.func_typeidxs == [4, 5, 6]
    assert [type_.reftype for type_ in module.table_types] == [FUNCREF, EXTERNREF]
    assert [type_.addrtype for type_ in module.mem_types] == [I32, I64]
    assert [type_.valtype for type_ in module.global_types] == [F32, I32]
    assert module.imported(FuncExtern) == [FuncExtern(4), FuncExtern(5)]


def test_code_made_in_memory_is_its_own_source() -> None:
    code = Code((), [END])
    assert code.load() is code
    assert code.offset_of(0) is None
    assert op_of(code.body[0]) is BY_MNEMONIC["end"]


def test_sections_are_named_once() -> None:
    assert len(set(SECTIONS)) == len(SECTIONS) == 13


def test_every_error_is_a_wasm_error_with_its_message() -> None:
    errors: list[WasmError] = [
        DecodeError("m", 1),
        ParseError("m", 1, 1),
        ValidationError("m"),
        FeatureError("m"),
        LinkError("m"),
        Trap("m"),
        Exhaustion("m"),
    ]
    assert all(isinstance(error, WasmError) and error.message == "m" for error in errors)
    assert isinstance(errors[3], ValidationError)


def test_decode_errors_say_where() -> None:
    assert str(DecodeError("illegal opcode ff", 300)) == "illegal opcode ff (at offset 0x12c)"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ParseError("no", 3, 5), "3:5: no"),
        (ParseError("no", 3, 3, "\tab cd"), "3:3: no\n  \tab cd\n  \t ^"),
    ],
)
def test_parse_errors_point_at_the_column(error: ParseError, text: str) -> None:
    assert str(error) == text


def test_validation_errors_say_what_they_know() -> None:
    assert str(ValidationError("type mismatch")) == "type mismatch"
    error = ValidationError(
        "type mismatch", funcidx=2, instruction=1, mnemonic="i32.add", offset=16
    )
    assert str(error) == "type mismatch (in function #2, at i32.add, at offset 0x10)"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("fib", "$fib"), ("a b", '$"a b"'), ("\n", '$"\\n"'), ("x" * 70, f"${'x' * 59}…")],
)
def test_validation_errors_name_the_function(name: str, shown: str) -> None:
    error = ValidationError("type mismatch", funcidx=2)
    error.func_name = name
    assert str(error) == f"type mismatch (in function #2 {shown})"
