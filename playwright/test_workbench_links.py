"""Every link of the comparison's report opens in the workbench, and its calls are made there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from web.workbench.links import Link, links_of
from web.workbench.visits import workbench

pytestmark = pytest.mark.long


def links_in(site_folder: Path) -> list[tuple[str, Link]]:
    """The links of the report, with the names by which the page speaks of them."""
    cases = json.loads((site_folder / "cases.json").read_text("utf-8"))["cases"]
    return [
        (case["id"] if len(case["modules"]) == 1 else f"{case['id']}, {link.module}", link)
        for case in cases
        if case.get("modules")
        for link in links_of(case)
    ]


def opened(page: Page, name: str, link: Link) -> None:
    page.evaluate("fragment => { location.hash = fragment; }", link.fragment)
    said = page.locator("#status, #problem").filter(has_text=f"{name}.wasm")
    expect(said.first).to_be_visible()


def test_every_link_opens(browser: Browser, site: str, site_folder: Path) -> None:
    if browser.browser_type.name != "chromium":
        pytest.skip("one browser is enough: what links hold is the same in all")
    with workbench(browser, site) as page:
        for name, link in links_in(site_folder):
            opened(page, name, link)
            if link.calls:
                expect(page.locator("#status")).to_contain_text(f"{name}.wasm, from a link.")
                expect(page.locator(".calls li")).to_have_count(len(link.calls))


def test_what_links_ask_for_is_repeated(browser: Browser, site: str, site_folder: Path) -> None:
    """On this browser's own engine, for speed."""
    links = [pair for pair in links_in(site_folder) if pair[1].calls]
    assert len(links) > 20
    with workbench(browser, site) as page:
        opened(page, *links[0])
        for box in page.locator(".boxes input[type=checkbox]").all():
            if box.get_attribute("name") != "native":
                box.uncheck()
        for name, link in links:
            opened(page, name, link)
            page.get_by_role("button", name="Run", exact=True).click()
            rows = page.locator(".outcomes tbody tr")
            expect(rows).to_have_count(len(link.calls) + 2)
            expect(page.locator(".verdict").first).to_contain_text("Done.")
            for row in rows.all()[: len(link.calls) + 1]:
                expect(row.locator("[data-engine=native]")).to_contain_text("ms")
