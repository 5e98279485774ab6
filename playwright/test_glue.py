"""The JavaScript that jco generates runs the same core modules natively: the answers are those of the Python host."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from real.build import OUT
from web.browsers import new_page

RUN = """
async ({ glue, modules, calls }) => {
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const { instantiate } = await import(`data:text/javascript;base64,${glue}`);
  const component = instantiate((name) => new WebAssembly.Module(bytes(modules[name])), {});
  const typed = (value) => value?.u32 ? new Uint32Array(value.u32) : value?.u8 ? new Uint8Array(value.u8) : value;
  return calls.map(([path, ...args]) => {
    const names = path.split(".");
    const owner = names.slice(0, -1).reduce((object, name) => object[name], component);
    try {
      const result = owner[names.at(-1)](...args.map(typed));
      return ArrayBuffer.isView(result) ? [...result] : result;
    } catch (error) {
      return { error: String(error) };
    }
  });
}
"""

GREETINGS: list[tuple[list[Any], Any]] = [
    (["greet", "Ada"], "HELLO, ADA!"),
    (["greet", "żółw 🐢 naïve"], "HELLO, żółW 🐢 NAïVE!"),
    (["greet", "x" * 70_000], f"HELLO, {'X' * 70_000}!"),
    (["greet", ""], "HELLO, !"),
]
POINT = {"x": -5, "y": 2.5, "label": "héllo"}
CALLS: dict[str, list[tuple[list[Any], Any]]] = {
    "strings-utf8-utf8": GREETINGS,
    "strings-utf8-utf16": GREETINGS,
    "strings-utf16-utf8": GREETINGS,
    "chain": [(call, f"<{answer}>") for call, answer in GREETINGS],
    "lists": [
        (["runningSums", {"u32": [1, 2, 3, 0xFFFFFFFF]}], [1, 3, 6, 5]),
        (["join", ["a", "bc", "", "dé"], ", "], "a, bc, , dé"),
        (["words", "  the quick  brown 🦊 "], ["the", "quick", "brown", "🦊"]),
        (["reversed", {"u8": [1, 2, 3]}], [3, 2, 1]),
    ],
    "records": [
        (["records.translate", POINT, 7, 0.5], {"x": 2, "y": 3, "label": "héllo"}),
        (["records.area", {"tag": "circle", "val": 2}], 12.566370614359172),
        (["records.area", {"tag": "box", "val": [1.5, 2.5]}], 3.75),
        (["records.area", {"tag": "named", "val": "Ω"}], {"error": "Ω"}),
        (["records.area", {"tag": "empty"}], 0),
    ],
}


@pytest.fixture(scope="module")
def blank(browser: Browser) -> Iterator[Page]:
    page = new_page(browser)
    yield page
    page.close()


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


@pytest.mark.parametrize("name", CALLS)
def test_the_generated_glue_gives_the_answers_of_the_python_host(blank: Page, name: str) -> None:
    folder = OUT / "components" / name
    job = {
        "glue": _base64(folder / f"{name}.js"),
        "modules": {path.name: _base64(path) for path in folder.glob("*.wasm")},
        "calls": [call for call, _ in CALLS[name]],
    }
    assert blank.evaluate(RUN, job) == [answer for _, answer in CALLS[name]]
