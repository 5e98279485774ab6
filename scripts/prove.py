#!/usr/bin/env python3
"""Proves the control flow of every function of modules: that the Python written for it goes where the module goes.

    python scripts/prove.py [OPTION…] FILE…

A FILE is a module, a text, a script of the specification, or an archive of them; with --found a folder, below which
every module counts. One line per module, with counts and times; the exit status is 1 if any function is flagged.
See docs/testing.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from common import ROOT, main_guard, say

sys.path.insert(0, str(ROOT))

from wasm_files import found_under, modules_of

from pyjsapi.compiler.options import DEFAULT_OPTIONS, Options
from pyjsapi.compiler.proof.modules import ModuleReport, prove_module
from pyjsapi.syntax.errors import ParseError, WasmError

_SHOWN = 5


def prove_one(options: Options, named: tuple[str, bytes]) -> tuple[str, ModuleReport | str]:
    """The report of a module, or why there is none."""
    name, data = named
    try:
        return name, prove_module(data, options)
    except WasmError as error:
        return name, f"not compiled: {error}"


def modules(arguments: argparse.Namespace) -> Iterator[tuple[str, bytes]]:
    """What is to be proved."""
    for path in arguments.files:
        try:
            yield from found_under(path) if arguments.found else modules_of(path)
        except (OSError, ParseError) as error:
            say(f"{path}: {error}")


def main() -> int:
    """Prove, and tell."""
    parser = argparse.ArgumentParser(description="Prove the control flow of every function of modules.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--found", action="store_true", help="every module below these folders")
    parser.add_argument("--machine", action="store_true", help="translate as state machines")
    parser.add_argument(
        "--loops", type=int, metavar="N", default=DEFAULT_OPTIONS.max_loops,
        help="leave blocks through flags from N Python loops on",
    )  # fmt: skip
    parser.add_argument("--show", action="store_true", help="every finding, with the way there")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes")
    arguments = parser.parse_args()
    options = replace(
        DEFAULT_OPTIONS, state_machine=arguments.machine, max_loops=arguments.loops, proof=True
    )
    work = partial(prove_one, options)
    if arguments.jobs == 1:
        return report(map(work, modules(arguments)), show=arguments.show)
    with ProcessPoolExecutor(arguments.jobs) as pool:
        return report(pool.map(work, modules(arguments)), show=arguments.show)


def report(results: Iterable[tuple[str, ModuleReport | str]], *, show: bool) -> int:
    """Print a line per module; the exit status."""
    total = ModuleReport()
    count = 0
    for name, found in results:
        print(f"{name}: {found}", flush=True)
        if isinstance(found, str):
            continue
        for funcidx, finding in found.findings[: None if show else _SHOWN]:
            print(f"  function {funcidx} {finding}")
            if show and finding.way:
                print(f"    after {', '.join(map(str, finding.way))}")
        total.add(found)
        count += 1
    print(f"{count} modules: {total}")
    return 1 if total.findings else 0


if __name__ == "__main__":
    main_guard(main)
