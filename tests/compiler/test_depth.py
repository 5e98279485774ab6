"""Python's recursion limit, which belongs to the whole process, and the depth of wasm's call stack.

Each case is a program of its own, in a process of its own: see `depth_cases.py`.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
import pythons

CASES = Path(__file__).with_name("depth_cases.py")
ROOT = CASES.parents[2]


OTHERS = {
    f"3.{minor}": found
    for minor in range(11, 15)
    if sys.version_info[:2] != (3, minor) and (found := pythons.find(f"3.{minor}"))
}
"""The interpreters of other versions."""


def _names() -> list[str]:
    return [
        node.name
        for node in ast.parse(CASES.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(d, ast.Name) and d.id == "case" for d in node.decorator_list)
    ]


def _run(interpreter: Path | str, *cases: str) -> None:
    run = subprocess.run(
        [interpreter, "-X", "faulthandler", CASES, *cases],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, f"{run.stdout}{run.stderr}"
    assert run.stdout.split() == list(cases or _names())


@pytest.mark.parametrize("name", _names())
def test_the_limit_of_somebody_elses_process(name: str) -> None:
    _run(sys.executable, name)


@pytest.mark.parametrize("version", OTHERS)
def test_the_same_in_other_versions_of_python(version: str) -> None:
    _run(OTHERS[version])
