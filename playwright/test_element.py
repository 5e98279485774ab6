"""The custom element <wasm-compare> in pages as documentation has them: under a strict policy, isolated and not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from playwright.sync_api import Browser, Page, expect

from pyjsapi.text import wat2wasm
from web.browsers import listen, new_page
from web.serve import HEADERS, serving
from web.workbench.visits import check_accessibility

Show: TypeAlias = Callable[..., Page]
POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data:"
MODULE = """(module
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "wide") (param i64 f64) (result i64 f64) (local.get 0) (f64.neg (local.get 1)))
  (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "forever") (loop (br 0))))"""
FILES: dict[str, Any] = {
    "m.wasm": wat2wasm(MODULE),
    "needs.wasm": wat2wasm('(module (import "env" "f" (func)) (func (export "g")))'),
    "text.wasm": b"(module)",
    "component.wasm": b"\0asm\x0d\0\1\0",
    "broken.wasm": b"\0asm\1\0\0\0\xff",
}
PAGE = """<!doctype html>
<html lang="en"><title>A page</title><link rel="icon" href="data:,"><main><h1>A page</h1>{}</main>"""


@pytest.fixture(scope="module")
def folder(site_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("element")
    for name in ("polyfill", "pyodide"):
        (made / name).symlink_to(site_folder / name)
    for name, data in FILES.items():
        (made / name).write_bytes(data)
    return made


@pytest.fixture
def show(request: pytest.FixtureRequest, browser: Browser, folder: Path) -> Iterator[Show]:
    """Shows elements with these attributes, and waits until each has an outcome."""
    isolated = getattr(request, "param", "plain") == "isolated"
    headers = {**(HEADERS if isolated else {}), "Content-Security-Policy": POLICY}
    with serving(folder, headers=headers) as url:
        page = new_page(browser)
        complaints = listen(page)

        def open_page(*attributes: str, colours: str = "light") -> Page:
            elements = "".join(f"<wasm-compare {each}></wasm-compare>" for each in attributes)
            script = '<script type="module" src="polyfill/element.mjs"></script>'
            (folder / "index.html").write_text(PAGE.format(elements) + script, "utf-8")
            page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
            page.goto(url)
            for k in range(len(attributes)):
                expect(page.locator("wasm-compare").nth(k)).to_have_attribute(
                    "outcome", re.compile(".")
                )
            return page

        yield open_page
        page.close()
    assert [text for text in complaints if "404" not in text] == []


@pytest.mark.parametrize("show", ["plain", "isolated"], indirect=True)
def test_both_engines_results_are_shown_and_compared(show: Show) -> None:
    page = show(
        'src="m.wasm" call="add(2147483647, 1)"',
        'src="m.wasm" call="wide(-5n, 0)"',
        'src="m.wasm" call="divide(1, 0)"',
    )
    results = [one.locator("dd").all_inner_texts() for one in page.locator("wasm-compare").all()]
    assert results[0] == ["-2147483648", "-2147483648"]
    assert results[1] == ["[-5n, -0]", "[-5n, -0]"]
    assert all(text.startswith("RuntimeError: ") for text in results[2])
    for element in page.locator("wasm-compare").all():
        expect(element).to_have_attribute("outcome", "equal")
        expect(element.get_by_role("status")).to_have_text("Equal")


def test_what_is_wrong_is_a_sentence(show: Show) -> None:
    said = {
        'call="f()"': "src is missing: the address of a module (.wasm)",
        'src="m.wasm" call="add"': 'call="add" is not a function\'s name and arguments: call="add(1, 2)"',
        'src="m.wasm" call="add(one, 2)"': 'one is no number, BigInt (5n), "text", null or undefined',
        'src="m.wasm" call="sub(1, 2)"': "the module exports no function sub; it exports add, wide, divide, forever",
        'src="gone.wasm" call="f()"': "/gone.wasm cannot be loaded: the server says 404",
        'src="text.wasm" call="f()"': "/text.wasm is no WebAssembly module: it does not begin with \\0asm",
        'src="component.wasm" call="f()"': "/component.wasm is a component, not a module",
        'src="needs.wasm" call="g()"': "the module imports env.f, and this element gives no imports",
    }
    page = show(*said)
    for k, sentence in enumerate(said.values()):
        element = page.locator("wasm-compare").nth(k)
        expect(element).to_have_attribute("outcome", "error")
        expect(element.get_by_role("status")).to_have_text(sentence)


def test_a_module_that_both_refuse_is_equal(show: Show) -> None:
    page = show('src="broken.wasm" call="f()"')
    expect(page.locator("wasm-compare")).to_have_attribute("outcome", "equal")
    assert all(text.startswith("CompileError: ") for text in page.locator("dd").all_inner_texts())


def test_a_call_without_end_is_ended_and_others_go_on(show: Show) -> None:
    page = show('src="m.wasm" call="forever()" timeout="3"', 'src="m.wasm" call="add(1, 2)"')
    first, second = page.locator("wasm-compare").all()
    assert first.locator("dd").all_inner_texts() == ["Timeout: no answer in 3 s"] * 2
    assert second.locator("dd").all_inner_texts() == ["3", "3"]


def test_it_is_used_by_keyboard_themed_and_accessible(show: Show) -> None:
    for colours in ("light", "dark"):
        page = show('src="m.wasm" call="add(1, 2)"', colours=colours)
        button = page.get_by_role("button", name="Run again")
        button.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Run again")).to_be_focused()
        expect(page.locator("wasm-compare")).to_have_attribute("outcome", "equal")
        expect(page.get_by_role("region", name="add(1, 2) on two engines")).to_be_visible()
    box = page.locator("wasm-compare")
    box.evaluate("node => node.style.setProperty('--wasm-compare-background', 'rgb(1, 2, 3)')")
    expect(page.locator("wasm-compare section")).to_have_css("background-color", "rgb(1, 2, 3)")


def test_another_call_is_run_when_the_attribute_changes(show: Show) -> None:
    page = show('src="m.wasm" call="add(1, 2)"')
    page.locator("wasm-compare").evaluate("node => node.setAttribute('call', 'add(2, 2)')")
    expect(page.locator("wasm-compare dd").nth(1)).to_have_text("4")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Browser, folder: Path, scheme: Any) -> None:
    page = new_page(browser, color_scheme=scheme)
    elements = '<wasm-compare src="m.wasm" call="add(1, 2)"></wasm-compare><wasm-compare src="m.wasm"></wasm-compare>'
    script = '<script type="module" src="polyfill/element.mjs"></script>'
    (folder / "axe.html").write_text(PAGE.format(elements) + script, "utf-8")
    with serving(folder) as url:
        page.goto(f"{url}axe.html")
        expect(page.locator("wasm-compare").first).to_have_attribute("outcome", "equal")
        check_accessibility(page)
    page.close()
