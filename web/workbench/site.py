"""Builds the workbench into the site: its page, what it knows of features and instructions, examples, libraries."""

from __future__ import annotations

import base64
import json
import subprocess
import tomllib
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment

from pyjsapi.syntax.instructions import BY_CODE
from pyjsapi.text import wat2wasm

ROOT: Final = Path(__file__).resolve().parents[2]
HERE: Final = Path(__file__).resolve().parent
EXAMPLES: Final = HERE / "examples"
LIBRARIES: Final = ROOT / "web" / "vendor"
ESBUILD: Final = ROOT / "node_modules" / ".bin" / "esbuild"

TABS: Final = [
    ("module", "Module"),
    ("text", "Text"),
    ("code", "Code"),
    ("run", "Run"),
    ("debug", "Debug"),
    ("memory", "Memory"),
    ("share", "Share"),
]
"""The parts of the view: names in the page, and titles."""


class BundleError(Exception):
    """The libraries of the view cannot be bundled; the message is what the bundler said."""


def features() -> list[dict[str, Any]]:
    """Features with a small module that needs each, for the browser to be asked."""
    rows = tomllib.loads((HERE / "features.toml").read_text("utf-8"))
    return [
        {
            "name": name,
            "title": row["title"],
            "first": row["first"],
            "probe": _base64(wat2wasm(row["probe"])),
        }
        for name, row in rows.items()
    ]


def instructions() -> list[dict[str, Any]]:
    """The instruction table, for completion and to find features in code."""
    return [
        {
            "code": op.code,
            "name": op.mnemonic,
            "immediates": op.imm.name.lower(),
            "type": None if op.params is None else f"{_types(op.params)} -> {_types(op.results)}",
            "feature": op.feature,
        }
        for op in BY_CODE.values()
    ]


def _types(types: tuple[Any, ...] | None) -> str:
    return f"[{' '.join('address' if repr(t) == 'bot' else repr(t) for t in types or ())}]"


def examples() -> list[dict[str, Any]]:
    """What the view offers; real modules are among them if they were built."""
    found = []
    rows = tomllib.loads((EXAMPLES / "examples.toml").read_text("utf-8"))["example"]
    for row in rows:
        given = {"title": row["title"], "call": row.get("call")}
        if "text" in row:
            text = (EXAMPLES / row["text"]).read_text("utf-8")
            found.append(
                {
                    **given,
                    "name": row["text"],
                    "text": text,
                    "bytes": _base64(wat2wasm(text)),
                }
            )
        elif (ROOT / row["module"]).is_file():
            name = Path(row["module"]).name
            found.append({**given, "name": name, "file": f"workbench/{name}"})
    return found


def real_modules() -> list[Path]:
    """The files of the examples that are real modules, as far as they were built."""
    rows = tomllib.loads((EXAMPLES / "examples.toml").read_text("utf-8"))["example"]
    paths = [ROOT / row["module"] for row in rows if "module" in row]
    return [path for path in paths if path.is_file()]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def bundle_libraries(target: Path) -> None:
    """Bundle what the view takes from npm, a file for each of ``web/vendor``; the page has no other way to packages."""
    entries = [str(path) for path in sorted(LIBRARIES.glob("*.mjs"))]
    command = [
        str(ESBUILD), *entries, "--bundle", "--minify", "--format=esm", "--target=es2022", "--legal-comments=eof",
        f"--outdir={target}", "--out-extension:.js=.mjs", "--log-level=warning",
    ]  # fmt: skip
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise BundleError("node_modules has no esbuild: run `make setup` first") from error
    if done.returncode != 0:
        raise BundleError(done.stderr.strip())


def build(site: Path, environment: Environment) -> None:
    """Write the view's page, data and libraries into the site. Raises `BundleError`."""
    folder = site / "workbench"
    folder.mkdir(parents=True, exist_ok=True)
    known = {"features": features(), "instructions": instructions(), "examples": examples()}
    (folder / "known.json").write_text(json.dumps(known), "utf-8")
    page = environment.get_template("workbench.html.j2")
    (site / "workbench.html").write_text(page.render(examples=examples(), tabs=TABS), "utf-8")
    bundle_libraries(site / "vendor")
