"""What mypy and pyright say of programs that use the package: nothing of a good one, each mistake of a bad one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM, MISUSES = "program.py", "misuses.py"
CONFIGURATION = {
    "extraPaths": [str(ROOT)],
    "typeCheckingMode": "strict",
    "pythonVersion": "3.11",
}

Found = dict[tuple[str, int], set[str]]
"""File and line of everything found, and what it is called."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs, away from the package's own configuration."""
    folder = tmp_path_factory.mktemp("typing")
    for name in (PROGRAM, MISUSES):
        shutil.copy(Path(__file__).with_name(name), folder)
    (folder / "pyrightconfig.json").write_text(json.dumps(CONFIGURATION))
    return folder


def expected(column: int) -> Found:
    """What the comments in the file of mistakes say, of mypy (0) or pyright (1)."""
    found: Found = {}
    lines = Path(__file__).with_name(MISUSES).read_text().splitlines()
    for number, line in enumerate(lines, 1):
        _, mark, comment = line.partition("  # ")
        if mark:
            found[MISUSES, number] = set(comment.split(" | ")[column].split(", "))
    assert len(found) > 30
    return found


def test_mypy(folder: Path) -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent",
            "--no-pretty", f"--cache-dir={folder / 'cache'}", PROGRAM, MISUSES,
        ],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
    )  # fmt: skip
    found: Found = {}
    for name, line, code in re.findall(r"^(\S+?):(\d+): error: .*\[(\S+)\]$", done.stdout, re.M):
        found.setdefault((name, int(line)), set()).add(code)
    assert done.stderr == ""
    assert found == expected(0)


def test_pyright(folder: Path) -> None:
    done = subprocess.run(
        [
            "node", str(ROOT / "node_modules" / "pyright" / "index.js"),
            "--pythonpath", sys.executable, "--outputjson",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
    )  # fmt: skip
    report = json.loads(done.stdout)
    found: Found = {}
    for one in report["generalDiagnostics"]:
        place = (Path(one["file"]).name, one["range"]["start"]["line"] + 1)
        found.setdefault(place, set()).add(one["rule"].removeprefix("report"))
    assert report["summary"]["filesAnalyzed"] == 2
    assert found == expected(1)
