"""The workbench's debugger, as a person uses it: with keys, clicks and the form; one visit for each browser."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.binary.leb128 import unsigned
from web.workbench.visits import check_accessibility, check_width, give, paste, workbench

PICTURES = Path(__file__).resolve().parent.parent / "build" / "pictures"
TEXT = """(module
  (import "host" "log" (func $log (param i32))) (import "host" "table" (table 1 funcref))
  (memory (export "memory") 1) (memory $second 2)
  (global $calls (mut i32) (i32.const 0))
  (func $fact (export "fact") (param $n i32) (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.store $second (i32.const 16) (local.get $n))
    (if (result i32) (i32.eqz (local.get $n))
      (then (call $log (i32.const 7)) (i32.const 1))
      (else (i32.mul (local.get $n) (call $fact (i32.sub (local.get $n) (i32.const 1)))))))
  (func $divide (export "divide") (param $by i32) (result i32)
    (i32.div_u (i32.const 1) (local.get $by)))
  (func (export "for ever") (loop $again (br $again))))
"""


def with_source_map() -> bytes:
    """A module whose instructions are lines 2, 2 and 3 of a source program that is elsewhere."""
    data = wat2wasm(
        '(module (func (export "f") (param i32) (result i32) local.get 0 i32.const 1 i32.add))'
    )
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    def segment(*numbers: int) -> str:
        text = ""
        for number in numbers:
            value = number << 1
            while value > 31:
                text, value = text + digits[value & 31 | 32], value >> 5
            text += digits[value]
        return text

    code = WebAssembly.Module(data)._compiled.module.funcs[0].code
    first = code.offsets()[0]  # type: ignore[attr-defined]
    mappings = f"{segment(first, 0, 1, 0)},{segment(4, 0, 1, 0)}"
    given = json.dumps({"version": 3, "sources": ["src/prog.ts"], "mappings": mappings})
    url = f"data:application/json;base64,{base64.b64encode(given.encode()).decode()}".encode()
    body = b"\x10sourceMappingURL" + unsigned(len(url)) + url
    return data + b"\0" + unsigned(len(body)) + body


@pytest.fixture(scope="module")
def visit(browser: Browser, site: str) -> Iterator[Page]:
    """A visit that all tests share: Pyodide is loaded again only after it was stopped."""
    with workbench(browser, site) as page:
        paste(page, TEXT)
        expect(page.locator("#status")).to_contain_text("4 functions")
        yield page


@pytest.fixture
def page(visit: Page) -> Page:
    visit.get_by_role("tab", name="Debug").click()
    for remove in range(breakpoints(visit).count() - 1, 0, -1):
        breakpoints(visit).nth(remove).get_by_role("button").click()
    return visit


def breakpoints(page: Page) -> Locator:
    return page.locator(".breakpoints li")


def where(page: Page) -> Locator:
    return page.locator("#panel-debug .where")


def begin(page: Page, export: str, *arguments: str) -> None:
    """Ask for a call in the view of runs, and debug it."""
    page.get_by_role("tab", name="Run").click()
    page.locator(".calls select").select_option(label=export)
    for index, argument in enumerate(arguments):
        page.locator(".calls input").nth(index).fill(argument)
    page.get_by_role("tab", name="Debug").click()
    page.get_by_role("button", name="Debug", exact=False).first.click()
    expect(where(page)).to_contain_text("At the start:")


def add(page: Page, kind: str, **fields: str) -> None:
    page.get_by_label("Stop at").select_option(label=kind)
    for name, value in fields.items():
        page.locator(f"form[aria-label='Another breakpoint'] input[name={name}]").fill(value)
    page.get_by_role("button", name="Add", exact=True).click()


def value(page: Page, name: str) -> Locator:
    return page.locator(".values tr").filter(has_text=name).locator("code")


def test_keys_step_into_and_over_and_out_and_back(page: Page) -> None:
    begin(page, "fact", "3")
    code = page.get_by_role("listbox", name="Instructions")
    expect(code).to_be_focused()
    expect(page.locator("#panel-debug .stubs")).to_contain_text("Imports are stubs")
    expect(where(page)).to_contain_text("$fact+0 at 0x")
    expect(where(page)).to_contain_text("line 6: global.get $calls; 0 instructions executed.")
    expect(value(page, "$n")).to_have_text("3")
    expect(value(page, "$calls")).to_have_text("0")
    code.press("F11")
    code.press("s")
    expect(where(page)).to_contain_text("i32.add; 2 instructions executed.")
    expect(value(page, "s1")).to_have_text("1")
    for _ in range(12):
        code.press("F11")
    expect(where(page)).to_contain_text("call $fact; 14 instructions executed.")
    code.press("F11")
    calls = page.locator(".stack li")
    expect(calls).to_have_count(2)
    calls.nth(1).get_by_role("button").click()
    expect(value(page, "$n")).to_have_text("3")
    code.press("Shift+F11")
    expect(where(page)).to_contain_text("i32.mul")
    expect(value(page, "s1")).to_have_text("2")
    count = where(page).inner_text()
    code.press("z")
    expect(where(page)).not_to_have_text(count)
    code.press("F10")
    expect(where(page)).to_have_text(count)
    expect(page.locator("#panel-debug .log li")).to_have_text(["host.log(7)"])
    code.press("a")
    expect(where(page)).to_contain_text("At the start:")
    expect(page.locator("#panel-debug .log")).to_be_hidden()
    code.press("c")
    expect(where(page)).to_contain_text("Returned i32 6.")
    # Keys are taken one after another, also where the first makes the second possible.
    code.press("a")
    code.press("s")
    expect(where(page)).to_contain_text("; 1 instruction executed.")


def test_breakpoints_are_set_at_instructions_and_lines(page: Page) -> None:
    begin(page, "fact", "2")
    code = page.get_by_role("listbox", name="Instructions")
    code.get_by_role("option").filter(has_text="i32.mul").click()
    expect(breakpoints(page).nth(1)).to_contain_text("function 1, instruction 19 at 0x")
    code.press("F8")
    expect(where(page)).to_contain_text("$fact+19")
    expect(breakpoints(page).nth(1)).to_have_class("hit")
    code.press("Enter")
    expect(breakpoints(page)).to_have_count(1)
    source = page.get_by_role("listbox", name="Source")
    expect(source.locator(".here")).to_contain_text("(else (i32.mul")
    source.get_by_role("option").filter(has_text="i32.store $second").click()
    expect(breakpoints(page).nth(1)).to_contain_text("line 7")
    code.press("a")
    code.press("c")
    expect(where(page)).to_contain_text("line 7: i32.const 16")
    name = page.context.browser.browser_type.name if page.context.browser else ""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}-debugger.png", full_page=True)


def test_watches_imports_and_functions_stop_it(page: Page) -> None:
    begin(page, "fact", "1")
    code = page.get_by_role("listbox", name="Instructions")
    add(page, "bytes of a memory", memory="1", address="0x10")
    expect(breakpoints(page).nth(1)).to_contain_text("writes of 4 bytes at 0x10 of memory 1")
    code.press("F8")
    expect(where(page)).to_contain_text("write of 4 bytes at 0x10 of memory 1")
    window = page.locator(".window").nth(1)
    expect(window.locator(".state")).to_have_text("next writes 4 bytes at 0x10")
    expect(window.locator(".found")).to_have_text(["00"] * 4)
    code.press("F11")
    expect(window.locator(".changed")).to_have_text(["01"])
    breakpoints(page).nth(1).get_by_role("button").click()
    add(page, "an import", **{"import": "host.log"})
    code.press("F8")
    expect(where(page)).to_contain_text("before the call of host.log: $fact+")
    code.press("F8")
    expect(where(page)).to_contain_text("after the call of host.log")
    add(page, "a function", function="divide")
    expect(breakpoints(page).nth(2)).to_contain_text("function 2")
    add(page, "a function", function="no such")
    expect(page.locator("#panel-debug [role=alert]")).to_contain_text("no function 'no such'")
    expect(breakpoints(page)).to_have_count(3)


def test_a_breakpoint_holds_where_its_condition_does(page: Page) -> None:
    begin(page, "fact", "4")
    add(page, "a function", function="fact", condition="$n == 2")
    expect(breakpoints(page).nth(1)).to_contain_text("function 1 if $n == 2")
    page.get_by_role("listbox", name="Instructions").press("c")
    expect(where(page)).to_contain_text("Breakpoint 2: $fact+0")
    expect(value(page, "$n")).to_have_text("2")
    add(page, "a function", function="fact", condition="1 +")
    expect(page.locator("#panel-debug [role=alert]")).to_contain_text("is no expression")


def test_a_trap_stops_with_its_calls_and_shows_them_at_the_end(page: Page) -> None:
    begin(page, "divide", "0")
    code = page.get_by_role("listbox", name="Instructions")
    code.press("c")
    expect(where(page)).to_contain_text("Trap: integer divide by zero. $divide+2 at 0x")
    expect(value(page, "$by")).to_have_text("0")
    code.press("c")
    expect(where(page)).to_contain_text("Failed: integer divide by zero.")
    passed = page.locator(".stack li")
    expect(passed).to_have_count(1)
    passed.get_by_role("button").click()
    expect(page.get_by_role("heading", name="Function 2: divide")).to_be_visible()


def test_what_runs_is_paused_and_stopped_and_the_page_goes_on(page: Page) -> None:
    begin(page, "for ever")
    code = page.get_by_role("listbox", name="Instructions")
    code.press("F8")
    expect(page.locator("#panel-debug .progress")).to_contain_text("instructions executed …")
    page.get_by_role("button", name="Pause").click()
    expect(where(page)).to_contain_text("Paused: $")
    code.press("F8")
    expect(where(page)).to_have_text("Running …")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("button", name="Debug", exact=True)).to_be_focused()
    expect(page.locator(".stack li")).to_have_count(0)


def test_the_text_and_the_code_show_the_place_and_take_breakpoints(page: Page) -> None:
    page.get_by_role("tab", name="Text").click()
    expect(page.locator(".cm-content")).to_contain_text("(func $fact")
    page.locator(".cm-breakpoints .cm-gutterElement").nth(6).click()
    expect(page.locator(".cm-breakpoints .breaks")).to_have_count(1)
    page.locator(".cm-line").filter(has_text="(then (call $log").click()
    page.keyboard.press("F9")
    expect(page.locator(".cm-breakpoints .breaks")).to_have_count(2)
    page.keyboard.press("F9")
    expect(page.locator(".cm-breakpoints .breaks")).to_have_count(1)
    begin(page, "fact", "1")
    expect(breakpoints(page)).to_have_count(2)
    expect(breakpoints(page).nth(1)).to_contain_text("line 7")
    page.get_by_role("listbox", name="Instructions").press("c")
    expect(where(page)).to_contain_text("line 7: i32.const 16")
    page.get_by_role("tab", name="Text").click()
    expect(page.locator(".cm-here")).to_contain_text("i32.store $second")
    page.get_by_role("tab", name="Code").click()
    listing = page.get_by_role("region", name="Instructions")
    page.get_by_role("listbox", name="Functions with code").get_by_text("#1").click()
    expect(listing.locator("li.here")).to_contain_text("i32.const 16")
    mark = listing.get_by_role("button", name="Breakpoint at").nth(4)
    mark.focus()
    mark.press("ArrowDown")
    page.keyboard.press("Enter")
    mark = listing.get_by_role("button", name="Breakpoint at").nth(5)
    expect(mark).to_have_attribute("aria-pressed", "true")
    check_accessibility(page)
    page.get_by_role("tab", name="Debug").click()
    expect(breakpoints(page).nth(2)).to_contain_text("function 1, instruction 5")
    page.get_by_role("listbox", name="Instructions").press("F8")
    expect(where(page)).to_contain_text("Breakpoint 3: $fact+5")


def test_lines_of_source_programs_are_shown_once_the_file_is_there(page: Page) -> None:
    give(page, with_source_map(), "mapped.wasm")
    try:
        begin(page, "f", "5")
        expect(where(page)).to_contain_text("src/prog.ts:2: local.get 0")
        source = page.locator(".card").filter(has=page.locator("#debug-source"))
        expect(source.locator(".state")).to_contain_text("src/prog.ts is not here")
        source.locator("input[type=file]").set_input_files(
            {"name": "prog.ts", "mimeType": "text/plain", "buffer": b"one\ntwo\nthree\n"}
        )
        expect(source.locator(".here")).to_contain_text("two")
        source.get_by_role("option").filter(has_text="three").click()
        expect(breakpoints(page).nth(1)).to_contain_text("line 3 of src/prog.ts")
        page.get_by_role("listbox", name="Instructions").press("c")
        expect(where(page)).to_contain_text("src/prog.ts:3: i32.add; 2 instructions executed.")
        expect(source.locator(".here")).to_contain_text("three")
        breakpoints(page).nth(1).get_by_role("button").click()
    finally:
        paste(page, TEXT)
        expect(page.locator("#status")).to_contain_text("4 functions")


def test_it_is_accessible_and_fits_small_windows(page: Page) -> None:
    begin(page, "fact", "2")
    for theme in ("dark", "light"):
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        check_accessibility(page)
    for width in (360, 3840):
        page.set_viewport_size({"width": width, "height": 900})
        check_width(page)
    page.set_viewport_size({"width": 1280, "height": 800})
