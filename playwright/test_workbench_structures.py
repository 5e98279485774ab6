"""Structures in the workbench's memories: described, opened, their pointers followed, by keyboard and mouse."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pyjsapi import wat2wasm
from web.workbench.visits import (
    check_accessibility,
    check_width,
    give,
    picture,
    run_here,
    workbench,
)

LIST = "struct node { u32 key; f32 x, y; char name[8]; ptr<node> next }"
NODES = r"""
  (data (i32.const 0x100) "\07\00\00\00\00\00\c0\3f\00\00\00\c0first\00\00\00\40\01\00\00")
  (data (i32.const 0x140) "\08\00\00\00\00\00\00\00\00\00\00\00second\00\00\00\00\00\00")"""
MODULE = wat2wasm(
    f"""(module (memory 1) {NODES}
      (func (export "rename") (i32.store8 (i32.const 0x10c) (i32.const 0x46))))"""
)
WIDE = wat2wasm(
    r"""(module (memory i64 1)
      (data (i64.const 0x10) "\00\01\00\00\00\00\00\00") (data (i64.const 0x100) "\20\00\00\00\00\00\00\00there")
      (data (i64.const 0x20) "\00\00\00\00\01\00\00\00"))"""
)


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    with workbench(browser, site) as page:
        yield page


def opened(page: Page, data: bytes) -> Locator:
    give(page, data)
    run_here(page)
    pane = page.get_by_role("region", name="A memory").first
    pane.get_by_text("Structures", exact=True).click()
    return pane


def show(pane: Locator, text: str, at: str) -> None:
    pane.get_by_label("Address").fill(at)
    pane.get_by_label("Address").press("Enter")
    pane.get_by_label("Describe them").fill(text)
    pane.get_by_role("button", name="show at the address").click()


def rows(pane: Locator) -> list[str]:
    texts: list[str] = pane.get_by_role("treeitem").evaluate_all(
        "rows => rows.map((row) => [...row.children].map((one) => one.textContent.trim()).join(' '))"
    )
    return texts


def test_a_structure_is_a_tree_and_its_pointers_are_followed(page: Page) -> None:
    pane = opened(page, MODULE)
    show(pane, LIST, "0x100")
    first = '00000100 ▾ 0x100 node {key: 7, x: 1.5, y: -2, name: "First", next: 0x140}'
    fields = [
        "00000100 key u32 7",
        "00000104 x f32 1.5",
        "00000108 y f32 -2",
        '0000010c ▸ name char[8] "First"',
        "00000114 ▸ next ptr<node> 0x140",
    ]
    assert rows(pane) == [first, *fields]
    expect(pane.get_by_role("treeitem").nth(4).locator(".changed")).to_have_text('"First"')
    tree = pane.get_by_role("tree")
    tree.focus()
    tree.press("End")
    expect(pane.locator(".hex:not(.structure) .found")).to_have_text(["40", "01", "00", "00"])
    tree.press("ArrowRight")  # opens what the pointer leads to
    assert rows(pane)[6].startswith("00000140 ▸ * node {key: 8,")
    tree.press("ArrowRight")
    tree.press("ArrowRight")
    assert rows(pane)[7] == "00000140 key u32 8"
    expect(tree.locator("[aria-level='4']")).to_have_count(5)
    check_accessibility(page)
    picture(page, "structures")
    for _ in range(3):  # closes it, goes to what it was opened in, and closes that
        tree.press("ArrowLeft")
    assert rows(pane) == [first, *fields]
    tree.press("Enter")  # follows it
    assert rows(pane)[0].startswith("00000140 ▾ 0x140 node {key: 8,")
    expect(pane.locator(".state").first).to_contain_text("At 0x140: u32 8")
    tree.press("Backspace")
    assert rows(pane)[0] == first
    pane.get_by_role("button", name="forward").click()
    assert rows(pane)[0].startswith("00000140")
    expect(pane.get_by_role("button", name="forward")).to_be_disabled()
    pane.get_by_role("button", name="back", exact=True).click()
    tree.get_by_text("0x140", exact=True).click()  # with the mouse
    assert rows(pane)[0].startswith("00000140")
    page.set_viewport_size({"width": 360, "height": 800})
    check_width(page)


def test_many_structures_are_there_and_only_rows_in_sight_are_elements(page: Page) -> None:
    pane = opened(page, MODULE)
    pane.get_by_label("How many").fill("2000")
    show(pane, "struct pair { u16 a, b }; struct both { pair one; pair two[3] }", "0")
    tree = pane.get_by_role("tree")
    tree.focus()
    tree.press("End")
    expect(tree.locator("[aria-selected=true]")).to_contain_text("[1999]")
    assert tree.get_by_role("treeitem").count() < 80
    pane.get_by_label("Structure", exact=True).select_option("pair")
    assert rows(pane)[0].startswith("00007cf0")  # where the last structure of before is
    expect(pane.get_by_text("pair[2000] at 0x7cf0: 8,000 bytes.")).to_be_visible()


def test_mistakes_in_a_description_are_marked_at_their_places(page: Page) -> None:
    pane = opened(page, MODULE)
    show(pane, "struct {\n  u32 a;\n  float b }", "0")
    text = pane.get_by_label("Describe them")
    expect(
        pane.get_by_text("Line 3, column 3: there is no type “float”: there are u8")
    ).to_be_visible()
    expect(text).to_have_attribute("aria-invalid", "true")
    expect(text).to_be_focused()
    assert (
        text.evaluate("area => area.value.slice(area.selectionStart, area.selectionStart + 5)")
        == "float"
    )
    check_accessibility(page)
    show(pane, "struct { u32 a; f32 b }", "0")
    expect(text).not_to_have_attribute("aria-invalid", "true")


def test_pointers_of_64_bits_are_followed_among_the_bytes(page: Page) -> None:
    pane = opened(page, WIDE)
    bytes_ = pane.get_by_role("listbox")
    bytes_.focus()
    bytes_.press("ArrowDown")
    bytes_.press("Enter")
    expect(pane.locator(".state").first).to_contain_text("From 0x10. At 0x100: u32 32")
    bytes_.press("Enter")
    expect(pane.locator(".state").first).to_contain_text(
        "From 0x100. At 0x20: u32 0, i64 4294967296"
    )
    bytes_.press("Enter")
    expect(pane.locator(".state").first).to_have_text(
        "What is at 0x20 points to 0x100000000, behind the memory's end."
    )
    bytes_.press("Backspace")
    expect(pane.get_by_label("Address")).to_have_value("0x100")
    pane.get_by_label("Shown as").select_option("ptr64")
    expect(pane.locator(".pointer")).to_have_text(["0x100", "0x20"])
    pane.locator(".pointer").first.click()
    expect(pane.get_by_label("Address")).to_have_value("0x100")
    bytes_.press("ArrowRight")
    expect(pane.get_by_label("Address")).to_have_value("0x108")
    expect(pane.locator(".cursor")).to_have_text("0x6572656874")
    show(pane, "struct { ptr to }", "0x10")
    assert rows(pane) == ["00000010 ▾ 0x10 struct {to: 0x100}", "00000010 to ptr 0x100"]
