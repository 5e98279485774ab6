"""Browsers as engines: found on this machine, driven by Playwright, which is an optional package."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.comparison.engines import STATIC, Answer, Places, to_lower
from pyjsapi.comparison.folder import Case
from pyjsapi.comparison.serving import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

BROWSERS: Final = ("chromium", "firefox", "webkit")
START_MS: Final = 300_000
"""How long a browser may take to start: a machine that is busy with other things is slow, not broken."""

_SYSTEM: Final = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "firefox": ("firefox-esr", "firefox"),
}
_VARIABLES: Final = {"chromium": "PYJSAPI_CHROMIUM", "firefox": "PYJSAPI_FIREFOX"}
_PACKAGES: Final = {"chromium": "chromium", "firefox": "firefox-esr"}


class BrowserMissing(Exception):
    """Playwright is not installed, or a browser could not be started; the message says what to do."""


@dataclass(frozen=True)
class Choice:
    """A browser that somebody asked for: ``NAME``, or ``NAME=PATH`` of a program, or ``NAME=CHANNEL``."""

    name: str
    path: str | None = None
    channel: str | None = None


def parse(text: str) -> Choice:
    """The browser that an argument names. Raises `ValueError`."""
    name, _, where = text.partition("=")
    if name not in BROWSERS:
        raise ValueError(f"a browser is one of {', '.join(BROWSERS)}, not {name!r}")
    if not where:
        return Choice(name, system_browser(name))
    if os.sep in where or "/" in where:
        if not Path(where).is_file():
            raise ValueError(f"{where} is no file: {name} needs the path of its program")
        return Choice(name, where)
    return Choice(name, channel=where)


def system_browser(name: str) -> str | None:
    """The path of the system's browser, or None.

    ``PYJSAPI_CHROMIUM`` and ``PYJSAPI_FIREFOX`` name one; set but empty, they ask for Playwright's own.
    """
    if name not in _SYSTEM:
        return None
    chosen = os.environ.get(_VARIABLES[name])
    if chosen is not None:
        return chosen or None
    return next((path for path in map(shutil.which, _SYSTEM[name]) if path), None)


def launch_options(choice: Choice) -> dict[str, Any]:
    """What Playwright's ``launch`` is told."""
    options: dict[str, Any] = {"timeout": START_MS}
    if choice.channel is not None:
        options["channel"] = choice.channel
    if choice.path is not None:
        options["executable_path"] = choice.path
        if choice.name == "firefox":
            # A distribution's Firefox lacks Playwright's patches; this channel speaks WebDriver BiDi to it.
            options["channel"] = "moz-firefox"
    if choice.name == "chromium" and hasattr(os, "geteuid") and os.geteuid() == 0:
        options["args"] = ["--no-sandbox"]
    return options


def launch(playwright: Playwright, choice: Choice) -> Browser:
    """Starts a headless browser; raises `BrowserMissing` with what to do."""
    from playwright.sync_api import Error

    try:
        browser: Browser = getattr(playwright, choice.name).launch(**launch_options(choice))
    except Error as error:
        package = _PACKAGES.get(choice.name)
        debian = f"Debian: apt install {package}; elsewhere: " if package else ""
        named = f", or name one with {_VARIABLES[choice.name]}" if choice.name in _VARIABLES else ""
        raise BrowserMissing(
            f"{choice.name} could not be started. Install it ({debian}playwright install {choice.name}){named}.\n"
            f"{error.message}"
        ) from error
    return browser


def modes(places: Places) -> list[str]:
    """What can be run in a browser: its own engine, and what the JavaScript of pyjsapi's faces makes of it."""
    found = ["native"]
    if places.polyfill is not None:
        found.append("lowered")
        if places.pyodide is not None:
            found.append("javascript")
    return found


def column(name: str, mode: str) -> str:
    """What a browser's column is called."""
    return name if mode == "native" else f"{name} {mode}"


@contextmanager
def _opened(choice: Choice, places: Places) -> Iterator[tuple[Page, str, str]]:
    """The page that runs cases, the browser's version, and the address of the site."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise BrowserMissing(
            f"--browser needs Playwright, which is not installed for {sys.executable}: pip install 'pyjsapi[compare]'"
        ) from error
    folders = {"polyfill": places.polyfill, "pyodide": places.pyodide, "pyjsapi.whl": places.wheel}
    with ExitStack() as stack:
        url = stack.enter_context(
            serving(STATIC, places={name: path for name, path in folders.items() if path})
        )
        browser = launch(stack.enter_context(sync_playwright()), choice)
        stack.callback(browser.close)
        page = browser.new_page()
        page.goto(f"{url}own.html", timeout=START_MS)
        page.wait_for_function("'runOwn' in window", timeout=START_MS)
        yield page, browser.version, url


def run(
    choice: Choice, cases: Sequence[Case], places: Places, patience: float
) -> tuple[dict[str, dict[str, Answer]], str]:
    """The answers of each mode, by its column, and the browser's version. Raises `BrowserMissing`."""
    answers: dict[str, dict[str, Answer]] = {}
    with _opened(choice, places) as (page, version, url):
        found = {
            "polyfill": f"{url}polyfill/",
            "indexURL": f"{url}pyodide/",
            **({"packageURL": f"{url}pyjsapi.whl"} if places.wheel else {}),
        }
        for mode in modes(places):
            answers[column(choice.name, mode)] = _run_mode(page, mode, cases, found, patience)
    return answers, version


def _run_mode(
    page: Page, mode: str, cases: Sequence[Case], places: Mapping[str, str], patience: float
) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    left = cases
    if mode == "lowered":
        left, answers = to_lower(cases, scripts=True)
    told = [{**case.data, "needs": case.needs} for case in left]
    order = {"mode": mode, "places": places, "cases": told, "patience": patience * 1000}
    for answer in page.evaluate("order => window.runOwn(order)", order):
        answers[answer["id"]] = answer
    return answers
