"""The workbench runs a script against the instance, on every engine that speaks its language; links bring it along."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pyjsapi import wat2wasm
from web.workbench.visits import check_accessibility, check_width, give, workbench

MODULE = wat2wasm(
    """(module
      (import "host" "log" (func $log (param i32)))
      (memory (export "memory") 1)
      (func (export "store") (param i32 i32) (result i32)
        (call $log (local.get 1))
        (i32.store (local.get 0) (local.get 1)) (i32.load8_u (local.get 0)))
      (func (export "trap") unreachable))"""
)


@pytest.fixture(scope="module")
def page(browser: Browser, site: str) -> Iterator[Page]:
    """A visit that all tests share: each engine's Pyodide is loaded once."""
    with workbench(browser, site) as page:
        yield page


def editor(page: Page, language: str) -> Locator:
    return page.get_by_role("textbox", name=f"Script in {language}")


def write(page: Page, language: str, text: str) -> None:
    page.get_by_role("tab", name="Run").click()
    # A text of an earlier test may be there still: the modules import the same names.
    page.get_by_label("stubs of their types").check()
    page.get_by_label("a script", exact=True).check()
    page.get_by_label("Language of the script").select_option(label=language)
    field = editor(page, language)
    field.click()
    field.press("ControlOrMeta+a")
    field.press("Delete")
    # Not typed: the editor closes brackets and indents.
    page.keyboard.insert_text(text)


def run(page: Page) -> str:
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#panel-run .verdict")).not_to_have_text("Running …")
    return page.locator("#panel-run .verdict").inner_text()


def cell(page: Page, engine: str) -> Locator:
    return page.locator(".outcomes tbody tr").nth(1).locator(f"[data-engine={engine}]")


SCRIPT = """for (const n of [1, 2]) print("stored", exports.store(8 * n, 7 * n));
console.log(new Uint8Array(memory.buffer, 8, 2), await 5n);
return memories.length;"""


def test_a_script_in_javascript_runs_on_every_engine_of_javascript(page: Page) -> None:
    give(page, MODULE, "1.wasm")
    write(page, "JavaScript", SCRIPT)
    assert "The same on 3 engines" in run(page)
    for name in ("native", "face", "lowered"):
        assert cell(page, name).locator("code").inner_text() == "1"
        assert cell(page, name).locator(".log li").all_inner_texts() == [
            "host.log(7)", "print: stored 7", "host.log(14)", "print: stored 14",
            "print: Uint8Array [7, 0] 5n",
        ]  # fmt: skip
    check_accessibility(page)
    page.set_viewport_size({"width": 360, "height": 800})
    check_width(page)
    page.set_viewport_size({"width": 1280, "height": 800})


def test_where_a_script_fails_is_marked(page: Page) -> None:
    give(page, MODULE, "2.wasm")
    write(page, "JavaScript", "print(1);\nexports.trap();")
    assert "The same on 3 engines" in run(page)
    assert "line 2: " in cell(page, "native").inner_text()
    assert "at trap, function 2" in cell(page, "native").inner_text()
    expect(page.locator("#panel-run .cm-lint-marker-error")).to_have_count(1)
    write(page, "JavaScript", "print(1;")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#panel-run .verdict")).to_contain_text("the script: SyntaxError")
    expect(editor(page, "JavaScript")).to_be_focused()


def test_a_difference_between_engines_is_marked(page: Page) -> None:
    give(page, MODULE, "3.wasm")
    write(page, "JavaScript", "print(WebAssembly === globalThis.WebAssembly);")
    said = run(page)
    assert "line 1 of the log is print: " in said
    assert "in place of print: true" in said


def test_a_script_in_python_runs_on_every_engine_of_python(page: Page) -> None:
    give(page, MODULE, "4.wasm")
    text = 'for n in [1, 2]: print("stored", exports.store(8 * n, 7 * n))\n\nlen(memories)'
    write(page, "Python", text)
    further = ("Lowered, pyjsapi, Python face", "This browser, Python face")
    for title in further:
        page.get_by_label(title).check()
    assert "takes scripts in JavaScript" in page.locator(".box:has([name=native])").inner_text()
    assert "The same on 3 engines" in run(page)
    assert cell(page, "python").locator("code").inner_text() == "1"
    assert cell(page, "python").locator(".log li").all_inner_texts()[1] == "print: stored 7"
    assert cell(page, "host").locator("code").inner_text() == "1"
    for title in further:
        page.get_by_label(title).uncheck()


def test_a_script_without_end_is_stopped(page: Page) -> None:
    give(page, MODULE, "5.wasm")
    write(page, "JavaScript", "for (;;);")
    page.locator("input[name=face]").uncheck()
    page.locator("input[name=lowered]").uncheck()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(cell(page, "native")).to_have_text("running …")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#panel-run .verdict")).to_have_text("This browser: stopped.")
    page.locator("input[name=face]").check()
    page.locator("input[name=lowered]").check()


def test_a_link_brings_a_script_and_imports_which_are_read_before_they_run(
    page: Page, browser: Browser, site: str
) -> None:
    give(page, MODULE, "6.wasm")
    write(page, "JavaScript", "return exports.store(0, 5);")
    page.get_by_label("written by hand").check()
    page.get_by_label("Imports of “host”, in JavaScript").fill("{ log(n) { print('<b>', n); } }")
    page.get_by_role("tab", name="Share").click()
    page.get_by_role("button", name="Make a link").click()
    expect(page.get_by_label("Link", exact=True)).not_to_have_value("")
    link = page.get_by_label("Link", exact=True).input_value()
    with workbench(browser, site) as other:
        give(other, MODULE)
        other.get_by_role("tab", name="Run").click()
        other.get_by_label("a script", exact=True).check()
        expect(editor(other, "JavaScript")).to_contain_text('print(exports["store"](0, 0));')
        other.goto("about:blank")
        other.goto(link)
        expect(editor(other, "JavaScript")).to_have_text("return exports.store(0, 5);")
        for name in ("face", "lowered"):
            other.locator(f"input[name={name}]").uncheck()
        other.get_by_role("button", name="Run", exact=True).click()
        expect(other.locator("#panel-run .verdict")).to_contain_text(
            "Read what the link brought first"
        )
        expect(other.get_by_label("This came with a link.")).to_be_focused()
        # Another module does not make the script another one.
        give(other, MODULE, "another.wasm")
        expect(other.get_by_label("This came with a link.")).to_be_visible()
        check_accessibility(other)
        other.get_by_label("This came with a link.").check()
        assert run(other) == "Done."
        log = cell(other, "native").locator(".log li")
        assert log.all_inner_texts() == ["host.log(5)", "print: <b> 5"]
        assert other.locator("main b").count() == 0
