"""Lowered modules in Node, whose engine may have one memory per module."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pyjsapi.lowering import lower
from web.wast import convert_script

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from generator import generate  # noqa: E402
from programs import run_program  # noqa: E402

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


@pytest.mark.parametrize("start", range(0, PROGRAMS, PER_TEST))
def test_generated_programs_do_what_they_do_on_pyjsapi(start: int) -> None:
    """More of them, and on browsers: ``scripts/compare_lowered.py``."""
    programs = [generate(seed).json() for seed in range(start, start + PER_TEST)]
    for program in programs:
        lowered = lower(base64.b64decode(program["bytes"]))
        program["lowered"] = base64.b64encode(lowered).decode("ascii")
    answers = _in_node({"programs": programs})
    for program, answer in zip(programs, answers, strict=True):
        assert answer == run_program(program), f"seed {program['seed']}"
