"""Production bundles of a page that uses the packed JavaScript package."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from pyjsapi.text import wat2wasm
from web.build import PYODIDE

ROOT = Path(__file__).resolve().parents[1]
BUNDLERS = ROOT / "tests" / "bundlers"
APP = BUNDLERS / "app"

COMMANDS: Final = {
    "vite": "vite build",
    "webpack": "webpack --mode production --entry ./main.js",
    "rollup": "rollup main.js --plugin node-resolve --format es --dir dist",
    "rollup-iife": "rollup main.js --plugin node-resolve --format iife --dir dist",
    "esbuild": "esbuild main.js --bundle --minify --format=esm --outdir=dist",
    "esbuild-iife": "esbuild main.js --bundle --outdir=dist",
}
"""What one writes to make ``dist`` of a page and its script."""

TWO_MEMORIES: Final = list(
    wat2wasm(
        '(module (memory (export "a") 1) (memory (export "b") 2) (func (export "answer") (result i32)'
        " (i32.store 0 (i32.const 8) (i32.const 40)) (i32.store 1 (i32.const 8) (i32.const 2))"
        " (i32.add (i32.load 0 (i32.const 8)) (i32.load 1 (i32.const 8)))))"
    )
)
"""A module whose ``answer`` is 42."""


class BundlerFailed(Exception):
    """A bundler failed, or warned; the message is what it said."""


def unpack_package(folder: Path) -> None:
    """Put the packed package where npm would: ``node_modules/@pyjsapi/polyfill``."""
    scope = folder / "node_modules" / "@pyjsapi"
    scope.mkdir(parents=True)
    (archive,) = (ROOT / "build" / "npm").glob("pyjsapi-polyfill-*.tgz")
    with tarfile.open(archive) as packed:
        packed.extractall(scope, filter="data")
    (scope / "package").rename(scope / "polyfill")


def run(folder: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """What a command does in a project; the results of lowering are kept in it. ``more`` is for its environment."""
    environment = {**os.environ, "PYJSAPI_LOWERED_CACHE": str(folder / "kept"), **more}
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def make_project(folder: Path) -> None:
    """A project as npm would set it up: the app, the packed package and the bundlers."""
    unpack_package(folder)
    for path in (BUNDLERS / "node_modules").iterdir():
        (folder / "node_modules" / path.name).symlink_to(path)
    (folder / "package.json").write_text('{ "type": "module" }', "utf-8")
    for script in ("main.js", "kinds.js", "agent.js"):
        shutil.copy(APP / script, folder)
    (folder / "public").mkdir()
    shutil.copy(APP / "watch.js", folder / "public")


def run_bundler(folder: Path, command: str) -> None:
    """Run a bundler in a project. Raises `BundlerFailed` also when it warns."""
    program, *options = command.split()
    done = subprocess.run(
        ["node_modules/.bin/" + program, *options],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )
    said = done.stdout + done.stderr
    if done.returncode != 0 or re.search("warn", said, re.IGNORECASE):
        raise BundlerFailed(said)


def bundle(name: str, folder: Path) -> Path:
    """Make the project in a new folder, and of it the folder that is to be served, with Pyodide in it."""
    make_project(folder)
    page = (APP / "index.html").read_text("utf-8").replace("SCRIPT", "main.js")
    (folder / "index.html").write_text(page, "utf-8")
    run_bundler(folder, COMMANDS[name])
    dist = folder / "dist"
    if name != "vite":  # it has made these itself
        shutil.copy(folder / "public" / "watch.js", dist)
        (dist / "index.html").write_text(page, "utf-8")
    (dist / "pyodide").symlink_to(distribution())
    return dist


def distribution() -> Path:
    """The folder of Pyodide with pyjsapi."""
    return Path(os.environ.get("PYJSAPI_PYODIDE") or PYODIDE)


def address(page: str, namespace: str, options: dict[str, Any] | None = None, **more: Any) -> str:
    """Where the app runs `TWO_MEMORIES` by a namespace: one of those in ``main.js``, with these options."""
    told = {"namespace": namespace, "options": options or {}, "bytes": TWO_MEMORIES, **more}
    return f"{page}#{quote(json.dumps(told))}"


def loaded_here(outcome: dict[str, Any]) -> list[str]:
    """The files of Pyodide that the page itself has loaded, not its workers."""
    return [name for name in outcome["loaded"] if re.search(r"/pyodide/.*\.(mjs|wasm|zip)", name)]
