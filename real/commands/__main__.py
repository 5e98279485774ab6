"""``python -m real.commands``: runs programs of WASI here and on Wasmtime, compares, and prints a table."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from real.commands.command import NotInstalled
from real.commands.playing import commands, compared, difference, play

HEAD: Final = (
    "| program | from | in | KB | what it does | at first, s | again, s | Wasmtime, s | |\n"
    "|---|---|---|---:|---|---:|---:|---:|---|"
)


def row(name: str, run: str, deadline: float) -> tuple[str, str]:
    """A line of the table, and what differs."""
    command = commands()[name]
    size = command.module().stat().st_size // 1024
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for each in ("first", "again"):
            (folder / each).mkdir()
        cache = (
            folder / "cache"
        )  # made by pyjsapi: it trusts only folders that nobody else can write
        ours, theirs = compared(name, run, folder / "first", cache=cache, deadline=deadline)
        again = play(name, run, "pyjsapi", folder / "again", cache=cache, deadline=deadline)
    wrong = difference(ours, theirs) or difference(again, theirs)
    seconds = f"{ours.seconds:.1f} | {again.seconds:.1f} | {theirs.seconds:.1f}"
    return (
        f"| {name}, {run} | {command.source} | {command.language} | {size:,} | {command.runs[run].does} "
        f"| {seconds} | {'**differs**' if wrong else 'same'} |"
    ), wrong


def _chosen(names: list[str], large: bool) -> list[str]:
    known = commands()
    if unknown := sorted(set(names) - set(known)):
        raise NotInstalled(f"no program {', '.join(unknown)}; there are {', '.join(known)}")
    return names or [name for name, command in known.items() if large or not command.large]


def run(options: argparse.Namespace) -> int:
    """Run what was asked for; returns the exit code."""
    failures = []
    print(HEAD, flush=True)
    for name in _chosen(options.names, options.large):
        commands()[name].install()
        for each in commands()[name].runs:
            line, wrong = row(name, each, options.deadline)
            print(line, flush=True)
            if wrong:
                failures.append(f"{name}, {each}: {wrong}")
    for failure in failures:
        print(f"\n{failure}")
    return 1 if failures else 0


def main() -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="real.commands", description=__doc__)
    parser.add_argument("names", nargs="*", help="programs; all but large ones if none is named")
    parser.add_argument("--large", action="store_true", help="large ones too: they are installed")
    parser.add_argument("--deadline", type=float, default=600, help="seconds for each start")
    try:
        return run(parser.parse_args())
    except NotInstalled as error:
        print(f"pyjsapi: cannot go on: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
