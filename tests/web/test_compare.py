"""What the comparison says about reports: its summary, its verdict and its page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from web import compare
from web.workbench.links import Link


def case(status: str = "equal", **others: Any) -> dict[str, Any]:
    return {
        "id": "a-case",
        "title": "A case <b>",
        "group": "Group",
        "covers": ["2.1"],
        "status": status,
        "differences": [],
        "stale": [],
        "unmet": [],
        **others,
    }


def report(*cases: dict[str, Any], name: str = "chromium", **others: Any) -> dict[str, Any]:
    count = dict.fromkeys(("equal", "explained", "different"), 0)
    for item in cases:
        count[item["status"]] = count.get(item["status"], 0) + 1
    return {
        "browser": {"name": name, "version": "1.2"},
        "versions": {"pyjsapi": "0.1", "pyodide": "314", "python": "3.14"},
        "complete": True,
        "fatal": None,
        "problems": [],
        "summary": {"cases": len(cases), **count, "nativeMs": 10.4, "pyjsapiMs": 52.0},
        "cases": list(cases),
        **others,
    }


DIFFERENCE = {"path": "steps[0].value", "native": 1, "pyjsapi": {"bigint": "1"}}
EXPLAINED = {**DIFFERENCE, "reason": "because of <this>", "source": "https://example.org/"}


def test_the_summary_has_a_line_for_each_browser() -> None:
    lines = compare.summary_table([report(case()), report(case(), name="firefox")]).splitlines()
    assert len(lines) == 4
    assert lines[2].split() == ["chromium", "1.2", "1", "1", "0", "0", "10", "52", "5.0"]
    assert lines[3].startswith("firefox 1.2")


def test_equal_and_explained_cases_are_good() -> None:
    good = report(case(), case("explained", differences=[EXPLAINED]))
    assert compare.is_good(good)
    assert compare.unexplained(good) == []


@pytest.mark.parametrize(
    ("bad", "line"),
    [
        (
            report(case("different", differences=[DIFFERENCE])),
            'a-case steps[0].value: browser 1, pyjsapi {"bigint": "1"}',
        ),
        (report(case("different", failure="no answer")), "a-case: no answer"),
        (
            report(
                case("different", hostDifferences=[{"path": "steps[3]", "pyjsapi": 1, "host": 2}])
            ),
            "a-case steps[3]: pyjsapi 1, on this engine 2",
        ),
        (
            report(case("different", stale=[{"path": "steps[1]", "reason": "r"}])),
            "a-case steps[1]: a listed difference did not occur",
        ),
        (
            report(case("different", unmet=[{"path": "steps[2]", "expected": {}, "actual": 1}])),
            "a-case steps[2]: expected {}, got 1",
        ),
        (report(complete=False, fatal="Pyodide is broken"), "stopped: Pyodide is broken"),
        (report(problems=[{"case": "gone"}]), "a listed difference names no case: gone"),
    ],
)
def test_what_is_neither_is_told_in_one_line(bad: dict[str, Any], line: str) -> None:
    assert not compare.is_good(bad)
    assert compare.unexplained(bad) == [line]


def test_the_report_is_written_as_json_and_as_a_page(tmp_path: Path) -> None:
    reports = [
        report(case("explained", differences=[EXPLAINED])),
        report(case("not compared"), name="firefox", complete=False, fatal="<broken>", versions={}),
    ]
    compare.write_report(reports, tmp_path / "new")
    assert json.loads((tmp_path / "new" / "report.json").read_text("utf-8")) == reports
    page = (tmp_path / "new" / "report.html").read_text("utf-8")
    assert "because of &lt;this&gt;" in page
    assert "A case &lt;b&gt;" in page
    assert "stopped: &lt;broken&gt;" in page
    assert "https://example.org/" in page


def test_an_unknown_case_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cases.json").write_text('{"cases": [{"id": "known"}]}')
    monkeypatch.setattr(compare, "SITE", tmp_path)
    monkeypatch.setattr(compare, "build", lambda site: 1)
    assert compare.main(["--only", "known,unknown", "--report", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "no case unknown\n"


def test_the_report_has_the_ratios_of_times_as_a_table_and_a_chart(tmp_path: Path) -> None:
    timed = [
        case(native={"ms": 2.0}, pyjsapi={"ms": ms}, host={"ms": 4.0}, lowered={"ms": 2.0})
        for ms in (20.0, 2000.0)
    ]
    reports = [report(*timed), report(case(native=None), name="firefox")]
    found = compare.times_of(reports)
    assert found.columns == [
        "chromium pyjsapi",
        "chromium host",
        "chromium lowered",
        "firefox pyjsapi",
        "firefox host",
        "firefox lowered",
    ]
    assert found.rows == [
        ("Group", [pytest.approx(100), pytest.approx(2), pytest.approx(1), None, None, None])
    ]
    compare.write_report(reports, tmp_path)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert '<td data-value="100' in page
    assert "showCharts(document)" in page


def test_cases_lead_to_the_workbench(tmp_path: Path) -> None:
    links = {
        "a-case": [
            Link("main", "#m1=abc", [{"export": "f", "arguments": []}]),
            Link("o<b>", "#m1=d", []),
        ]
    }
    compare.write_report([report(case(id="a-case"))], tmp_path, links, "https://example.org/bench")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert '<a href="https://example.org/bench#m1=abc">main with 1 call</a>, ' in page
    assert '<a href="https://example.org/bench#m1=d">o&lt;b&gt;</a>' in page
