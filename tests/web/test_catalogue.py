"""The catalogue of comparison cases: what it holds, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from web import catalogue, js_catalogue
from web.catalogue import CatalogueError, check_case, expected_pattern, hex_bytes, plain


def written(*steps: dict[str, Any], **others: Any) -> catalogue.Case:
    case = {"id": "case", "title": "a case", "covers": ["2.1"], "steps": list(steps), **others}
    return check_case(case, folder=Path("."), group="Group")


def test_the_catalogue_is_well_formed_and_large_enough() -> None:
    cases = [case for case in catalogue.load() if not case.id.startswith("real-")]
    assert len(cases) >= 60
    assert all(case.title and case.covers and case.steps for case in cases)
    differences = catalogue.load_differences([*catalogue.load(), *js_catalogue.load()])
    assert all(entry["source"].startswith("https://") for entry in differences)


STATEMENTS = """
    MM-2; MM-5; MM-6; MM-7; MM-8; UC-3; UC-9; SM-5; SM-8; 2.1 memarg; 2.1 loads; 2.1 stores;
    2.1 memory.size; 2.1 memory.grow; 2.1 memory.copy; 2.1 memory.fill; 2.1 memory.init;
    2.1 data.drop; 2.1 data segments; 2.1 data count section; 2.1 imports and exports;
    2.2 memidx; 2.2 data; 2.2 memory abbreviations; 2.2 memory.copy; 2.2 memory.init; 2.3 limits;
    2.3 names; 2.3 refresh; core: bounds; core: limits; core: import matching;
    JS API: Memory constructor; JS API: Memory.grow; JS API: Memory.buffer;
    JS API: Memory.toResizableBuffer; JS API: Memory.toFixedLengthBuffer; JS API: detach key;
    JS API: HostResizeArrayBuffer; JS API: refresh the memory buffer; JS API: LinkError;
    JS API: object caches; JS API: EnforceRange; JS API: Module.exports; JS API: Module.imports
"""


@pytest.mark.parametrize("statement", [text.strip() for text in STATEMENTS.split(";")])
def test_a_case_covers_the_statement(statement: str) -> None:
    assert any(statement in case.covers for case in catalogue.load())


def test_every_case_survives_json() -> None:
    for case in catalogue.load():
        data = json.loads(json.dumps(case.to_json(), allow_nan=False))
        assert data["id"] == case.id
        assert set(data["modules"]) == set(case.modules)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", b""),
        ('00 "asm" 01', b"\0asm\x01"),
        ("[ 01 02 ]", b"\x02\x01\x02"),
        ('[ ["ab"] 05 ]', b"\x04\x02ab\x05"),
        ("01 ; 02\n03", b"\x01\x03"),
        ("[" + " 00" * 200 + " ]", b"\xc8\x01" + bytes(200)),
    ],
)
def test_hexadecimal_text_becomes_bytes(text: str, expected: bytes) -> None:
    assert hex_bytes(text) == expected


@pytest.mark.parametrize("text", ["[ 00", "00 ]", "[ ] ]"])
def test_brackets_must_match(text: str) -> None:
    with pytest.raises(CatalogueError):
        hex_bytes(text)


def test_numbers_that_json_lacks_are_written_as_text() -> None:
    numbers = [float("nan"), float("inf"), float("-inf"), -0.0, 1.0, 1.5]
    assert plain(numbers) == ["$NaN", "$Infinity", "$-Infinity", "$-0", 1, 1.5]


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        ("$undefined", {"undefined": True}),
        ("$null", None),
        ("$-5n", {"bigint": "-5"}),
        ("$NaN", {"number": "NaN"}),
        ("$$text", "$text"),
        ("text", "text"),
        ([1, "$0n"], [1, {"bigint": "0"}]),
        ({"object": "Memory"}, {"object": "Memory"}),
    ],
)
def test_expected_values_are_patterns_of_the_transcript(value: Any, pattern: Any) -> None:
    assert expected_pattern(value) == pattern


@pytest.mark.parametrize(
    "step",
    [
        {},
        {"get": "a", "call": "b"},
        {"get": "a", "typo": 1},
        {"set": "a.b"},
        {"read": "m", "view": "Uint8Array"},
        {"get": "a", "expect": 1, "error": "TypeError"},
        {"get": "a", "expect": "$b.c"},
    ],
)
def test_a_wrong_step_is_refused_with_the_name_of_its_case(step: dict[str, Any]) -> None:
    with pytest.raises(CatalogueError, match=r"^case case: "):
        written(step)


@pytest.mark.parametrize("name", ["", "Upper", "two words", "-a", "a--b"])
def test_a_wrong_id_is_refused(name: str) -> None:
    with pytest.raises(CatalogueError):
        written(id=name)


def test_modules_are_assembled_once_and_keep_their_source() -> None:
    case = written(modules={"a": "(module)", "b": {"hex": "00 01"}})
    assert case.modules["a"] == b"\0asm\x01\0\0\0"
    assert case.modules["b"] == b"\0\1"
    assert case.sources == {"a": "(module)", "b": "00 01"}
