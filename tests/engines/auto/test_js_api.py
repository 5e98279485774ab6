"""The tests of the JS API with ``auto``, none changed, and with instances moved before the second call (EN-54)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]


@pytest.mark.long
@pytest.mark.parametrize("how", ["auto", "eager"])
def test_they_all_pass(how: str) -> None:
    command = [sys.executable, "-m", "pytest", "-p", "tests.engines.auto.on_auto", "-q"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "-p", "no:randomly", "tests/jsapi"],
        cwd=TESTS.parent,
        env={**os.environ, "PYTHONPATH": str(TESTS.parent), "PYJSAPI_TEST_AUTO": how},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
