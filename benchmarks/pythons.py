"""Run the benchmarks on another installed Python, in a virtual environment of its own."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "benchmarks"
# ppci imports cgitb, which Python 3.13 no longer has.
BACKPORT = "legacy-cgi==2.6.4; python_version >= '3.13'"


class NoSuchPython(Exception):
    """The wanted Python is not installed, or cannot make virtual environments."""


def find(version: str) -> Path:
    """The interpreter of `version` (such as "3.13") on PATH or among pyenv's. Raises `NoSuchPython`."""
    command: list[str | Path] = [sys.executable, ROOT / "scripts" / "pythons.py", version]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise NoSuchPython(f"there is no Python {version} on PATH or of pyenv")
    return Path(done.stdout.strip())


def environment(version: str) -> Path:
    """The Python of a virtual environment with the peers, made the first time."""
    with (ROOT / "pyproject.toml").open("rb") as handle:
        peers = tomllib.load(handle)["project"]["optional-dependencies"]["bench"]
    venv = FOLDER / f"venv-{version}"
    python = venv / "bin" / "python"
    done = venv / "peers.txt"
    wanted = "\n".join([*peers, BACKPORT])
    if not done.is_file() or done.read_text(encoding="utf-8") != wanted:
        print(f"benchmarks: installing the peers for Python {version} into {venv}", flush=True)
        subprocess.run([find(version), "-m", "venv", "--clear", venv], check=True)
        pip: list[str | Path] = [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        subprocess.run([*pip, *peers, BACKPORT], check=True)
        done.write_text(wanted, encoding="utf-8")
    return python


def run(version: str, arguments: Sequence[str]) -> int:
    """Run `python -m benchmarks` with `arguments` on that Python; returns the exit code."""
    if version == f"{sys.version_info[0]}.{sys.version_info[1]}":
        python = Path(sys.executable)
    else:
        python = environment(version)
    return subprocess.run([python, "-m", "benchmarks", *arguments], cwd=ROOT).returncode
