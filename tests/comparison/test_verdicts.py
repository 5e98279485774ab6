"""What the answers of engines mean, and how a comparison is told: as text, as data and as a page."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest

from pyjsapi.comparison import report
from pyjsapi.comparison.folder import Case
from pyjsapi.comparison.report import Comparison
from pyjsapi.comparison.verdicts import judge, ratio, show


def case_of(*expected: Any, title: str = "A case") -> Case:
    steps = list(range(len(expected)))
    return Case(
        "c.toml#1",
        title,
        "Group",
        {},
        [f"step {k}" for k in steps],
        steps,
        list(expected),
        {"stub": "env.f"},
    )


def answer(*entries: Any, ms: float = 1.0) -> dict[str, Any]:
    return {"id": "c.toml#1", "transcript": list(entries), "ms": ms}


def findings(case: Case, python: Any, other: Any) -> list[str]:
    verdict = judge(case, {"python": python, "other": other}, "python")
    return [f"{each.engine} {each.step} {each.what}" for each in verdict.findings]


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ({"value": 1}, {"value": 1}, []),
        ({"value": 1}, {"value": {"bigint": "1"}}, ["other 0 1, python 1"]),
        ({"value": 1}, {"value": True}, ["other 0 true, python 1"]),
        ({"error": "RangeError", "message": "a"}, {"error": "InternalError", "message": "b"}, []),
        ({"error": "RuntimeError"}, {"value": 0}, ["other 0 0, python RuntimeError"]),
        ({}, {}, []),
        ({"value": 1}, {"unable": "why"}, []),
        (
            {"value": 1, "log": [{"host": "stub", "args": [1]}]},
            {"value": 1},
            ["other 0 1, python 1, after env.f(1)"],
        ),
    ],
)
def test_entries_are_compared_without_their_messages(
    ours: Any, theirs: Any, said: list[str]
) -> None:
    assert findings(case_of(None), answer(ours), answer(theirs)) == said


def test_what_a_case_expects_holds_for_every_engine() -> None:
    expected = {"value": 2}
    assert findings(case_of(expected), answer({"value": 2}), answer({"value": 3})) == [
        "other 0 3, expected 2"
    ]
    assert len(findings(case_of(expected), answer({"value": 3}), answer({"value": 3}))) == 2
    assert (
        findings(
            case_of({"error": "LinkError"}),
            answer({"error": "LinkError"}),
            answer({"error": "LinkError"}),
        )
        == []
    )


def test_a_failure_is_a_finding_and_what_was_not_run_is_none() -> None:
    case = case_of(None)
    assert findings(case, answer({}), {"failure": "no answer"}) == ["other None no answer"]
    verdict = judge(case, {"python": answer({}), "other": {"unable": "no gc"}}, "python")
    assert (verdict.status, verdict.statuses["other"]) == ("equal", "not run")


def test_the_ratio_is_the_geometric_mean() -> None:
    case = case_of(None)
    both = [
        judge(case, {"python": answer({}, ms=1), "other": answer({}, ms=ms)}, "python")
        for ms in (2.0, 8.0)
    ]
    found = ratio(both, "other", "python")
    assert found is not None and abs(found - 4) < 1e-12
    assert (
        ratio(
            [judge(case, {"python": answer({}), "other": {"unable": ""}}, "python")],
            "other",
            "python",
        )
        is None
    )


def comparison(title: str = "A <b>case</b>") -> Comparison:
    case = case_of({"value": 1}, None, title=title)
    answers = {
        "python": answer({"value": 1}, {}),
        "other": answer({"value": 2}, {}, ms=5),
        "third": {"unable": "no <gc>"},
    }
    return Comparison(
        "my folder", tuple(answers), {"python": "1"}, [judge(case, answers, "python")]
    )


def test_the_table_has_a_line_for_each_engine_and_for_what_differs() -> None:
    lines = report.table(comparison()).splitlines()
    assert [line.split() for line in lines[2:5]] == [
        ["python", "1", "1", "0", "0", "1"],
        ["other", "0", "1", "0", "5"],
        ["third", "0", "0", "1", "–"],
    ]
    assert lines[6:] == ["c.toml#1: A <b>case</b>", "  other: step 0: 2, expected 1"]


def test_the_data_says_the_same() -> None:
    found = json.loads(report.write_json(comparison()))
    assert found["differs"] is True
    assert found["engines"][1] == {
        "name": "other",
        "version": None,
        "equal": 0,
        "different": 1,
        "not run": 0,
        "time ratio": pytest.approx(5),
    }
    (case,) = found["cases"]
    assert case["findings"] == [{"engine": "other", "step": 0, "what": "2, expected 1"}]
    assert case["engines"]["other"]["outcomes"] == [{"value": 2}, {}]
    assert case["engines"]["third"]["unable"] == "no <gc>"


def test_the_page_escapes_names_and_closes_what_it_opens() -> None:
    text = report.page(comparison('<script>alert("x")</script>'))
    assert '<script>alert("x")' not in text
    assert "no &lt;gc&gt;" in text
    assert "1 of 1 cases differ" in text

    class Nesting(HTMLParser):
        stack: list[str]

        def handle_starttag(self, tag: str, attrs: Any) -> None:
            if tag not in ("meta", "br"):
                self.stack.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.stack.pop() == tag

    parser = Nesting()
    parser.stack = []
    parser.feed(text)
    assert parser.stack == []


def test_values_are_shown_for_people() -> None:
    values = [None, {"undefined": True}, {"number": "NaN"}, {"bigint": "-5"}, [1, True]]
    assert show({"value": values}, {}) == "[null, nothing, NaN, -5, [1, true]]"
