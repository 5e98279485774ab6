"""``pyjsapi features``: the proposals, how they are here, and who else has them."""

from __future__ import annotations

import argparse
import json
from typing import Any, Final

from pyjsapi.cli.proposal_tests_gen import TESTS
from pyjsapi.cli.proposals import ENGINES, FINISHED, PROPOSALS

COLUMNS: Final = ("proposal", "phase", "since", "pyjsapi", "tests", *ENGINES)


def features(options: argparse.Namespace) -> int:
    """``pyjsapi features``: a table, or with ``--json`` the same for programs."""
    rows = [proposal.facts(TESTS) for proposal in PROPOSALS]
    if options.json:
        print(json.dumps(rows, indent=2))
        return 0
    lines = [COLUMNS, *map(cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    for line in lines:
        print("  ".join(map(str.ljust, line, widths)).rstrip())
    return 0


def cells(row: dict[str, Any]) -> tuple[str, ...]:
    """The cells of a row, as texts."""
    tests = row["tests"]
    phase = "finished" if row["phase"] == FINISHED else str(row["phase"] or "–")
    here = f"flag {row['feature']}" if row["pyjsapi"] == "flag" else row["pyjsapi"]
    return (
        row["name"],
        phase,
        row["since"] or "–",
        here,
        f"{tests['passed']}/{tests['of']}" if tests else "–",
        *(row["engines"][engine] or "–" for engine in ENGINES),
    )
