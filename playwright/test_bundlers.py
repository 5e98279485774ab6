"""Production bundles of the packed JavaScript package, in browsers: pyjsapi lowers modules there, in a worker."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyjsapi.text import wat2wasm
from web import webkit
from web.build import PYODIDE
from web.engines import ENGINES, Evaluate, browsing
from web.serve import serving

ROOT = Path(__file__).resolve().parents[1]
BUNDLERS = ROOT / "tests" / "bundlers"
APP = BUNDLERS / "app"

COMMANDS = {
    "vite": "vite build",
    "webpack": "webpack --mode production --entry ./main.js",
    "rollup": "rollup main.js --plugin node-resolve --format es --dir dist",
    "rollup-iife": "rollup main.js --plugin node-resolve --format iife --dir dist",
    "esbuild": "esbuild main.js --bundle --minify --format=esm --outdir=dist",
    "esbuild-iife": "esbuild main.js --bundle --outdir=dist",
}
"""What one writes to make ``dist`` of a page and its script: as in the package's README."""
WORKERS = {"vite": r"/assets/lowering-worker-[\w-]+\.js$", "webpack": r"/\d+\.js$"}
"""The worker that is started: of the others none has a file, and it comes from a blob."""

TWO_MEMORIES = list(
    wat2wasm(
        '(module (memory (export "a") 1) (memory (export "b") 2) (func (export "answer") (result i32)'
        " (i32.store 0 (i32.const 8) (i32.const 40)) (i32.store 1 (i32.const 8) (i32.const 2))"
        " (i32.add (i32.load 0 (i32.const 8)) (i32.load 1 (i32.const 8)))))"
    )
)


def make_project(folder: Path) -> None:
    """A project as npm would set it up: the app, the packed package and the bundlers."""
    modules = folder / "node_modules"
    (modules / "@pyjsapi").mkdir(parents=True)
    for path in (BUNDLERS / "node_modules").iterdir():
        (modules / path.name).symlink_to(path)
    (archive,) = (ROOT / "build" / "npm").glob("pyjsapi-polyfill-*.tgz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    (folder / "package").rename(modules / "@pyjsapi" / "polyfill")
    (folder / "package.json").write_text('{ "type": "module" }')
    shutil.copy(APP / "main.js", folder)
    (folder / "public").mkdir()
    shutil.copy(APP / "watch.js", folder / "public")


def bundle(name: str, folder: Path) -> Path:
    """The folder with what a bundler makes of the project, to be served; it says nothing that warns."""
    page = (APP / "index.html").read_text()
    program, *options = COMMANDS[name].split()
    (folder / "index.html").write_text(page.replace("SCRIPT", "main.js"))
    done = subprocess.run(
        ["node_modules/.bin/" + program, *options],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert not re.search("warn", said, re.IGNORECASE), said
    dist = folder / "dist"
    if name != "vite":
        shutil.copy(folder / "public" / "watch.js", dist)
        (dist / "index.html").write_text(page.replace("SCRIPT", "main.js"))
    (dist / "pyodide").symlink_to(Path(os.environ.get("PYJSAPI_PYODIDE") or PYODIDE))
    return dist


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of what a bundler made, by its name; each is made once."""
    made: dict[str, Path] = {}

    def get(name: str) -> Path:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            make_project(folder)
            made[name] = bundle(name, folder)
        return made[name]

    return get


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[tuple[str, Callable[[str], Evaluate]]]:
    name: str = request.param
    problem = webkit.missing() if name == "webkit" else None
    if problem is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(problem)
        pytest.skip(problem)
    with browsing(name) as visit:
        yield name, visit


def _parameter(name: str) -> object:
    return pytest.param(name, marks=[] if name == "vite" else [pytest.mark.long])


@pytest.mark.parametrize("bundler", [_parameter(name) for name in COMMANDS])
def test_a_bundle_lowers_in_a_worker(
    engine: tuple[str, Callable[[str], Evaluate]],
    bundles: Callable[[str], Path],
    bundler: str,
) -> None:
    name, visit = engine
    with serving(bundles(bundler), headers={}) as url:
        evaluate = visit(url)
        answer, noted, loaded = evaluate(
            """
            const answer = await run(argument.name, argument.bytes);
            const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
            return [answer, noted, loaded];
            """,
            # WebKit has one memory per module: there the shim itself lowers.
            {"name": "global" if name == "webkit" else "implementation", "bytes": TWO_MEMORIES},
        )
    assert answer == 42
    assert noted["errors"] == []
    (worker,) = noted["workers"]
    assert re.search(WORKERS.get(bundler.partition("-")[0], "^blob:"), worker)
    assert [file for file in loaded if "/pyodide/pyodide" in file and "lock" not in file] == []
