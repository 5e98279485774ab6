"""Compiled modules inside Pyodide, where they must not come to the pyjsapi that is there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.standalone.writing import source
from tests.standalone import driver
from tests.standalone.modules import MODULES

if TYPE_CHECKING:
    from tests.pyodide.conftest import Pyodide

pytestmark = [pytest.mark.pyodide, pytest.mark.xdist_group("pyodide")]
NAMES = ("numeric", "memories", "memory64", "exceptions", "simd", "garbage")
SNIPPET = f"""{Path(driver.__file__).read_text("utf-8")}

def runs(name, text, calls):
    import os
    import tempfile

    folder = tempfile.mkdtemp()
    with open(os.path.join(folder, f"alone_{{name}}.py"), "w") as file:
        file.write(text)
    hidden = {{key: sys.modules.pop(key) for key in list(sys.modules) if key.partition(".")[0] == "pyjsapi"}}
    sys.modules["pyjsapi"] = None  # Whoever imports it fails.
    sys.path.insert(0, folder)
    try:
        module = importlib.import_module(f"alone_{{name}}")
        if hasattr(module, "run"):
            written = []
            code = module.run("a", "b", stdout=lambda data: written.append(bytes(data)))
            return [code, b"".join(written).decode()]
        return results(module.instantiate(), calls)
    finally:
        sys.path.remove(folder)
        del sys.modules["pyjsapi"]
        sys.modules.update(hidden)
"""
PROGRAM = """(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $sizes (i32.const 0) (i32.const 12)))
    (drop (call $get (i32.const 100) (i32.const 1000)))
    (i32.store (i32.const 8) (i32.const 1000))
    (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16)))
    (call $exit (i32.const 3))))"""


@pytest.mark.parametrize("name", NAMES)
def test_modules_do_what_they_do_outside(name: str, pyodide: Pyodide) -> None:
    text, calls = MODULES[name]
    module = WebAssembly.Module(wat2wasm(text))
    found = pyodide.call(SNIPPET, "runs", "snippet.py", name, source(module, name), calls)
    wanted = json.dumps(driver.results(WebAssembly.Instance(module).exports, calls))
    assert found == json.loads(re.sub(r", line \d+:\d+", "", wanted))


def test_a_program_runs(pyodide: Pyodide) -> None:
    text = source(WebAssembly.Module(wat2wasm(PROGRAM)), "program")
    found = pyodide.call(SNIPPET, "runs", "snippet.py", "program", text, [])
    assert found == [3, "alone_program\0a\0b\0"]
