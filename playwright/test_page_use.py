"""How the page is used: in windows of any width; filter, opened cases, hidden columns and theme are found again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from playwright.sync_api import Browser, Page, expect

from web.browsers import listen, new_page
from web.compare import wait_for_report
from web.serve import HEADERS, serving
from web.workbench.visits import check_accessibility

Open: TypeAlias = Callable[..., Page]

NARROW, WIDE = 360, 3840
SOME = ("copy-overlap", "copy-across-memories", "memory-grow", "js-compile", "js-promises-realm")
CASES = f"engine=native&only={','.join(SOME)}"


@pytest.fixture
def opened(browser: Browser, site: str) -> Iterator[Open]:
    """Opens the page with the browser's own engine alone, and waits for it."""
    pages: list[Page] = []

    def open_page(query: str = "", width: int = 1360) -> Page:
        page = new_page(browser, viewport={"width": width, "height": 800})
        pages.append(page)
        page.goto(f"{site}?{CASES}{query and '&'}{query}")
        wait_for_report(page)
        return page

    yield open_page
    for page in pages:
        page.close()


def again(page: Page) -> None:
    page.reload()
    wait_for_report(page)


def width_of(page: Page, selector: str) -> float:
    return float(page.eval_on_selector(selector, "node => node.getBoundingClientRect().width"))


@pytest.mark.parametrize("width", [NARROW, 600, 900, 1361, 1440, WIDE])
def test_values_can_be_read_at_every_width(opened: Open, width: int) -> None:
    page = opened("q=copy&open=copy-overlap", width)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert width_of(page, "#case-copy-overlap .native .result") >= 120
    assert width_of(page, "#case-copy-overlap + .detail .steps td.native") >= 120
    head = page.eval_on_selector(".cases thead", "node => node.getBoundingClientRect().height")
    assert head <= 80


def test_a_card_says_what_each_value_is(opened: Open) -> None:
    page = opened("q=copy", NARROW)
    label = "node => getComputedStyle(node, '::before').display"
    assert page.eval_on_selector("#case-copy-overlap td.native", label) != "none"
    expect(page.get_by_role("cell", name="This browser").first).to_be_visible()
    assert page.get_by_role("row").count() > 1


def test_a_filter_without_hits_says_so_and_has_a_way_back(opened: Open) -> None:
    page = opened()
    page.get_by_label("Filter cases by words").fill("no such thing")
    expect(page.locator("#hits")).to_have_text("No case matches: words “no such thing”.")
    expect(page.locator("#hits")).to_have_role("status")
    expect(page.locator("table.cases")).to_be_hidden()
    page.get_by_role("button", name="Show all cases").click()
    expect(page.locator("table.cases")).to_be_visible()
    expect(page.get_by_label("Filter cases by words")).to_have_value("")
    expect(page.get_by_label("Filter cases by words")).to_be_focused()
    expect(page.locator("#hits")).to_be_empty()
    page.get_by_role("radio", name="Different").check()
    expect(page.locator("#hits")).to_have_text("No case matches: outcome “different”.")


def test_what_was_chosen_is_found_again(opened: Open) -> None:
    page = opened()
    page.get_by_label("Filter cases by words").fill("memory.copy")
    page.locator("#case-copy-overlap button").click()
    page.get_by_text("Columns", exact=True).click()
    page.get_by_role("checkbox", name="Lowered").uncheck()
    page.get_by_role("button", name="Light or dark").click()
    theme = page.evaluate("document.documentElement.dataset.theme")
    expect(page).to_have_url(re.compile(r"q=memory\.copy&open=copy-overlap&hide=lowered$"))
    again(page)
    expect(page.get_by_label("Filter cases by words")).to_have_value("memory.copy")
    expect(page.locator("#case-copy-overlap + tr.detail")).to_be_visible()
    expect(page.locator("#case-copy-overlap td.lowered")).to_be_hidden()
    expect(page.locator("#case-memory-grow")).to_be_hidden()
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    page.locator("#case-copy-overlap button").click()
    expect(page).to_have_url(re.compile(r"q=memory\.copy&hide=lowered$"))


def test_a_link_shows_the_same(opened: Open) -> None:
    page = opened("q=copy&open=copy-overlap,no-such-case&hide=times,nonsense&status=none")
    expect(page.locator("#case-copy-overlap + tr.detail")).to_be_in_viewport()
    expect(page.locator("#case-copy-overlap .native-ms")).to_be_hidden()
    expect(page.get_by_role("radio", name="All")).to_be_checked()


def test_columns_are_hidden_by_keyboard(opened: Open) -> None:
    page = opened()
    page.locator("details.columns summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator("#case-memory-grow td.native")).to_be_hidden()
    expect(page.locator("#case-memory-grow .native-ms")).to_be_hidden()
    span = "node => node.colSpan === document.querySelectorAll('.cases thead th:not(.native, .native-ms)').length"
    assert page.eval_on_selector("tr.group th", span)
    page.keyboard.press("Space")
    expect(page.locator("#case-memory-grow td.native")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [NARROW, 1360])
def test_axe_finds_nothing_serious(opened: Open, width: int, scheme: str) -> None:
    page = opened("open=copy-overlap", width)
    page.evaluate("scheme => document.documentElement.dataset.theme = scheme", scheme)
    page.locator("details.columns summary").click()
    check_accessibility(page)


def test_an_opened_case_is_filled_when_its_result_comes(opened: Open) -> None:
    page = opened("open=copy-overlap")
    detail = page.locator("#case-copy-overlap + tr.detail")
    expect(detail.locator("td.native code").nth(2)).to_contain_text("[48, 49, 48")


@pytest.mark.parametrize("isolated", [True, False])
def test_the_page_works_with_a_strict_policy(
    browser: Browser, site_folder: Path, isolated: bool
) -> None:
    """No script, style or address but the page's own; with the headers that isolate, and without."""
    policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data:"
    headers = {**(HEADERS if isolated else {}), "Content-Security-Policy": policy}
    page = new_page(browser)
    complaints = listen(page)
    with serving(site_folder, headers=headers) as url:
        page.goto(f"{url}?{CASES}")
        expect(page.locator("body")).to_have_attribute("data-state", "passed")
        expect(page.locator("#stage")).to_have_text("Done: this browser alone")
        expect(page.locator("#case-js-promises-realm .native .result")).to_contain_text("promises")
    page.close()
    assert complaints == []
