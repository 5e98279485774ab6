#!/usr/bin/env python3
"""Proves the control flow of every function of modules: that the Python written for it goes where the module goes.

    python scripts/prove.py [OPTION…] FILE…

A FILE is a module, a text, a script of the specification, or an archive of them; with --found a folder, below which
every module counts, once, the smallest first. One line per module and way of translating, with counts and times; the
exit status is 1 if any function is flagged. With --log a run that was stopped goes on where it was.
See docs/testing.md.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TypeAlias

from common import main_guard, say
from proof_log import Log, table
from wasm_files import Found, found_under, modules_of

from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.module import CompiledModule
from pyjsapi.compiler.options import DEFAULT_OPTIONS, Options
from pyjsapi.compiler.proving import ModuleReport, prove_compiled
from pyjsapi.engines.python import compile_module
from pyjsapi.syntax.errors import ParseError, WasmError

_SHOWN = 5
_EVERY_WAY = ("structured", "loops 1", "loops 4", "machine")

Answer: TypeAlias = "ModuleReport | str"
"""What came of a module, or why nothing did."""


class Task(NamedTuple):
    """A module, and the ways to translate it."""

    found: Found
    ways: tuple[str, ...]


def options_of(way: str) -> Options:
    """``structured``, ``machine``, or ``loops N``."""
    name, _, number = way.partition(" ")
    loops = int(number) if name == "loops" else DEFAULT_OPTIONS.max_loops
    return DEFAULT_OPTIONS._replace(state_machine=way == "machine", max_loops=loops, proof=True)


@lru_cache(maxsize=1)
def _compiled(found: Found) -> CompiledModule:
    return compile_module(found.read(), cache=CodeCache())


def prove_one(task: Task) -> list[Answer]:
    """What came of a module in each way."""
    try:
        compiled = _compiled(task.found)
    except (OSError, WasmError) as error:
        return [f"not compiled: {error}"] * len(task.ways)
    return [prove_compiled(compiled, options_of(way)) for way in task.ways]


def modules(arguments: argparse.Namespace) -> Iterator[Found]:
    """What is to be proved."""
    seen: list[Found] = []
    for path in arguments.files:
        try:
            read = found_under(path) if arguments.found else modules_of(path)
            seen += [Found.of(*module) for module in read]
        except (OSError, ParseError) as error:
            say(f"{path}: {error}")
    if arguments.found:
        seen = list({found.digest: found for found in reversed(seen)}.values())
        seen.sort(key=lambda found: (found.size, found.name))
    for found in seen:
        if found.size <= arguments.largest * 1_000_000:
            yield found
        else:
            say(f"{found.name}: {found.size:,} bytes, left out")


def tasks(arguments: argparse.Namespace, log: Log) -> Iterator[Task]:
    """What is still to be done, until the time is up."""
    ways = tuple(arguments.ways or ("structured",))
    deadline = time.monotonic() + arguments.minutes * 60
    for found in modules(arguments):
        left = tuple(way for way in ways if not log.has(found.digest, way))
        if not left:
            continue
        if time.monotonic() > deadline:
            say(f"the time is up, before {found.name}")
            return
        yield Task(found, left)


def answers(work: Iterable[Task], jobs: int) -> Iterator[tuple[Task, list[Answer]]]:
    """What comes of tasks, as it comes; no more are begun than there are processes."""
    if jobs == 1:
        for found, ways in work:
            for way in ways:
                task = Task(found, (way,))
                yield task, prove_one(task)
        return
    with ProcessPoolExecutor(jobs, max_tasks_per_child=20) as pool:
        running: dict[Future[list[Answer]], Task] = {}
        for task in work:
            running[pool.submit(prove_one, task)] = task
            while len(running) >= jobs:
                yield from _ended(running)
        while running:
            yield from _ended(running)


def _ended(running: dict[Future[list[Answer]], Task]) -> Iterator[tuple[Task, list[Answer]]]:
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        yield running.pop(future), future.result()


def report(
    results: Iterable[tuple[Task, list[Answer]]], *, show: bool, log: Log | None = None
) -> int:
    """Print a line per module and way; the exit status."""
    total = ModuleReport()
    modules: set[tuple[str, str]] = set()
    for task, found in results:
        for way, answer in zip(task.ways, found, strict=True):
            said = f" ({way})" if way != "structured" else ""
            print(f"{task.found.name}{said}: {answer}", flush=True)
            if log is not None:
                log.add(task.found, way, answer)
            if isinstance(answer, str):
                continue
            for funcidx, finding in answer.findings[: None if show else _SHOWN]:
                print(f"  function {funcidx} {finding}")
                if show and finding.way:
                    print(f"    after {', '.join(map(str, finding.way))}")
            total.add(answer)
            modules.add((task.found.name, task.found.digest))
    print(f"{len(modules)} modules: {total}")
    return 1 if total.findings else 0


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Prove the control flow of every function of modules."
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--found", action="store_true", help="every module below these folders")
    parser.add_argument(
        "--machine", action="append_const", dest="ways", const="machine", help="translate as state machines"
    )  # fmt: skip
    parser.add_argument(
        "--loops", action="append", dest="ways", metavar="N", type=lambda number: f"loops {int(number)}",
        help="leave blocks through flags from N Python loops on",
    )  # fmt: skip
    parser.add_argument(
        "--every-way", action="store_const", dest="ways", const=_EVERY_WAY, help=", ".join(_EVERY_WAY)
    )  # fmt: skip
    parser.add_argument("--show", action="store_true", help="every finding, with the way there")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes")
    parser.add_argument(
        "--largest", type=float, default=1000, metavar="MB", help="leave out larger modules"
    )
    parser.add_argument(
        "--minutes", type=float, default=10_000, metavar="N", help="begin none after that"
    )
    parser.add_argument(
        "--log", type=Path, metavar="FILE", help="keep what came of each module, and go on there"
    )
    parser.add_argument(
        "--table", action="store_true", help="the log as a table of packages; proves nothing"
    )
    return parser.parse_args()  # fmt: skip


def main() -> int:
    """Prove, and tell."""
    arguments = parsed()
    log = Log(arguments.log)
    if arguments.table:
        print("\n".join(table(log)))
        return 0
    return report(answers(tasks(arguments, log), arguments.jobs), show=arguments.show, log=log)


if __name__ == "__main__":
    main_guard(main)
