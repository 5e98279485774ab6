"""The workbench in a browser, for its tests: opened, watched for errors, given modules."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, expect

from web.browsers import new_page

ROOT: Final = Path(__file__).resolve().parents[2]
PICTURES: Final = ROOT / "build" / "pictures"
AXE: Final = ROOT / "node_modules" / "axe-core" / "axe.min.js"


@contextmanager
def workbench(browser: Browser, site: str, **options: Any) -> Iterator[Page]:
    """The view, ready; at the end nothing may have been said in the console, nor thrown."""
    page = new_page(browser, **options)
    said: list[str] = []
    page.on(
        "console", lambda one: said.append(one.text) if one.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{site}workbench.html")
    page.wait_for_selector("body[data-ready]")
    try:
        yield page
        assert said == []
    finally:
        page.close()


def give(page: Page, data: bytes, name: str = "given.wasm") -> None:
    """Choose a file of these bytes, and wait until something is said of it."""
    before = page.locator("#status").inner_text() + page.locator("#problem").inner_text()
    page.set_input_files(
        "#file", {"name": name, "mimeType": "application/octet-stream", "buffer": data}
    )
    page.wait_for_function(
        "before => document.querySelector('#status').innerText"
        " + document.querySelector('#problem').innerText !== before",
        arg=before,
    )


def paste(page: Page, text: str) -> None:
    """Paste a text or base64, and open it."""
    field = page.locator("#paste")
    if not field.is_visible():
        page.locator(".more-ways summary").click()
    field.fill(text)
    page.get_by_role("button", name="Open what was pasted").click()


def base64_of(data: bytes) -> str:
    """Bytes as people paste them."""
    return base64.encodebytes(data).decode()


def run_here(page: Page) -> None:
    """Run on this browser's engine alone, which needs no Pyodide, and go to the memories."""
    page.get_by_role("tab", name="Run").click()
    for name in ("python", "face", "lowered"):
        page.locator(f"input[name={name}]").uncheck()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#panel-run .verdict")).to_have_text("Done.")
    page.get_by_role("tab", name="Memory").click()


def picture(page: Page, name: str) -> None:
    """Keep a picture of all of the page, light and dark, beside those of the comparison."""
    browser = page.context.browser
    engine = "" if browser is None else browser.browser_type.name
    PICTURES.mkdir(parents=True, exist_ok=True)
    theme = page.evaluate("document.documentElement.dataset.theme ?? ''")
    for scheme in ("light", "dark"):
        page.evaluate("scheme => document.documentElement.dataset.theme = scheme", scheme)
        page.screenshot(path=PICTURES / f"{engine}-workbench-{name}-{scheme}.png", full_page=True)
    page.evaluate(
        "theme => { if (theme) document.documentElement.dataset.theme = theme;"
        " else delete document.documentElement.dataset.theme }",
        theme,
    )


def rows(page: Page, label: str) -> list[str]:
    """The texts of the rows of a list that are elements now."""
    found = page.get_by_role("listbox", name=label, exact=True).get_by_role("option")
    # Rows may be replaced while they are read, and what is in no page has no layout: innerText knows no spaces there.
    parts: list[list[str]] = found.evaluate_all(
        "rows => rows.map((row) => [...row.childNodes].map((part) => part.textContent))"
    )
    return [" ".join(" ".join(texts).split()) for texts in parts]


def check_accessibility(page: Page) -> None:
    """axe-core finds nothing serious or critical."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        """async () => (await axe.run(document)).violations
          .filter(({ impact }) => impact === "serious" || impact === "critical")
          .map(({ id, nodes }) => [id, ...nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`)])"""
    )
    assert found == [], found


def check_width(page: Page) -> None:
    """Nothing is wider than the window."""
    expect(page.locator("body")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
