"""Identifiers become names in the name section."""

from __future__ import annotations

from pyjsapi.binary.decoder import decode_module
from pyjsapi.binary.names import names_of
from pyjsapi.text import parse_module, wat2wasm

_TEXT = """
(module $"a module"
  (type $t (func (param i32)))
  (type $s (struct (field $x i32) (field i32) (field $y i32)))
  (import "m" "f" (func $imported (param $p i32)))
  (func $f (param i32) (param $b i32) (local i32) (local $"d d" i64))
  (func (type $t) (local $late i32)
    block loop $l (if $i (i32.const 0) (then (block $"b b"))) end end)
  (table $tab 0 funcref) (memory $mem 0) (global $glob i32 (i32.const 0))
  (elem $el func) (data $dat ""))
"""


def test_identifiers_become_names() -> None:
    names = names_of(decode_module(wat2wasm(_TEXT)))
    assert names.module == "a module"
    assert names.funcs == {0: "imported", 1: "f"}
    assert names.locals == {1: {1: "b", 3: "d d"}, 2: {1: "late"}}
    assert names.labels == {2: {1: "l", 2: "i", 3: "b b"}}
    assert names.types == {0: "t", 1: "s"}
    assert names.fields == {1: {0: "x", 2: "y"}}
    assert names.tables == {0: "tab"}
    assert names.mems == {0: "mem"}
    assert names.globals == {0: "glob"}
    assert names.elems == {0: "el"}
    assert names.datas == {0: "dat"}


def test_names_can_be_left_out() -> None:
    assert not decode_module(wat2wasm(_TEXT, names=False)).customs


def test_a_module_without_identifiers_has_no_name_section() -> None:
    assert wat2wasm("(func)") == wat2wasm("(func)", names=False)


def test_a_quoted_identifier_is_not_taken_for_one_with_quotation_marks() -> None:
    text = r"""(func $"\"x\"") (func $"x") (func $y) (start $"x")"""
    assert parse_module(text).start == 1
    assert parse_module(text.replace('(start $"x")', r'(start $"\"x\"")')).start == 0
    assert parse_module(text.replace('(start $"x")', '(start $"y")')).start == 2
