"""Lowered modules in Node, whose engine may have one memory per module."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fuzz.bench import Bench
from fuzz.engines.lowered import lowered_cases
from pyjsapi.comparison.scripts import convert_script
from pyjsapi.lowering import lower

HERE = Path(__file__).resolve().parent

SCRIPTS = ("core/instance.wast", "core/simd/simd_memory-multi.wast", "core/multi-memory/*.wast")
NEEDS_INITIALISED_TABLES = "core/instance.wast"
PROGRAMS = 150
PER_TEST = 50


def _in_node(request: dict[str, Any]) -> Any:
    done = subprocess.run(
        ["node", HERE / "node.mjs"], input=json.dumps(request), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_scripts_with_several_memories_pass(spec_scripts: Path) -> None:
    scripts = [
        convert_script(path, path.relative_to(spec_scripts).as_posix(), lower).json()
        for pattern in SCRIPTS
        for path in sorted(spec_scripts.glob(pattern))
    ]
    answer = _in_node({"scripts": scripts})
    results = answer["results"]
    if not answer["initialisedTables"]:
        results = [r for r in results if r["path"] != NEEDS_INITIALISED_TABLES]
    assert [f"{r['path']} {failure}" for r in results for failure in r["failures"]] == []
    passed = sum(r["passed"] for r in results)
    assert passed == sum(r["assertions"] for r in results)
    assert passed >= 695


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench(oracles=(), modes=("default",))
    yield bench
    bench.close()


@pytest.mark.parametrize("start", range(0, PROGRAMS, PER_TEST))
def test_generated_programs_do_what_they_do_on_pyjsapi(bench: Bench, start: int) -> None:
    """More of them: ``python -m fuzz --generator memories``; on browsers: ``scripts/compare_lowered.py``."""
    cases = lowered_cases(range(start, start + PER_TEST))
    assert len(cases) > PER_TEST // 2
    assert list(map(str, bench.examine(cases))) == []
