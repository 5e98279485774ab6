"""One way to run JavaScript in a page of any browser of the project, whoever drives it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

from playwright.sync_api import Page

from web import webkit
from web.browsers import BROWSERS, new_page, started

Evaluate: TypeAlias = Callable[..., Any]
"""``evaluate(body, argument=None)``: the value of an async function's body that sees ``argument``; both are JSON."""

ENGINES: Final = (*BROWSERS, "webkit")

_CALL = """
([body, argument]) => {
  const AsyncFunction = (async () => {}).constructor;
  return new AsyncFunction("argument", body)(argument);
}
"""


@contextmanager
def browsing(engine: str) -> Iterator[Callable[[str], Evaluate]]:
    """A browser while the context lasts; what it yields goes to a page, whose functions last until the next one.

    Raises `BrowserMissing` or `WebKitMissing`.
    """
    if engine == "webkit":
        with webkit.started_webkit() as driver:

            def go(url: str) -> Evaluate:
                driver.get(url)
                return lambda body, argument=None: webkit.evaluate(driver, body, argument)

            yield go
        return
    with started(engine) as browser:
        pages: list[Page] = []

        def visit(url: str) -> Evaluate:
            while pages:
                pages.pop().context.close()
            page = new_page(browser)
            pages.append(page)
            page.goto(url)
            return lambda body, argument=None: page.evaluate(_CALL, [body, argument])

        yield visit


@contextmanager
def opened(engine: str, url: str) -> Iterator[Evaluate]:
    """A page at ``url`` in a browser while the context lasts. Raises `BrowserMissing` or `WebKitMissing`."""
    with browsing(engine) as visit:
        yield visit(url)


def lay_out(site: Path, parts: Mapping[str, Path], page: str = "<!doctype html>\n") -> None:
    """Make a folder that serves: links to folders and files, by their name in the site, and a page."""
    site.mkdir(parents=True, exist_ok=True)
    for name, target in parts.items():
        link = site / name
        if not link.exists():
            os.symlink(target, link, target_is_directory=target.is_dir())
    (site / "index.html").write_text(page, "utf-8")
