"""What mypy says of a program is the same with PyPI's ``wasmtime`` and with ours."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PROGRAM: Final = Path(__file__).with_name("program.py")
OURS: Final = "pyjsapi.compat.wasmtime"


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The lines that mypy says of the program, with each of both."""
    folder = tmp_path_factory.mktemp("typing")
    text = PROGRAM.read_text("utf-8")
    (folder / "wasmtime_program.py").write_text(text)
    text = text.replace("import wasmtime\n", f"from {OURS.rpartition('.')[0]} import wasmtime\n")
    (folder / "pyjsapi_program.py").write_text(text.replace("from wasmtime", f"from {OURS}"))
    command = [
        sys.executable, "-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent",
        "--no-pretty", "--no-error-summary", "--hide-error-context",
        f"--cache-dir={folder / 'cache'}", "wasmtime_program.py", "pyjsapi_program.py",
    ]  # fmt: skip
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    lines = done.stdout.splitlines()
    return {
        name: [each.split(":", 1)[1] for each in lines if each.startswith(name)]
        for name in ("wasmtime", "pyjsapi")
    }


def plain(line: str) -> str:
    """A line without the places that classes are from, and one way to write what is the same."""
    line = re.sub(r"\b(?:wasmtime|pyjsapi\.compat\.wasmtime)(?:\.\w+)*\.(\w+)", r"\1", line)
    line = re.sub(r"\b(?:builtins|typing|collections\.abc)\.", "", line)
    line = re.sub(r"Union\[(.*)\]", lambda found: found[1].replace(", ", " | "), line)
    return re.sub(r"Optional\[(.*?)\]", r"\1 | None", line)


def test_it_says_something(said: dict[str, list[str]]) -> None:
    assert len(said["wasmtime"]) > 55


def test_what_types_are(said: dict[str, list[str]]) -> None:
    revealed = {
        name: [plain(each) for each in lines if "Revealed type" in each]
        for name, lines in said.items()
    }
    assert revealed["pyjsapi"] == revealed["wasmtime"]


def test_mistakes(said: dict[str, list[str]]) -> None:
    """The same ones, whatever their words: parameters of lists, for instance, are called by other names."""
    found = {
        name: [
            re.sub(r" error: .*\[([\w-]+)\]$", r" \1", each) for each in lines if " error: " in each
        ]
        for name, lines in said.items()
    }
    assert found["pyjsapi"] == found["wasmtime"]
    assert len(found["wasmtime"]) >= 9
