"""The workbench's text and code: edited, assembled, printed, disassembled, compiled, in one visit for each browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from pyjsapi import wat2wasm
from web.workbench.visits import check_accessibility, check_width, give, rows, workbench

TEXT = """(module
  (import "a" "b" (func $far))
  (type $t (func (param i32)))
  (table 1 funcref)
  (func $near (param i32) (result i32)
    (call $far)
    (call_indirect (type $t) (i32.const 3) (i32.const 0))
    (i32.mul (local.get 0) (i32.const 2)))
  (func (export "f") (drop (call $near (i32.const 1)))))
"""


@pytest.fixture(scope="module")
def page(browser: Browser, site: str) -> Iterator[Page]:
    """A visit that all tests share: Pyodide is loaded once."""
    with workbench(browser, site) as page:
        yield page


@pytest.fixture
def editor(page: Page) -> Page:
    """The new module in the editor."""
    page.get_by_role("button", name="Write a new one").click()
    expect(page.locator(".cm-content")).to_contain_text('(export "add")')
    expect(page.locator("#panel-text .state")).to_contain_text("Assembled, and valid")
    return page


def test_what_is_typed_is_assembled(editor: Page) -> None:
    editor.locator(".cm-content").press("Control+End")
    editor.keyboard.press("ArrowUp")
    editor.keyboard.insert_text("(wrong)\n")
    state = editor.locator("#panel-text .state")
    expect(state).to_contain_text("Line 4, column 2")
    expect(editor.locator(".cm-lintRange-error")).to_have_text("wrong")
    editor.keyboard.press("Control+z")
    expect(state).to_contain_text("Assembled, and valid")
    expect(editor.locator(".cm-lintRange-error")).to_have_count(0)


def test_a_mistake_of_types_is_at_its_place(editor: Page) -> None:
    editor.locator(".cm-content").press("Control+Home")
    editor.keyboard.press("ArrowDown")
    editor.keyboard.insert_text("(func (result i32) (i64.const 1))\n")
    expect(editor.locator("#panel-text .state")).to_contain_text("Line 2, column")
    expect(editor.locator("#panel-text .state")).to_contain_text("type mismatch")
    editor.get_by_role("tab", name="Module").click()
    assert rows(editor, "Functions")[0] == "#0 #0 [] -> [i32]"


def test_instructions_are_completed(editor: Page) -> None:
    editor.locator(".cm-content").press("Control+Home")
    editor.keyboard.press("ArrowDown")
    editor.keyboard.type("(func (drop (i64x2.ext")
    options = editor.locator(".cm-tooltip-autocomplete li")
    expect(options.first).to_contain_text("i64x2.ext")
    assert options.count() >= 4
    editor.keyboard.press("Escape")


def test_the_cursor_has_a_place_in_the_binary(editor: Page) -> None:
    editor.locator(".cm-content").press("Control+Home")
    for _ in range(3):
        editor.keyboard.press("ArrowDown")
    editor.keyboard.press("End")
    expect(editor.locator(".cursor")).to_contain_text("in the binary at 0x")


def test_forms_can_be_folded(editor: Page) -> None:
    editor.locator(".cm-foldGutter [title='Fold line']").first.click()
    expect(editor.locator(".cm-foldPlaceholder")).to_be_visible()
    expect(editor.locator(".cm-content")).not_to_contain_text("memory")


def test_a_binary_is_printed_and_formatted(page: Page) -> None:
    give(page, wat2wasm(TEXT), "printed.wasm")
    page.get_by_role("tab", name="Text").click()
    expect(page.locator(".cm-content")).to_contain_text("(func $near")
    page.get_by_role("button", name="Format").click()
    expect(page.locator("#panel-text .state")).to_contain_text("Printed from the binary")
    check_accessibility(page)
    page.set_viewport_size({"width": 360, "height": 800})
    check_width(page)
    page.set_viewport_size({"width": 1280, "height": 800})


def test_it_is_saved_in_every_form(page: Page) -> None:
    if page.context.browser is None or page.context.browser.browser_type.name != "chromium":
        pytest.skip("Playwright sees no downloads of a system's Firefox")
    give(page, wat2wasm(TEXT), "saved one.wasm")
    page.get_by_role("tab", name="Text").click()
    expect(page.locator(".cm-content")).to_contain_text("(func $near")
    for button, name, start in (
        ("Save .wat", "saved-one.wat", b"(module"),
        ("Save .wasm", "saved-one.wasm", b"\0asm"),
        ("Save lowered .wasm", "saved-one.lowered.wasm", b"\0asm"),
    ):
        with page.expect_download() as download:
            page.get_by_role("button", name=button).click()
        assert download.value.suggested_filename == name
        assert download.value.path().read_bytes().startswith(start)


def test_instructions_lead_to_functions_and_types(page: Page) -> None:
    give(page, wat2wasm(TEXT), "linked.wasm")
    page.get_by_role("tab", name="Code").click()
    expect(page.get_by_role("heading", name="Function 1: near")).to_be_visible()
    expect(page.get_by_role("region", name="Python source")).to_contain_text("def f1(l0):")
    page.get_by_role("listbox", name="Functions with code").get_by_text("#2").click()
    expect(page.get_by_role("heading", name="Function 2: f")).to_be_visible()
    page.get_by_role("button", name="call $near").click()
    expect(page.get_by_role("heading", name="Function 1: near")).to_be_focused()
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_role("heading", name="Function 2: f")).to_be_visible()
    page.get_by_role("button", name="Back").click()
    check_accessibility(page)
    page.get_by_role("button", name="call_indirect").click()
    types = page.get_by_role("listbox", name="Types")
    expect(types).to_be_focused()
    expect(types.locator("[aria-selected=true]")).to_contain_text("[i32] -> []")
    page.get_by_role("button", name="ask pyjsapi and this browser").click()
    expect(page.locator(".facts")).to_contain_text("pyjsapi: yes; this browser: yes")


def test_tabs_are_walked_with_arrows(editor: Page) -> None:
    editor.get_by_role("tab", name="Module").click()
    editor.keyboard.press("ArrowRight")
    expect(editor.get_by_role("tab", name="Text")).to_be_focused()
    expect(editor.get_by_role("tabpanel", name="Text")).to_be_visible()
    editor.keyboard.press("Home")
    expect(editor.get_by_role("tab", name="Module")).to_be_focused()
