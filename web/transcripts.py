"""Transcripts of cases on pyjsapi in CPython, made in a process of their own.

Some cases recurse without end. Where they did so, whatever else the process holds might be finalised, which fails
at the end of the stack: they must not run beside a browser's driver or a test's objects.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pyjsapi.comparison.driver import run_case

ROOT = Path(__file__).resolve().parent.parent


def transcripts(cases: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The transcript of each case by its ``id``; `RuntimeError` with what the process said when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "web.transcripts"],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the cases could not be run: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> int:
    """Read a list of cases, write their transcripts."""
    cases = json.load(sys.stdin)
    json.dump({case["id"]: asyncio.run(run_case(case)) for case in cases}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
