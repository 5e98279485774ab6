"""Notebooks in CPython: marimo and IPython, which Jupyter's kernels are made of. Both have an event loop that runs."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from textwrap import indent

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WORKERS = """
import program
found = await program.run()
found["waits"] = program.waits()
found["worker"] = [await program.worker(target) for target in ("program:work", program.work)]
print(found)
"""
FOUND = {
    "python": "",
    "mailbox": ["quick", [5], 0, 131072],
    "errors": ["fail: KeyError", "trap: RuntimeError", "deep: RangeError"],
    "shared": [7, 0, 1, 16384],
    "may block": True,
    "waits": ["not-equal", "timed-out"],
    "worker": [[[0, True], 5], [[0, True], 5]],
}
SHELL = """
import json, sys
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell()
with provisionalcompleter():
    for source in json.loads(sys.argv[1]):
        shell.run_cell(source).raise_error()
"""
COMPLETIONS = """
from pyjsapi import WebAssembly, wat2wasm
instance = WebAssembly.Instance(WebAssembly.Module(wat2wasm('''(module
  (func (export "add")) (memory (export "add more") 1) (memory (export "memory") 1))''')))
completer = get_ipython().Completer
for text in ("instance.", "instance.exports.", "instance.exports.a", "WebAssembly.J"):
    print([found.text for found in completer.completions(text, len(text))])
"""

pytestmark = [pytest.mark.long]


@pytest.fixture
def run(commands: Path, tmp_path: Path) -> Callable[..., str]:
    """What a command of the notebooks' environment prints, where the program can be imported."""

    def said(command: str, *arguments: str) -> str:
        done = subprocess.run(
            [commands / command, *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{HERE / 'inside'}", "HOME": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout

    return said


@pytest.fixture
def ipython(run: Callable[..., str]) -> Callable[..., list[str]]:
    """The lines that cells print in IPython."""
    return lambda *cells: run("python", "-c", SHELL, json.dumps(cells)).splitlines()


@pytest.fixture
def marimo(run: Callable[..., str], tmp_path: Path) -> Callable[..., list[str]]:
    """The lines that cells print in a notebook of marimo's."""

    def lines(*cells: str) -> list[str]:
        source = "import marimo\napp = marimo.App()\n"
        for cell in cells:
            source += f"\n@app.cell\nasync def _():\n{indent(cell, '    ')}\n    return\n"
        (tmp_path / "notebook.py").write_text(source, encoding="utf-8")
        arguments = ("--include-outputs", "notebook.py", "--output", "notebook.ipynb")
        run("marimo", "export", "ipynb", *arguments)
        notebook = json.loads((tmp_path / "notebook.ipynb").read_text(encoding="utf-8"))
        outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
        return "".join(line for output in outputs for line in output.get("text", ())).splitlines()

    return lines


@pytest.mark.parametrize("kind", ["ipython", "marimo"])
def test_readme_and_everything_else(
    kind: str, request: pytest.FixtureRequest, snippet: Callable[[str, str], str]
) -> None:
    lines = request.getfixturevalue(kind)(snippet("In Python", "python"), WORKERS)
    assert lines[0] == "b'quick'"
    assert eval(lines[1]) | {"python": ""} == FOUND


def test_ipython_completes_after_exports(ipython: Callable[..., list[str]]) -> None:
    assert ipython(COMPLETIONS) == [
        "['add_fuel', 'add_host_calls', 'exports', 'fuel_left', 'fuel_used', 'host_calls_left',"
        " 'host_calls_used', 'interrupt', 'last_mmap_error']",
        "['add', 'memory']",
        "['add']",
        "['JSTag']",
    ]
