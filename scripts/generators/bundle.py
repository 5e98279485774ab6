"""JavaScript that is started from its text, put together by esbuild.

``workers/connection.mjs`` and the modules that it imports are one expression for pyjsapi in Pyodide, whose value has
what that module exports. Python gets it as a module because that is found wherever the package is: in a folder, a zip,
a wheel with bytecode only, and the workers, to which the package is sent.

``lowering-worker.mjs`` is a script for the JavaScript package, whose own files are out of reach in a bundle.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Final

from common import ROOT, Failure

ENTRY: Final = ROOT / "polyfill" / "python" / "workers" / "connection.mjs"
ENGINE: Final = ROOT / "polyfill" / "python" / "engine" / "engine.mjs"
NAME: Final = "javascript"
OPTIONS: Final = (
    "--format=iife",
    f"--global-name={NAME}",
    "--minify-whitespace",  # names and statements stay
    "--line-limit=160",
    "--banner:js=(() => {",
    f"--footer:js=return {NAME};\n}})()",
)
WORKER: Final = ROOT / "polyfill" / "lowered" / "lowering-worker.mjs"
WORKER_OPTIONS: Final = ("--format=esm", "--minify")

MODULE: Final = '''# ruff: noqa: E501
"""{what}"""

from typing import Final

SOURCE: Final = r"""
{source}"""
'''


def generate() -> str:
    """The text of the Python module with the link layer."""
    return _module(ENTRY, "The link layer and the workers' script.")


def engine() -> str:
    """The text of the Python module with the engine's side of the bridge."""
    return _module(ENGINE, "The side of the bridge that the engine of JavaScript is on.")


def _module(entry: Path, what: str) -> str:
    source = bundled(entry, *OPTIONS)
    if '"""' in source:
        raise Failure('a module has """ in it')
    return MODULE.format(source=source, what=what)


def worker() -> str:
    """The text of the JavaScript module that has the worker's."""
    text = json.dumps(bundled(WORKER, *WORKER_OPTIONS).strip(), ensure_ascii=False)
    return f"/** The script of the worker that lowers, without imports. */\nexport const TEXT = {text};\n"


def bundled(entry: Path, *options: str) -> str:
    """A module with all that it imports, as esbuild writes it."""
    esbuild = ROOT / "node_modules" / ".bin" / "esbuild"
    command = [str(esbuild), str(entry.relative_to(ROOT)), *options]
    try:
        done = subprocess.run(
            [*command, "--bundle", "--target=es2022", "--log-level=warning"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
    except FileNotFoundError as error:
        raise Failure("node_modules has no esbuild: run `make setup` first") from error
    if done.returncode != 0 or done.stderr:
        raise Failure(f"esbuild: {done.stderr.strip()}")
    return done.stdout
