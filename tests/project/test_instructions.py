"""The generated table of instruction forms of the polyfill is that of the instruction table."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_generated_file_is_current() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "generate_instructions.py"), "--check"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
