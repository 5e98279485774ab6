"""Virtual environments beside `.venv`, for tools that do not go together with the project's own.

What each holds is a group of `[dependency-groups]` in pyproject.toml.
"""

from __future__ import annotations

import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pythons
from common import ROOT, Failure, run, say
from stamps import Stamp

_NEWEST = 15
"""Minor version of Python up to which is looked for others."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment, `.venv-NAME`, with the group of the same name."""

    name: str
    minimum: tuple[int, int]
    """The oldest Python that will do."""
    wheels: str | None = None
    """The group of packages whose wheels are kept in its folder `wheels`: for Pyodide, without what they depend on."""

    @property
    def folder(self) -> Path:
        """Where it is, or would be."""
        return ROOT / f".venv-{self.name}"

    def command(self, name: str) -> Path:
        """The path of one of its commands."""
        return self.folder / "bin" / name

    @property
    def exists(self) -> bool:
        """Whether it was set up."""
        return self._stamp().current()

    def _packages(self) -> list[str]:
        return _group(self.name)

    def _stamp(self) -> Stamp:
        values = [*self._packages(), *(_group(self.wheels) if self.wheels else ())]
        return Stamp(self.name, values=values, outputs=[self.command("python")])

    def _fetch_wheels(self, group: str) -> None:
        """Fetch pure wheels, for the Python of Pyodide."""
        pure = ["--only-binary", ":all:", "--platform", "any", "--implementation", "py"]
        run(
            [
                self.command("pip"), "download", "--disable-pip-version-check", "--no-deps", *pure,
                "--abi", "none", "--python-version", "3.14", "--dest", self.folder / "wheels",
                *_group(group),
            ],
            quiet=True,
        )  # fmt: skip

    def set_up(self) -> bool:
        """Make it unless it is there; `False` where there is no Python for it. Raises `Failure`."""
        if self.exists:
            return True
        python = find_python(self.minimum)
        if python is None:
            return False
        packages = self._packages()
        say(f"installing {', '.join(packages)} into .venv-{self.name}")
        try:
            run([python, "-m", "venv", "--clear", self.folder], quiet=True)
            run(
                [self.command("pip"), "install", "--disable-pip-version-check", *packages],
                quiet=True,
            )
            if self.wheels is not None:
                self._fetch_wheels(self.wheels)
        except subprocess.CalledProcessError as error:
            raise Failure(
                f"`{' '.join(map(str, error.cmd))}` failed (exit {error.returncode}); its output is "
                "above. PyPI must be reachable for the first set-up"
            ) from error
        # For Node the scripts of packages are no ES modules, as this project's are.
        (self.folder / "package.json").write_text("{}\n", encoding="utf-8")
        self._stamp().write()
        return True


PYODIDE_TOOLS = Environment("pyodide-tools", (3, 12))
"""pyodide-build and pyodide-lock."""
PYTEST_PYODIDE = Environment("pytest-pyodide", (3, 11))
"""pytest-pyodide, which needs an older pytest."""
NOTEBOOKS = Environment("notebooks", (3, 11), wheels="notebook-wheels")
"""Notebooks, and what those in Pyodide install when they start."""


def _group(name: str) -> list[str]:
    with (ROOT / "pyproject.toml").open("rb") as handle:
        groups: dict[str, list[str]] = tomllib.load(handle)["dependency-groups"]
    return groups[name]


def find_python(minimum: tuple[int, int]) -> Path | None:
    """The newest Python that is installed, here or by pyenv, if it is not older than that."""
    for minor in range(_NEWEST, minimum[1] - 1, -1):
        found = pythons.find(f"3.{minor}")
        if found is not None:
            return found
    return None
