"""Annotations that give a module custom sections and names (after the specification's scripts for them)."""

from __future__ import annotations

import pytest

from pyjsapi.binary.decoder import decode_module
from pyjsapi.binary.names import names_of
from pyjsapi.syntax.errors import ParseError
from pyjsapi.text import parse_module, wat2wasm
from pyjsapi.wast import run_text


def customs(text: str) -> list[tuple[str, bytes, str]]:
    """Name, contents and place of each custom section, as they stand in the binary format."""
    module = decode_module(wat2wasm(text, names=False))
    return [(custom.name, custom.data, custom.after) for custom in module.customs]


def test_custom_sections_stand_where_they_are_placed() -> None:
    text = """(module $m
        (type $t (func))
        (@custom "last 1" "one " "two\\00")
        (@custom "after last" (after last))
        (@custom "before global 1" (before global) "1")
        (@custom "after func 1" (after func) "2")
        (@custom "after func 2" (after func) "3")
        (func (type $t))
        (@custom "before global 2" (before global) "4")
        (global i32 (i32.const 0))
        (@custom "before first" (before first))
        (@custom "before type" (before type))
        (@custom "" (after type) "")
        (@custom "before data" (before data)))"""
    assert customs(text) == [
        ("before first", b"", ""),
        ("before type", b"", ""),
        ("", b"", "type"),
        ("after func 1", b"2", "func"),
        ("after func 2", b"3", "func"),
        ("before global 1", b"1", "func"),
        ("before global 2", b"4", "func"),
        ("before data", b"", "code"),
        ("last 1", b"one two\0", "code"),
        ("after last", b"", "code"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        '(@custom "a" "x")',
        '(module (@custom "a" "x"))',
        '(module (@"custom" "a" (; comment ;) "x" ;; comment\n))',
        '(@"c\\75stom" "\\61" (after last) "x")',
        '(@other (@custom "b")) (@custom "a" "x") (; (@custom "c") ;)',
    ],
)
def test_one_custom_section(text: str) -> None:
    assert customs(text) == [("a", b"x", "")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(@custom)", "@custom annotation: missing section name"),
        ("(@custom 4)", "@custom annotation: missing section name"),
        ("(@custom bla)", "@custom annotation: missing section name"),
        ('(@custom "\\df")', "@custom annotation: malformed UTF-8 encoding"),
        ('(@custom "bla" here)', "@custom annotation: unexpected token"),
        ('(@custom "bla" after)', "@custom annotation: unexpected token"),
        ('(@custom "bla" "x" (after func))', "@custom annotation: unexpected token"),
        ('(@custom "bla" (after func func))', "@custom annotation: unexpected token"),
        ('(@custom "bla" (after))', "@custom annotation: malformed section kind"),
        ('(@custom "bla" (before types))', "@custom annotation: malformed section kind"),
        ('(@custom "bla" (type))', "@custom annotation: malformed placement"),
        ('(@custom "bla" (aft type))', "@custom annotation: malformed placement"),
        ('(@custom "bla" ())', "@custom annotation: malformed placement"),
        ('(type (@custom "bla") $t (func))', "misplaced @custom annotation"),
        ('(func (@custom "bla"))', "misplaced @custom annotation"),
        ('(func (block (@custom "bla")))', "misplaced @custom annotation"),
        ('(func (nop (@custom "bla")))', "misplaced @custom annotation"),
        ('(module (@name "M1") (@name "M2"))', "@name annotation: multiple module"),
        ('(func (@name "f") (@name "f"))', "@name annotation: multiple function"),
        ('(module (func) (@name "M"))', "misplaced @name annotation"),
        ('(module (start $f (@name "M")) (func $f))', "misplaced @name annotation"),
        ('(func (@name "f") $f)', "misplaced @name annotation"),
        ('(func (param (@name "both") i32 i32))', "misplaced @name annotation"),
        ('(func (local i32 (@name "late")))', "misplaced @name annotation"),
        ('(func (block (param (@name "p") i32) (drop)))', "misplaced @name annotation"),
        ("(func (@name f))", "@name annotation: string expected"),
        ("(func (@name))", "@name annotation: string expected"),
        ('(func (@name "f" "g"))', "@name annotation: unexpected token"),
        ('(func (@name "\\ff"))', "@name annotation: malformed UTF-8 encoding"),
    ],
)
def test_what_is_wrong_with_an_annotation(text: str, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_module(text)
    assert caught.value.message.startswith(message)


def test_an_error_points_into_the_annotation() -> None:
    with pytest.raises(ParseError) as caught:
        parse_module('(module\n  (@custom "a"\n    (after func) bla))')
    assert (caught.value.line, caught.value.column) == (3, 18)


def test_names_are_given_by_annotations_and_go_before_identifiers() -> None:
    text = """(module $m (@name "Modül")
        (type $t (@name "type") (func (param $x (@name "nothing") i32)))
        (type (struct (field (@name "a") i32) (field $b (@name "b b") i32) (field i32 i64)))
        (import "m" "f" (func $i (@name "import") (type $t)))
        (func (@name "λ") (type $t) (local (@name "first") i32) (local $y i32))
        (func $lambda (@name "λ") (export "f") (param (@name "p") i32) (param $q i32) (local (@name "l") i64))
        (func (@name "in a form") (param i32) (local i32 i32) (local (@name "") f32))
        (table (@name "t") 1 funcref) (memory $m (@name "mem") 1) (global (@name "g") i32 (i32.const 0))
        (elem (@name "e") func) (data $d (@name "d")))"""
    names = names_of(decode_module(wat2wasm(text)))
    assert names.module == "Modül"
    assert names.types == {0: "type"}
    assert names.fields == {1: {0: "a", 1: "b b"}}
    assert names.funcs == {0: "import", 1: "λ", 2: "λ", 3: "in a form"}
    assert names.locals == {1: {1: "first", 2: "y"}, 2: {0: "p", 1: "q", 2: "l"}, 3: {3: ""}}
    assert (names.tables, names.mems, names.globals) == ({0: "t"}, {0: "mem"}, {0: "g"})
    assert (names.elems, names.datas) == ({0: "e"}, {0: "d"})


def test_a_name_section_written_out_goes_before_identifiers() -> None:
    text = '(module $m (@custom "name" "\\00\\02\\01x") (func $f))'
    names = names_of(decode_module(wat2wasm(text)))
    assert (names.module, names.funcs) == ("x", {})
    assert not customs(text)


def test_modules_of_a_script_have_their_own_annotations() -> None:
    text = """
        (module (@custom "a") (@name "M") (func (export "f") (@custom "misplaced")))
        (module (@name "N") (func (@name "g") (export "f")))
        (assert_return (invoke "f"))"""
    result = run_text(text)
    assert [failure.line for failure in result.failures] == [2]
    assert "misplaced @custom annotation" in result.failures[0].reason
    assert result.passed == 1


@pytest.mark.parametrize(
    ("text", "column"),
    [
        (r'(@a "\u{110000}")', 5),
        (r'(@a b "\u{d800}" c)', 7),
        (r'(@a "\u{dfff}")', 5),
        (r'(@a x"\u{7f}"y"\u{ffffffffffffffff}")', 15),
        (r'(@a $"\u{110000}")', 6),
        (r'(@a (b (@c "d" "\u{1_1_0000}")))', 16),
        (r'(@custom "a" "\u{110000}")', 14),
        (r'(module (@name "\u{d83d}"))', 16),
    ],
)
def test_escapes_in_annotations_name_characters(text: str, column: int) -> None:
    with pytest.raises(ParseError, match="illegal escape in string") as caught:
        wat2wasm(f"{text} (module)" if text[:2] == "(@" else text)
    assert (caught.value.line, caught.value.column) == (1, column)


@pytest.mark.parametrize(
    "text", [r'(@a "\ff")', r'(@a $"\ff" "\u{10_ffff}")', r'(@a "\u{d7ff}\u{e000}" x"\u{0}")']
)
def test_strings_in_annotations_need_not_be_utf8(text: str) -> None:
    assert wat2wasm(text) == wat2wasm("(module)")
