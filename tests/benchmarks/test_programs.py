"""The programs of the benchmarks do what is measured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.programs import compiled_hello, write_costs


def test_a_guest_writes_its_megabyte() -> None:
    (cost,) = write_costs(1)
    assert cost.value > 0


def test_the_command_runs_what_zig_compiles(tmp_path: Path) -> None:
    pytest.importorskip("ziglang")
    program = compiled_hello(tmp_path)
    command = [sys.executable, "-m", "pyjsapi", "run", str(program)]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"Hello, world\n"
