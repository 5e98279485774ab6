"""Nobody changes where Python looks for modules, so that any test and any script can do without the others.

What a test prepends with `monkeypatch` is gone when it ends. The scripts import each other from their folder, as Python
does for the one that it runs: pytest and mypy are told of it (pyproject.toml), so that tests import them so, too.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDERS: Final = (
    "pyjsapi",
    "scripts",
    "web",
    "real",
    "benchmarks",
    "fuzz",
    "tests",
    "playwright",
    "examples",
)
CHANGE: Final = re.compile(r"\bsys\.path(\.(insert|append|extend)\(|\[.*\] = |(\[:0\])? \+?= )")
ALLOWED: Final = {
    "pyjsapi/agents/forkserver.py": "it takes over its parent's",
    "pyjsapi/agents/process.py": "it hands it over",
    "pyjsapi/cli/repl.py": "a prompt finds modules in the current folder, as Python's does",
    "pyjsapi/cli/script.py": "it runs a script as Python does",
    "tests/bridge/inside/web_workers.py": "workers take it over, which is what is tested",
    "tests/bridge/inside/wheel_workers.py": "so do those of compiled packages",
    "tests/project/sample_runner.py": "it runs samples as Python does, from their folder",
    "tests/pyodide/inside/wasi.py": "a guest of the tests, which are mounted there too",
    "tests/pyodide/test_compiled.py": "a compiled module is found where it was written, in a Python of its own",
    "tests/pyodide/test_packages.py": "packages are found where they are mounted, in a Python of its own",
    "tests/standalone/driver.py": "so are those of these tests, in a Python that has nothing else",
    "tests/standalone/test_alone.py": "likewise",
    "tests/standalone/test_programs.py": "likewise",
    "playwright/test_host_engine.py": "Pyodide imports what is mounted there",
    "tests/pyodide/inside/run_pytest.py": "pytest is the host's, which is mounted beside Pyodide's packages",
}  # fmt: skip


def test_nobody_changes_the_search_path() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
        if "node_modules" not in path.parts and not path.stem.endswith("_gen")
        if CHANGE.search(path.read_text(encoding="utf-8"))
    }
    assert found == ALLOWED.keys()


@pytest.mark.parametrize(
    ("rest", "changes"),
    [
        ('.insert(0, "x")', True),
        ("[:] = [1]", True),
        (' += ["x"]', True),
        (" = []", True),
        ("", False),
        (" == before", False),
        ("ology.append(1)", False),
    ],
)
def test_changes_are_found(rest: str, changes: bool) -> None:
    assert bool(CHANGE.search("sys.path" + rest)) is changes
