"""What the answers of engines mean: which differ from the Python face's, and which are not what a case expects.

The comparison page judges in JavaScript (``web/static/compare.mjs`` of a checkout), where it also knows what browsers
do otherwise; here the same entries are compared, without messages.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pyjsapi.comparison.engines import Answer
from pyjsapi.comparison.folder import Case

Json = Any
EQUAL: Final = "equal"
DIFFERENT: Final = "different"
NOT_RUN: Final = "not run"

_SAME_ERRORS: Final = {"InternalError": "RangeError"}
"""What Firefox throws when the stack ends, and what others throw."""


@dataclass(frozen=True)
class Finding:
    """An entry that is not what it should be. `step` is None where a case had no transcript."""

    engine: str
    step: int | None
    what: str


@dataclass
class Verdict:
    """What came of a case on all engines."""

    case: Case
    answers: Mapping[str, Answer]
    statuses: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def status(self) -> str:
        """The worst of all engines'."""
        return DIFFERENT if self.findings else EQUAL

    def entries(self, engine: str) -> list[Json] | None:
        """The outcomes of the case's own steps on an engine, if it has any."""
        transcript = self.answers[engine].get("transcript")
        if transcript is None:
            return None
        shown = self.case.shown
        if len(transcript) == len(shown) and max(shown, default=0) >= len(transcript):
            return list(transcript)  # of an engine with a driver of its own
        return [transcript[k] for k in shown]


def _comparable(entry: Json) -> Json:
    """An entry without what is for people."""
    found = {key: value for key, value in entry.items() if key not in ("message", "log")}
    if "error" in found:
        found["error"] = _SAME_ERRORS.get(found["error"], found["error"])
    found["log"] = [
        _comparable(item) if isinstance(item, dict) else item for item in entry.get("log", ())
    ]
    return found


def _same(first: Json, second: Json) -> bool:
    """Equality of JSON where 1 and true are two values."""
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(
            _same(first[key], second[key]) for key in first
        )
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(_same, first, second))
    if isinstance(first, bool) or isinstance(second, bool):
        return first is second
    return bool(first == second)


def _meets(expected: Json, entry: Json) -> bool:
    if "error" in expected:
        return bool(_comparable(entry).get("error") == expected["error"])
    return "value" in entry and _same(expected["value"], entry["value"])


def judge(case: Case, answers: Mapping[str, Answer], reference: str) -> Verdict:
    """Compare what each engine says with what the reference says, and with what the case expects."""
    verdict = Verdict(case, answers)
    ours = verdict.entries(reference)
    for engine, answer in answers.items():
        before = len(verdict.findings)
        entries = verdict.entries(engine)
        if "failure" in answer:
            verdict.findings.append(Finding(engine, None, answer["failure"]))
        elif entries is not None:
            _look(verdict, engine, entries, None if engine == reference else ours)
        ran = entries is not None and not all("unable" in entry for entry in entries)
        found = len(verdict.findings) > before
        verdict.statuses[engine] = DIFFERENT if found else EQUAL if ran else NOT_RUN
    return verdict


def _look(
    verdict: Verdict, engine: str, entries: Sequence[Json], ours: Sequence[Json] | None
) -> None:
    case = verdict.case
    for k, entry in enumerate(entries):
        if "unable" in entry:
            continue
        expected = case.expected[k]
        if expected is not None and not _meets(expected, entry):
            wanted = show(expected, case.hosts)
            verdict.findings.append(
                Finding(engine, k, f"{show(entry, case.hosts)}, expected {wanted}")
            )
        elif ours is not None and not _same(_comparable(ours[k]), _comparable(entry)):
            told = f"{show(entry, case.hosts)}, python {show(ours[k], case.hosts)}"
            verdict.findings.append(Finding(engine, k, told))


def show(entry: Json, hosts: Mapping[str, str]) -> str:
    """An entry for people."""
    if "unable" in entry:
        return f"— ({entry['unable']})"
    said = (
        entry["error"]
        if "error" in entry
        else show_value(entry["value"])
        if "value" in entry
        else "ok"
    )
    calls = [
        f"{hosts.get(item['host'], item['host'])}({', '.join(map(show_value, item['args']))})"
        for item in entry.get("log", ())
        if "host" in item
    ]
    return f"{said}, after {'; '.join(calls)}" if calls else str(said)


def show_value(value: Json) -> str:
    """A value of a transcript for people."""
    if isinstance(value, list):
        return f"[{', '.join(map(show_value, value))}]"
    if isinstance(value, dict):
        for key in ("bigint", "number"):
            if key in value:
                return str(value[key])
        if "undefined" in value:
            return "nothing"
        return str(value.get("object", value.get("function", value)))
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)


def ratio(verdicts: Sequence[Verdict], engine: str, other: str) -> float | None:
    """The geometric mean of the times of one engine over those of another, of the cases that both ran."""
    logs = [
        math.log(ours / theirs)
        for verdict in verdicts
        if (ours := verdict.answers[engine].get("ms"))
        and (theirs := verdict.answers[other].get("ms"))
    ]
    return math.exp(sum(logs) / len(logs)) if logs else None
