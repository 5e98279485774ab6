"""Errors: the reference interpreter's wording, and the place."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest

from pyjsapi.syntax.errors import DecodeError, LinkError, ParseError, ValidationError, WasmError
from pyjsapi.text import parse_module, wasm2wat, wat2wasm

MESSAGES = [
    ("(func (unknown))", "unknown operator unknown"),
    ("(func i32.const 0x)", "unknown operator 0x"),
    ("(func (i32.load offset=-1 (i32.const 0)))", "unknown operator offset=-1"),
    ("(func nop", "unexpected token"),
    ("(func))", "unexpected token )"),
    ("(module) (module)", "unexpected token ("),
    ("(func 1)", "unexpected token 1"),
    ('(func "x")', 'unexpected token "x"'),
    ("(nop)", "unexpected token nop"),
    ("(func (result i32) (param i32))", "unexpected token param"),
    ("(func (block (result i32) (param i32)))", "unexpected token param"),
    ("(func (call_indirect (param $x i32)))", "unexpected token $x"),
    ("(func (i32.add (i32.const 1) i32.const 2))", "unexpected token i32.const"),
    ("(func (if (i32.const 0)))", "unexpected token )"),
    ("(func (if (i32.const 0) (then) (else) (nop)))", "unexpected token ("),
    ("(func (then))", "unexpected token then"),
    ("(func else end)", "unexpected token else"),
    ("(func block else end)", "unexpected token else"),
    ("(func end)", "unexpected token end"),
    ("(func (block end))", "unexpected token end"),
    ("(func block)", "unexpected token )"),
    ("(func i32.const)", "unexpected token )"),
    ("(func i32.const nan:canonical)", "unexpected token nan:canonical"),
    ("(func i32.const 4294967296)", "constant out of range"),
    ("(func f32.const 1e39)", "constant out of range"),
    ("(func local.get 4294967296)", "i32 constant out of range"),
    ("(func i32.load align=3)", "alignment must be a power of two"),
    ("(func i32.load align=0)", "alignment must be a power of two"),
    ("(func i32.load offset=18446744073709551616)", "i64 constant out of range"),
    ("(func i32.load align=1 offset=1)", "unexpected token offset=1"),
    ("(func $f) (func $f)", "duplicate function $f"),
    ('(func $f) (func (export "x") (call $g))', "unknown function $g"),
    ("(memory $m 1) (memory $m 1)", "duplicate memory $m"),
    ("(func (param $x i32) (local $x i32))", "duplicate local $x"),
    ("(func (param $x i32) (param $x i32))", "duplicate local $x"),
    ("(type $t (func)) (type $t (func))", "duplicate type $t"),
    ("(type (struct (field $a i32) (field $a i32)))", "duplicate field $a"),
    ("(table $t 0 funcref) (import \"\" \"\" (table $t 0 funcref))", "duplicate table $t"),
    ("(global $g i32 (i32.const 0)) (global $g i32 (i32.const 0))", "duplicate global $g"),
    ('(data $d "") (data $d "")', "duplicate data segment $d"),
    ("(elem $e func) (elem $e func)", "duplicate elem segment $e"),
    ("(func (br $l))", "unknown label $l"),
    ("(func block $l end br $l)", "unknown label $l"),
    ("(func (local.get $x))", "unknown local $x"),
    ("(func (global.get $x))", "unknown global $x"),
    ("(func (i32.load $x))", "unknown memory $x"),
    ("(func (table.get $x))", "unknown table $x"),
    ("(func (type $x))", "unknown type $x"),
    ("(func (type 3) (local $x i32))", "unknown type 3"),
    ("(func (type 3) (param i32))", "unknown type 3"),
    ("(func (data.drop $x))", "unknown data segment $x"),
    ("(func (elem.drop $x))", "unknown elem segment $x"),
    ("(type $s (struct)) (func (type $s) (param i32))", "non-function type 0"),
    ("(type $t (func (param i32))) (func (type $t) (param i64))", "inline function type"),
    ("(type $t (func)) (func (block (type $t) (result i32)))", "inline function type"),
    ("(func block $a end $b)", "mismatching label"),
    ("(func block end $b)", "mismatching label"),
    ("(func i32.const 0 if $a else $b end)", "mismatching label"),
    ("(func i32.const 0 if $a else end $b)", "mismatching label"),
    ('(func) (import "" "" (func))', "import after function"),
    ('(memory 1) (func (import "" ""))', "import after memory"),
    ('(table 1 funcref) (import "" "" (func))', "import after table"),
    ('(global i32 (i32.const 0)) (import "" "" (func))', "import after global"),
    ("(start 0) (start 0)", "multiple start sections"),
    ("(memory f32 1)", "malformed address type"),
    ("(memory)", "unexpected token )"),
    ("(memory 1 2 3)", "unexpected token 3"),
    ("(memory 18446744073709551616)", "i64 constant out of range"),
    ("(table 1)", "unexpected token )"),
    ("(func (memory.copy 0))", "unexpected token )"),
    ("(func (table.copy 0))", "unexpected token )"),
    ("(func (memory.init))", "unexpected token )"),
    ('(export "a")', "unexpected token )"),
    ('(export "a" (type 0))', "unexpected token type"),
    ('(import "a" (func))', "unexpected token ("),
    ('(export "\\80" (func 0))', "malformed UTF-8 encoding"),
    ("(elem (i32.const 0) (i32.const 0) 0)", "unexpected token ("),
    ("(data (memory 0) 0)", "unexpected token 0"),
    ("(data 0)", "unexpected token )"),
    ("(type (func) (func))", "unexpected token ("),
    ("(type func)", "unexpected token func"),
    ("(rec (func))", "unexpected token ("),
    ("(func (v128.const i64x2 1 0x))", "unknown operator 0x"),
    ("(func (v128.const i64x2 1))", "wrong number of lane literals"),
    ("(func (v128.const i64x2 0x1_0000_0000_0000_0000))", "wrong number of lane literals"),
    ("(func (i8x16.shuffle 0 1 0x))", "unknown operator 0x"),
    ("(func (i8x16.shuffle 0 1))", "invalid lane length"),
    ("(", "unexpected token"),
    ("x", "unknown operator x"),
    ("(module", "unexpected token"),
    ("(module $a $b)", "unexpected token $b"),
    ("(@custom)(func $)", "empty identifier"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), MESSAGES)
def test_messages_begin_as_the_reference_interpreters_do(text: str, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_module(text)
    assert caught.value.message.startswith(message)


PLACES = [
    ("(module\n  (func\n    (call $nowhere)))", 3, 11, "    (call $nowhere)))"),
    ("(func nop\n\tunknown.op)", 2, 2, "\tunknown.op)"),
    ("(; (; x\n ;) ;) (func bad)", 2, 14, " ;) ;) (func bad)"),
    ("(@a\n \"x\" (b)) (func bad)", 2, 17, " \"x\" (b)) (func bad)"),
    ("(func i32.const 4294967296)\r\n", 1, 17, "(func i32.const 4294967296)"),
    ("(func $f)\n(func $f)", 2, 7, "(func $f)"),
    ('(func) (import "" "" (func))', 1, 8, '(func) (import "" "" (func))'),
    ("(func ä)", 1, 7, "(func ä)"),
    ('(func "abc\n', 1, 7, '(func "abc'),
    ("(func (i32.load align=3))", 1, 17, "(func (i32.load align=3))"),
    ("(func", 1, 6, "(func"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "column", "source_line"), PLACES)
def test_errors_tell_line_column_and_source(
    text: str, line: int, column: int, source_line: str
) -> None:
    with pytest.raises(ParseError) as caught:
        parse_module(text)
    error = caught.value
    assert (error.line, error.column, error.source_line) == (line, column, source_line)


def test_the_caret_stands_below_the_place() -> None:
    with pytest.raises(ParseError) as caught:
        parse_module("(func\n\t(oops))")
    assert str(caught.value) == "2:3: unknown operator oops\n  \t(oops))\n  \t ^"


def test_hostile_tokens_are_cut_in_messages() -> None:
    with pytest.raises(ParseError) as caught:
        parse_module(f"(func {'x' * 10_000})")
    assert len(caught.value.message) < 120


def test_of_a_long_line_a_window_is_quoted() -> None:
    text = "(module " + "(func) " * 1000 + "(fun) " + "(func) " * 1000 + ")"
    with pytest.raises(ParseError) as caught:
        parse_module(text)
    column = text.index("fun)") + 1
    window = text[column - 61 : column + 59]
    assert str(caught.value) == (f"1:{column}: unknown operator fun\n  …{window}…\n  {' ' * 61}^")


def test_a_mistyped_number_is_told_what_was_expected() -> None:
    with pytest.raises(ParseError) as caught:
        parse_module("(func (f32.const 1.2.3))")
    assert caught.value.message == "unknown operator 1.2.3, a number expected"


def test_a_byte_order_mark_is_named() -> None:
    with pytest.raises(ParseError) as caught:
        parse_module("\ufeff(module)")
    assert caught.value.message == (
        "misplaced unicode character U+FEFF, a byte order mark: leave it out (Python reads files that have one as "
        "utf-8-sig)"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"(module)", "not bytes; decode it, for instance bytes(data).decode()"),
        (Path("a.wat"), f"not {type(Path()).__name__}; read it: path.read_text()"),
        (3, "not int"),
    ],
)
def test_what_is_no_text_says_what_to_do(text: Any, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        wat2wasm(text)
    assert str(caught.value) == f"wat2wasm(): the text must be a str, {message}"


def test_the_name_of_a_file_is_no_text() -> None:
    with pytest.raises(ParseError) as caught:
        wat2wasm("folder/add.wat")
    assert (
        str(caught.value)
        == "1:1: 'folder/add.wat' is the name of a file: give the text that is in it"
    )


def test_a_text_is_no_binary() -> None:
    given: Any
    for given in ("add.wasm", Path("add.wasm")):
        with pytest.raises(TypeError) as caught:
            wasm2wat(given)
        kind = type(given).__name__
        assert str(caught.value) == (
            f"wasm2wat(): the module must be bytes, not {kind}: Path(…).read_bytes()"
        )


@pytest.mark.parametrize(
    "error",
    [
        ParseError("m", 2, 3, "line"),
        DecodeError("m", 4),
        ValidationError("m", funcidx=1, instruction=2, mnemonic="nop", offset=3),
        LinkError("m", "place"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_can_be_sent_to_other_processes(error: WasmError) -> None:
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(other) is type(error)
        assert (str(other), other.args, vars(other)) == (str(error), error.args, vars(error))
