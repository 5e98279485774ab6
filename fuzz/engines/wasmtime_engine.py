"""Wasmtime as an engine."""

from __future__ import annotations

import sys
from typing import Final

from fuzz.engines.base import ROOT, ChildEngine

LACKS: Final = frozenset(
    {
        "both-exceptions",
        "far-delegate",
        "host-throws",
        "legacy-exceptions",
        "shared-imports",
        "wide-references",
    }
)


def wasmtime_engine() -> ChildEngine:
    """A child process with the package ``wasmtime``."""
    start = "import fuzz.engines.wasmtime_child as child; child.main()"
    return ChildEngine(
        "wasmtime", [sys.executable, "-P", "-c", start], LACKS, {"PYTHONPATH": str(ROOT)}
    )
