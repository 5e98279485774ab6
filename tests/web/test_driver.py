"""The Python driver in CPython: every case of the catalogue gives what it demands."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pyjsapi.comparison import driver
from web import catalogue
from web.transcripts import transcripts

HERE = Path(__file__).parent
ERRORS_OF_PYTHON = "Python "


@pytest.fixture(scope="module")
def cases() -> list[dict[str, Any]]:
    return [case.to_json() for case in catalogue.load()]


@pytest.fixture(scope="module")
def answers(cases: list[dict[str, Any]]) -> dict[str, Any]:
    return transcripts(cases)


def run(*steps: dict[str, Any], **modules: str) -> list[dict[str, Any]]:
    case = {"id": "case", "title": "a case", "covers": [], "steps": list(steps), "modules": modules}
    checked = catalogue.check_case(case, folder=HERE, group="Group")
    return asyncio.run(driver.run_case(checked.to_json()))


def test_every_case_gives_what_it_expects(
    cases: list[dict[str, Any]], answers: dict[str, Any]
) -> None:
    result = subprocess.run(
        ["node", HERE / "expectations.mjs"],
        input=json.dumps({"cases": cases, "transcripts": answers}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(result.stdout) == []


def test_no_case_ends_in_an_error_of_python(answers: dict[str, Any]) -> None:
    found = {
        (name, entry["error"], entry["message"])
        for name, transcript in answers.items()
        for entry in transcript
        if entry.get("error", "").startswith(ERRORS_OF_PYTHON)
    }
    assert found == set()


@pytest.mark.parametrize(
    ("value", "type_", "expected"),
    [
        (5, "i32", 5),
        (5, "i64", {"bigint": "5"}),
        (2**53, None, {"bigint": "9007199254740992"}),
        (1.0, "f64", 1),
        (-0.0, "f64", {"number": "-0"}),
        (float("nan"), "f32", {"number": "NaN"}),
        (float("-inf"), None, {"number": "-Infinity"}),
        (1.5, "i32", {"python type": "float", "value": "1.5"}),
        (1, "f64", {"python type": "int", "value": "1"}),
        (None, None, {"undefined": True}),
        (True, None, True),
        ([1, 2], ["i32", "i64"], [1, {"bigint": "2"}]),
        ({"name": "f"}, None, {"fields": [["name", "f"]]}),
    ],
)
def test_values_are_described(value: Any, type_: Any, expected: Any) -> None:
    assert driver._Run({}).describe(value, type_) == expected


def test_objects_are_numbered_by_identity() -> None:
    step = {"new": "WebAssembly.Memory", "args": [{"initial": 0}]}
    transcript = run({**step, "as": "a"}, {**step, "as": "b"}, {"get": "a"}, {"get": "b"})
    assert [entry["value"]["id"] for entry in transcript] == [1, 2, 1, 2]


def test_a_failed_step_leaves_its_name_unset() -> None:
    transcript = run({"new": "WebAssembly.Memory", "as": "m"}, {"get": "m.buffer"})
    assert [entry["error"] for entry in transcript] == ["TypeError", "Unset"]


def test_host_functions_record_their_calls_and_run_steps() -> None:
    module = """(module (import "e" "h" (func $h (param i64) (result i32)))
      (func (export "f") (result i32) (call $h (i64.const -1))))"""
    transcript = run(
        {"host": "h", "params": ["i64"], "returns": 7, "steps": [{"validate": "main"}]},
        {"instance": "main", "imports": {"e": {"h": "$h"}}, "as": "i"},
        {"call": "i.exports.f"},
        main=module,
    )
    log = [{"host": "h", "args": [{"bigint": "-1"}]}, {"value": True}]
    assert transcript == [{}, {}, {"value": 7, "log": log}]


def test_an_error_that_javascript_lacks_is_named_as_pythons() -> None:
    assert driver._error_name(KeyError("x")) == "Python KeyError"
    assert driver._error_name(RuntimeError("x")) == "Python RuntimeError"
    assert driver._error_name(TypeError("x")) == "TypeError"
