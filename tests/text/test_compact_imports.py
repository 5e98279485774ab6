"""The compact import section: entries of several imports, in binary and text, as V8's and others' tools write them."""

from __future__ import annotations

import pytest

from pyjsapi import WebAssembly, wasm2wat, wat2wasm
from pyjsapi.binary.decoder import decode_module
from pyjsapi.syntax.errors import DecodeError, ParseError

TEXT = """(module
  (import "m" (item "f" (func $f (param i32))) (item "g" (global $g i32)))
  (import "m" (item "h" (func $h)))
  (import "s" (item "a") (item "b") (item "") (global i32))
  (import "m" "plain" (func $plain))
  (func (export "sum") (result i32)
    (call $f (global.get $g)) (i32.add (global.get 1) (i32.add (global.get 2) (global.get 3)))))"""
HEAD = b"\0asm\1\0\0\0" + bytes.fromhex("010401600000")
"""A module with the type [] -> []."""


def with_imports(content: bytes) -> bytes:
    return HEAD + bytes((2, len(content))) + content


def test_all_forms_are_read_and_written() -> None:
    data = wat2wasm(TEXT)
    assert data.count(b"\1m") == 3
    assert b"\1s\0\x7e\3\x7f\0\3\1a\1b\0" in data
    names = [
        (each["module"], each["name"])
        for each in WebAssembly.Module.imports(WebAssembly.Module(data))
    ]
    assert names == [
        ("m", "f"), ("m", "g"), ("m", "h"), ("s", "a"), ("s", "b"), ("s", ""), ("m", "plain"),
    ]  # fmt: skip
    text = wasm2wat(data)
    assert text.count('(import "m"') == 3
    assert text.count('(import "s"') == 1
    assert wat2wasm(text) == data


def test_they_are_linked_as_others_are() -> None:
    seen: list[int] = []
    imports = {
        "m": {"f": seen.append, "g": 7, "h": len, "plain": len},
        "s": {"a": 10, "b": 20, "": 30},
    }
    instance = WebAssembly.Instance(WebAssembly.Module(wat2wasm(TEXT)), imports)
    assert instance.exports.sum() == 60
    assert seen == [7]
    with pytest.raises(WebAssembly.LinkError, match='"s" "b"'):
        WebAssembly.Instance(
            WebAssembly.Module(wat2wasm(TEXT)), {**imports, "s": {"a": 10, "b": "no", "": 30}}
        )


def test_one_import_of_a_type_for_all_has_no_place_for_its_identifier() -> None:
    text = '(module $m (import "s" (item "a") (item "b") (func)) (func (call 1)))'
    data = wat2wasm(text)
    named = wat2wasm(
        '(module (import "s" (item "a" (func $x)) (item "b" (func))) (func (call 1)))', names=True
    )
    assert wat2wasm(wasm2wat(data)) == data
    assert "$x" in wasm2wat(named)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\1\1a\1b\x7f\1\1c\0\0", "malformed import kind: 0x7f"),
        (b"\1\1a\1b\x7e\0\0\1\1c", "malformed import kind: 0x7e"),
        (b"\1\1a\0\xff\x80\0\1\1c\0\0", "malformed import kind: 0xff"),
        (b"\1\1a\0\x7d\1\1c\0\0", "malformed import kind: 0x7d"),
        (b"\1\1a\0\x7f\7\1c\0\0", "out of bounds|unexpected end"),
    ],
)
def test_what_is_no_entry_is_malformed(content: bytes, said: str) -> None:
    with pytest.raises(DecodeError, match=said):
        decode_module(with_imports(content))


def test_an_empty_name_and_empty_entries_are_what_they_were() -> None:
    module = decode_module(with_imports(b"\3\1a\0\0\0\1b\0\x7f\0\1b\0\x7e\0\0\0"))
    assert [(each.module, each.name, each.group) for each in module.imports] == [("a", "", None)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('(import "m" (item "f") (func $f))', "identifier not allowed"),
        ('(import "m" (item "f" (func)) (item "g") (func))', "type expected"),
        ('(import "m" (item "f") (item "g" (func)))', r"unexpected token \("),
        ('(import "m" (item "f"))', "unexpected token"),
        ('(func) (import "m" (item "f" (func)))', "import after function definition"),
    ],
)
def test_texts_that_are_malformed(text: str, said: str) -> None:
    with pytest.raises(ParseError, match=said):
        wat2wasm(f"(module {text})")


def test_errors_of_an_entry_are_at_its_line() -> None:
    text = '(module\n (import "a" "b" (func))\n (import "m" (item "f" (func)) (item "g" (memory 70000)))\n (func))'
    with pytest.raises(WebAssembly.CompileError, match="3:2"):
        WebAssembly.Module(wat2wasm(text))
    plain = '(module\n (import "m" (item "f" (func)) (item "g" (func)))\n (import "m" "n" (memory 70000)))'
    with pytest.raises(WebAssembly.CompileError, match="3:2"):
        WebAssembly.Module(wat2wasm(plain))


def test_an_error_names_the_offset_of_the_import() -> None:
    # A type that is not there, in the second of two.
    content = b"\1\1a\0\x7f\2\1c\0\0\1d\0\x09"
    with pytest.raises(
        WebAssembly.CompileError, match=r"unknown type 9, in the import 'a' 'd'.*0x1a"
    ):
        WebAssembly.Module(with_imports(content))


def test_the_feature_can_be_off() -> None:
    with pytest.raises(WebAssembly.CompileError, match="needs the feature compact_imports"):
        WebAssembly.Module(wat2wasm(TEXT), features={"compact_imports": False})
