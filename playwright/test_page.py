"""The page compares every case in Chromium and in Firefox, and shows, filters and saves the result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from web import catalogue
from web.browsers import new_page
from web.build import HARNESS
from web.compare import Finished, PageFailed, is_good, unexplained, wait_for_report
from web.workbench.visits import check_accessibility


def test_every_case_is_equal_or_explained(finished: Finished) -> None:
    assert unexplained(finished.report) == []
    summary = finished.report["summary"]
    assert summary["equal"] + summary["explained"] == summary["cases"] >= 350


def test_the_console_has_no_error(finished: Finished) -> None:
    assert finished.complaints == []


def test_the_page_is_isolated_and_names_its_versions(finished: Finished) -> None:
    assert finished.report["isolated"] is True
    assert finished.report["browser"]["name"] == finished.name
    assert set(finished.report["versions"]) == {"pyodide", "python", "pyjsapi"}


def test_progress_is_shown_while_the_cases_run(finished: Finished) -> None:
    seen = finished.page.evaluate("window.seen")
    values = [moment["value"] for moment in seen]
    cases = finished.report["summary"]["cases"]
    assert values == sorted(values)
    on_host = sum(case["host"] is not None for case in finished.report["cases"])
    assert values[-1] == seen[-1]["max"] == 3 * cases + on_host
    assert len(set(values)) > cases
    assert any(moment["running"] for moment in seen)
    text = "\n".join(moment["stage"] for moment in seen)
    assert "This browser: 1 of" in text
    assert "Starting Pyodide" in text
    assert f"pyjsapi: {cases} of {cases}" in text
    assert f"pyjsapi on this browser’s engine: {on_host} cases" in text
    assert f"lowered modules: {cases} of {cases}" in text


def test_each_row_shows_both_results_and_times(finished: Finished) -> None:
    page = finished.page
    row = page.locator("#case-two-names-one-memory")
    expect(row.locator(".outcome")).to_have_text("equal")
    results = row.locator(".result").all_text_contents()
    assert len(results) == 4
    assert len(set(results)) == 1 and results[0]
    for column in (".native-ms", ".pyjsapi-ms", ".host-ms", ".lowered-ms"):
        assert float(row.locator(column).inner_text()) >= 0


def test_i17_7_cases_of_steps_run_on_this_browsers_engine_behind_python_too(
    finished: Finished,
) -> None:
    assert finished.report["hostless"] is None
    ran = {case["id"] for case in finished.report["cases"] if case["host"]}
    assert ran == {case.id for case in catalogue.load()}
    functions = [case for case in finished.report["cases"] if case["id"] not in ran]
    assert functions and all(case["hostDifferences"] == [] for case in functions)


def test_the_ratios_of_times_are_a_table_and_a_chart(finished: Finished) -> None:
    section = finished.page.locator("#times")
    section.get_by_text("As a table").click()
    rows = section.locator("tbody tr")
    assert rows.count() >= 20
    assert section.locator(".chart .row").count() == rows.count() + 1
    assert section.locator(".chart circle").count() == section.locator("td[data-value]").count()
    expect(section.locator(".chart")).to_have_attribute("aria-hidden", "true")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(finished: Finished, scheme: str) -> None:
    page = finished.page
    page.evaluate("scheme => document.documentElement.dataset.theme = scheme", scheme)
    page.locator("#case-copy-overlap button").click()
    check_accessibility(page)
    page.locator("#case-copy-overlap button").click()


def test_a_difference_of_the_browser_is_shown_with_its_reason(finished: Finished) -> None:
    row = finished.page.locator("#case-memory-type-reflection")
    expect(row.locator(".outcome")).to_have_text("explained")
    expect(row.locator(".note")).to_contain_text("type reflection proposal")


def test_a_row_opens_to_its_steps_and_modules(finished: Finished) -> None:
    page = finished.page
    button = page.locator("#case-copy-overlap button")
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    detail = page.locator("#case-copy-overlap + tr.detail")
    expect(detail.locator(".steps tbody tr")).to_have_count(7)
    expect(detail.locator(".source summary")).to_have_text("module main")
    assert detail.locator(".steps tbody tr").nth(1).locator("code").first.inner_text() == (
        "i.exports.copy(2, 0, 6)"
    )
    button.click()
    expect(detail).to_have_count(0)


def test_the_filter_shows_matching_rows_only(finished: Finished) -> None:
    page = finished.page
    visible = page.locator("tr.case:visible")
    page.get_by_label("Filter cases by words").fill("memarg offset")
    assert 0 < visible.count() < 10
    assert all("memarg" in (row.get_attribute("data-search") or "") for row in visible.all())
    page.get_by_label("Filter cases by words").fill("")
    page.get_by_role("radio", name="Explained").check()
    expect(visible).to_have_count(finished.report["summary"]["explained"])
    page.get_by_role("radio", name="All").check()
    expect(visible).to_have_count(finished.report["summary"]["cases"])


def test_the_result_is_saved_as_json(finished: Finished, tmp_path: Path) -> None:
    page = finished.page
    save = page.get_by_role("button", name="Save as JSON")
    if finished.name == "chromium":  # Playwright sees no downloads of a system's Firefox.
        with page.expect_download() as download:
            save.click()
        download.value.save_as(tmp_path / "report.json")
        assert json.loads((tmp_path / "report.json").read_text("utf-8")) == finished.report
    else:
        save.click()
    saved = page.evaluate(
        "async () => ({ ...window.saved.at(-1), text: await window.saved.at(-1).blob.text() })"
    )
    assert json.loads(saved["text"]) == finished.report
    assert saved["name"].startswith(f"pyjsapi-{finished.name}-")


@pytest.mark.parametrize("picture", ["light", "dark", "full"])
def test_a_picture_of_the_finished_page_is_kept(finished: Finished, picture: str) -> None:
    data = (finished.pictures / f"{finished.name}-{picture}.png").read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(data) > 20_000


def test_the_theme_can_be_switched(finished: Finished) -> None:
    page = finished.page
    colour = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(colour)
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate(colour) != before
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate(colour) == before


def test_a_page_that_cannot_work_says_so(browser: Browser, site: str) -> None:
    page = new_page(browser)
    page.route("**/cases.json", lambda route: route.fulfill(body="{", status=200))
    page.goto(site)
    with pytest.raises(PageFailed, match="page stopped"):
        wait_for_report(page)
    expect(page.locator("#stage")).to_contain_text("The page stopped")
    page.close()


def test_a_case_that_breaks_pyodide_does_not_stop_the_others(browser: Browser, site: str) -> None:
    driver = (HARNESS / "driver.py").read_text("utf-8")
    broken = """
run = run_case_json
async def run_case_json(text):
    if '"id":"memory-grow"' in text:
        raise SystemError("broken by the test")
    return await run(text)
"""
    page = new_page(browser)
    page.route("**/driver.py", lambda route: route.fulfill(body=driver + broken, status=200))
    page.goto(f"{site}?only=memory-constructor,memory-grow,memory-grow-detaches")
    report = wait_for_report(page)
    page.close()
    status = {case["id"]: case["status"] for case in report["cases"]}
    assert status == {
        "memory-constructor": "equal",
        "memory-grow": "different",
        "memory-grow-detaches": "equal",
    }
    assert "broken by the test" in "".join(unexplained(report))


def test_a_pyodide_that_does_not_start_is_reported(browser: Browser, site: str) -> None:
    page = new_page(browser)
    page.route("**/driver.py", lambda route: route.fulfill(body="import nothing", status=200))
    page.goto(f"{site}?only=memory-grow")
    report = wait_for_report(page)
    assert not is_good(report)
    assert "No module named 'nothing'" in report["fatal"]
    expect(page.locator("#stage")).to_contain_text("Stopped:")
    page.close()


def test_only_runs_the_cases_that_the_address_names(browser: Browser, site: str) -> None:
    page = new_page(browser)
    page.goto(f"{site}?only=memory-grow,memarg-explicit-zero")
    report = wait_for_report(page)
    assert [case["id"] for case in report["cases"]] == ["memarg-explicit-zero", "memory-grow"]
    assert unexplained(report) == []
    expect(page.locator("tr.case:visible")).to_have_count(2)
    page.close()
