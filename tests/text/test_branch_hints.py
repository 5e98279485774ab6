"""Branch hints: annotations and the custom section are made of each other, and are checked."""

from __future__ import annotations

import pytest

from pyjsapi import wasm2wat, wat2wasm
from pyjsapi.binary.branch_hints import SECTION, decode_hints, encode_hints
from pyjsapi.binary.decoder import decode_module
from pyjsapi.binary.encoder import encode_module
from pyjsapi.syntax.errors import DecodeError, ParseError, ValidationError
from pyjsapi.syntax.module import Custom, Module
from pyjsapi.validation.branch_hints import check_branch_hints

LIKELY = '(@metadata.code.branch_hint "\\01")'
UNLIKELY = '(@metadata.code.branch_hint "\\00")'
TEXT = f"""(module
  (import "m" "f" (func $f))
  (memory 1)
  (func $plain)
  (func $hinted (param i32) (local i64)
    {LIKELY}
    (if (local.get 0) (then (call $f)))
    block
      local.get 0
      {UNLIKELY}
      br_if 0
      {LIKELY} (br_if 0 (local.get 0))
    end)
  (func (param i32) local.get 0 {UNLIKELY} if else end))"""


def hints_of(data: bytes) -> dict[int, list[tuple[int, bytes]]]:
    (custom,) = [each for each in decode_module(data).customs if each.name == SECTION]
    assert custom.after == "memory"
    return decode_hints(custom.data)


def test_a_text_gives_the_section_and_the_section_the_text() -> None:
    data = wat2wasm(TEXT)
    assert hints_of(data) == {
        2: [(5, b"\1"), (14, b"\0"), (18, b"\1")],
        3: [(3, b"\0")],
    }
    check_branch_hints(decode_module(data))
    text = wasm2wat(data)
    assert text.count(LIKELY) == text.count(UNLIKELY) == 2
    assert f"{LIKELY} if" in text
    assert wat2wasm(text) == data


def test_other_custom_sections_keep_their_places() -> None:
    customs = '(@custom "a" (before code) "1") (@custom "b" (after func) "2") (@custom "c" (after code) "3")'
    data = wat2wasm(f"{TEXT[:-1]} {customs})")
    assert [each.name for each in decode_module(data).customs] == ["b", "a", SECTION, "c", "name"]
    assert wat2wasm(wasm2wat(data)) == data


def test_names_and_hints_stand_together() -> None:
    data = wat2wasm(TEXT, names=True)
    text = wasm2wat(data)
    assert "func $hinted" in text
    assert text.count(LIKELY) == 2
    assert wat2wasm(text, names=True) == data


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"(func (param i32) local.get 0 {LIKELY} {LIKELY} if end)", "duplicate annotation"),
        (f"{LIKELY} (func)", "not in a function"),
        (f"(func) {LIKELY}", "not in a function"),
        (f"(global i32 {LIKELY} (i32.const 1))", "not in a function"),
        (f"(func {LIKELY} (param i32))", "no instruction follows"),
        ('(func (param i32) local.get 0 (@metadata.code.branch_hint "\\02") if end)', "expected"),
        ("(func (param i32) local.get 0 (@metadata.code.branch_hint 1) if end)", "string expected"),
    ],
)
def test_annotations_that_are_malformed(text: str, said: str) -> None:
    with pytest.raises(ParseError, match=f"@{SECTION} annotation: .*{said}"):
        wat2wasm(f"(module {text})")


def test_an_annotation_before_another_instruction_is_no_valid_hint() -> None:
    module = decode_module(wat2wasm(f"(module (func {LIKELY} nop))"))
    with pytest.raises(
        ValidationError, match="invalid target: nop stands at offset 0x1 of function 0"
    ):
        check_branch_hints(module)


BODIES = "(module (func (param i32) local.get 0 if end) (func))"


def with_section(*contents: bytes, after: str = "func") -> Module:
    module = decode_module(wat2wasm(BODIES))
    module.customs = [Custom(SECTION, each, after) for each in contents]
    return decode_module(encode_module(module))


@pytest.mark.parametrize(
    ("hints", "said"),
    [
        ({0: [(2, b"\1")]}, "no instruction begins at offset 0x2"),
        ({0: [(1, b"\1")]}, "local.get stands at offset 0x1"),
        ({2: [(1, b"\1")]}, "unknown function 2"),
        ({0: [(3, b"\2")]}, "a hint is one byte, 0 or 1, not 02"),
        ({0: [(3, b"")]}, "a hint is one byte, 0 or 1, not none"),
        ({0: [(3, b"\1"), (3, b"\1")]}, "hints of function 0 are not in order"),
    ],
)
def test_sections_that_are_not_valid(hints: dict[int, list[tuple[int, bytes]]], said: str) -> None:
    module = with_section(encode_hints(hints))
    with pytest.raises((ValidationError, DecodeError), match=said):
        check_branch_hints(module)
    assert "(@custom" in wasm2wat(encode_module(module))


def test_sections_that_are_malformed() -> None:
    right = encode_hints({0: [(3, b"\1")]})
    check_branch_hints(with_section(right))
    for module, said in (
        (with_section(right, right), "duplicate section"),
        (with_section(right + b"\0"), "unexpected content"),
        (with_section(right[:-1]), "out of bounds|unexpected end"),
        (with_section(right, after="code"), "has to stand before the section code"),
        (with_section(b"\2\1\0\0\0"), "not in order"),
    ):
        with pytest.raises(DecodeError, match=said):
            check_branch_hints(module)
        data = encode_module(module)
        assert wat2wasm(wasm2wat(data)) == data
