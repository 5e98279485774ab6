"""Starts the browsers of the comparison: the system's own, else those of ``playwright install``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from playwright.sync_api import Browser, Error, Page, Playwright, sync_playwright

BROWSERS = ("chromium", "firefox")

PATIENCE_MS: Final = 300_000
"""How long a browser may take for one step: a machine that is busy with other things is slow, not broken."""

_SYSTEM = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "firefox": ("firefox-esr", "firefox"),
}
_VARIABLES = {"chromium": "PYJSAPI_CHROMIUM", "firefox": "PYJSAPI_FIREFOX"}


class BrowserMissing(Exception):
    """Neither a system browser nor one of ``playwright install`` could be started."""


def system_browser(name: str) -> str | None:
    """The path of the system's browser, or None.

    ``PYJSAPI_CHROMIUM`` and ``PYJSAPI_FIREFOX`` name one; set but empty, they ask for Playwright's own.
    """
    chosen = os.environ.get(_VARIABLES[name])
    if chosen is not None:
        return chosen or None
    return next((path for path in map(shutil.which, _SYSTEM[name]) if path), None)


def _options(name: str) -> dict[str, Any]:
    options: dict[str, Any] = {"timeout": PATIENCE_MS}
    path = system_browser(name)
    if path is not None:
        options["executable_path"] = path
        if name == "firefox":
            # A distribution's Firefox lacks Playwright's patches; this channel speaks WebDriver BiDi to it.
            options["channel"] = "moz-firefox"
    if name == "chromium" and hasattr(os, "geteuid") and os.geteuid() == 0:
        options["args"] = ["--no-sandbox"]
    return options


def launch(playwright: Playwright, name: str) -> Browser:
    """Starts a headless browser; raises BrowserMissing with what to do."""
    try:
        browser: Browser = getattr(playwright, name).launch(**_options(name))
    except Error as error:
        package = "chromium" if name == "chromium" else "firefox-esr"
        raise BrowserMissing(
            f"{name} could not be started. Install it (Debian: apt install {package}; elsewhere: "
            f"playwright install {name}), or name one with {_VARIABLES[name]}.\n{error.message}"
        ) from error
    return browser


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
