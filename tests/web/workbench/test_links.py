"""Links into the workbench: of every case, and as the page reads them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pyjsapi.syntax.types import EXTERNREF, F32, F64, FUNCREF, I32, I64
from web import catalogue
from web.workbench.links import Link, links_of, typed

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


def shared(links: list[Link], folder: Path) -> list[dict[str, Any]]:
    """What the page reads in them."""
    for name, target in (("static", "web/static"), ("polyfill", "polyfill")):
        (folder / name).symlink_to(ROOT / target)
    done = subprocess.run(
        ["node", "--preserve-symlinks", str(HERE / "read_links.mjs"), str(folder)],
        input=json.dumps([link.fragment for link in links]),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_every_case_with_modules_has_links_that_are_read_back(tmp_path: Path) -> None:
    cases = [case.to_json() for case in catalogue.load()]
    links = [(case, link) for case in cases for link in links_of(case)]
    assert len(links) == sum(len(case["modules"]) for case in cases) > 200
    assert sum(len(link.calls) for _, link in links) > 100
    found = shared([link for _, link in links], tmp_path)
    for (case, link), read in zip(links, found, strict=True):
        assert read["bytes"] == case["modules"][link.module]
        assert (read["calls"], read["text"]) == (link.calls, None)
        assert read["name"].startswith(case["id"])


def test_calls_are_those_on_the_first_instance_that_can_be_typed() -> None:
    text = """(module (func (export "f") (param i32 i64)) (func (export "a b") (result i32) (i32.const 1))
      (func (export "g") (param externref)) (memory (export "m") 1))"""
    case = catalogue.Case(
        "some", "Some", "Group", (), {"main": catalogue.assemble(text)}, {},
        (
            {"call": "i.exports.f", "args": [1, "$2n"]},
            {"instance": "main", "as": "i"},
            {"call": "i.exports.f", "args": [1, "$2n"]},
            {"call": "i.exports.f", "args": [1, 2]},
            {"call": "i.exports.f", "args": [1]},
            {"call": 'i.exports["a b"]'},
            {"call": "i.exports.g", "args": ["$i"]},
            {"call": "i.exports.m.grow", "args": [1]},
            {"instance": "main", "as": "j"},
            {"call": "j.exports.f", "args": [3, "$4n"]},
        ),
    )  # fmt: skip
    (link,) = links_of(case.to_json())
    assert link.calls == [
        {"export": "f", "arguments": ["1", "2"]},
        {"export": "a b", "arguments": []},
    ]


@pytest.mark.parametrize(
    ("value", "type_", "text"),
    [
        (-1, I32, "-1"), (0xFFFFFFFF, I32, "4294967295"), (1 << 32, I32, None), (1.5, I32, None), (True, I32, None),
        ("$-5n", I64, "-5"), (5, I64, None), ("$18446744073709551616n", I64, None), (1, F32, "1"), (0.1, F64, "0.1"),
        ("$NaN", F64, "nan"), ("$-0", F32, "-0"), ("$undefined", F64, None), ("$null", FUNCREF, "null"),
        (None, EXTERNREF, "null"), ("word", EXTERNREF, "word"), ("", EXTERNREF, None), ("null", EXTERNREF, None),
        ("$m", EXTERNREF, None), ("word", FUNCREF, None),
    ],
)  # fmt: skip
def test_arguments_as_they_are_typed(value: Any, type_: Any, text: str | None) -> None:
    assert typed(value, type_) == text
