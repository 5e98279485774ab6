"""Starts a program here and on Wasmtime, each in a process with a deadline, and compares what they leave."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Final

from real.commands.command import PROGRAMS, Command, Run
from real.components import ROOT

ENGINES: Final = ("pyjsapi", "wasmtime")


@dataclass(frozen=True)
class Outcome:
    """What a program left."""

    code: int
    stdout: bytes
    stderr: bytes
    files: dict[str, bytes | None]
    """By path: the bytes of a file, the text of a link after an arrow, nothing for a directory."""
    seconds: float = field(compare=False, default=0.0)
    """Of the processor, for the whole process: others may be busy."""


@cache
def commands() -> dict[str, Command]:
    """All of them, by name."""
    names = sorted(path.stem for path in PROGRAMS.glob("[!_]*.py"))
    found = {name: importlib.import_module(f"real.commands.programs.{name}") for name in names}
    return {name: module.COMMAND for name, module in found.items()}


def play(
    name: str,
    run: str,
    engine: str,
    folder: Path,
    *,
    cache: Path | None = None,
    deadline: float = 600,
) -> Outcome:
    """Run a program once, in a new folder.

    ``cache`` is where pyjsapi keeps its code; by default as the environment says.
    """
    command = commands()[name]
    path = command.module()
    root = folder / engine
    root.mkdir()
    given = command.runs[run]
    for file, data in given.files.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(data)
    environment = {**os.environ, **({} if cache is None else {"PYJSAPI_CACHE": str(cache)})}
    begun = _seconds()
    done = subprocess.run(
        [sys.executable, *_words(name, command, path, given, engine, root)],
        cwd=ROOT,
        env=environment,
        input=given.stdin,
        capture_output=True,
        timeout=deadline,
    )
    return Outcome(done.returncode, done.stdout, done.stderr, tree(root), _seconds() - begun)


def _seconds() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _words(name: str, command: Command, path: Path, run: Run, engine: str, root: Path) -> list[str]:
    words = [f"--dir={root}::/"]
    words += [f"--env={key}={value}" for key, value in run.environment.items()]
    if engine == "pyjsapi" and command.drive is None and not command.imports:
        words = ["-m", "pyjsapi", "run", *words, str(path)]
    else:
        words = ["-m", "real.commands.start", *words, name, engine, str(path)]
    return [*words, "--", *run.arguments]


def tree(root: Path) -> dict[str, bytes | None]:
    """What is in a folder, as `Outcome` has it."""
    found: dict[str, bytes | None] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            found[name] = b"-> " + os.fsencode(path.readlink())
        else:
            found[name] = path.read_bytes() if path.is_file() else None
    return found


def compared(
    name: str, run: str, folder: Path, *, cache: Path | None = None, deadline: float = 600
) -> tuple[Outcome, Outcome]:
    """What a program left here, and on Wasmtime."""
    ours, theirs = (
        play(name, run, engine, folder, cache=cache, deadline=deadline) for engine in ENGINES
    )
    return ours, theirs


def difference(ours: Outcome, theirs: Outcome) -> str:
    """What differs, in words; empty if nothing does."""
    if ours.code != theirs.code:
        return f"exit code {ours.code}, not {theirs.code}\n{ours.stderr[-2000:].decode(errors='replace')}"
    for what in ("stdout", "stderr"):
        here, there = getattr(ours, what), getattr(theirs, what)
        if here != there:
            return f"{what}: {_first(here, there)}"
    for path in sorted({*ours.files, *theirs.files}):
        if ours.files.get(path, b"missing") != theirs.files.get(path, b"missing"):
            return (
                f"file {path}: {ours.files.get(path)!r:.300}, not {theirs.files.get(path)!r:.300}"
            )
    return "" if replace(ours, seconds=0) == replace(theirs, seconds=0) else "something"


def _first(here: bytes, there: bytes) -> str:
    at = next(
        (i for i, (a, b) in enumerate(zip(here, there, strict=False)) if a != b),
        min(len(here), len(there)),
    )
    start = max(at - 40, 0)
    return f"{here[start : at + 80]!r}, not {there[start : at + 80]!r}, at byte {at}"
