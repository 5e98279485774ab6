"""The packed package in Node, as npm installs it: it finds Pyodide, and carries pyjsapi. A bundle is told of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from web.bundles import TWO_MEMORIES, distribution, run, unpack_package

ROOT = Path(__file__).resolve().parents[2]
APP = f"""
const bytes = Uint8Array.from({TWO_MEMORIES});
const {{ instance }} = await WebAssembly.instantiate(bytes);
const now = new WebAssembly.Instance(new WebAssembly.Module(bytes));
console.log(instance.exports.answer() + now.exports.answer());
"""
PYTHON = """
import { loadPythonWebAssembly } from "@pyjsapi/polyfill/python";

const { WebAssembly } = await loadPythonWebAssembly();
console.log(new WebAssembly.Memory({ initial: 1 }).buffer.byteLength);
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the package and with the npm package ``pyodide``."""
    unpack_package(tmp_path)
    (tmp_path / "node_modules" / "pyodide").symlink_to(ROOT / "node_modules" / "pyodide")
    return tmp_path


def test_it_lowers_by_itself_and_keeps_the_result(project: Path) -> None:
    (project / "app.mjs").write_text(APP)
    command = ["node", "--import", "@pyjsapi/polyfill/auto", "app.mjs"]
    first = run(project, *command)
    assert (first.stdout, first.stderr) == ("84\n", "")
    kept = list((project / "kept").iterdir())
    assert len(kept) == 1
    times = kept[0].stat().st_mtime_ns
    assert run(project, *command).stdout == "84\n"
    assert kept[0].stat().st_mtime_ns == times


def test_without_pyodide_it_says_what_to_install(project: Path) -> None:
    (project / "app.mjs").write_text(APP)
    (project / "node_modules" / "pyodide").unlink()
    done = run(project, "node", "--import", "@pyjsapi/polyfill/auto", "app.mjs")
    assert done.returncode == 1
    assert "install the npm package pyodide, or name the folder" in done.stderr


def test_the_namespace_of_python_needs_no_option(project: Path) -> None:
    (project / "app.mjs").write_text(PYTHON)
    done = run(project, "node", "app.mjs")
    assert (done.stdout, done.stderr) == ("65536\n", "")


@pytest.mark.parametrize("form", ["esm", "cjs"])
def test_a_bundle_for_node_lowers(project: Path, form: str) -> None:
    (project / "app.mjs").write_text(f"async function main() {{{APP}}}\nmain();")
    (project / "main.mjs").write_text('import "@pyjsapi/polyfill/auto";\nimport "./app.mjs";')
    esbuild = str(ROOT / "node_modules" / ".bin" / "esbuild")
    output = f"dist/main.{'mjs' if form == 'esm' else 'cjs'}"
    options = ["--bundle", "--platform=node", f"--format={form}", f"--outfile={output}"]
    built = run(project, esbuild, "main.mjs", *options, "--log-level=warning")
    assert (built.returncode, built.stderr) == (0, "")
    done = run(project, "node", output, PYJSAPI_PYODIDE=str(distribution()))
    assert (done.stdout, done.stderr) == ("84\n", "")
