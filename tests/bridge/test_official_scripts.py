"""The specification's scripts about memories, with memories that JavaScript can have.

In Python itself every script of this selection runs on accessors written in Python; inside Pyodide under Node a part
of them runs on each kind of memory that the link layers have.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from pyjsapi.bridge.memory.linked import make_memory
from pyjsapi.runtime.memory import MemInst, new_memory
from pyjsapi.syntax.types import MemType
from pyjsapi.validation.limits import Limits
from pyjsapi.wast.runner import run_text

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SPEC_TESTS = Path(os.environ.get("PYJSAPI_SPEC_TESTS") or ROOT.parent / "shared" / "spec-tests")
PATTERNS = (
    "core/multi-memory/*.wast", "core/memory*.wast", "core/bulk-memory/memory*.wast",
    "core/memory64/*mem*.wast", "core/memory64/[abel]*.wast", "core/simd/simd_*load*.wast",
    "core/simd/simd_*store*.wast", "core/simd/simd_address.wast", "core/float_memory.wast",
    "core/address.wast", "core/endianness.wast", "core/l*.wast", "core/d*.wast", "core/store.wast",
    "core/traps.wast", "core/linking.wast", "custom-page-sizes/*.wast",
)  # fmt: skip
INSIDE = (
    "core/multi-memory/*.wast", "core/memory*.wast", "core/bulk-memory/memory_init.wast",
    "core/memory64/memory64.wast", "core/memory64/load64.wast", "core/simd/simd_load.wast",
    "core/float_memory.wast", "core/endianness.wast", "core/linking.wast", "threads/atomic.wast",
    "custom-page-sizes/*.wast",
)  # fmt: skip
PROXIED = ("core/multi-memory/*.wast", "threads/atomic.wast", "core/float_memory.wast")


def scripts(patterns: tuple[str, ...]) -> list[Path]:
    return sorted({path for pattern in patterns for path in SPEC_TESTS.glob(pattern)})


def test_the_scripts_are_there() -> None:
    if not scripts(PATTERNS) and not os.environ.get("CI"):
        pytest.skip(f"no scripts in {SPEC_TESTS}: set PYJSAPI_SPEC_TESTS")
    assert len(scripts(PATTERNS)) >= 60


def unshared_by_calls(type_: MemType, limits: Limits) -> MemInst:
    """Shared memories need JavaScript."""
    return new_memory(type_, limits) if type_.shared else make_memory(type_, limits)


@pytest.mark.usefixtures("memories")
@pytest.mark.parametrize("path", scripts(PATTERNS), ids=lambda path: path.stem)
def test_a_script_passes_on_accessors_in_python(path: Path) -> None:
    result = run_text(path.read_text(), path.name, make_memory=unshared_by_calls)
    assert [str(failure) for failure in result.failures] == []
    assert result.passed == result.assertions


@pytest.mark.pyodide
@pytest.mark.parametrize(
    ("link", "state", "patterns"),
    [
        ("native", "heap", INSIDE),
        pytest.param("native", "moved", INSIDE, marks=pytest.mark.long),
        ("proxy", "moved", PROXIED),
    ],
)
def test_scripts_pass_inside_pyodide(link: str, state: str, patterns: tuple[str, ...]) -> None:
    if not scripts(patterns):
        pytest.skip(f"no scripts in {SPEC_TESTS}: set PYJSAPI_SPEC_TESTS")
    given = [{"name": path.name, "text": path.read_text()} for path in scripts(patterns)]
    command = ["node", str(HERE / "run_scripts.mjs"), link, state]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    answer = json.loads(done.stdout)
    for result in answer["results"]:
        assert result["failures"] == [], result["name"]
        assert result["passed"] == result["assertions"]
    assert sum(result["passed"] for result in answer["results"]) > 400
