"""Fuzzing: ``python -m fuzz [--generator NAME]… [--minutes N | --count N] [--seed N] [--jobs N]``.

Without ``--seed`` every generator goes on where the last run stopped (``build/fuzz/state.json``). With ``--seed`` and
no ``--count`` one program is run and everything about it is told.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from fuzz import generators, pythons
from fuzz.campaign import Campaign
from fuzz.engines.base import ROOT
from fuzz.engines.modes import MODES
from fuzz.findings import State, compiler_digest
from fuzz.single import examine_one

ORACLES: Final = ("wasmtime", "node", "bun")
SHARE: Final = 64
"""Programs of each generator in the share that continuous integration runs."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m fuzz", description=(__doc__ or "").splitlines()[0]
    )
    add = parser.add_argument
    add("--generator", action="append", choices=generators.NAMES, help="one of them; all if none")
    add("--minutes", type=float, help="how long to run (5 if nothing else is said)")
    add("--count", type=int, help="how many programs of each generator")
    add("--seed", type=int, help="the first seed; without --count the only one")
    add("--share", action="store_true", help="the share that continuous integration runs")
    add("--jobs", type=int, default=os.cpu_count() or 1, help="worker processes")
    add("--mode", action="append", choices=tuple(MODES), help="only these modes of translation")
    add("--oracle", action="append", choices=ORACLES, help="only these other engines")
    add("--python", action="append", help="a Python to run pyjsapi on (several are possible)")
    add("--project", type=Path, default=ROOT, help="a checkout whose pyjsapi is run; this one")
    add("--text", action="store_true", help="with one seed: print the module")
    add("--source", action="store_true", help="with one seed: print the Python of what differs")
    add("--shrink", action="store_true", help="with one seed: the smallest module that differs")
    arguments = parser.parse_args()
    if arguments.share:
        arguments.seed, arguments.count = 0, SHARE
    return arguments


def _pythons_of_share(console: Console) -> tuple[str, ...]:
    """This Python, and another one of those that are meant; where there is none, that is said."""
    found = [sys.executable]
    for version in pythons.VERSIONS:
        if version == pythons.own():
            continue
        python = pythons.find(version)
        if python is None:
            console.print(f"no Python {version} is installed: the share runs without it")
        else:
            found.append(python)
    return tuple(found)


def main() -> int:
    """Run what the command line asks for; 1 when something differs."""
    arguments = _arguments()
    names = arguments.generator or list(generators.NAMES)
    options: dict[str, Any] = {
        "oracles": tuple(arguments.oracle or ORACLES),
        "modes": arguments.mode,
        "project": arguments.project.resolve(),
    }
    console = Console(soft_wrap=True)
    if arguments.python:
        options["pythons"] = tuple(arguments.python)
    elif arguments.share:
        options["pythons"] = _pythons_of_share(console)
    fresh = arguments.seed is not None
    if fresh and arguments.count is None and arguments.minutes is None:
        if len(names) != 1:
            raise SystemExit("--seed needs --generator, or --count for several programs of each")
        return examine_one(console, names[0], arguments, options)
    compiler = compiler_digest(options["project"])
    state = State(compiler) if fresh else State.load(compiler)
    campaign = Campaign(names, state, console, keep=not fresh)
    if fresh:
        campaign.start_at(arguments.seed)
    seconds = None if arguments.minutes is None else arguments.minutes * 60
    if seconds is None and arguments.count is None:
        seconds = 300.0
    campaign.run(arguments.jobs, options, seconds=seconds, count=arguments.count)
    return campaign.conclude()


if __name__ == "__main__":
    sys.exit(main())
