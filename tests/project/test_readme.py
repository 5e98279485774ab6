"""The README's first five minutes, run as they are written, in an environment and a folder of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from web.bundles import unpack_package

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.xdist_group("README")


def section(title: str) -> dict[str, str]:
    """The first block of each language under a heading."""
    text = re.split(r"^##+ ", README.partition(f"# {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[
        0
    ]
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    return dict(reversed(blocks))


def said(command: list[str], folder: Path) -> str:
    """What a command writes to its standard output in a folder, without this project's environment."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment |= {"PYJSAPI": str(ROOT), "PYJSAPI_CACHE": "0"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of one's own in which the commands for Python were run, from the wheel: without an index."""
    made = tmp_path_factory.mktemp("mine")
    commands = section("Python")["sh"]
    source = 'pip install "$PYJSAPI" '
    assert source in commands
    wheel = 'pip install --no-index "$PYJSAPI"/build/wheel/pyjsapi-*.whl '
    commands = commands.replace(source, wheel).replace(
        "python3 -m venv", f"{sys.executable} -m venv"
    )
    assert said(["bash", "-ec", commands], made).splitlines()[-1] == "42"
    return made


@pytest.fixture(scope="module")
def packages(folder: Path) -> Path:
    """The same with the JavaScript package and Pyodide, as npm would install them."""
    unpack_package(folder)
    (folder / "node_modules" / "pyodide").symlink_to((ROOT / "node_modules" / "pyodide").resolve())
    (folder / "pyodide").symlink_to(ROOT / "build" / "pyodide")
    return folder


@pytest.mark.long
@pytest.mark.parametrize(("title", "printed"), [("Python", "42\n"), ("In Python", "b'quick'\n")])
def test_python_snippets_print_what_they_say(folder: Path, title: str, printed: str) -> None:
    python = folder / ".venv" / "bin" / "python"
    assert said([str(python), "-c", section(title)["python"]], folder) == printed


@pytest.mark.long
def test_the_snippet_for_node_prints_what_it_says(packages: Path) -> None:
    (packages / "app.mjs").write_text(section("Node")["js"])
    assert said(["node", "app.mjs"], packages) == "42\n"


@pytest.mark.long
def test_the_snippet_for_pyodide_prints_what_it_says(packages: Path) -> None:
    (wheel,) = (ROOT / "build" / "wheel").glob("*.whl")
    (packages / wheel.name).write_bytes(wheel.read_bytes())
    (packages / "own.mjs").write_text(section("Pyodide")["js"])
    assert said(["node", "own.mjs"], packages).splitlines()[-1] == "8"


@pytest.mark.long
def test_the_page_says_what_it_has_to(packages: Path) -> None:
    """Its script, in Node: the browsers' own tests load such pages."""
    page = section("A page")["html"]
    script = re.findall(r"<script type=\"module\">\n(.*?)</script>", page, flags=re.DOTALL)[0]
    preparation = (
        "import { readFile } from 'node:fs/promises'; globalThis.document = { body: {} };\n"
        "globalThis.fetch = async (name) => new Response(await readFile(name), "
        "{ headers: { 'content-type': 'application/wasm' } });\n"
    )
    (packages / "page.mjs").write_text(
        f"{preparation}{script}\nconsole.log(document.body.textContent);"
    )
    assert said(["node", "page.mjs"], packages) == "42\n"


def test_no_text_says_that_something_is_published() -> None:
    for path in (
        ROOT / "README.md",
        ROOT / "polyfill" / "README.md",
        *(ROOT / "docs").rglob("*.md"),
    ):
        text = path.read_text(encoding="utf-8")
        assert not re.search(
            r"pip install pyjsapi|npm (i|install) @pyjsapi|micropip.install\(.pyjsapi", text
        )


def test_the_packed_package_holds_what_runs_and_nothing_else() -> None:
    (archive,) = (ROOT / "build" / "npm").glob("pyjsapi-polyfill-*.tgz")
    with tarfile.open(archive) as packed:
        names = {name.removeprefix("package/") for name in packed.getnames()}
    here = ROOT / "polyfill"
    wanted = {
        path.relative_to(here).as_posix()
        for path in here.rglob("*")
        if path.is_file() and path.suffix in (".mjs", ".ts")
    }
    wanted = {name for name in wanted if not name.startswith("test/")}
    assert names == wanted | {"package.json", "README.md", "LICENSE", "pyjsapi.whl"}
    assert (here / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
