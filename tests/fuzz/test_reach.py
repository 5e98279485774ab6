"""The generators reach every emitter, and every branch of the code for control flow and ranges, but those listed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz.algebra import ROUNDED_AS_ENGINES_LIKE
from fuzz.reach import Branch, Reach, expected
from pyjsapi.compiler.emit.registry import CONTROL
from pyjsapi.syntax.instructions import BY_CODE, OPS

ROOT = Path(__file__).resolve().parents[2]


pytestmark = pytest.mark.xdist_group("reach")  # one process translates the share


NOT_COMPARED = ("memory_control", "stack_switching", "acquire_release", "custom_descriptors")
"""Features that no other engine has as the proposals have them: tests of their own compare ways of translation."""


@pytest.fixture(scope="session")
def reach() -> Reach:
    # In a process of its own: nothing of the compiler may be imported before it is watched.
    command = [sys.executable, "-m", "fuzz.reach", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    return Reach(told["emitters"], [Branch(**branch) for branch in told["branches"]])


def test_every_emitter_is_reached(reach: Reach) -> None:
    left_out = {op.mnemonic for op in OPS if op.family in ROUNDED_AS_ENGINES_LIKE}
    left_out |= {
        op.mnemonic
        for op in BY_CODE.values()
        if op.feature in NOT_COMPARED and op not in CONTROL
    }
    assert set(reach.emitters) == left_out


def test_every_branch_is_reached_or_listed(reach: Reach) -> None:
    new = sorted(set(reach.branches) - expected())
    assert list(map(str, new)) == []


def test_what_is_listed_is_not_reached(reach: Reach) -> None:
    gone = sorted(expected() - set(reach.branches))
    assert list(map(str, gone)) == []
