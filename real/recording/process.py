"""Plays a recording in a process of its own, which a deadline ends: wrong code may never return."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from real.components import ROOT


@dataclass
class Played:
    """How a recording went."""

    failure: str = ""
    """Where the engine did something else than Node; empty if it did not."""
    seconds: float = 0
    """Of the processor."""
    crossings: int = 0
    digests: int = 0
    digest: str = ""
    """Of the last memory at the end."""
    translated: int = 0
    """Functions that were translated."""
    functions: int = 0
    """Functions that there are."""


def play(folder: Path, options: Sequence[str] = (), deadline: float = 600) -> Played:
    """Play the recording in ``folder``.

    ``options`` are those of the translation, such as ``"state_machine=1"``; ``deadline`` is in seconds.
    """
    command = [sys.executable, "-m", "real.recording.play", str(folder), f"--deadline={deadline}"]
    command += [f"--option={option}" for option in options]
    # What is tried is the translator, not what an earlier one left in the cache.
    environment = {**os.environ, "PYJSAPI_CACHE": "0"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode not in (0, 1) or not done.stdout:
        late = f"not done after {deadline:g} s" if done.stderr.startswith("Timeout") else ""
        how = late or f"the process ended with {done.returncode}"
        return Played(f"{how}\n{done.stderr[-3000:]}")
    return Played(**json.loads(done.stdout))
