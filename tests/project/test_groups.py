"""Tests of one `xdist_group` run in one process, one after the other: what they share is made once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TESTS = """
import os
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def made():
    with Path("made").open("a") as file:
        file.write(os.environ["PYTEST_XDIST_WORKER"] + "\\n")


@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(8))
def test_of_a_group(made, number):
    pass


@pytest.mark.parametrize("number", range(8))
def test_alone(number):
    pass
"""


def test_the_fixture_of_a_group_is_made_once(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup"]
    done = subprocess.run(
        command, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert "16 passed" in done.stdout, done.stdout + done.stderr
    assert len((tmp_path / "made").read_text().split()) == 1
