"""The workbench's memories after a run, and links that repeat what is there; on the browser's own engine, for speed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pyjsapi import wat2wasm
from web.build import build
from web.serve import serving
from web.workbench.visits import (
    check_accessibility,
    check_width,
    give,
    picture,
    run_here,
    workbench,
)

MODULE = wat2wasm(
    """(module
      (memory $text (export "text") 2) (memory $hidden 600)
      (data (memory $text) (i32.const 0x100) "a pointer: ") (data (memory $text) (i32.const 0x110) "\\20\\01\\00\\00")
      (data (memory $text) (i32.const 0x120) "it leads here")
      (data (memory $text) (i32.const 0xfffe) "over the page")
      (func (export "write") (param $at i32) (param $value i32)
        (i32.store $hidden (local.get $at) (local.get $value))
        (i32.store8 $hidden (i32.const 0x2000000) (i32.const 0xff))))"""
)


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    with workbench(browser, site) as page:
        yield page


@pytest.fixture
def pane(page: Page) -> Locator:
    """The memory that a call has written to."""
    give(page, MODULE, "memories.wasm")
    page.get_by_role("tab", name="Run").click()
    page.locator("#panel-run .calls input").nth(0).fill("0x20")
    page.locator("#panel-run .calls input").nth(1).fill("0x01020304")
    run_here(page)
    return page.get_by_role("region", name="A memory").first


def row(pane: Locator, start: str) -> Locator:
    return pane.get_by_role("option").filter(has_text=start)


def test_what_the_last_call_wrote_is_marked(page: Page, pane: Locator) -> None:
    expect(pane.get_by_label("Memory", exact=True)).to_contain_text("memory 1 hidden (37.5 MiB)")
    expect(pane.locator(".state")).to_contain_text("changed 5 bytes")
    expect(row(pane, "00000020").locator(".changed")).to_have_text(["04", "03", "02", "01"])
    pane.get_by_role("button", name="next change").click()
    expect(row(pane, "02000000").locator(".changed")).to_have_text("ff")
    told = "The whole memory, a dot for 1200 bytes: 2 of 600 pages hold something, 2 ranges were changed"
    expect(pane.locator("canvas")).to_have_attribute("aria-label", told)
    colours = pane.locator("canvas").evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(0, 0, 2, 1).data]"
    )
    assert colours[:4] == [255, 140, 30, 255]
    assert colours[4:] != colours[:4]


def test_what_the_last_call_read_is_marked_too(page: Page) -> None:
    give(
        page,
        wat2wasm(
            """(module (memory 1) (memory 1)
              (func (export "sum") (result i32)
                (i32.store 1 (i32.const 0x20) (i32.const 9))
                (i32.add (i32.load 1 (i32.const 0x10)) (i32.load16_u 1 offset=3 (i32.const 0x1f)))))"""
        ),
    )
    run_here(page)
    page.get_by_label("mark what the last call reads").check()
    pane = page.get_by_role("region", name="A memory").first
    expect(pane.locator(".state").first).to_have_text(
        "The last call changed 1 byte and read 6 bytes, marked below."
    )
    expect(row(pane, "00000010").locator(".read")).to_have_count(4)
    expect(row(pane, "00000020").locator(".changed")).to_have_text("09")
    expect(row(pane, "00000020").locator(".read")).to_have_count(2)
    pane.get_by_label("Memory", exact=True).select_option(index=0)
    expect(pane.locator(".state").first).to_contain_text("changed nothing and read nothing")
    check_accessibility(page)


def test_the_last_rows_of_a_large_memory_are_reached(page: Page, pane: Locator) -> None:
    rows = pane.get_by_role("listbox")
    rows.focus()
    rows.press("End")
    expect(rows.locator("[aria-selected=true]")).to_contain_text("0257fff0")
    rows.press("ArrowUp")
    expect(rows.locator("[aria-selected=true]")).to_contain_text("0257ffe0")
    expect(rows.locator("[aria-selected=true]")).to_be_in_viewport()
    rows.press("Home")
    expect(rows.locator("[aria-selected=true]")).to_contain_text("00000000")
    assert rows.get_by_role("option").count() < 80


def test_bytes_are_found_followed_and_read_in_every_form(page: Page, pane: Locator) -> None:
    pane.get_by_label("Memory", exact=True).select_option(index=0)
    look = pane.get_by_label("Look for")
    look.fill('"over the page"')
    look.press("Enter")
    expect(pane.locator(".state")).to_have_text("Found at 0xfffe.")
    expect(pane.locator(".found")).to_have_count(13)
    look.fill("no such text")
    look.press("Enter")
    expect(pane.locator(".state")).to_have_text("Not found.")
    address = pane.get_by_label("Address")
    address.fill("0x110")
    address.press("Enter")
    expect(pane.locator(".state")).to_contain_text("At 0x110: u32 288, i64 288")
    pane.get_by_role("button", name="follow the pointer here").click()
    expect(pane.locator(".state")).to_contain_text("From 0x110. At 0x120:")
    expect(row(pane, "00000120")).to_contain_text("it leads here")
    for typed, said in (("word", "An address is a number"), ("0x20000", "ends at 0x20000")):
        address.fill(typed)
        address.press("Enter")
        expect(pane.locator(".state")).to_contain_text(said)
    pane.get_by_label("Shown as").select_option("u32")
    expect(row(pane, "00000110").locator(".cell").first).to_have_text("288")


GROWING = wat2wasm(
    """(module (memory 1) (data (i32.const 0) "text")
      (func (export "write") (param $at i32) (i32.store (local.get $at) (i32.const 0x01020304)))
      (func (export "grow") (param $pages i32) (result i32) (memory.grow (local.get $pages))))"""
)


def test_growth_and_when_words_changed_are_shown(page: Page) -> None:
    give(page, GROWING)
    page.get_by_role("tab", name="Run").click()
    for k, (name, value) in enumerate(
        (("write", "8"), ("grow", "2"), ("grow", "0"), ("write", "0x20000"))
    ):
        if k:
            page.get_by_role("button", name="Add a call").click()
        page.locator("#panel-run .calls select").nth(k).select_option(label=name)
        page.locator("#panel-run .calls input").nth(k).fill(value)
    run_here(page)
    pane = page.get_by_role("region", name="A memory").first
    expect(pane.locator(".growth")).to_have_text(
        "It had 1 page at first; call 2 (grow) grew it from 1 page to 3 pages: the buffer of before is detached; "
        "call 3 (grow) detached its buffer, and left its size."
    )
    pane.get_by_label("Coloured by").select_option("when it changed")
    legend = pane.get_by_role("list", name="Colours")
    expect(legend.get_by_role("listitem")).to_have_text(
        [
            "zero, and never changed",
            "there from the start",
            "call 1 (write)",
            "call 2 (grow)",
            "call 3 (grow)",
            "call 4 (write)",
            "some call that was not looked at alone",
        ]
    )
    swatches = legend.locator(".swatch").evaluate_all(
        "all => all.map((one) => getComputedStyle(one).backgroundColor)"
    )
    pane.get_by_label("Scale").select_option("a dot a word")
    data = pane.locator("canvas").evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(0, 0, 3, 1).data]"
    )
    dots = [data[k : k + 3] for k in (0, 4, 8)]
    assert [f"rgb({', '.join(map(str, dot))})" for dot in dots] == [
        swatches[1],
        swatches[0],
        swatches[2],
    ]
    picture_ = pane.get_by_role("slider")
    picture_.focus()
    picture_.press("Home")
    picture_.press("ArrowRight")
    picture_.press("ArrowRight")
    expect(picture_).to_have_attribute(
        "aria-valuetext", "0x8: 04 03 02 01, changed by call 1 (write)"
    )
    picture_.press("PageDown")
    expect(picture_).to_have_attribute("aria-valuetext", "0x20008: 00 00 00 00")
    expect(pane.locator(".part")).to_have_text("0x20000 to 0x30000")
    picture_.press("ArrowLeft")
    picture_.press("ArrowLeft")
    expect(picture_).to_have_attribute(
        "aria-valuetext", "0x20000: 04 03 02 01, changed by call 4 (write)"
    )
    picture_.press("Enter")
    expect(pane.get_by_label("Address")).to_have_value("0x20000")
    check_accessibility(page)
    picture(page, "memory")


def test_memories_stand_side_by_side(page: Page, pane: Locator) -> None:
    page.get_by_role("button", name="One more beside").click()
    panes = page.get_by_role("region", name="A memory")
    expect(panes).to_have_count(2)
    expect(panes.nth(1).get_by_label("Memory", exact=True)).to_have_value("0")
    check_accessibility(page)
    for width, beside in ((360, False), (3840, True)):
        page.set_viewport_size({"width": width, "height": 900})
        check_width(page)
        first, second = (panes.nth(k).bounding_box() for k in (0, 1))
        assert first is not None and second is not None
        assert (first["y"] == second["y"]) is beside
        assert (first["x"] == second["x"]) is not beside
    for _ in range(2):
        page.get_by_role("button", name="One more beside").click()
    boxes = [panes.nth(k).bounding_box() for k in range(4)]
    assert len({box["y"] for box in boxes if box}) == 1  # four in a row
    for k in (3, 2):
        panes.nth(k).get_by_role("button", name="close").click()
    panes.nth(1).get_by_role("button", name="close").click()
    expect(panes).to_have_count(1)


def test_without_a_run_it_says_what_to_do(page: Page) -> None:
    give(page, MODULE)
    page.get_by_role("tab", name="Memory").click()
    expect(page.locator("#panel-memory .state")).to_contain_text("Run the module")
    give(page, wat2wasm("(module)"))
    expect(page.locator("#panel-memory .state")).to_have_text("The module has no memory.")


def test_a_link_repeats_module_and_calls(page: Page, pane: Locator, site: str) -> None:
    page.get_by_role("tab", name="Share").click()
    page.get_by_role("button", name="Make a link").click()
    expect(page.locator("#panel-share .state")).to_contain_text("characters")
    link = page.get_by_label("Link", exact=True).input_value()
    assert link == page.url
    assert link.startswith(f"{site}workbench.html#m1=")
    check_accessibility(page)
    page.goto("about:blank")
    page.goto(link)
    expect(page.locator("#status")).to_contain_text("memories.wasm, from a link.")
    values = page.locator("#panel-run .calls input").evaluate_all(
        "inputs => inputs.map((one) => one.value)"
    )
    assert values == ["0x20", "0x01020304"]
    expect(page.locator("#panel-run .verdict")).to_have_text("")  # nothing runs without a click
    page.goto("about:blank")
    page.goto(link[:-40])
    expect(page.get_by_role("alert")).to_contain_text("The link was cut off or changed")


def test_a_report_has_module_calls_results_and_versions(page: Page, pane: Locator) -> None:
    page.get_by_role("tab", name="Share").click()
    page.get_by_role("button", name="Write a report").click()
    expect(page.locator("#panel-share .state")).to_have_text("The report is below.")
    report = page.get_by_label("Report of the last run").input_value()
    for text in (
        "Module: memories.wasm",
        "pyjsapi 0.1.0",
        "1. write(32, 16909060)",
        "This browser: nothing",
        "Module in base64:\nAGFzbQEAAAA",
    ):
        assert text in report
    give(page, wat2wasm("(module)"), "other.wasm")
    page.get_by_role("button", name="Write a report").click()
    expect(page.locator("#panel-share .state")).to_contain_text("is another than the one that was")


def test_any_server_will_do(browser: Browser, tmp_path: Path) -> None:
    build(tmp_path)
    with serving(tmp_path, headers={}) as url, workbench(browser, url) as page:
        page.get_by_label("an example").select_option(label="Several memories: text and counts")
        run_here(page)
        expect(page.get_by_role("region", name="A memory")).to_have_count(1)
