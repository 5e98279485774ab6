"""Pyodides of two years and of the next one, under Node, and today's under Deno."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PYTHONS = {
    "pyodide-0.25": "3.11",
    "pyodide-0.26": "3.12",
    "pyodide-0.27": "3.12",
    "pyodide-0.28": "3.13",
    "pyodide-0.29": "3.13",
    "pyodide-315": "3.15",
}
FOUND = {
    "mailbox": ["quick", [5], 0, 131072],
    "errors": ["fail: KeyError", "trap: RuntimeError", "deep: RangeError"],
    "shared": [7, 0, 1, 16384],
    "may block": False,
    "bytes of JavaScript": True,
    "shared with JavaScript": [7, 0, 1, 16384],
    "worker": [[0, True], 5],
    "prepared worker": [[0, True], 5],
}

pytestmark = [pytest.mark.long, pytest.mark.pyodide]


def run(command: list[str | Path], folder: Path, wheel: Path) -> dict[str, Any]:
    """What the program found in a Pyodide."""
    done = subprocess.run(
        [*command, HERE / "run_in_pyodide.mjs", folder, wheel],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout.strip().rpartition("\n")[2])
    return found


@pytest.mark.parametrize("name", PYTHONS)
def test_other_pyodides(packages: Path, wheel: Path, name: str) -> None:
    assert run(["node"], packages / name, wheel) == {"python": PYTHONS[name], **FOUND}


def test_todays_pyodide_in_deno(packages: Path, wheel: Path) -> None:
    """Prepared workers, too: a message with a view of their memory took Deno longer than everything else."""
    deno = packages / "@deno" / "linux-x64-glibc" / "deno"
    found = run([deno, "run", "--allow-all"], ROOT / "node_modules" / "pyodide", wheel)
    assert found == {"python": "3.14", **FOUND}
