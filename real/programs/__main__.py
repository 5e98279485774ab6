"""``python -m real.programs``: plays programs on pyjsapi, compared with Node, and prints a table."""

from __future__ import annotations

import argparse
import sys

from real.recording.process import Played, play
from real.recording.recordings import (
    Program,
    Recording,
    RecordingError,
    available,
    programs,
    recording,
)

HEAD = (
    "| program | from | KB | functions translated | crossings | here, s | Node, s | memory |\n"
    "|---|---|---:|---:|---:|---:|---:|---|"
)


def row(program: Program, script: str, made: Recording, played: Played) -> str:
    """A line of the table."""
    size = max(made.modules.values()) // 1024
    here = f"{played.seconds:.1f} | {made.seconds:.2f} | `{played.digest or 'none'}`"
    if played.failure:
        here = f"? | {made.seconds:.2f} | **differs**"
    return (
        f"| {program.name}, {script} | {program.source} | {size:,} "
        f"| {played.translated:,} of {played.functions:,} | {made.crossings:,} | {here} |"
    )


def _chosen(names: list[str], large: bool) -> list[Program]:
    known = programs()
    if unknown := sorted(set(names) - set(known)):
        raise RecordingError(f"no program {', '.join(unknown)}; there are {', '.join(known)}")
    if names:
        return [known[name] for name in names]
    return [p for p in known.values() if (large or not p.large) and available(p)]


def run(arguments: argparse.Namespace) -> int:
    """Play what was asked for; returns the exit code."""
    status = 0
    failures = []
    print(HEAD, flush=True)
    for program in _chosen(arguments.names, arguments.large):
        for script in arguments.script or program.scripts:
            if script not in program.scripts:
                continue
            made = recording(program, script, every=arguments.every)
            played = play(made.folder, arguments.option, arguments.deadline)
            print(row(program, script, made, played), flush=True)
            if played.failure:
                status = 1
                failures.append(f"{program.name}, {script}: {played.failure}")
    for failure in failures:
        print(f"\n{failure}")
    return status


def main() -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="real.programs", description=__doc__)
    parser.add_argument(
        "names", nargs="*", help="programs; all that are installed if none is named"
    )
    parser.add_argument("--large", action="store_true", help="large ones too: they are installed")
    parser.add_argument("--script", action="append", help="short or long; both if none is named")
    parser.add_argument("--every", action="store_true", help="digests at each return to the host")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE",
                        help="of the translation, such as state_machine=1")  # fmt: skip
    parser.add_argument("--deadline", type=float, default=600, help="seconds for each")
    try:
        return run(parser.parse_args())
    except RecordingError as error:
        print(f"pyjsapi: cannot go on: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
