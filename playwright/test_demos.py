"""The section "Memory sharing" of the page: demonstrations that run in it, what they say, and their pictures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from web.browsers import new_page
from web.build import demonstrations


@pytest.fixture(scope="module")
def page(browser: Browser, site: str) -> Iterator[Page]:
    """The page with one case on the browser's own engine, so that little else runs."""
    page = new_page(browser)
    page.goto(f"{site}?only=two-names-one-memory&engine=native")
    yield page
    page.close()


def test_every_demonstration_that_needs_nothing_else_is_listed(page: Page) -> None:
    names = page.locator(".demo .id").all_inner_texts()
    assert names == [demo["name"] for demo in demonstrations()]
    assert {"canvas", "opt1_mmap", "opt4_shared_heap", "req_abcd", "web_workers"} <= set(names)


def test_one_is_run_and_shows_its_picture(page: Page) -> None:
    page.locator("#demo-req_abcd .title").click()
    expect(page.locator("#demo-req_abcd .outcome")).to_have_text("passed")
    stage = page.locator("#demo-stage")
    assert "RQ-A" in (stage.locator(".lines .check").first.text_content() or "")
    colours = stage.locator(".picture .shared").evaluate_all(
        "groups => groups.map((group) => [group.textContent, group.style.getPropertyValue('--hue')])"
    )
    red, blue = (
        {hue for text, hue in colours if text.startswith(f"={what}=")} for what in ("red", "blue")
    )
    assert len(colours) == 4 and len(red) == len(blue) == 1 and red != blue


def test_what_a_module_drew_is_painted(page: Page) -> None:
    page.locator("#demo-canvas .title").click()
    expect(page.locator("#demo-canvas .outcome")).to_have_text("passed")
    middle = page.locator("#demo-stage canvas").evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(64, 64, 1, 1).data]"
    )
    assert middle == [128, 128, 255, 255]
    page.locator("#demo-req_abcd .title").click()
    expect(page.locator("#demo-stage h3")).to_contain_text("four requirements")
    expect(page.locator("#demo-stage canvas")).to_have_count(0)


def test_all_of_them_pass(page: Page) -> None:
    page.get_by_role("button", name="Run all").click()
    expect(page.get_by_role("button", name="Run all")).to_be_disabled()
    names = [demo["name"] for demo in demonstrations()]
    for name in names:
        # Each has its time; what came of it is looked at when it is known.
        page.wait_for_function("name => window.demos[name] !== undefined", arg=name)
    expect(page.get_by_role("button", name="Run all")).to_be_enabled()
    assert page.evaluate("window.demos") == dict.fromkeys(names, 0)
