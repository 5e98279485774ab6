"""The tests of the JS API with Wasmtime in the place of the Python engine (EN-1, EN-6, EN-11, EN-17, EN-19)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engines.wasmtime.on_wasmtime import expected_failures

TESTS = Path(__file__).parents[2]


@pytest.mark.long
def test_they_pass_but_for_those_that_have_a_reason() -> None:
    command = [sys.executable, "-m", "pytest", "-p", "tests.engines.wasmtime.on_wasmtime", "-q"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "-p", "no:randomly", "tests/jsapi"],
        cwd=TESTS.parent,
        env={**os.environ, "PYTHONPATH": str(TESTS.parent)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_expected_to_fail_is_there() -> None:
    for test in expected_failures():
        file, _, name = test.partition("::")
        text = TESTS.joinpath("jsapi", file).read_text()
        assert f"def {name.partition('[')[0]}(" in text, test
