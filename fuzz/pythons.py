"""The Pythons that the share of continuous integration runs on: the oldest and the newest that are meant."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

VERSIONS: Final = ("3.11", "3.13")
_FINDER: Final = Path(__file__).resolve().parents[1] / "scripts" / "pythons.py"


def own() -> str:
    """The version of this Python."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def find(version: str) -> str | None:
    """A Python of a version, on the path or of pyenv; ``None`` if there is none."""
    done = subprocess.run([sys.executable, _FINDER, version], stdout=subprocess.PIPE, text=True)
    return done.stdout.strip() or None
