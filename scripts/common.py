"""What the project's scripts share: places, running commands, one line per step, locks, failures."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
VENV = ROOT / ".venv"


class Failure(Exception):
    """A step cannot be done; the message says in one line what is needed and what to do."""


def say(message: str) -> None:
    """Tell, in one line, what a script is doing."""
    print(f"pyjsapi: {message}", flush=True)


def run(
    command: Sequence[str | Path],
    *,
    quiet: bool = False,
    env: dict[str, str] | None = None,
    cwd: Path = ROOT,
) -> None:
    """Run a command in a folder, the project's; with `quiet` its output is shown only when it fails.

    Raises `subprocess.CalledProcessError`, or `Failure` when the command does not exist.
    """
    try:
        result = subprocess.run(
            [str(word) for word in command],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if quiet else None,
            stderr=subprocess.STDOUT if quiet else None,
            text=True,
        )
    except FileNotFoundError as error:
        raise Failure(f"the command `{command[0]}` is needed and not there") from error
    if result.returncode != 0:
        if quiet:
            sys.stderr.write(result.stdout)
        raise subprocess.CalledProcessError(result.returncode, [str(word) for word in command])


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the project-wide lock `name`, so that two runs never build the same thing at once."""
    folder = ROOT / ".cache"
    folder.mkdir(exist_ok=True)
    with (folder / f"{name}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another run that holds .cache/{name}.lock")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def main_guard(main: Callable[[], int]) -> None:
    """Run a script's `main`; a failure is one plain line on standard error and exit code 1."""
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"pyjsapi: cannot go on: {failure}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
