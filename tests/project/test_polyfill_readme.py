"""The README of the JavaScript package stands by itself, and what it says to write works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from web import bundles

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "polyfill" / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
# playwright/test_element.py has pages with the last one.
TEXTS = [text for _, text in BLOCKS]
NAMESPACE, NODE, PAGE, PROGRAM, PREPARED, ENTRY, NAMED = TEXTS[:7]
LOADER, IMPORTING, IN_PYTHON, ELEMENT = TEXTS[7:]

LOWER = f"""
const bytes = Uint8Array.from({bundles.TWO_MEMORIES});
console.log(new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.answer());
"""

pytestmark = pytest.mark.xdist_group("README of the package")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with what the README says: the package, `pyodide` from npm, the bundlers."""
    folder = tmp_path_factory.mktemp("package")
    bundles.make_project(folder)
    (folder / "node_modules" / "pyodide").symlink_to(ROOT / "node_modules" / "pyodide")
    return folder


def said(folder: Path, *command: str) -> str:
    """What a command writes to its standard output."""
    done = bundles.run(folder, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def printed(folder: Path, source: str) -> str:
    """What a module prints in Node."""
    (folder / "snippet.mjs").write_text(source)
    return said(folder, "node", "snippet.mjs")


def test_it_refers_to_nothing_that_the_package_does_not_hold() -> None:
    links = re.findall(r"\]\((?!https?://)([^)]*)\)", TEXT)
    assert links == []


def test_the_snippet_of_the_namespace_prints_what_it_says(project: Path) -> None:
    assert printed(project, NAMESPACE) == "65536\n"


def test_the_command_for_node_runs_modules_with_several_memories(project: Path) -> None:
    (project / "app.mjs").write_text(LOWER)
    assert said(project, "bash", "-ec", NODE) == "42\n"


def test_the_import_in_a_program_does_the_same(project: Path) -> None:
    assert printed(project, PROGRAM + LOWER) == "42\n"


def test_imports_of_modules_in_node(project: Path) -> None:
    (project / "two.wasm").write_bytes(bytes(bundles.TWO_MEMORIES))
    (project / "program.mjs").write_text(IMPORTING)
    assert said(project, "bash", "-ec", LOADER) == "42 [object WebAssembly.Module]\n"
    (project / "python.mjs").write_text(IN_PYTHON)
    in_python = said(project, "node", "--import", "./python.mjs", "program.mjs")
    assert in_python == "42 [object WebAssembly.Module]\n"


def test_the_options_are_those_that_there_are(project: Path) -> None:
    folder = bundles.distribution().resolve()
    source = PREPARED.replace("'/pyodide/'", f"'{folder}/'") + NAMED.partition("\n")[2]
    assert printed(project, "import '@pyjsapi/polyfill/auto';\n" + source + LOWER) == "42\n"
    options = re.findall(r"^\| `(\w+)` \|", TEXT, flags=re.MULTILINE)
    for name in ("indexURL", "packageURL", "workerURL", "cache", "lower"):
        assert name in options


def test_the_commands_of_bundlers_are_those_that_are_tested(project: Path) -> None:
    commands = re.findall(r"^\| [\w ]+ \| `([^`]+)` \|", TEXT, flags=re.MULTILINE)
    assert commands == [bundles.COMMANDS[name] for name in ("vite", "webpack", "rollup", "esbuild")]
    bundles.run_bundler(project, ENTRY.strip())
    assert {path.name for path in (project / "dist").iterdir()} == {"main.js", "lowering.js"}


def test_the_page_is_one_that_browsers_are_tested_with() -> None:
    assert PAGE in (ROOT / "playwright" / "test_lowered.py").read_text(encoding="utf-8")
    deployments = (ROOT / "playwright" / "test_deployments.py").read_text(encoding="utf-8")
    assert '{"workerURL": "lowering.js"}' in deployments
