"""The generated files are those that are listed, and are what would be made now."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import generate
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
FOLDERS = ("benchmarks", "fuzz", "polyfill", "pyjsapi", "real", "scripts", "web")
NAME = re.compile(r"_gen\.py|\.gen\.(mjs|d\.ts)")
PAGES = {"docs/features.md"}
"""Generated texts for people, whose names are for them too."""


def test_the_generated_files_are_current() -> None:
    command = [sys.executable, str(SCRIPTS / "generate.py"), "--check"]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_generated_files_are_listed_and_have_the_name() -> None:
    listed = {each.target for each in generate.GENERATED}
    assert all(NAME.search(target) for target in listed - PAGES)
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if "node_modules" in path.parts or path.suffix not in {".py", ".mjs", ".ts"}:
                continue
            with path.open(encoding="utf-8") as file:
                is_marked = "Made by `make generate`" in file.readline()
            is_listed = path.relative_to(ROOT).as_posix() in listed
            assert (is_marked, bool(NAME.search(path.name))) == (is_listed, is_listed), path


def test_a_file_that_is_not_current_is_named_and_made(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    made = [
        generate.Generated("old.gen.mjs", "a source", lambda: "export   const a = 'b'"),
        generate.Generated("new_gen.py", "a source", lambda: "A = 1\n"),
    ]
    monkeypatch.setattr(generate, "GENERATED", made)
    (tmp_path / "old.gen.mjs").write_text("export const a = 1;\n")
    assert generate.main(["--check"]) == 1
    assert "old.gen.mjs, new_gen.py; run `make generate`" in capsys.readouterr().err
    assert not (tmp_path / "new_gen.py").exists()
    assert generate.main([]) == 0
    head = "Made by `make generate` from a source: not edited by hand.\n"
    assert (tmp_path / "old.gen.mjs").read_text() == f'// {head}export const a = "b";\n'
    assert (tmp_path / "new_gen.py").read_text() == f"# {head}A = 1\n"
    assert generate.main(["--check"]) == 0
