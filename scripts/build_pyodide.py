"""Build the Pyodide distribution that carries pyjsapi: `build/pyodide/`.

The folder holds Pyodide's core files from npm, the wheel of this checkout, and a lock file that names
the wheel, so that `await pyodide.loadPackage("pyjsapi")` works without a network, in a page
(`loadPyodide({indexURL: ".../build/pyodide/"})`) and in Node. Nothing is done when no input changed.

    python scripts/build_pyodide.py [--force]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from common import BUILD, ROOT, Failure, locked, main_guard, run, say
from stamps import Stamp

NPM_PYODIDE = ROOT / "node_modules" / "pyodide"
DISTRIBUTION = BUILD / "pyodide"
WHEELS = BUILD / "wheel"

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


def package_sources() -> list[Path]:
    """The files of the package that belong in the wheel: Python modules and the typing marker."""
    package = ROOT / "pyjsapi"
    return sorted([*package.rglob("*.py"), package / "py.typed"])


def build_wheel() -> Path:
    """Build the wheel of this checkout, reproducibly and without a network; returns its path."""
    shutil.rmtree(WHEELS, ignore_errors=True)
    run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", WHEELS, ROOT],
        quiet=True,
        env={"SOURCE_DATE_EPOCH": "1767225600"},
    )
    (wheel,) = WHEELS.glob("pyjsapi-*.whl")
    check_wheel(wheel)
    return wheel


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


def lock_entry(wheel: Path, version: str) -> dict[str, Any]:
    """The entry of the wheel in Pyodide's lock file (pyodide-lock 0.1.2 cannot read a lock of 314)."""
    return {
        "depends": [],
        "file_name": wheel.name,
        "imports": ["pyjsapi"],
        "install_dir": "site",
        "name": "pyjsapi",
        "package_type": "package",
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "tool": {},
        "unvendored_tests": False,
        "version": version,
    }


def lock_with(entry: dict[str, Any]) -> str:
    """Pyodide's own lock file with one more package."""
    lock = json.loads((NPM_PYODIDE / LOCK).read_text(encoding="utf-8"))
    pattern = lock["packages"]["micropip"]
    if pattern.keys() != entry.keys():
        raise Failure(
            f"the lock file of Pyodide changed its format: its entries have the keys "
            f"{sorted(pattern)}, {Path(__file__).name} writes {sorted(entry)}"
        )
    lock["packages"][entry["name"]] = entry
    return json.dumps(lock, indent=1, sort_keys=True) + "\n"


def build() -> None:
    wheel = build_wheel()
    version = wheel.name.split("-")[1]
    fresh = BUILD / "pyodide.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name in CORE_FILES:
        shutil.copy2(NPM_PYODIDE / name, fresh / name)
    shutil.copy2(wheel, fresh / wheel.name)
    (fresh / LOCK).write_text(lock_with(lock_entry(wheel, version)), encoding="utf-8")
    # A page that is being served never sees half of a distribution.
    shutil.rmtree(DISTRIBUTION, ignore_errors=True)
    fresh.rename(DISTRIBUTION)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--force", action="store_true", help="build although no input changed")
    options = parser.parse_args()
    if not NPM_PYODIDE.is_dir():
        raise Failure("node_modules/pyodide is missing: run `make setup` first")
    with locked("pyodide"):
        stamp = Stamp(
            "pyodide",
            files=[
                *package_sources(),
                *(ROOT / name for name in WHEEL_INPUTS),
                NPM_PYODIDE / "package.json",
                Path(__file__),
            ],
            outputs=[DISTRIBUTION / LOCK],
        )
        if stamp.current() and not options.force:
            return 0
        say("building the Pyodide distribution (build/pyodide)")
        try:
            build()
        except subprocess.CalledProcessError as error:
            raise Failure(f"the wheel could not be built (exit {error.returncode})") from error
        stamp.write()
    return 0


if __name__ == "__main__":
    main_guard(main)
