"""Set the project up in its own folders: `.venv`, `node_modules`, engines, tools, the browsers.

    python3 scripts/setup.py [--bench] [python] [node] [fuzz] [bundlers] [pyodide-tools] [browsers] [pytest-pyodide]
        [notebooks] [hosts]

Without a name all but the last three are set up. Each step is skipped when its inputs did not change since it was
last done, and says in one line what it needs and cannot get.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "pyjsapi: cannot go on: Python 3.11 or newer is needed, this is {}.{}; "
        "name another one, for example: make PYTHON=python3.12 setup".format(*sys.version_info[:2])
    )

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import tomllib
from pathlib import Path

from common import ROOT, VENV, Failure, locked, main_guard, run, say
from environments import NOTEBOOKS, PYODIDE_TOOLS, PYTEST_PYODIDE, Environment
from stamps import Stamp

NODE_MINIMUM = 20
# Each browser: its commands, Debian's package, Playwright's name for its own build.
BROWSERS = (
    (("chromium", "chromium-browser", "google-chrome"), "chromium", "chromium"),
    (("firefox-esr", "firefox"), "firefox-esr", "firefox"),
)
# WebKitGTK, which Playwright does not drive: its driver and small browser, and a display without a screen.
WEBKIT_PACKAGES = (("WebKitWebDriver", "webkit2gtk-driver"), ("Xvfb", "xvfb"))
# Without any font a page is drawn as empty boxes in the pictures.
FONTS = "fonts-dejavu-core"

# What is installed apart, by step: the folder with package.json, and what it has. The engines are for Linux on x64.
FOLDERS = {
    "fuzz": ("fuzz", "the engines for fuzzing"),
    "bundlers": ("tests/bundlers", "the bundlers"),
    "hosts": ("tests/hosts", "Pyodides, PyScript and Deno"),
}

PRINT_BROWSER_PATHS = """
from playwright.sync_api import sync_playwright
with sync_playwright() as p:
    print(p.chromium.executable_path)
    print(p.firefox.executable_path)
"""


def can_use_apt() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(*packages: str) -> None:
    """Install Debian packages, refreshing the package lists first."""
    say(f"installing {' '.join(packages)} with apt-get")
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        run(["apt-get", "update"], quiet=True, env=env)
        run(["apt-get", "install", "-y", "--no-install-recommends", *packages], quiet=True, env=env)
    except subprocess.CalledProcessError as error:
        raise Failure(
            f"`apt-get install {' '.join(packages)}` failed (exit {error.returncode}); "
            "its output is above"
        ) from error


def set_up_python(bench: bool) -> None:
    """Make `.venv` with this Python and install the project, editable, with its tools."""
    extras = "dev,bench" if bench else "dev"
    with (ROOT / "pyproject.toml").open("rb") as handle:
        settings = tomllib.load(handle)
    python = VENV / "bin" / "python"
    base = os.path.realpath(sys.executable)
    wanted = json.dumps([settings["project"], settings["build-system"], settings["tool"]["hatch"]])
    stamps = [
        Stamp(name, values=[wanted, names, sys.version, base], outputs=[python])
        for name, names in (("python-bench", "dev,bench"), ("python", "dev"))
    ]
    # What was set up for the benchmarks serves everything else too.
    if any(stamp.current() for stamp in (stamps[:1] if bench else stamps)):
        return
    if importlib.util.find_spec("ensurepip") is None:
        if not can_use_apt():
            raise Failure("this Python cannot make virtual environments: install python3-venv")
        apt_install("python3-venv")
    say(f"installing the project with its tools into .venv ({extras})")
    try:
        if not _same_python(python):
            run([sys.executable, "-m", "venv", "--clear", VENV], quiet=True)
        run(
            [
                python,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--editable",
                f"{ROOT}[{extras}]",
            ],
            quiet=True,
        )
    except subprocess.CalledProcessError as error:
        raise Failure(
            f"`{' '.join(error.cmd)}` failed (exit {error.returncode}); its output is above. "
            "PyPI must be reachable for the first set-up"
        ) from error
    stamps[0 if bench else 1].write()


def _same_python(python: Path) -> bool:
    """Whether `python` runs and is of the version that runs this script."""
    if not python.exists():
        return False
    probe = [str(python), "-c", "import sys, pip; print(sys.version)"]
    answer = subprocess.run(probe, capture_output=True, text=True)
    return answer.returncode == 0 and answer.stdout.strip() == sys.version.strip()


def set_up_node() -> None:
    """Install the npm packages of `package-lock.json` into `node_modules`."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Failure(f"Node.js {NODE_MINIMUM} or newer and npm are needed and not on PATH")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < NODE_MINIMUM:
        raise Failure(f"Node.js {NODE_MINIMUM} or newer is needed, `node` is {version}")
    modules = ROOT / "node_modules"
    if _node_stamp(modules).current():
        return
    say("installing the npm packages into node_modules")
    try:
        run(["npm", "ci", "--loglevel=error"], quiet=True)
    except subprocess.CalledProcessError as error:
        raise Failure(
            f"`npm ci` failed (exit {error.returncode}); its output is above. "
            "The npm registry must be reachable for the first set-up; "
            "after a change of package.json run scripts/lock_npm.sh"
        ) from error
    _node_stamp(modules).write()


def _node_stamp(modules: Path) -> Stamp:
    return Stamp(
        "node",
        files=[ROOT / "package.json", ROOT / "package-lock.json", ROOT / ".npmrc"],
        outputs=[modules / ".package-lock.json"],
    )


def set_up_more(step: str) -> None:
    """Install the npm packages that are in a folder of their own: `FOLDERS`."""
    name, what = FOLDERS[step]
    folder = ROOT / name
    stamp = Stamp(
        step,
        files=[folder / "package.json", folder / "package-lock.json", folder / ".npmrc"],
        outputs=[folder / "node_modules" / ".package-lock.json"],
    )
    if stamp.current():
        return
    say(f"installing {what} into {name}/node_modules")
    try:
        run(["npm", "ci", "--loglevel=error"], quiet=True, cwd=folder)
    except subprocess.CalledProcessError as error:
        raise Failure(
            f"`npm ci` failed in {name}/ (exit {error.returncode}); its output is above. "
            "The npm registry must be reachable for the first set-up; "
            f"after a change of {name}/package.json run scripts/lock_npm.sh {name}"
        ) from error
    stamp.write()


def set_up_environment(environment: Environment) -> None:
    """Make a virtual environment beside `.venv`, where there is a Python for it."""
    if not environment.set_up():
        major, minor = environment.minimum
        say(f"no Python {major}.{minor} or newer: {environment.name} is left out")


def set_up_webkit() -> None:
    """Install WebKitGTK's driver with apt where that can be done; the tests say what is missing elsewhere."""
    missing = [package for command, package in WEBKIT_PACKAGES if shutil.which(command) is None]
    if not missing:
        return
    if can_use_apt():
        apt_install(*missing, FONTS)
    else:
        say(f"no WebKitGTK: its tests are left out (Debian: apt-get install {' '.join(missing)})")


def set_up_browsers() -> None:
    """Find Chromium and Firefox; install what is missing (Debian's packages, else Playwright's builds)."""
    missing = [row for row in BROWSERS if not any(shutil.which(command) for command in row[0])]
    if not missing:
        return
    if can_use_apt():
        apt_install(*(package for _, package, _ in missing), FONTS)
        return
    python = VENV / "bin" / "python"
    answer = subprocess.run([python, "-c", PRINT_BROWSER_PATHS], capture_output=True, text=True)
    own = dict(zip(("chromium", "firefox"), answer.stdout.split(), strict=False))
    names = [name for _, _, name in missing if not Path(own.get(name, "/nonexistent")).exists()]
    if not names:
        return
    say(f"no {' and no '.join(names)} on PATH: installing Playwright's own build")
    try:
        run([python, "-m", "playwright", "install", *names])
    except subprocess.CalledProcessError as error:
        packages = " ".join(package for _, package, name in missing if name in names)
        raise Failure(
            f"there is no {' and no '.join(names)}, and `playwright install` could not fetch it: "
            f"install it yourself (Debian: apt-get install {packages})"
        ) from error


STEPS = ("python", "node", "fuzz", "bundlers", "pyodide-tools", "browsers")
ON_REQUEST = ("pytest-pyodide", "notebooks", "hosts")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    names = ", ".join((*STEPS, *ON_REQUEST))
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"one of {names}")
    parser.add_argument("--bench", action="store_true", help="also the peers of the benchmarks")
    options = parser.parse_args()
    steps = options.steps or STEPS
    if unknown := set(steps).difference(STEPS, ON_REQUEST):
        parser.error(f"unknown step {sorted(unknown)[0]!r}; there are {names}")
    with locked("setup"):
        if "python" in steps:
            set_up_python(options.bench)
        if "node" in steps:
            set_up_node()
        for step in FOLDERS:
            if step in steps:
                set_up_more(step)
        for environment in (PYODIDE_TOOLS, PYTEST_PYODIDE, NOTEBOOKS):
            if environment.name in steps:
                set_up_environment(environment)
        if "browsers" in steps:
            set_up_browsers()
            set_up_webkit()
    return 0


if __name__ == "__main__":
    main_guard(main)
