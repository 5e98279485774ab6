"""`python -m benchmarks.workbench`: how soon the workbench shows something, and how long its page is blocked.

In Chromium, which tells of tasks over 50 ms: the first view, a module of 10 MB until its lists are there, the longest
task while its list of functions and the bytes of a memory are scrolled.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

from pyjsapi.binary.leb128 import unsigned
from web.browsers import BrowserMissing, new_page, started
from web.build import BuildError, build
from web.serve import serving
from web.workbench.visits import give

LARGE: Final = 10_000_000
FUNCTIONS: Final = 20_000
FIRST_MS: Final = 1000
SHOWN_MS: Final = 3000
TASK_MS: Final = 50
STEPS: Final = 60
ROUNDS: Final = 5
"""Of as many the least is taken: what else the machine does only adds."""

_LISTEN: Final = """() => {
  window.tasks = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) window.tasks.push(duration);
  }).observe({ type: "longtask" });
}"""
_SCROLL: Final = """async ([selector, steps]) => {
  const list = document.querySelector(selector);
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  window.tasks.length = 0;
  for (let k = 0; k <= steps; k++) {
    list.scrollTop = ((list.scrollHeight - list.clientHeight) * (k % 2 ? k : steps - k)) / steps;
    await frame();
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  return Math.max(0, ...window.tasks);
}"""


def large_module(size: int = LARGE, functions: int = FUNCTIONS) -> bytes:
    """A module of about so many bytes, with a memory, and one function that is longer than the others."""

    def vector(section: int, items: list[bytes]) -> bytes:
        body = unsigned(len(items)) + b"".join(items)
        return bytes([section]) + unsigned(len(body)) + body

    def code(nops: int) -> bytes:
        body = b"\x00" + b"\x01" * nops + b"\x0b"
        return unsigned(len(body)) + body

    each = max(size // functions - 4, 1)
    names = [f"function {k}".encode() for k in range(functions // 10)]
    exports = [unsigned(len(name)) + name + b"\x00" + unsigned(k) for k, name in enumerate(names)]
    return b"".join(
        (
            b"\0asm\1\0\0\0",
            vector(1, [b"\x60\x00\x00"]),
            vector(3, [b"\x00"] * functions),
            vector(5, [b"\x00\x40"]),
            vector(7, exports),
            vector(10, [code(each)] * functions),
        )
    )


@contextmanager
def opened() -> Iterator[Page]:
    """The view in Chromium, ready."""
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder))
        with serving(Path(folder)) as url, started("chromium") as browser:
            page = new_page(browser)
            page.goto(f"{url}workbench.html")
            page.wait_for_selector("body[data-ready]")
            yield page


def figures(page: Page, data: bytes) -> list[tuple[str, float, float]]:
    """What is measured, in milliseconds, with what it may be at most."""
    first = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    found = [("first view", float(first), float(FIRST_MS))]
    page.evaluate(_LISTEN)
    page.evaluate(
        """() => {
          window.begun = 0;
          document.querySelector("#file").addEventListener("change", () => { window.begun = performance.now(); }, true);
          new MutationObserver((_changes, observer) => {
            if (!document.querySelector("#panel-module [role=option]")) return;
            observer.disconnect();
            requestAnimationFrame(() => { window.shown = performance.now(); });
          }).observe(document.querySelector("#panel-module"), { childList: true, subtree: true });
        }"""
    )
    give(page, data, "large.wasm")
    page.wait_for_function("window.shown")
    shown = page.evaluate("window.shown - window.begun")
    found.append((f"{len(data):,} bytes until they are shown", float(shown), float(SHOWN_MS)))
    page.wait_for_timeout(1000)
    found.append(_scrolled(page, "functions", "#panel-module .rows[aria-label=Functions]"))
    page.get_by_role("tab", name="Run").click()
    for box in page.locator(".boxes input").all():
        if box.get_attribute("name") != "native":
            box.uncheck()
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_function("document.querySelector('.verdict').textContent.startsWith('Done.')")
    page.get_by_role("tab", name="Memory").click()
    page.wait_for_selector(".hex .row")
    found.append(_scrolled(page, "bytes of a memory", ".hex"))
    return found


def _scrolled(page: Page, what: str, selector: str) -> tuple[str, float, float]:
    longest = min(page.evaluate(_SCROLL, [selector, STEPS]) for _ in range(ROUNDS))
    return f"{what} scrolled, longest task", float(longest), float(TASK_MS)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and say by the exit code whether all is within what it may be."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.workbench", description=__doc__)
    parser.add_argument("--bytes", type=int, default=LARGE, help="size of the module")
    options = parser.parse_args(arguments)
    try:
        with opened() as page:
            found = figures(page, large_module(options.bytes, max(options.bytes // 500, 10)))
    except (BuildError, BrowserMissing) as error:
        print(error, file=sys.stderr)
        return 2
    for title, value, most in found:
        print(
            f"{title:<48} {value:8.0f} ms  (at most {most:.0f}){'' if value <= most else '  MISSED'}"
        )
    return 0 if all(value <= most for _, value, most in found) else 1


if __name__ == "__main__":
    sys.exit(main())
