"""The results of runs, and docs/conformance.md made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any


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


Run = Mapping[str, FileResult]
"""The results of one place and namespace, by file."""


@dataclass
class Results:
    """All runs: by place, then by namespace (``python``, ``native``)."""

    commit: str
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
        """The subtests that do not pass, by file and name: places with their messages."""
        failing: dict[tuple[str, str], dict[Place, str]] = {}
        for place, both in self.runs.items():
            for path, result in both.get(namespace, {}).items():
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


def _passes(results: Results, place: Place, namespace: str, paths: Sequence[str]) -> str:
    run = results.runs[place].get(namespace)
    return "" if run is None else str(sum(run[path].passed for path in paths if path in run))


def markdown(results: Results, today: date) -> str:
    """The text of docs/conformance.md."""
    files, places = results.files, list(results.runs)
    total = sum(len(results.subtests(path)) for path in files)
    engines = dict.fromkeys(f"{place.engine} {place.version}" for place in places)
    lines = [
        "# Conformance with the JS-API tests of the specification",
        "",
        "The test files in `test/js-api` and `test/legacy/exceptions/js-api` of the WebAssembly specification that are",
        "meant for browsers, run unchanged with the specification's own `testharness.js`: once against the engine's",
        "`WebAssembly`, once against the namespace of `polyfill/python.mjs`, whose engine is the Python package. They",
        "are no part of this project; `scripts/conformance.py CHECKOUT` runs them and writes this file.",
        "",
        f"- date: {today.isoformat()}",
        f"- specification: commit {results.commit}",
        f"- engines: {', '.join(engines)}",
        f"- {len(files)} files, {total} subtests",
        "",
        "## Subtests that pass",
        "",
        "In each column: pyjsapi / the engine itself.",
        "",
    ]

    def row(title: str, count: int, paths: Sequence[str]) -> list[str]:
        cells = [title, str(count)]
        for place in places:
            ours = _passes(results, place, "python", paths) or "–"
            theirs = _passes(results, place, "native", paths) or "–"
            cells.append(f"{ours} / {theirs}")
        return cells

    rows = [row("**all**", total, files)]
    rows += [row(path.removeprefix("test/"), len(results.subtests(path)), [path]) for path in files]
    lines += _table(["file", "subtests", *(place.title for place in places)], rows)
    ours, theirs = results.failing("python"), results.failing("native")
    lines += ["", "## Subtests that fail in pyjsapi", ""]
    lines += _failures(ours, theirs) or ["None."]
    lines += ["", "## Subtests that fail in an engine, but not in pyjsapi", ""]
    lines += _failures({key: value for key, value in theirs.items() if key not in ours}, {}) or [
        "None."
    ]
    return "\n".join(lines) + "\n"


def _failures(
    failing: Mapping[tuple[str, str], Mapping[Place, str]],
    elsewhere: Mapping[tuple[str, str], Mapping[Place, str]],
) -> list[str]:
    lines = []
    for (path, name), places in sorted(failing.items()):
        messages: dict[str, list[str]] = {}
        for place, message in places.items():
            messages.setdefault(_cell(message), []).append(place.title)
        for message, titles in messages.items():
            lines.append(
                f"- {path.removeprefix('test/')}: *{_cell(name)}* – {message} ({', '.join(titles)})"
            )
        native = elsewhere.get((path, name), {})
        if native:
            lines.append(
                f"  - the engine itself fails it too: {', '.join(each.title for each in native)}"
            )
    return lines
