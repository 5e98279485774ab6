"""Random programs over the JavaScript API answer the same in the browser's namespace and in the one of Python."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from web.browsers import new_page

PROGRAMS = Path(__file__).resolve().parents[1] / "polyfill" / "test" / "random" / "random.mjs"

COMPARE = """
async ([text, seed, counts]) => {
  const { compare, programs } = await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
  const { loadPythonWebAssembly } = await import("/polyfill/python.mjs");
  const { WebAssembly: ours, pyodide } = await loadPythonWebAssembly({ indexURL: "/pyodide/" });
  const assemble = pyodide.runPython("from pyjsapi import wat2wasm; wat2wasm");
  const wat = (source) => {
    const bytes = assemble(source);
    try {
      return bytes.toJs();
    } finally {
      bytes.destroy();
    }
  };
  const differences = {};
  for (const kind of programs) {
    differences[kind] = await compare(kind, [globalThis.WebAssembly, ours], wat, seed, counts[kind]);
  }
  return differences;
}
"""
COUNTS = {"objects": 2000, "calls": 60, "exceptions": 40, "memories": 20}


def test_random_programs_answer_the_same_in_both_namespaces(browser: Browser, site: str) -> None:
    page = new_page(browser)
    page.goto(f"{site}?engine=native&only=memory-grow")
    differences = page.evaluate(COMPARE, [PROGRAMS.read_text(encoding="utf-8"), 20261120, COUNTS])
    page.close()
    assert differences == {kind: [] for kind in COUNTS}
