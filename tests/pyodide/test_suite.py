"""The package's own tests, file by file, once more inside Pyodide under Node."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.pyodide.conftest import Pyodide

pytestmark = [pytest.mark.pyodide, pytest.mark.xdist_group("pyodide")]

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# The folders whose subject does not depend on a file system, a terminal or other processes.
FOLDERS = (
    "syntax",
    "binary",
    "text",
    "validation",
    "ecmascript",
    "runtime",
    "compiler",
    "jsapi",
    "importing",
    "agents",
    "sandbox",
)
PLAIN = {"syntax", "binary", "text", "validation", "compiler"}
"""Folders about what is the same in any Python, and depends on the machine least."""
# Packages that are not there, and modules that cannot work in it.
NOT_INSIDE = {"fuzz", "numpy", "wasmtime", "subprocess", "multiprocessing", "threading"}

DEVELOPMENT = (
    "tests/compiler/proof/",
    "tests/sandbox/test_interpreters.py",
    "tests/sandbox/test_engine.py",
)
"""What looks at the compiler from outside, or translates interpreters: the same anywhere, and slow."""

NEED_SCRIPTS = "_scripts.py"
"""How the names of tests end that read the specification's scripts, which are not mounted."""


def _imports(path: Path) -> set[str]:
    """The top-level names of everything that a file imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def files() -> list[str]:
    return [
        path.relative_to(ROOT).as_posix()
        for folder in FOLDERS
        for path in sorted((ROOT / "tests" / folder).rglob("test_*.py"))
        if not _imports(path) & NOT_INSIDE
        and not path.name.endswith(NEED_SCRIPTS)
        and not path.relative_to(ROOT).as_posix().startswith(DEVELOPMENT)
    ]


def _parameter(path: str) -> object:
    return pytest.param(path, marks=[pytest.mark.long] if path.split("/")[1] in PLAIN else [])


@pytest.mark.parametrize("path", list(map(_parameter, files())))
def test_passes_inside_pyodide(pyodide: Pyodide, path: str) -> None:
    source = (HERE / "inside" / "run_pytest.py").read_text(encoding="utf-8")
    result = pyodide.call(source, "run", "run_pytest.py", path)
    if result["failed"]:
        pytest.fail("\n".join(result["failed"]), pytrace=False)
    assert result["code"] == 0
    assert result["passed"] > 0
