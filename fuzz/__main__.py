"""Fuzzing: ``python -m fuzz [--generator NAME]… [--minutes N | --count N] [--seed N] [--jobs N]``.

Without ``--seed`` every generator goes on where the last run stopped (``build/fuzz/state.json``). With ``--seed`` and
no ``--count`` one program is run and everything about it is told.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from rich.console import Console

from fuzz import generators
from fuzz.campaign import Campaign
from fuzz.engines.modes import MODES
from fuzz.findings import State, compiler_digest
from fuzz.single import examine_one

ORACLES = ("wasmtime", "node", "bun")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=(__doc__ or "").splitlines()[0])
    names = generators.NAMES
    parser.add_argument("--generator", action="append", choices=names, help="one of the generators; all if none")
    parser.add_argument("--minutes", type=float, help="how long to run")
    parser.add_argument("--count", type=int, help="how many programs of each generator")
    parser.add_argument("--seed", type=int, help="the first seed; without --count the only one")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) // 2), help="worker processes")
    parser.add_argument("--mode", action="append", choices=tuple(MODES), help="only these modes of translation")
    parser.add_argument("--oracle", action="append", choices=ORACLES, help="only these other engines")
    parser.add_argument("--python", action="append", help="a Python to run pyjsapi on (several are possible)")
    parser.add_argument("--text", action="store_true", help="with one seed: print the module")
    parser.add_argument("--source", action="store_true", help="with one seed: print the Python of each mode that differs")
    parser.add_argument("--shrink", action="store_true", help="with one seed: look for the smallest module that differs")
    return parser.parse_args()


def main() -> int:
    arguments = _arguments()
    names = arguments.generator or list(generators.NAMES)
    options: dict[str, Any] = {"oracles": tuple(arguments.oracle or ORACLES), "modes": arguments.mode}
    if arguments.python:
        options["pythons"] = tuple(arguments.python)
    console = Console()
    if arguments.seed is not None and arguments.count is None and arguments.minutes is None:
        if len(names) != 1:
            raise SystemExit("--seed needs --generator, or --count for several programs of each")
        return examine_one(console, names[0], arguments, options)
    state = State.load() if arguments.seed is None else State(compiler_digest())
    campaign = Campaign(names, state, console, keep=arguments.seed is None)
    if arguments.seed is not None:
        for name in names:
            state.of(name).next_seed = arguments.seed
    seconds = None if arguments.minutes is None else arguments.minutes * 60
    if seconds is None and arguments.count is None:
        seconds = 300.0
    found = campaign.run(arguments.jobs, options, seconds=seconds, count=arguments.count)
    console.print(f"{len({(f.generator, f.seed) for f in found})} programs differ, {len(campaign.kinds)} kinds")
    for kind, count in campaign.kinds.most_common():
        console.print(f"  {count:5} {kind}", markup=False, highlight=False)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
