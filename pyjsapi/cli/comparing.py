"""``pyjsapi compare``: one's own modules on all engines that there are."""

from __future__ import annotations

import argparse
import importlib.metadata
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import pyjsapi
from pyjsapi.cli import exits
from pyjsapi.cli.commands import in_checkout
from pyjsapi.cli.exits import InputError
from pyjsapi.cli.files import write

if TYPE_CHECKING:
    from pyjsapi.comparison.browsers import Choice
    from pyjsapi.comparison.engines import Answer, Engine, Places
    from pyjsapi.comparison.folder import Case
    from pyjsapi.comparison.report import Comparison

_ADVICE: Final = (
    "pyjsapi: without the JavaScript of pyjsapi's faces, lowered modules and the JavaScript face are not compared in "
    "{where}: npm install @pyjsapi/polyfill pyodide, here, or name their folders with --polyfill and --pyodide"
)


def compare(options: argparse.Namespace) -> int:
    """``pyjsapi compare FOLDER``; without a folder the page-level comparison, which a checkout has."""
    if options.folder is None:
        return in_checkout("web.compare", _given(options))
    if options.arguments:
        raise InputError(f"unrecognized arguments: {' '.join(options.arguments)}", exits.USAGE)
    if options.timeout <= 0:
        raise InputError("--timeout is a number of seconds above 0", exits.USAGE)
    from pyjsapi.comparison import engines, report
    from pyjsapi.comparison.browsers import BrowserMissing
    from pyjsapi.comparison.folder import read
    from pyjsapi.comparison.values import CaseError

    choices = _choices(options.browser)
    places = engines.find_places(options.polyfill, options.pyodide)
    chosen = _chosen(engines.local_engines(places), options.engine)
    if not options.folder.is_dir():
        raise InputError(f"cannot read {options.folder}: it is no folder", exits.NO_INPUT)
    try:
        cases = read(options.folder)
    except CaseError as error:
        raise InputError(str(error), exits.NOT_VALID) from error
    _advise(places, choices, chosen)
    try:
        found = _run(options, cases, [engines.reference(), *chosen], choices, places)
    except BrowserMissing as error:
        raise InputError(str(error), exits.USAGE) from error
    if options.report is not None:
        options.report.mkdir(parents=True, exist_ok=True)
        write(options.report / "report.html", report.page(found).encode())
        write(options.report / "report.json", report.write_json(found).encode())
    print(report.write_json(found) if options.json else report.table(found))
    return exits.DIFFERENT if found.differs else 0


def _given(options: argparse.Namespace) -> list[str]:
    """What `web.compare` is told of the options."""
    given = [word for name in options.browser for word in ("--browser", name)]
    given += [] if options.report is None else ["--report", str(options.report.absolute())]
    return [*given, *(["--json"] if options.json else []), *options.arguments]


def _choices(names: Sequence[str]) -> list[Choice]:
    from pyjsapi.comparison.browsers import parse

    try:
        return [parse(name) for name in names]
    except ValueError as error:
        raise InputError(f"--browser: {error}", exits.USAGE) from error


def _chosen(there: Sequence[Engine], names: Sequence[str] | None) -> list[Engine]:
    if names is None:
        return list(there)
    by_name = {engine.name: engine for engine in there}
    strangers = [name for name in names if name not in by_name and name != "none"]
    if strangers:
        raise InputError(
            f"--engine: there is no {', '.join(strangers)} here; there are {', '.join(by_name)}",
            exits.USAGE,
        )
    return [by_name[name] for name in names if name != "none"]


def _advise(places: Places, choices: Sequence[Choice], chosen: Sequence[Engine]) -> None:
    names = [choice.name for choice in choices]
    names += ["node"] if any(engine.name == "node" for engine in chosen) else []
    if names and (places.polyfill is None or places.pyodide is None):
        print(_ADVICE.format(where=", ".join(names)), file=sys.stderr)


def _run(
    options: argparse.Namespace,
    cases: Sequence[Case],
    local: Sequence[Engine],
    choices: Sequence[Choice],
    places: Places,
) -> Comparison:
    from pyjsapi.comparison import browsers
    from pyjsapi.comparison.report import REFERENCE, Comparison
    from pyjsapi.comparison.verdicts import judge

    answers: dict[str, Mapping[str, Answer]] = {}
    versions: dict[str, str] = {}
    for engine in local:
        answers[engine.name] = engine.run(cases, options.timeout)
        versions[engine.name] = _version(engine.name)
    for choice in choices:
        found, version = browsers.run(choice, cases, places, options.timeout)
        answers.update(found)
        versions.update(dict.fromkeys(found, version))
    verdicts = [
        judge(case, {name: given[case.id] for name, given in answers.items()}, REFERENCE)
        for case in cases
    ]
    return Comparison(str(options.folder), tuple(answers), versions, verdicts)


def _version(name: str) -> str:
    if name.startswith("node"):
        node = shutil.which("node") or "node"
        done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
        return done.stdout.strip().removeprefix("v")
    return importlib.metadata.version("wasmtime") if name == "wasmtime" else pyjsapi.__version__
