"""The project's rules that are checked without running it: `make check`, one test per check."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "check",
    [
        *("ruff", "imports", "javascript", "lockfile"),
        *(pytest.param(name, marks=pytest.mark.long) for name in ("mypy", "types", "docs")),
    ],
)
def test_check_is_clean(check: str) -> None:
    command = ["bash", str(ROOT / "scripts" / "check.sh"), check]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
