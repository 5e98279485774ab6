"""The workbench: a module comes in in every way, and is shown before Pyodide is loaded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from pyjsapi import wat2wasm
from pyjsapi.binary.leb128 import unsigned
from web.browsers import new_page
from web.workbench.visits import (
    base64_of,
    check_accessibility,
    check_width,
    give,
    paste,
    rows,
    workbench,
)

MODULE = wat2wasm(
    """(module $both
      (import "host" "log" (func (param i32 f64)))
      (memory $first (export "first") 1 2) (memory $second 3)
      (func $answer (export "answer") (result i32) (i32.extend8_s (i32.const 42)))
      (data (memory $second) (i32.const 8) "text"))"""
)


def vector(section: int, items: list[bytes]) -> bytes:
    """A section of the binary format that is a vector."""
    body = unsigned(len(items)) + b"".join(items)
    return bytes([section]) + unsigned(len(body)) + body


def with_functions(count: int, nops: int) -> bytes:
    """A module of many functions, each of so many bytes."""
    body = b"\x00" + b"\x01" * nops + b"\x0b"
    code = unsigned(len(body)) + body
    sections = [
        vector(1, [b"\x60\x00\x00"]),
        vector(3, [b"\x00"] * count),
        vector(7, [b"\x04last\x00" + unsigned(count - 1)]),
        vector(10, [code] * count),
    ]
    return b"\0asm\1\0\0\0" + b"".join(sections)


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    with workbench(browser, site) as page:
        yield page


def test_a_file_is_shown_and_pyodide_is_not_loaded_for_it(page: Page) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    give(page, MODULE, "both.wasm")
    expect(page.locator("#status")).to_have_text(
        f"both.wasm: {len(MODULE)} bytes, 8 sections, 2 functions, 2 memories."
    )
    assert rows(page, "Imports") == ["host log func [i32 f64] -> []"]
    assert rows(page, "Exports") == ["memory first (memory 1 2)", "func answer [] -> [i32]"]
    assert rows(page, "Memories, tables, globals, tags") == [
        "memory 0 first 64 KiB, up to 128 KiB (memory 1 2)",
        "memory 1 second 192 KiB, may grow (memory 3)",
    ]
    assert rows(page, "Data segments")[0].endswith("memory 1, address 8")
    features = page.get_by_role("region", name="Table of features").locator("tbody tr")
    expect(features.locator("th")).to_have_text(["Sign extension", "Several memories"])
    expect(features.nth(1).locator("td").nth(4)).to_have_text("no")
    assert page.locator(".treemap g").count() == 8
    assert not [url for url in requests if "/pyodide/" in url]


def test_a_module_can_be_dropped(page: Page) -> None:
    transfer = page.evaluate_handle(
        """bytes => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], "dropped.wasm"));
          return transfer;
        }""",
        list(MODULE),
    )
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    expect(page.locator("#status")).to_contain_text("dropped.wasm:")
    assert rows(page, "Exports")[1] == "func answer [] -> [i32]"


def test_base64_and_text_can_be_pasted(page: Page) -> None:
    paste(page, base64_of(MODULE))
    expect(page.locator("#status")).to_contain_text("what was pasted:")
    paste(page, '(module (func (export "of text") (param i64)))')
    expect(page.locator("#status")).to_contain_text("1 function, 0 memories")
    assert rows(page, "Exports") == ["func of text [i64] -> []"]
    paste(page, "(module (func (i32.cnst 1)))")
    expect(page.locator("#problem")).to_contain_text("1:16: unknown operator i32.cnst")
    assert rows(page, "Exports") == ["func of text [i64] -> []"]


def test_an_address_of_this_server_can_be_opened_and_of_no_other(page: Page) -> None:
    page.locator(".more-ways summary").click()
    address = page.get_by_label("Address on this server")
    page.route("**/here/given.wasm", lambda route: route.fulfill(body=MODULE))
    address.fill("here/given.wasm")
    address.press("Enter")
    expect(page.locator("#status")).to_contain_text("given.wasm:")
    address.fill("http://example.org/given.wasm")
    address.press("Enter")
    expect(page.locator("#problem")).to_contain_text("of another origin")
    page.route("**/here/page", lambda route: route.fulfill(body="<!doctype html><p>(none)"))
    address.fill("here/page")
    address.press("Enter")
    expect(page.locator("#problem")).to_contain_text("a page of HTML")


def test_every_example_opens(page: Page) -> None:
    choice = page.get_by_label("an example")
    titles = choice.locator("option").all_inner_texts()[1:]
    assert len(titles) >= 6
    for title in titles:
        choice.select_option(label=title)
        expect(page.locator("#status")).to_contain_text(" memor")
        expect(page.locator("#problem")).to_have_text("")
        expect(page.get_by_text("Looking at the code")).to_have_count(0)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n", "begins with the bytes 00 61 73 6d, this file with 89 50 4e 47"),
        (b"PK\x03\x04rest", "a ZIP archive"),
        (b"\x7fELF\x02\x01", "a program for Linux"),
        (b"\0asm\x0d\0\1\0", "is a component, not a module"),
        (b"\0asm\2\0\0\0", "of version 2 of the binary format"),
        (b"\0asm\1", "is cut off"),
        (MODULE[:60], "is no whole module: the file is cut off"),
        (b"AGFzbQEAA", "begins as base64 of a module, but is cut off"),
        (b"hello", "is neither a module, nor the text of one, nor base64 of one"),
        (b"plain words", "is neither a module, nor the text of one, nor base64 of one"),
    ],
)
def test_what_is_no_module_gets_a_clear_sentence(page: Page, data: bytes, said: str) -> None:
    give(page, data, "strange.bin")
    expect(page.get_by_role("alert")).to_contain_text(said)


def test_names_with_markup_are_text(page: Page) -> None:
    name = "<img src=x onerror=alert(1)>"
    text = f'(module (import "<b>" "{name}" (func)) (export "{name}" (func 0)))'
    give(page, wat2wasm(text), f"{name}.wasm")
    assert rows(page, "Exports") == [f"func {name} [] -> []"]
    assert rows(page, "Imports") == [f"<b> {name} func [] -> []"]
    assert page.locator("main img, main b").count() == 0


def test_many_functions_are_a_list_of_few_elements(page: Page) -> None:
    give(page, with_functions(100_000, 100), "many.wasm")
    expect(page.locator("#status")).to_contain_text("100,000 functions")
    functions = page.get_by_role("listbox", name="Functions", exact=True)
    assert functions.get_by_role("option").count() < 60
    functions.focus()
    functions.press("End")
    expect(functions.locator("[aria-selected=true]")).to_contain_text("#99999")
    functions.press("ArrowUp")
    expect(functions.locator("[aria-selected=true]")).to_contain_text("#99998")
    assert functions.get_by_role("option").count() < 60
    page.get_by_label("Filter functions", exact=True).fill("last")
    expect(page.get_by_role("heading", name="Functions (1 of 100000)")).to_be_visible()
    page.get_by_label("Filter functions", exact=True).fill("no such name")
    expect(functions).to_have_attribute("data-empty", "true")


def test_the_view_is_accessible_and_fits_small_windows(page: Page) -> None:
    check_accessibility(page)
    give(page, MODULE)
    for theme in ("light", "dark"):
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        check_accessibility(page)
    for width in (360, 900, 3840):
        page.set_viewport_size({"width": width, "height": 800})
        check_width(page)


def test_the_views_lead_to_each_other(page: Page) -> None:
    there = page.get_by_role("link", name="Comparison").evaluate("link => link.href")
    # Beside the visit, whose console has to stay empty: what the other view still loads is broken off.
    browser = page.context.browser
    assert browser is not None
    other = new_page(browser)
    other.goto(there, wait_until="domcontentloaded")
    back = other.get_by_role("link", name="Workbench").evaluate("link => link.href")
    other.close()
    page.goto(back)
    page.wait_for_selector("body[data-ready]")
