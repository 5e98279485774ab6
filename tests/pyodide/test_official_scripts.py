"""The specification's scripts about several memories, inside Pyodide under Node."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.pyodide.conftest import Pyodide

pytestmark = [pytest.mark.pyodide, pytest.mark.xdist_group("pyodide")]

ROOT = Path(__file__).resolve().parents[2]
SPEC_TESTS = Path(os.environ.get("PYJSAPI_SPEC_TESTS") or ROOT.parent / "shared" / "spec-tests")
SCRIPTS = sorted((SPEC_TESTS / "core" / "multi-memory").glob("*.wast"))

RUN = """
from pyjsapi.wast.runner import run_text

def run(text, path):
    result = run_text(text, path)
    failures = [str(failure) for failure in result.failures]
    return {"failures": failures, "assertions": result.assertions, "passed": result.passed}
"""


def test_the_scripts_are_there() -> None:
    if not SCRIPTS and not os.environ.get("CI"):
        pytest.skip(f"no scripts in {SPEC_TESTS}: set PYJSAPI_SPEC_TESTS")
    assert len(SCRIPTS) >= 30


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_script_passes_inside_pyodide(pyodide: Pyodide, script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    result = pyodide.call(RUN, "run", "run_script.py", text, script.name)
    assert result["failures"] == []
    assert result["passed"] == result["assertions"]
