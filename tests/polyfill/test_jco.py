"""What ``jco transpile --multi-memory`` writes, unmodified, under ``node --import``; pyjsapi lowers on demand.

Node 20 refuses the core modules: jco's fused adapters have two memories.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from pyjsapi.text import wat2wasm
from real import components

pytestmark = pytest.mark.xdist_group("jco")  # so that one process makes what they share

ROOT = Path(__file__).resolve().parents[2]
AUTO = ROOT / "polyfill" / "auto.mjs"
TRANSPILE = """
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { transpileBytes } from "@bytecodealliance/jco-transpile";
import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
const [out, ...paths] = process.argv.slice(1);
for (const path of paths) {
  const name = basename(path, ".wat");
  const component = await parse(readFileSync(path, "utf8"));
  const options = { name, multiMemory: true, base64Cutoff: name === "chain" ? 0 : 5000 };
  const { files } = await transpileBytes(component, options);
  for (const [file, bytes] of Object.entries(files)) {
    if (/\\.(js|wasm)$/.test(file)) writeFileSync(join(out, basename(file)), bytes);
  }
}
"""
APP = """
import { greet } from "./chain.js";
import { greet as hail } from "./strings-utf8-utf16.js";
import { join, mean, reversed, runningSums, words } from "./lists.js";
console.log(JSON.stringify([
  greet("World é"), hail("Wörld"), Array.from(runningSums([1, 2, 3])), mean([1, 2, 4.5]),
  Array.from(reversed(Uint8Array.of(1, 2, 3))), words(" the quick "), join(["a", "b"], ", "),
]));
"""
ANSWER = [
    "<HELLO, WORLD é!>",
    "HELLO, WöRLD!",
    [1, 3, 6],
    2.5,
    [3, 2, 1],
    ["the", "quick"],
    "a, b",
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the output of jco for three components, and a script that uses them."""
    folder = tmp_path_factory.mktemp("jco")
    sources = components.sources()
    names = ("chain", "lists", "strings-utf8-utf16")
    paths = [folder / f"{name}.wat" for name in names]
    for path in paths:
        path.write_text(sources[path.stem], "utf-8")
    command = ["node", "--input-type=module", "-e", TRANSPILE, str(folder), *map(str, paths)]
    subprocess.run(command, cwd=ROOT, check=True, stdin=subprocess.DEVNULL)
    (folder / "package.json").write_text('{ "type": "module" }')
    (folder / "app.mjs").write_text(APP)
    return folder


def _run(app: Path, cache: Path, *flags: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYJSAPI_LOWERED_CACHE": str(cache)}
    return subprocess.run(
        ["node", *flags, "app.mjs"],
        cwd=app,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


@dataclass(frozen=True)
class Run:
    """What a run of the app said, and the folder in which it kept what was lowered."""

    result: subprocess.CompletedProcess[str]
    cache: Path


@pytest.fixture(scope="module")
def first_run(app: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The app's run with nothing kept from before."""
    cache = tmp_path_factory.mktemp("lowered")
    return Run(_run(app, cache, "--import", AUTO.as_uri()), cache)


def test_the_output_of_jco_runs_unmodified(first_run: Run) -> None:
    assert first_run.result.returncode == 0, first_run.result.stderr
    assert json.loads(first_run.result.stdout) == ANSWER


def test_what_was_lowered_before_needs_no_pyodide(app: Path, first_run: Run) -> None:
    kept = sorted(first_run.cache.glob("*.wasm"))
    assert len(kept) == 4, "one result for each module with two memories"
    (app / "guard.mjs").write_text(
        'import { createRequire } from "node:module";\n'
        'const threads = createRequire(import.meta.url)("node:worker_threads");\n'
        'threads.Worker = class { constructor() { throw new Error("a worker was started"); } };\n'
    )
    result = _run(app, first_run.cache, "--import", "./guard.mjs", "--import", AUTO.as_uri())
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == ANSWER
    assert sorted(first_run.cache.glob("*.wasm")) == kept


def test_without_the_polyfill_the_engine_refuses_it(app: Path, tmp_path: Path) -> None:
    """Where Node knows multi-memory by itself, the answers are the same without it."""
    result = _run(app, tmp_path)
    if result.returncode == 0:
        assert json.loads(result.stdout) == ANSWER
    else:
        assert "CompileError" in result.stderr


def test_the_synchronous_constructor_waits_for_the_lowerer(tmp_path: Path) -> None:
    (tmp_path / "two.wasm").write_bytes(
        wat2wasm('(module (memory 1) (memory 2) (func (export "f") (result i32) (memory.size 1)))')
    )
    (tmp_path / "wide.wasm").write_bytes(
        wat2wasm(
            '(module (memory i64 1) (func (export "f") (param i64) (result i64)'
            " (i64.store (i64.const 8) (i64.const 77)) (i64.load (local.get 0))))"
        )
    )
    (tmp_path / "app.mjs").write_text(
        'import { readFileSync } from "node:fs";\n'
        "for (const round of [1, 2]) {\n"
        '  const module = new WebAssembly.Module(readFileSync("two.wasm"));\n'
        "  console.log(round, new WebAssembly.Instance(module).exports.f());\n"
        "}\n"
        'const wide = new WebAssembly.Module(readFileSync("wide.wasm"));\n'
        "const { f } = new WebAssembly.Instance(wide).exports;\n"
        "console.log(f(8n));\n"
        "try { f(2n ** 40n); } catch (error) { console.log(error.constructor === WebAssembly.RuntimeError); }\n"
    )
    result = _run(tmp_path, tmp_path / "lowered", "--import", AUTO.as_uri())
    assert (result.stdout, result.stderr) == ("1 2\n2 2\n77n\ntrue\n", "")
