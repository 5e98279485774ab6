"""Where the process may have no more memory, what native code asks for is an exception (EN-40)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.skipif(sys.platform != "linux", reason="limits of the address space are Linux's")
def test_en_40_what_is_refused_is_an_exception_and_the_instances_go_on() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.engines.wasmtime.limited", "40"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "instance": "RangeError",
        "memory": "RangeError",
        "shared memory": "RangeError",
        "table in code": "RuntimeError",
        "table": "RangeError",
        "array": "RuntimeError",
        "afterwards": "[1, 2, 1, 5]",
    }
