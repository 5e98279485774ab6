"""The results of runs, and docs/conformance.md made of them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

NAMESPACES = {
    "python": "pyjsapi",
    "proxy": "pyjsapi through Pyodide's proxies",
    "native": "the engine itself",
}
"""The namespaces that tests run against, in the order of the report."""


@dataclass(frozen=True)
class Place:
    """An engine with its version, and where in it the tests ran."""

    engine: str
    version: str
    where: str

    @property
    def title(self) -> str:
        return self.engine if self.where == "main" else f"{self.engine} {self.where}"


@dataclass
class FileResult:
    """What one file gave: the status and message of every subtest, by name."""

    subtests: dict[str, tuple[str, str]] = field(default_factory=dict)
    error: str | None = None

    @classmethod
    def of(cls, answer: Any) -> FileResult:
        result = cls(error=answer["error"])
        for test in answer["tests"]:
            name, number = test["name"], 1
            while name in result.subtests:
                number += 1
                name = f"{test['name']} ({number})"
            result.subtests[name] = (test["status"], test["message"])
        return result

    @property
    def passed(self) -> int:
        return sum(status == "pass" for status, _ in self.subtests.values())


WHOLE_FILE = "the whole file"
_READ = json.loads((Path(__file__).resolve().parent / "reasons.json").read_text(encoding="utf-8"))
REASONS: dict[str, dict[str, str]] = _READ["subtests"]
"""Why a subtest cannot pass, by file and name."""
REASONS_OF_MESSAGES: dict[str, str] = _READ["messages"]
"""The same, by the message of its failure."""

Run = Mapping[str, FileResult]
"""The results of one place and namespace, by file."""


@dataclass
class Results:
    """All runs of one checkout: by place, then by namespace (a key of `NAMESPACES`)."""

    name: str
    commit: str
    only: str = ""
    """A pattern of the files that ran; empty: all."""
    runs: dict[Place, dict[str, Run]] = field(default_factory=dict)

    @property
    def files(self) -> list[str]:
        return sorted(
            {path for both in self.runs.values() for run in both.values() for path in run}
        )

    def subtests(self, path: str) -> list[str]:
        """The names of a file's subtests that any run reported, in the order of the first that did."""
        names: dict[str, None] = {}
        for both in self.runs.values():
            for run in both.values():
                if path in run:
                    names.update(dict.fromkeys(run[path].subtests))
        return list(names)

    def failing(self, namespace: str) -> dict[tuple[str, str], dict[Place, str]]:
        """The subtests that do not pass, by file and name: places with their messages.

        A file that could not run at all counts as one.
        """
        failing: dict[tuple[str, str], dict[Place, str]] = {}
        for place, both in self.runs.items():
            for path, result in both.get(namespace, {}).items():
                if result.error is not None and not result.subtests:
                    failing.setdefault((path, WHOLE_FILE), {})[place] = result.error
                    continue
                for name in self.subtests(path):
                    status, message = result.subtests.get(name, ("not run", result.error or ""))
                    if status != "pass":
                        text = message if status == "fail" else f"{status}: {message}"
                        failing.setdefault((path, name), {})[place] = text
        return failing


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(header) + " |"]
    lines.append("| --- |" + " ---: |" * (len(header) - 1))
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return lines


def _cell(text: str, limit: int = 200) -> str:
    text = " ".join(text.split())
    return (text if len(text) <= limit else text[: limit - 1] + "…").replace("|", "\\|")


INTRODUCTION = """# Conformance with the JS-API tests of the specification

The test files of the WebAssembly specification's `test/js-api` and `test/legacy/exceptions/js-api`, of proposals and of
the Web Platform Tests' `wasm/jsapi` that are meant for browsers, run unchanged with the `testharness.js` beside them:
against the engine's `WebAssembly`, and against the namespace of `polyfill/python.mjs`, whose engine is the Python
package. They are no part of this project; `scripts/conformance.py CHECKOUT...` runs them and writes their sections of
this file.
"""


def _counts(results: Results) -> list[str]:
    files, places = results.files, list(results.runs)
    tested = [name for name in NAMESPACES if any(name in both for both in results.runs.values())]

    def row(title: str, paths: Sequence[str]) -> list[str]:
        cells = [title, str(sum(len(results.subtests(path)) for path in paths))]
        for place in places:
            runs = [results.runs[place].get(namespace) for namespace in tested]
            passed = [
                "–" if run is None else sum(run[path].passed for path in paths) for run in runs
            ]
            cells.append(" / ".join(map(str, passed)))
        return cells

    header = ["file", "subtests", *(place.title for place in places)]
    rows = [row("**all**", files)]
    rows += [row(path.removeprefix("test/"), [path]) for path in files]
    columns = " / ".join(NAMESPACES[name] for name in tested)
    return [f"Subtests that pass: {columns}.", "", *_table(header, rows)]


def _section(results: Results, today: date) -> list[str]:
    only = f", files whose path matches `{results.only}`" if results.only else ""
    engines = [f"{place.engine} {place.version}" for place in results.runs]
    total = sum(len(results.subtests(path)) for path in results.files)
    theirs = results.failing("native")
    lines = [
        f"Commit {results.commit}{only}; {len(results.files)} files, {total} subtests.",
        f"Run on {today.isoformat()} in {', '.join(dict.fromkeys(engines))}.",
        "",
        *_counts(results),
    ]
    lists: dict[str, list[str]] = {}
    seen: set[tuple[str, str]] = set()
    for namespace in ("python", "proxy"):
        if any(namespace in both for both in results.runs.values()):
            failing = results.failing(namespace)
            lists[NAMESPACES[namespace]] = _failures(failing, theirs)
            seen |= set(failing)
    titles = list(lists)
    if len(lists) == 2 and lists[titles[0]] == lists[titles[1]]:
        lists = {f"{titles[0]}, and the same in {titles[1]}": lists[titles[0]]}
    for title, failures in lists.items():
        lines += ["", f"### {results.name}: what fails in {title}", "", *(failures or ["Nothing."])]
    if theirs:
        alone = {key: value for key, value in theirs.items() if key not in seen}
        lines += ["", f"### {results.name}: what fails in an engine alone", ""]
        lines += _by_file(alone) or ["Nothing."]
    return lines


def markdown(all_results: Sequence[Results], today: date, old: str = "") -> str:
    """The part of docs/conformance.md that is of checkouts: what did not run stays as `old`, that part now, has it."""
    sections = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", old, re.M))
    for results in all_results:
        sections[results.name] = "\n" + "\n".join(_section(results, today))
    return INTRODUCTION + "".join(
        f"\n## {title}\n{text.rstrip()}\n" for title, text in sections.items()
    )


def _titles(places: Iterable[Place]) -> str:
    return ", ".join(place.title for place in places)


def _failures(
    failing: Mapping[tuple[str, str], Mapping[Place, str]],
    elsewhere: Mapping[tuple[str, str], Mapping[Place, str]],
) -> list[str]:
    """Each failing subtest with its messages, its reason as far as REASONS knows it, and who else fails."""
    lines = []
    for (path, name), places in sorted(failing.items()):
        messages: dict[str, list[Place]] = {}
        for place, message in places.items():
            messages.setdefault(_cell(message), []).append(place)
        for message, where in messages.items():
            shown = f"{path.removeprefix('test/')}: *{_cell(name)}*"
            lines.append(f"- {shown} – {message} ({_titles(where)})")
            if message in REASONS_OF_MESSAGES:
                lines.append(f"  - {REASONS_OF_MESSAGES[message]}")
        reason = REASONS.get(path, {}).get(name)
        if reason is not None:
            lines.append(f"  - {reason}")
        native = elsewhere.get((path, name))
        if native:
            lines.append(f"  - the engine itself fails it too in {_titles(native)}")
    return lines


def _by_file(failing: Mapping[tuple[str, str], Mapping[Place, str]]) -> list[str]:
    """How many subtests fail in each place, a line for each file."""
    counts: dict[str, Counter[Place]] = {}
    whole: dict[str, set[Place]] = {}
    for (path, name), places in sorted(failing.items()):
        counts.setdefault(path, Counter()).update(places.keys())
        if name == WHOLE_FILE:
            whole[path] = set(places)
    lines = []
    for path, count in counts.items():
        shown = [
            f"{WHOLE_FILE if place in whole.get(path, ()) else number} in {place.title}"
            for place, number in count.items()
        ]
        lines.append(f"- {path.removeprefix('test/')}: {', '.join(shown)}")
    return lines
