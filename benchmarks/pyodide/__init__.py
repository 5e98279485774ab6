"""The kernels inside Pyodide under Node, on pyjsapi, by hand and on pywasm."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.comparison import Row, Table

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DISTRIBUTION = ROOT / "build" / "pyodide"
WHEELS = ROOT / "build" / "benchmarks"
PYWASM = "pywasm==2.2.3"


class CannotRun(Exception):
    """Something that the measurement needs is not there; the message says what to do."""


def pywasm_wheel() -> Path:
    """The wheel of pywasm in `build/benchmarks`, downloaded by pip the first time."""
    pattern = f"{PYWASM.replace('==', '-')}-*.whl"
    if not list(WHEELS.glob(pattern)):
        command = ["download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run(
            [sys.executable, "-m", "pip", *command, "--dest", WHEELS, PYWASM], check=True
        )
    return next(WHEELS.glob(pattern))


def run(kernels: Sequence[str], rounds: int) -> tuple[str, dict[str, str], list[Table]]:
    """Python's version inside, the engines' versions and the tables.

    Raises `CannotRun` when the Pyodide distribution is not built.
    """
    if not (DISTRIBUTION / "pyodide-lock.json").is_file():
        raise CannotRun(f"{DISTRIBUTION} is not built: run `make build`")
    options = json.dumps({"kernels": list(kernels), "rounds": rounds})
    answer = subprocess.run(
        ["node", HERE / "run.mjs", DISTRIBUTION, pywasm_wheel(), ROOT, options],
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    if answer.returncode != 0:
        raise CannotRun(f"Node ended with exit code {answer.returncode}; its output is above")
    result: dict[str, Any] = json.loads(answer.stdout)
    tables = [
        Table(table["title"], table["engines"], [Row(**row) for row in table["rows"]])
        for table in result["tables"]
    ]
    return result["python"], result["versions"], tables
