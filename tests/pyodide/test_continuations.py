"""Stack switching inside Pyodide: with the engine's own, and where the engine has none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.pyodide.conftest import Pyodide

pytestmark = pytest.mark.pyodide

INSIDE = Path(__file__).resolve().parent / "inside"
SOURCE = (INSIDE / "continuations.py").read_text("utf-8")


def test_within_promising(pyodide_of_new_node: Pyodide) -> None:
    pyodide_of_new_node.call(SOURCE, "continuations", "continuations.py")


def test_elsewhere_it_is_a_trap_that_says_where(pyodide_of_new_node: Pyodide) -> None:
    message = pyodide_of_new_node.call(SOURCE, "outside", "continuations.py")
    assert "within WebAssembly.promising() alone" in message


def test_without_stacks_the_module_is_refused(pyodide: Pyodide) -> None:
    message = pyodide.call(SOURCE, "refused", "continuations.py")
    assert "stack_switching, for which nothing can suspend calls here" in message
    assert "no promise integration" in message
