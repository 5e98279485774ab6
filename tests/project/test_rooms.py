"""Who may know of whom, beyond what the import contracts see."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pyjsapi
from pyjsapi.runtime.memory import MemInst

PACKAGE = Path(pyjsapi.__file__).parent
ROOF = {"__init__.py", "javascript.py"}
"""Files outside of the bridge that may name it."""


def _below_the_roof() -> Iterator[Path]:
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith("bridge/") and name not in ROOF:
            yield path


def test_nobody_below_names_the_bridge() -> None:
    assert [path for path in _below_the_roof() if "pyjsapi.bridge" in path.read_text("utf-8")] == []


def test_nobody_below_builds_its_name_from_parts() -> None:
    named = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in _below_the_roof()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and ("bridge." in node.value or node.value == "bridge")
        )
        or (isinstance(node, ast.alias) and node.name == "bridge")
    ]
    assert named == []


def test_there_is_one_class_of_memories() -> None:
    for info in pkgutil.walk_packages(pyjsapi.__path__, "pyjsapi."):
        if not info.name.startswith("pyjsapi.bridge.") and not info.name.endswith("__main__"):
            importlib.import_module(info.name)
    importlib.import_module("pyjsapi.bridge.memory.web")
    assert MemInst.__subclasses__() == []


def test_the_contract_about_javascript_names_every_room_but_the_bridge() -> None:
    settings = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text("utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    named = next(c for c in contracts if "js" in c.get("forbidden_modules", ()))["source_modules"]
    rooms = {f"pyjsapi.{info.name}" for info in pkgutil.iter_modules(pyjsapi.__path__)}
    assert set(named) == rooms - {"pyjsapi.bridge", "pyjsapi.__main__"}
    assert not any("ignore_imports" in contract for contract in contracts)
