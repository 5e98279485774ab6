"""The JavaScript cases are listed, checked and assembled, and their runner tells values apart."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from web import catalogue, js_catalogue
from web.js_catalogue import JsCase

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def cases() -> list[JsCase]:
    return js_catalogue.load()


def test_there_are_many_cases_and_each_group_is_together(cases: list[JsCase]) -> None:
    assert len(cases) >= 200
    groups = [name for name, _ in groupby(cases, key=lambda case: case.group)]
    assert len(groups) == len(set(groups)) >= 12


def test_every_interface_and_operation_is_covered(cases: list[JsCase]) -> None:
    covered = Counter(name for case in cases for name in case.covers)
    for name in (
        "validate compile instantiate Module Module.exports Module.imports Module.customSections "
        "Instance Memory Memory.buffer Memory.grow Memory.toResizableBuffer Table Table.get Table.set "
        "Table.grow Global Global.value Global.valueOf Exception Exception.getArg Exception.stack JSTag"
    ).split():
        assert covered[f"JS API: {name}"], name
    assert sum("memories" in case.id for case in cases) >= 25


def test_every_module_is_assembled(cases: list[JsCase]) -> None:
    assert sum(bool(case.modules) for case in cases) >= 100
    assert all(binary.startswith(b"\0asm") for case in cases for binary in case.modules.values())


def test_the_expectations_are_written_as_descriptions(cases: list[JsCase]) -> None:
    case = next(case for case in cases if case.id == "js-call-results")
    steps = {step["name"]: step for step in case.steps}
    assert steps["none"]["expect"] == {"undefined": True}
    assert steps["two"]["expect"] == [1, {"bigint": "2"}]
    assert steps["five"]["expect"][3] == {"number": "-0"}
    json.dumps(case.to_json())


ITEM: dict[str, Any] = {
    "id": "js-case",
    "title": "A case",
    "group": "Group",
    "covers": [],
    "needs": [],
    "file": "10-file.mjs",
    "modules": {},
    "steps": [{"name": "a", "expect": 1}],
    "source": "() => ({ a: 1 })",
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "case"}, "the first one js"),
        ({"id": "js-Case"}, "lower-case"),
        ({"steps": []}, "expect names nothing"),
        ({"modules": {"main": {"bytes": ""}}}, "WAT text"),
    ],
)
def test_a_wrong_case_is_named(change: dict[str, Any], message: str) -> None:
    assert js_catalogue.check_case(ITEM).id == "js-case"
    with pytest.raises(catalogue.CatalogueError, match=rf"^case .*{message}"):
        js_catalogue.check_case({**ITEM, **change})


def test_without_node_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(catalogue.CatalogueError, match="nodejs"):
        js_catalogue.listed()


def test_the_runner_and_the_descriptions() -> None:
    command = ["node", "--test", "--test-reporter=tap", str(HERE / "js_runner.test.mjs")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n# pass 0\n" not in done.stdout
