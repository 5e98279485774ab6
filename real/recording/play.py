"""``python -m real.recording.play FOLDER``: plays one recording, in a process that a deadline ends.

Prints a JSON object: ``seconds`` of the processor, ``crossings``, ``digests``, ``digest``, ``translated`` and
``functions``, or ``failure``.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from pyjsapi.compiler.options import DEFAULT_OPTIONS, Options
from real.recording.player import Player
from real.recording.values import Divergence


def play(folder: Path, options: Options) -> dict[str, Any]:
    """Play a recording; what is printed. A warning is a failure: of the proof, or of Python about generated code."""
    start = time.process_time()
    player = Player(folder, options)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            played = player.play()
        except Divergence as divergence:
            return {"failure": str(divergence)}
    if caught:
        return {"failure": "\n".join(str(warning.message) for warning in caught[:5])}
    translated, functions = played.functions
    return {
        "seconds": time.process_time() - start,
        "crossings": played.crossings,
        "digests": played.digests,
        "digest": played.digest,
        "translated": translated,
        "functions": functions,
    }


def _option(text: str) -> tuple[str, Any]:
    name, value = text.split("=", 1)
    kind = type(getattr(DEFAULT_OPTIONS, name))
    return name, kind(int(value))


def main() -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="real.recording.play", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--deadline", type=float, default=600, help="seconds")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"of the translation: {', '.join(Options._fields)}",
    )
    arguments = parser.parse_args()
    options = DEFAULT_OPTIONS._replace(**dict(map(_option, arguments.option)))
    faulthandler.dump_traceback_later(arguments.deadline, exit=True)
    outcome = play(arguments.folder, options)
    json.dump(outcome, sys.stdout)
    print()
    return 1 if "failure" in outcome else 0


if __name__ == "__main__":
    sys.exit(main())
