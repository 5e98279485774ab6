"""The page of proposals, and what their tests come to, from `pyjsapi.cli.proposals` and the results that are kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from common import ROOT

from pyjsapi.cli.proposals import ENGINES, FINISHED, PROPOSALS, Proposal
from pyjsapi.syntax.spelling import counted

RESULTS: Final = Path(__file__).with_name("proposal_tests.json")
"""What ``scripts/proposal_tests.py`` has found."""
CONFORMANCE: Final = ROOT / "docs" / "conformance.md"
_ROW: Final = re.compile(r"^\| (\S+\.any\.js) \| (\d+) \| (\d+) /", re.MULTILINE)
"""A file of the JS API's tests, how many subtests it has, and how many pass in the first engine."""
_HEAD: Final = """\
# Proposals: what is here, and where else

`pyjsapi features` prints this table, with `--json` for programs.

*Here* is `default`, a flag of [`Features`](guide/limits.md) that is off unless it is switched on, `yes` for what
needs no flag, `extension` for what is no standard, or `no`. *Tests* are those that pass, and all that there are:
assertions of [testsuite](https://github.com/WebAssembly/testsuite) (commit {commit}; proposals share some), and
subtests of the [JavaScript API](conformance.md). Of an engine there is the first version that has it by default, or
`flag`, or – where the sources have nothing.

Sources: phases from [proposals](https://github.com/WebAssembly/proposals) and the notes of
[meetings](https://github.com/WebAssembly/meetings); engines from
[features.json](https://github.com/WebAssembly/website/blob/main/features.json) of 2026-08-21, Wasmtime's documentation
of that day, and what Node 26.12 and Bun 1.4, which has JavaScriptCore, do.
"""
_TITLES: Final = {"safari": "Safari, JavaScriptCore", "node": "Node"}


def scripts_of(proposal: Proposal, paths: Iterable[str]) -> list[str]:
    """The scripts of a proposal, among those that there are."""
    patterns = proposal.scripts.split()
    return [path for path in paths if any(_is_like(path, pattern) for pattern in patterns)]


def _is_like(path: str, pattern: str) -> bool:
    # A star does not cross folders.
    return path.count("/") == pattern.count("/") and fnmatchcase(path, pattern)


def tests() -> dict[str, tuple[int, int]]:
    """By name of a proposal, how many of its tests pass, and how many there are."""
    scripts: dict[str, list[int]] = json.loads(RESULTS.read_text(encoding="utf-8"))["scripts"]
    api: dict[str, tuple[int, int]] = {}
    for path, total, passed in _ROW.findall(CONFORMANCE.read_text(encoding="utf-8")):
        # A file that is in the specification too counts once, whatever a proposal calls it.
        api.setdefault(path.replace(".tentative", ""), (int(passed), int(total)))
    found = {}
    for proposal in PROPOSALS:
        starts = tuple(proposal.api.split())
        counts = [scripts[path] for path in scripts_of(proposal, scripts)]
        counts += [list(count) for path, count in api.items() if starts and path.startswith(starts)]
        if counts:
            found[proposal.name] = (sum(one[0] for one in counts), sum(one[1] for one in counts))
    return found


def python() -> str:
    """The module that the command reads them from."""
    lines = [
        "",
        "from __future__ import annotations",
        "",
        "from typing import Final",
        "",
        "TESTS: Final[dict[str, tuple[int, int]]] = {",
    ]
    lines += [f"    {json.dumps(name)}: {counts}," for name, counts in tests().items()]
    return "\n".join(
        [*lines, "}", '"""By proposal: how many of its tests pass, and of how many."""', ""]
    )


def page() -> str:
    """docs/features.md."""
    found = tests()
    commit = json.loads(RESULTS.read_text(encoding="utf-8"))["commit"]
    head = ["proposal", "phase", "here", "tests", *(_TITLES.get(e, e.title()) for e in ENGINES)]
    lines = [
        _HEAD.format(commit=commit[:10]),
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
    ]
    notes = []
    for proposal in PROPOSALS:
        row = proposal.facts(found)
        lines.append(f"| {' | '.join(_cells(row))} |")
        if row["note"]:
            notes.append(f"- {row['name']}: {row['note']}")
    return "\n".join([*lines, "", *notes, ""])


def _cells(row: dict[str, Any]) -> list[str]:
    name = f"[{row['name']}]({row['url']})" if row["url"] else row["name"]
    phase = "finished" if row["phase"] == FINISHED else str(row["phase"] or "–")
    here = f"`{row['feature']}`, off" if row["pyjsapi"] == "flag" else row["pyjsapi"]
    if row["instructions"]:
        here += f", {counted(row['instructions'], 'instruction')}"
    tests = row["tests"]
    return [
        name,
        f"{phase}, {row['since']}" if row["since"] else phase,
        here,
        f"{tests['passed']} / {tests['of']}" if tests else "–",
        *(row["engines"][engine] or "–" for engine in ENGINES),
    ]
