"""Build the Pyodide distribution that carries pyjsapi: `build/pyodide/`.

The folder holds Pyodide's core files from npm, the wheel of this checkout compiled for its Python, and a lock file that
names the wheel, so that `await pyodide.loadPackage("pyjsapi")` works without a network, in a page
(`loadPyodide({indexURL: ".../build/pyodide/"})`) and in Node. The wheel itself, which any Pyodide can take, is in
`build/wheel/`, and the package's own sources, which recipes/pyjsapi builds from, in `build/source/`. Nothing is done
when no input changed.

    python scripts/build_pyodide.py [--force] [--into FOLDER]

With `--into` the wheel is added to another distribution, and nothing else is built.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from common import BUILD, ROOT, Failure, locked, main_guard, run, say
from environments import PYODIDE_TOOLS
from pyodide_tools import SOURCE_DATE_EPOCH, add_wheel, compile_wheel, replace_wheel
from stamps import Stamp

NPM_PYODIDE = ROOT / "node_modules" / "pyodide"
DISTRIBUTION = BUILD / "pyodide"
WHEELS = BUILD / "wheel"
SOURCE = BUILD / "source"

# What `loadPyodide` fetches from its indexURL, and the modules a page or a Node script imports.
CORE_FILES = (
    "package.json",
    "pyodide.mjs",
    "pyodide.js",
    "pyodide.asm.mjs",
    "pyodide.asm.wasm",
    "python_stdlib.zip",
)
LOCK = "pyodide-lock.json"
# Files outside the sources that are part of the wheel or decide how it is built.
WHEEL_INPUTS = ("pyproject.toml", "README.md", "LICENSE")
SCRIPTS = ("build_pyodide.py", "pyodide_tools.py", "compile_wheel.py", "compile_wheel.mjs")


def package_sources() -> list[Path]:
    """The files of the package, which belong in the wheel: modules and what lies beside them."""
    files = [path for path in (ROOT / "pyjsapi").rglob("*") if path.is_file()]
    return sorted(path for path in files if path.parent.name != "__pycache__")


def build_wheel(folder: Path) -> Path:
    """Build the wheel of this checkout, reproducibly and without a network; returns its path."""
    wheel = _build("wheel", folder)
    check_wheel(wheel)
    return wheel


def unpack_source() -> None:
    """Put the package's own sources, as its source distribution has them, into a folder."""
    archive = _build("sdist", BUILD / "sdist")
    shutil.rmtree(SOURCE, ignore_errors=True)
    with tarfile.open(archive) as source:
        source.extractall(archive.parent, filter="data")
    (archive.parent / archive.name.removesuffix(".tar.gz")).rename(SOURCE)
    shutil.rmtree(archive.parent)


def _build(kind: str, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    build = [sys.executable, "-m", "build", "--no-isolation"]
    run([*build, f"--{kind}", "--outdir", folder, ROOT], quiet=True, env=SOURCE_DATE_EPOCH)
    (built,) = folder.iterdir()
    return built


def check_wheel(wheel: Path) -> None:
    """Raise `Failure` unless the wheel holds the package's sources and its metadata, nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
    wanted = {path.relative_to(ROOT).as_posix() for path in package_sources()}
    if found != wanted:
        raise Failure(
            f"{wheel.name} does not hold exactly the package's Python files: "
            f"missing {sorted(wanted - found)}, unexpected {sorted(found - wanted)}"
        )


def add_to(folder: Path, wheel: Path, *, tools: bool) -> None:
    """Add the wheel of this checkout to a distribution, compiled for its Python."""
    lock = add_wheel(folder / LOCK, wheel, tools=tools)
    compiled = compile_wheel(wheel, folder, lock["info"]["python"], tools=tools)
    replace_wheel(lock, compiled)
    content = json.dumps(lock, indent=1, sort_keys=True) + "\n"
    (folder / LOCK).write_text(content, encoding="utf-8")


def build(*, tools: bool) -> None:
    unpack_source()
    fresh = BUILD / "pyodide.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name in (*CORE_FILES, LOCK):
        shutil.copy2(NPM_PYODIDE / name, fresh / name)
    add_to(fresh, build_wheel(WHEELS), tools=tools)
    # A page that is being served never sees half of a distribution.
    shutil.rmtree(DISTRIBUTION, ignore_errors=True)
    fresh.rename(DISTRIBUTION)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--force", action="store_true", help="build although no input changed")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="another distribution")
    options = parser.parse_args()
    if not NPM_PYODIDE.is_dir():
        raise Failure("node_modules/pyodide is missing: run `make setup` first")
    if options.into is not None and not (options.into / LOCK).is_file():
        raise Failure(f"{options.into} is no Pyodide distribution: it has no {LOCK}")
    with locked("pyodide"):
        stamp = Stamp(
            "pyodide",
            files=[
                *package_sources(),
                *(ROOT / name for name in WHEEL_INPUTS),
                NPM_PYODIDE / "package.json",
                *(ROOT / "scripts" / name for name in SCRIPTS),
            ],
            outputs=[DISTRIBUTION / LOCK, WHEELS, SOURCE],
        )
        if options.into is None and stamp.current() and not options.force:
            return 0
        say(f"building the Pyodide distribution ({options.into or 'build/pyodide'})")
        tools = PYODIDE_TOOLS.exists
        if not tools:
            say("without pyodide-build, which needs Python 3.12 (scripts/setup.py pyodide-tools)")
        try:
            if options.into is not None:
                # Others may be reading what is in build/: it stays as it is.
                with tempfile.TemporaryDirectory() as folder:
                    wheel = build_wheel(Path(folder) / "wheel")
                    add_to(options.into.resolve(), wheel, tools=tools)
                return 0
            build(tools=tools)
        except subprocess.CalledProcessError as error:
            raise Failure(f"`{error.cmd[0]}` failed (exit {error.returncode})") from error
        stamp.write()
    return 0


if __name__ == "__main__":
    main_guard(main)
