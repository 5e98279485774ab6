"""What the programs of benchmarks have alike that print one table of costs."""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.costs import Cost
from benchmarks.report import cost_table

ROUNDS = 9
QUICK_ROUNDS = 3


def print_costs(
    module: str,
    description: str | None,
    measure: Callable[[int], Sequence[Cost]],
    arguments: Sequence[str] | None,
) -> int:
    """Read the arguments of a module that is run as a program, measure in so many rounds, and print."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument("--quick", action="store_true", help="three rounds instead of nine")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    options = parser.parse_args(arguments)
    costs = measure(QUICK_ROUNDS if options.quick else ROUNDS)
    print(f"CPython {platform.python_version()}\n\n{cost_table(costs)}")
    if options.json:
        found = [cost.as_json() for cost in costs]
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0
