#!/usr/bin/env python3
"""Runs the JS-API tests of the WebAssembly specification and writes their sections of docs/conformance.md.

The tests are read from CHECKOUT, a checkout of https://github.com/WebAssembly/spec, of a proposal, or of
https://github.com/web-platform-tests/wpt (its folder wasm/jsapi), and never copied. Each file runs against the engine's
own namespace and against the one of polyfill/python.mjs, in Node, in a newer Node and in Bun where `fuzz/node_modules`
has them, and in Chromium and Firefox in the window and in a dedicated worker. Tests of ESM integration are for
scripts/esm_tests.py.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path

import esm_tests
import wasi_testsuite
from common import ROOT, Failure, say
from js_api.report import NAMESPACES, FileResult, Place, Results, Run, markdown
from js_api.sessions import (
    START_SECONDS,
    BrowserSession,
    NodeSession,
    Session,
    Stuck,
    serving_tests,
    take_snapshot,
)

from fuzz.engines.javascript import BUN, NODE
from pyjsapi.cli.progress import shown
from pyjsapi.syntax.watching import watched_of
from web.browsers import BROWSERS, BrowserMissing, started

FOLDERS = ("test/js-api", "test/legacy/exceptions/js-api", "wasm/jsapi")
ANYWHERE = "/js-promise-integration/"
"""In paths of files that name the shells of engines alone, and need nothing that only those have."""
APART = "/esm-integration/"
"""In paths of files that need a loader."""
REPORT = ROOT / "docs" / "conformance.md"
FILES_PER_PAGE = 12
"""A fresh page, with a fresh Pyodide, comes after so many files."""


def browser_files(checkout: Path, pattern: str) -> list[str]:
    """The test files meant for browsers, as paths in the checkout."""
    files = []
    for folder in FOLDERS:
        for path in sorted((checkout / folder).rglob("*.any.js")):
            scopes = re.search(r"^// META: global=(.*)$", path.read_text(encoding="utf-8"), re.M)
            relative = path.relative_to(checkout).as_posix()
            if APART in relative:
                continue
            if scopes is None or "window" in scopes[1].split(",") or ANYWHERE in relative:
                if fnmatch.fnmatch(relative, f"*{pattern}*"):
                    files.append(relative)
    if not files:
        raise Failure(f"{checkout} holds no test files in {' or '.join(FOLDERS)} that match")
    return files


def prepared(make: Callable[[], Session], namespace: str) -> Session:
    """A new session with the namespace on its global object; raises Failure if that cannot be had."""
    session = make()
    try:
        session.ask({"namespace": namespace}, START_SECONDS)
    except Stuck as stuck:
        session.close()
        raise Failure(f"the namespace of {namespace} cannot be prepared: {stuck}") from stuck
    return session


def run_files(
    files: Sequence[str],
    namespace: str,
    make: Callable[[], Session],
    seconds: float,
) -> Iterator[tuple[str, FileResult]]:
    """Runs files in as few sessions as possible; a file that gets stuck costs its session."""
    session: Session | None = None
    done = 0
    try:
        for path in files:
            if session is not None and done >= FILES_PER_PAGE and namespace != "native":
                session.close()
                session = None
            try:
                if session is None:
                    session, done = prepared(make, namespace), 0
                result = FileResult.of(session.ask({"path": path}, seconds))
                done += 1
            except Stuck as stuck:
                result = FileResult(error=str(stuck))
                if session is not None:
                    session.close()
                    session = None
            yield path, result
    finally:
        if session is not None:
            session.close()


def run_place(
    place: Place, make: Callable[[], Session], files: Sequence[str], options: argparse.Namespace
) -> dict[str, Run]:
    """Runs files against every namespace in one place, and tells the counts."""
    runs: dict[str, Run] = {}
    for namespace in options.namespace:
        run: dict[str, FileResult] = {}
        found = run_files(files, namespace, make, options.seconds)
        for path, result in watched_of("files run", found, len(files)):
            run[path] = result
            if result.error is not None:
                say(f"{place.title}, {namespace}: {path}: {result.error.splitlines()[0]}")
        runs[namespace] = run
        passed = sum(each.passed for each in run.values())
        count = sum(len(each.subtests) for each in run.values())
        say(f"{place.title}, {namespace}: {passed} of {count} subtests pass")
    return runs


def shells() -> dict[str, tuple[str, str]]:
    """The engines without a page that are here: by name, what the report calls them, and their program."""
    found = {"node": ("Node", "node")}
    if NODE.exists():
        found["node26"] = ("Node 26", str(NODE))
    if BUN.exists():
        found["bun"] = ("Bun", str(BUN))
    return found


def with_harness(checkout: Path, harness: Path, folder: Path) -> Path:
    """The tests of a checkout beside the harness of another, as links in a folder."""
    made = folder / checkout.name
    for name, owner in {"harness": harness, "js-api": checkout, "legacy": checkout}.items():
        if (owner / "test" / name).is_dir():
            (made / "test").mkdir(parents=True, exist_ok=True)
            (made / "test" / name).symlink_to(owner / "test" / name)
    return made


def run_all(options: argparse.Namespace, checkout: Path, snapshot: Path) -> Results:
    """Runs the files of a checkout wherever the options ask for."""
    command = ["git", "-C", str(checkout), "rev-parse", "HEAD"]
    commit = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    if options.harness:
        checkout = with_harness(checkout, options.harness.resolve(), snapshot)
    results = Results(checkout.name, commit or "unknown", options.only)
    files = browser_files(checkout, options.only)
    for name, (title, program) in shells().items():
        if name not in options.engine:
            continue
        version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
        place = Place(title, version.strip().removeprefix("v"), "main")
        make: Callable[[], Session] = partial(
            NodeSession, program, checkout, options.pyodide, snapshot
        )
        results.runs[place] = run_place(place, make, files, options)
    with serving_tests(checkout, options.pyodide, snapshot) as address:
        for name in BROWSERS:
            if name not in options.engine:
                continue
            with started(name) as browser:
                for where in options.where:
                    place = Place(name.capitalize(), browser.version.split(".")[0], where)
                    make = partial(BrowserSession, browser, address, where)
                    results.runs[place] = run_place(place, make, files, options)
    return results


def as_json(all_results: Sequence[Results]) -> str:
    """Every subtest's status and message."""

    def of(run: Run) -> dict[str, object]:
        return {
            path: {"error": each.error, "subtests": each.subtests} for path, each in run.items()
        }

    return json.dumps(
        {
            f"{results.name}, {place.title}, {namespace}": of(run)
            for results in all_results
            for place, both in results.runs.items()
            for namespace, run in both.items()
        },
        indent=1,
    )


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "checkout",
        type=Path,
        nargs="+",
        help="of WebAssembly/spec, of a proposal or of the Web Platform Tests",
    )
    parser.add_argument(
        "--harness", type=Path, metavar="CHECKOUT", help="whose testharness.js is taken instead"
    )
    parser.add_argument(
        "--engine", nargs="+", choices=[*shells(), *BROWSERS], default=[*shells(), *BROWSERS]
    )
    parser.add_argument(
        "--where", nargs="+", choices=["window", "worker"], default=["window", "worker"]
    )
    parser.add_argument(
        "--namespace", nargs="+", choices=list(NAMESPACES), default=["native", "python"]
    )
    parser.add_argument(
        "--only", default="", metavar="PATTERN", help="only files whose path matches"
    )
    parser.add_argument("--seconds", type=float, default=120, help="for one file (default 120)")
    parser.add_argument(
        "--pyodide", type=Path, default=ROOT / "node_modules" / "pyodide", help="its distribution"
    )
    parser.add_argument(
        "--report", type=Path, help=f"the report (default {REPORT.relative_to(ROOT)})"
    )
    parser.add_argument("--no-report", action="store_true", help="write no report")
    parser.add_argument("--json", type=Path, help="write every subtest's result there")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = options_of(arguments)
    try:
        with shown(), tempfile.TemporaryDirectory() as folder:
            take_snapshot(Path(folder))
            all_results = [
                run_all(options, each.resolve(), Path(folder)) for each in options.checkout
            ]
    except (Failure, BrowserMissing) as failure:
        print(failure, file=sys.stderr)
        return 1
    if options.json:
        options.json.write_text(as_json(all_results), encoding="utf-8")
    if not options.no_report:
        report = options.report or REPORT
        old = report.read_text("utf-8") if report.exists() else ""
        kept = esm_tests.section(old) + wasi_testsuite.section(old)
        of_checkouts = old.removesuffix(kept)
        text = markdown(all_results, date.today(), of_checkouts) + kept
        report.write_text(text, encoding="utf-8")
        say(f"wrote {report}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
