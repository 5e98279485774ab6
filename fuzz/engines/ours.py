"""pyjsapi as an engine: child processes of a Python, in which every program runs in several modes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fuzz.engines.base import ROOT, ChildEngine, Observation
from fuzz.program import Program

SECONDS: Final = 10.0
"""CPU time after which a program hangs: hundreds of times what programs take."""
QUICK: Final = 0.3
"""The same while a program that hangs is made smaller."""


class Ours:
    """pyjsapi on one interpreter."""

    def __init__(
        self, name: str = "ours", python: str | Path = sys.executable, project: Path = ROOT
    ) -> None:
        self.name = name
        command = [
            python, "-P", "-W", "error::SyntaxWarning", "-c",
            "import fuzz.engines.ours_child as child; child.main()",
        ]  # fmt: skip
        env = {"PYTHONPATH": f"{project}{os.pathsep}{ROOT}", "PYJSAPI_CACHE": "0"}
        self._child = ChildEngine(name, command, env=env, seconds=300.0)

    def run(
        self, programs: Sequence[Program], modes: Sequence[Sequence[str]], *, quick: bool = False
    ) -> list[dict[str, Observation]]:
        """Run programs, each in its modes: observations by mode."""
        self._child.extra = {"seconds": QUICK if quick else SECONDS}
        requests = [
            {**program.json(), "modes": list(names)}
            for program, names in zip(programs, modes, strict=True)
        ]
        found: list[dict[str, Observation]] = []
        for names, answer in zip(modes, self._child.run_json(requests), strict=True):
            if isinstance(answer, list):
                found.append(dict(zip(names, answer, strict=True)))
            else:
                found.append(dict.fromkeys(names, answer))
        return found

    def read(self, texts: Sequence[str]) -> list[Observation]:
        """What becomes of texts: see `ours_child.read_text`."""
        self._child.extra = {"seconds": SECONDS}
        return self._child.ask("texts", list(texts))

    def close(self) -> None:
        self._child.close()
