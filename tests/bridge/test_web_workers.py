"""Shared memories of JavaScript and Web Workers, inside Pyodide under Node, where workers are threads.

Everything is in ``inside/web_workers.py``, which runs once.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
INSIDE = HERE / "inside" / "web_workers.py"

CASES = [
    node.name
    for node in ast.parse(INSIDE.read_text(encoding="utf-8")).body
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("case_")
]


@pytest.fixture(scope="module")
def results() -> dict[str, str | None]:
    command = ["node", str(HERE / "run_inside.mjs"), str(INSIDE)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    printed, _, last = done.stdout.strip().rpartition("\n")
    found: dict[str, str | None] = json.loads(last)
    return {**found, "printed": printed}


@pytest.mark.pyodide
@pytest.mark.xdist_group("web workers")
@pytest.mark.parametrize("case", CASES)
def test_inside_pyodide(results: dict[str, str | None], case: str) -> None:
    if results[case] is not None:
        pytest.fail(f"inside Pyodide:\n{results[case]}", pytrace=False)


@pytest.mark.pyodide
@pytest.mark.xdist_group("web workers")
def test_a_worker_can_print(results: dict[str, str | None]) -> None:
    assert "a worker can print" in str(results["printed"])


def test_the_generated_javascript_is_current() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "generate_bridge.py"), "--check"]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_generated_javascript_has_every_module() -> None:
    from pyjsapi.bridge.javascript_gen import SOURCE, WORKER

    for name in ("link.mjs", "link/memories.mjs", "link/proxy.mjs", "web/workers.mjs"):
        assert f"modules['{name}'] =" in SOURCE
    assert "import {" not in SOURCE
    assert "pyjsapi.bridge.web_worker" in WORKER
