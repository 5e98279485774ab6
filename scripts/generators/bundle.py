"""The JavaScript that pyjsapi in Pyodide starts by itself, as text in a Python module.

``workers/connection.mjs`` and the modules that it imports, put together by esbuild as one expression, whose value has
what that module exports. Python gets it as a module because that is found wherever the package is: in a folder, a zip,
a wheel with bytecode only, and the workers, to which the package is sent.
"""

from __future__ import annotations

import subprocess
from typing import Final

from common import ROOT, Failure

ENTRY: Final = ROOT / "polyfill" / "python" / "workers" / "connection.mjs"
NAME: Final = "javascript"
OPTIONS: Final = (
    "--bundle",
    "--format=iife",
    f"--global-name={NAME}",
    "--target=es2022",
    "--minify-whitespace",  # names and statements stay
    "--line-limit=160",
    "--banner:js=(() => {",
    f"--footer:js=return {NAME};\n}})()",
    "--log-level=warning",
)

MODULE: Final = '''# ruff: noqa: E501
"""The link layer and the workers' script."""

from typing import Final

SOURCE: Final = r"""
{source}"""
'''


def generate() -> str:
    """The text of the Python module."""
    esbuild = ROOT / "node_modules" / ".bin" / "esbuild"
    try:
        done = subprocess.run(
            [esbuild, ENTRY.relative_to(ROOT), *OPTIONS],
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
    if '"""' in done.stdout:
        raise Failure('a module has """ in it')
    return MODULE.format(source=done.stdout)
