"""Starts the browsers of the comparison: the system's own, else those of ``playwright install``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from pyjsapi.comparison.browsers import BrowserMissing, Choice, system_browser
from pyjsapi.comparison.browsers import launch as launch_choice

BROWSERS = ("chromium", "firefox")

PATIENCE_MS: Final = 300_000
"""How long a browser may take for one step: a machine that is busy with other things is slow, not broken."""


def launch(playwright: Playwright, name: str) -> Browser:
    """Starts a headless browser; raises BrowserMissing with what to do."""
    return launch_choice(playwright, Choice(name, system_browser(name)))


def new_page(browser: Browser, **options: Any) -> Page:
    """An empty page of its own context, whose steps may take `PATIENCE_MS`."""
    page = browser.new_page(**options)
    page.set_default_timeout(PATIENCE_MS)
    return page


def listen(page: Page) -> list[str]:
    """What goes wrong in a page and its workers from now on, as its console says it."""
    complaints: list[str] = []
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


_RUNNING: list[Playwright] = []
"""The one that runs, once for each browser that uses it: a thread can have one Playwright at a time."""


@contextmanager
def started(name: str) -> Iterator[Browser]:
    """A headless browser while the context lasts."""
    playwright = _RUNNING[0] if _RUNNING else sync_playwright().start()
    _RUNNING.append(playwright)
    try:
        browser = launch(playwright, name)
        try:
            yield browser
        finally:
            browser.close()
    finally:
        _RUNNING.pop()
        if not _RUNNING:
            playwright.stop()


__all__ = [
    "BROWSERS",
    "PATIENCE_MS",
    "BrowserMissing",
    "launch",
    "listen",
    "new_page",
    "started",
    "system_browser",
]
