"""Cases that are functions of `WebAssembly`: both namespaces' answers in the page, and what happens to wrong ones."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, expect

from web.browsers import new_page
from web.compare import Finished, unexplained, wait_for_report

WRONG = """
const native = globalThis.WebAssembly;
export const loadPythonWebAssembly = async () => ({
  WebAssembly: { ...native, Memory: native.Memory, Module: native.Module, validate: () => true },
});
"""


def js_cases(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [case for case in report["cases"] if case["id"].startswith("js-")]


def test_every_javascript_case_ran_on_both_namespaces(finished: Finished) -> None:
    cases = js_cases(finished.report)
    assert len(cases) >= 200
    assert {case["status"] for case in cases} <= {"equal", "explained"}
    assert sum(case["status"] == "equal" for case in cases) >= 0.9 * len(cases)
    for case in cases:
        for side in ("native", "pyjsapi"):
            assert case[side]["transcript"], case["id"]
            assert not any(entry.get("missing") for entry in case[side]["transcript"])


def test_every_explanation_has_a_source(finished: Finished) -> None:
    for case in js_cases(finished.report):
        for difference in case["differences"]:
            assert difference["reason"], case["id"]
            assert difference["source"].startswith("https://"), case["id"]


def test_a_row_shows_both_answers(finished: Finished) -> None:
    row = finished.page.locator("#case-js-memories-grow-one")
    expect(row.locator(".outcome")).to_have_text("equal")
    native, ours, *_ = row.locator(".result").all_text_contents()
    assert native == ours
    assert "sizes: [1, 3, 0]" in native
    assert "ArrayBuffer (detached)" in native


def test_a_row_opens_to_observations_and_function(finished: Finished) -> None:
    page = finished.page
    button = page.locator("#case-js-imports-first-error button")
    button.click()
    detail = page.locator("#case-js-imports-first-error + tr.detail")
    expect(detail.locator(".steps tbody tr")).to_have_count(3)
    cells = detail.locator(".steps tbody tr").nth(1).locator("code").all_text_contents()
    assert cells[:3] == ["type", "TypeError", "TypeError"]
    if finished.name == "chromium":
        expect(detail.locator("tr.explained")).to_have_count(2)
    assert detail.locator(".source summary").all_text_contents() == ["function", "module imports"]
    assert "tools.attempt" in (detail.locator(".source pre").first.text_content() or "")
    button.click()
    expect(detail).to_have_count(0)


def run_with(browser: Browser, site: str, namespace: str, only: str) -> dict[str, Any]:
    page = new_page(browser)
    page.route(
        "**/polyfill/python.mjs",
        lambda route: route.fulfill(body=namespace, status=200, content_type="text/javascript"),
    )
    page.goto(f"{site}?only={only}")
    report = wait_for_report(page)
    page.close()
    return report


def test_a_namespace_that_answers_wrongly_is_found(browser: Browser, site: str) -> None:
    report = run_with(browser, site, WRONG, "js-module-bad-bytes,js-memory-grow,memory-grow")
    status = {case["id"]: case["status"] for case in report["cases"]}
    assert status == {
        "memory-grow": "equal",
        "js-module-bad-bytes": "different",
        "js-memory-grow": "equal",
    }
    lines = "\n".join(unexplained(report))
    assert "js-module-bad-bytes valid" in lines
    assert "expected" in lines


def test_a_namespace_that_cannot_be_loaded_is_reported(browser: Browser, site: str) -> None:
    report = run_with(browser, site, "throw new Error('no such bridge');", "js-memory-grow")
    assert "no such bridge" in report["fatal"]
