"""pyjsapi's JavaScript face, in Pyodide under Node: slow, so only a share of the programs goes there."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fuzz.engines.base import ROOT, ChildEngine

HERE: Final = Path(__file__).resolve().parent
DISTRIBUTION: Final = ROOT / "build" / "pyodide"
EVERY: Final = 64
"""One in so many programs."""


def face(project: Path = ROOT, distribution: Path = DISTRIBUTION) -> ChildEngine | None:
    """A child process, if the distribution is built (``make build``)."""
    if not (distribution / "pyodide-lock.json").is_file():
        return None
    command: list[str | Path] = [
        "node",
        "--stack-size=4000",
        HERE / "face_child.mjs",
        distribution,
        project,
    ]
    return ChildEngine("face", command, seconds=300.0)
