"""Shared memories in the workbench while workers run: bytes as they change, who waits where, and what ends it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pyjsapi import wat2wasm
from web.build import build
from web.serve import serving
from web.workbench.visits import check_accessibility, check_width, give, picture, workbench

MODULE = wat2wasm(
    """(module
      (memory $own 1)
      (memory $shared (export "shared") 1 4 shared)
      (data (memory $shared) (i32.const 0) "workers")
      (func (export "wait") (result i32)
        (i32.store $own (i32.const 0) (i32.const 1))
        (memory.atomic.wait32 $shared offset=32 (i32.const 8) (i32.const 0) (i64.const -1)))
      (func (export "wake") (result i32) (memory.atomic.notify $shared (i32.const 40) (i32.const 2)))
      (func (export "count") (param $to i32) (result i32)
        (loop $again
          (drop (i32.atomic.rmw.add $shared (i32.const 64) (i32.const 1)))
          (br_if $again (local.tee $to (i32.sub (local.get $to) (i32.const 1)))))
        (i32.atomic.load $shared (i32.const 64)))
      (func (export "grow") (result i32) (memory.grow $shared (i32.const 1)))
      (func (export "for ever") (loop (br 0)))
      (func (export "trap") (memory.atomic.wait32 $shared (i32.const 1) (i32.const 0) (i64.const 0)) drop))"""
)


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    with workbench(browser, site) as page:
        yield page


def workers(page: Page) -> Locator:
    """The form of the workers, with the module."""
    give(page, MODULE)
    page.get_by_role("tab", name="Memory").click()
    page.get_by_text("Workers with the shared memories").click()
    return page.locator(".threads")


def call(form: Locator, *names: str) -> None:
    """Choose the calls."""
    for k, name in enumerate(names):
        if k:
            form.get_by_role("button", name="Add a call").click()
        form.get_by_label("Export").nth(k).select_option(label=name)


def start(form: Locator, many: int) -> None:
    form.get_by_label("workers for each call").fill(str(many))
    form.get_by_role("button", name="Start the workers").click()


def states(form: Locator) -> Locator:
    return form.locator("tbody td:nth-child(2)")


def test_who_waits_is_shown_with_the_address_and_stopped(page: Page) -> None:
    form = workers(page)
    call(form, "wait")
    start(form, 3)
    expect(states(form)).to_have_text(["waits at 0x28 of memory 1"] * 3)
    expect(form.locator(".said")).to_have_text("3 workers: 0 run, 3 wait, 0 are done.")
    expect(form.locator("tbody td:nth-child(3)")).to_have_text(["1"] * 3)
    pane = page.get_by_role("region", name="A memory").first
    expect(pane.get_by_label("Memory", exact=True)).to_contain_text("memory 1 shared (64 KiB)")
    form.get_by_role("button", name="waits at 0x28").nth(1).click()
    expect(pane.get_by_label("Address")).to_have_value("0x28")
    expect(pane.locator(".waited")).to_have_count(4)
    expect(pane.get_by_role("listbox").get_by_role("option").first).to_contain_text("workers")
    check_accessibility(page)
    picture(page, "threads")
    form.get_by_role("button", name="Stop the workers").click()
    expect(states(form)).to_have_text(["Error: stopped"] * 3)
    expect(pane.locator(".waited")).to_have_count(0)
    page.set_viewport_size({"width": 360, "height": 800})
    check_width(page)


def test_workers_change_one_memory_and_it_is_shown_while_they_do(page: Page) -> None:
    form = workers(page)
    call(form, "for ever", "count", "trap")
    form.locator(".calls input").fill("1000")
    start(form, 2)
    expect(states(form).nth(0)).to_have_text("runs")
    for k in (2, 3):
        expect(states(form).nth(k)).to_contain_text("returned ")
    for k in (4, 5):
        expect(states(form).nth(k)).to_contain_text("RuntimeError: ")
    expect(form.locator(".said")).to_have_text("6 workers: 2 run, 0 wait, 4 are done.")
    pane = page.get_by_role("region", name="A memory").first
    pane.get_by_label("Shown as").select_option("u32")
    expect(
        pane.get_by_role("listbox").get_by_role("option").nth(4).locator(".cell").first
    ).to_have_text("2000")
    form.get_by_role("button", name="Stop the workers").click()
    expect(form.get_by_role("button", name="Stop the workers")).to_be_disabled()


def test_a_memory_that_a_worker_grows_is_shown_with_its_new_size(page: Page) -> None:
    form = workers(page)
    call(form, "grow")
    start(form, 2)
    expect(form.locator(".said")).to_have_text("2 workers: 0 run, 0 wait, 2 are done.")
    pane = page.get_by_role("region", name="A memory").first
    expect(pane.locator(".growth")).to_have_text(
        "It had 1 page at first, and has 3 pages now: the buffers of before are still there."
    )
    rows = pane.get_by_role("listbox")
    rows.focus()
    rows.press("End")
    expect(rows.locator("[aria-selected=true]")).to_contain_text("0002fff0")


def test_who_was_woken_is_counted(page: Page) -> None:
    form = workers(page)
    call(form, "wait", "wake")
    start(form, 1)
    wake = form.locator("tbody tr").nth(1).locator("td")
    expect(wake.nth(0)).to_contain_text("returned ")
    expect(wake.nth(2)).to_have_text("1")
    woken = wake.nth(3).inner_text()
    assert wake.nth(0).inner_text() == f"returned {woken}"
    form.get_by_label("workers for each call").fill("65")
    form.get_by_role("button", name="Start the workers").click()
    expect(form.locator(".said")).to_have_text(
        "There can be 1 to 64 workers, as many for each call."
    )


def test_without_isolation_it_says_why_there_are_no_workers(
    browser: Browser, tmp_path: Path
) -> None:
    build(tmp_path)
    with serving(tmp_path, headers={}) as url, workbench(browser, url) as page:
        form = workers(page)
        expect(form.locator(".said")).to_contain_text("Cross-Origin-Opener-Policy")
        expect(form.get_by_role("button", name="Start the workers")).to_be_hidden()
