"""Promise integration inside Pyodide: with the engine's stack switching, and where the engine has none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.pyodide.conftest import Pyodide

pytestmark = pytest.mark.pyodide

INSIDE = Path(__file__).resolve().parent / "inside"
SOURCE = (INSIDE / "promises.py").read_text("utf-8")
NAMES = [
    line.split("(")[0].removeprefix("async def ")
    for line in SOURCE.splitlines()
    if line.startswith("async def ") and not line.startswith("async def later")
]
ABSENT = """
def absent():
    from pyjsapi import WebAssembly
    names = ("promising", "Suspending", "SuspendError")
    assert not any(hasattr(WebAssembly, name) or name in dir(WebAssembly) for name in names)
    try:
        WebAssembly.promising
    except AttributeError as error:
        return str(error)
"""


def test_the_mechanism_is_the_engines(pyodide_of_new_node: Pyodide) -> None:
    assert pyodide_of_new_node.call(SOURCE, "mechanism", "promises.py") == "pyodide"


@pytest.mark.parametrize("name", NAMES)
def test_with_stack_switching(pyodide_of_new_node: Pyodide, name: str) -> None:
    pyodide_of_new_node.call(SOURCE, name, "promises.py")


def test_without_stack_switching_the_names_are_absent(pyodide: Pyodide) -> None:
    message = pyodide.call(ABSENT, "absent")
    assert "calls of WebAssembly cannot be suspended here" in message
    assert "no promise integration" in message
