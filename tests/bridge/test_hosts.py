"""What the hosts of Pyodide differ in: whether a thread may block, whether memory can be shared, and their buffers."""

from __future__ import annotations

import ast
import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
FILES = {
    "javascript_buffers.py": "run_inside.mjs",
    "memory_sharing.py": "run_inside.mjs",
    "host_worker.py": "run_in_worker.mjs",
}
"""Files of ``inside`` and what runs them."""

pytestmark = [pytest.mark.pyodide, pytest.mark.xdist_group("hosts of Pyodide")]


def cases() -> list[tuple[str, str]]:
    """All files and the names of their cases."""
    return [
        (file, node.name)
        for file in FILES
        for node in ast.parse((HERE / "inside" / file).read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("case_")
    ]


@cache
def run(file: str) -> dict[str, Any]:
    """What the cases of a file found, by name."""
    command = ["node", str(HERE / FILES[file]), str(HERE / "inside" / file)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    results: dict[str, Any] = json.loads(done.stdout.strip().rpartition("\n")[2])["results"]
    return results


@pytest.mark.parametrize(("file", "case"), cases())
def test_hosts(file: str, case: str) -> None:
    found = run(file)[case]
    if found is not None:
        pytest.fail(f"inside Pyodide:\n{found}", pytrace=False)
