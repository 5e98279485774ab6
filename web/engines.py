"""One way to run JavaScript in a page of any browser of the project, whoever drives it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

from web import webkit
from web.browsers import BROWSERS, new_page, started

Evaluate: TypeAlias = Callable[..., Any]
"""``evaluate(body, argument=None)``: the value of an async function's body that sees ``argument``; both are JSON."""

Read: TypeAlias = Callable[[str], Any]
"""``read(url)``: opens a page and waits for what its root has in the attribute ``data-outcome``, which is JSON."""

ENGINES: Final = (*BROWSERS, "webkit")

_CALL = """
([body, argument]) => {
  const AsyncFunction = (async () => {}).constructor;
  return new AsyncFunction("argument", body)(argument);
}
"""


@contextmanager
def opened(engine: str, url: str) -> Iterator[Evaluate]:
    """A page at ``url`` in a browser while the context lasts. Raises `BrowserMissing` or `WebKitMissing`."""
    if engine == "webkit":
        with webkit.started_webkit() as driver:
            driver.get(url)
            yield lambda body, argument=None: webkit.evaluate(driver, body, argument)
        return
    with started(engine) as browser:
        page = new_page(browser)
        page.goto(url)
        yield lambda body, argument=None: page.evaluate(_CALL, [body, argument])


@contextmanager
def reading(engine: str) -> Iterator[Read]:
    """A browser while the context lasts, whose pages say by themselves what came of them: whatever their policies are.

    Raises `BrowserMissing` or `WebKitMissing`.
    """
    if engine == "webkit":
        with webkit.started_webkit() as driver:
            yield lambda url: json.loads(webkit.attribute(driver, url, "data-outcome"))
        return
    with started(engine) as browser:

        def read(url: str) -> Any:
            page = new_page(browser)
            try:
                page.goto(url)
                page.wait_for_selector("html[data-outcome]", state="attached")
                return json.loads(page.get_attribute("html", "data-outcome") or "")
            finally:
                page.close()

        yield read


def lay_out(site: Path, parts: Mapping[str, Path], page: str = "<!doctype html>\n") -> None:
    """Make a folder that serves: links to folders and files, by their name in the site, and a page."""
    site.mkdir(parents=True, exist_ok=True)
    for name, target in parts.items():
        link = site / name
        if not link.exists():
            os.symlink(target, link, target_is_directory=target.is_dir())
    (site / "index.html").write_text(page, "utf-8")
