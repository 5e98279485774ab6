"""Runs every function `case_*` of the files in `inside/` within Pyodide under Node, each as one test."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.pyodide.conftest import Pyodide

# One process serves all: the tests stay on one worker.
pytestmark = [pytest.mark.pyodide, pytest.mark.xdist_group("pyodide")]

INSIDE = Path(__file__).resolve().parent / "inside"


def _cases() -> list[tuple[str, str]]:
    return [
        (path.name, node.name)
        for path in sorted(INSIDE.glob("*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("case_")
    ]


@pytest.mark.parametrize(("file", "function"), _cases())
def test_inside_pyodide(pyodide: Pyodide, file: str, function: str) -> None:
    source = (INSIDE / file).read_text(encoding="utf-8")
    pyodide.call(source, function, file)


def test_python_is_that_of_pyodide(pyodide: Pyodide) -> None:
    assert pyodide.python.startswith("3.14.")


def test_a_failing_case_fails_here_with_its_traceback(pyodide: Pyodide) -> None:
    source = "def case_wrong():\n    raise ValueError('told to')\n"
    with pytest.raises(pytest.fail.Exception, match="ValueError: told to"):
        pyodide.call(source, "case_wrong")


def test_the_result_of_a_coroutine_arrives(pyodide: Pyodide) -> None:
    assert pyodide.call("async def answer():\n    return [1, 2]\n", "answer") == [1, 2]
