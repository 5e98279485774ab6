"""`pyjsapi compare FOLDER --browser …`: one's own cases in browsers, and the page of its report."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from web.browsers import listen, new_page
from web.workbench.visits import check_accessibility

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "pyjsapi" / "comparison" / "static"
EXAMPLE = ROOT / "examples" / "compare"

pytestmark = pytest.mark.long


def compare(folder: Path, report: Path, *arguments: str) -> tuple[int, Any]:
    """A process of its own: the one of the tests may have a Playwright already."""
    command = [
        sys.executable,
        "-m",
        "pyjsapi",
        "compare",
        str(folder),
        "--json",
        "--engine",
        "none",
    ]
    done = subprocess.run(
        [*command, "--report", str(report), *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def compared(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, int, Any]:
    name = browser.browser_type.name
    report = tmp_path_factory.mktemp(name)
    return name, report, *compare(EXAMPLE, report, "--browser", name)


def test_the_example_is_equal_in_the_browser(compared: tuple[str, Path, int, Any]) -> None:
    name, _, code, found = compared
    assert code == 0
    assert found["differs"] is False
    engines = {engine["name"]: engine for engine in found["engines"]}
    assert engines.keys() == {"python", name, f"{name} lowered", f"{name} javascript"}
    assert engines[name]["equal"] == engines[f"{name} javascript"]["equal"] == 5
    assert engines[f"{name} lowered"]["equal"] == 3
    assert all(engine["version"] for engine in found["engines"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_shows_tables_and_a_chart(
    browser: Browser, compared: tuple[str, Path, int, Any], scheme: Any
) -> None:
    page = new_page(browser, viewport={"width": 360, "height": 800}, color_scheme=scheme)
    complaints = listen(page)
    page.goto((compared[1] / "report.html").as_uri())
    expect(page.get_by_role("heading", level=1)).to_contain_text("compare compared")
    expect(page.locator(".chart .row")).to_have_count(6)
    assert page.locator(".chart circle").count() >= 10
    page.get_by_text("As a table").click()
    expect(page.locator("table[data-chart] tbody tr")).to_have_count(5)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    check_accessibility(page)
    assert complaints == []
    page.close()


def test_every_engine_has_dots_of_its_own(browser: Browser) -> None:
    """All that `pyjsapi compare` can have beside the Python engine: five, and three for each of three browsers."""
    count = 14
    head = "".join(f"<th>engine {k}</th>" for k in range(count))
    cells = "".join(f'<td data-value="{k + 2}"></td>' for k in range(count))
    table = (
        "<table data-chart><thead><tr><th></th>"
        f"{head}</tr></thead><tbody><tr><th>case</th>{cells}</tr></tbody></table>"
    )
    style, script = (STATIC / "chart.css").read_text(), (STATIC / "chart.mjs").read_text()
    page = new_page(browser)
    page.set_content(
        f"<style>:root {{ --paper: #fff }} {style}</style>{table}"
        f'<script type="module">{script}; showCharts(document);</script>'
    )
    looks = page.locator(".chart circle").evaluate_all(
        "all => all.map(getComputedStyle).map((s) => [s.fill, s.stroke, s.strokeDasharray].join())"
    )
    keys = page.locator(".chart .key").evaluate_all(
        "all => all.map((one) => getComputedStyle(one, '::before'))"
        ".map((s) => [s.backgroundColor, s.borderColor, s.borderStyle].join())"
    )
    assert len(set(looks)) == len(set(keys)) == count
    page.close()


def test_a_case_without_end_and_a_difference_are_told(tmp_path: Path) -> None:
    (tmp_path / "m.wat").write_text(
        '(module (func (export "forever") (loop (br 0))) (func (export "one") (result i32) (i32.const 1)))'
    )
    steps = [
        '{ invoke = "one", expect = 2 }',
        '{ invoke = "forever" }',
        '{ invoke = "one", expect = 1 }',
    ]
    text = "".join(
        f'[[case]]\ntitle = "t"\nsteps = [{{ instantiate = "m.wat" }}, {step}]\n' for step in steps
    )
    (tmp_path / "c.toml").write_text(text)
    code, found = compare(tmp_path, tmp_path / "r", "--browser", "chromium", "--timeout", "8")
    assert code == 3
    one, forever, last = (case["engines"]["chromium"] for case in found["cases"])
    assert one["status"] == "different"
    assert forever["failure"] == "no answer in 8 s"
    assert last["status"] == "equal"
