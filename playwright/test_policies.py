"""Python in a page whose policy allows no JavaScript made from text."""

from __future__ import annotations

from pathlib import Path

import pytest

from web.bundles import distribution
from web.engines import Read
from web.serve import HEADERS, serving

POLICY = {**HEADERS, "Content-Security-Policy": "script-src 'self' 'wasm-unsafe-eval'"}
NO_TEXT = (
    "the policy of this page allows no JavaScript made from text, which workers and memories of JavaScript need: "
    "the script-src of its Content-Security-Policy must have 'unsafe-eval'"
)
SCRIPT = """
import { loadPyodide } from "./pyodide/pyodide.mjs";

const pyodide = await loadPyodide();
await pyodide.loadPackage("pyjsapi");
const outcome = pyodide.runPython(`
import json
from pyjsapi import Int32Array, WebAssembly, Worker, javascript

def said(f):
    try:
        return str(f())
    except Exception as error:
        return f"{type(error).__name__}: {error}"

memory = WebAssembly.Memory(initial=1, maximum=2, shared=True)
Int32Array(memory.buffer)[1] = 42
module = WebAssembly.Module(bytes([0, 97, 115, 109, 1, 0, 0, 0, 5, 4, 1, 3, 1, 2]))
WebAssembly.Instance(module)
json.dumps([Int32Array(memory.buffer)[1], memory.grow(1), javascript.is_enabled(), said(javascript.enable),
            said(lambda: Worker("json:dumps", kind="web"))])
`);
document.documentElement.dataset.outcome = outcome;
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("policy")
    (made / "index.html").write_text(
        '<!doctype html><script type="module" src="page.mjs"></script>'
    )
    (made / "page.mjs").write_text(SCRIPT)
    (made / "pyodide").symlink_to(distribution())
    return made


def test_an_isolated_page_without_eval_keeps_shared_memories_in_python(
    reader: tuple[str, Read], folder: Path
) -> None:
    _, read = reader
    with serving(folder, headers=POLICY) as url:
        value, grown, enabled, enabling, starting = read(url)
    assert (value, grown, enabled) == (42, 1, False)
    assert enabling == f"RuntimeError: pyjsapi.javascript.enable(): {NO_TEXT}"
    assert starting == f"RuntimeError: pyjsapi: {NO_TEXT}"
