"""What a compiled module carries: those rooms of the package that it needs, and nothing of others."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from pyjsapi.jsapi.imported import is_program
from pyjsapi.jsapi.module import Module
from pyjsapi.syntax.module import MEMORY_MAP

_BASE: Final = (
    "binary", "blocks", "compiler", "ecmascript", "embedding", "engines", "jsapi", "runtime", "standalone", "syntax",
    "validation",
)  # fmt: skip
"""Rooms that all modules need: functions are translated when they are first called, for the memories that there are."""
_MORE: Final = ("agents", "sharing", "wasi")
"""Rooms that some need."""
_LEFT_OUT: Final = (
    "compiler/proof/",
    "compiler/proving.py",
    "engines/wasmtime/",
    "engines/lowered.py",
    "standalone/carriers.py",
    "standalone/rooms.py",
    "standalone/stubs.py",
    "standalone/wheels.py",
    "standalone/writing.py",
)
"""What in these rooms does not run modules."""
_IMPORT: Final = re.compile(
    r"^( *)(from|import) pyjsapi((?:\.\w+)*)(?= import|$|  #)", re.MULTILINE
)


class NoSources(Exception):
    """The package is here as bytecode alone, which another Python could not run."""


def carried(module: Module) -> dict[str, bytes]:
    """The files that a module needs, by their paths in the package. Raises `NoSources`."""
    rooms = set(_BASE)
    if is_program(module):
        rooms.add("wasi")
        from pyjsapi.wasi.modules import is_threaded

        if is_threaded(module):
            rooms.add("agents")
    if Module.customSections(module, MEMORY_MAP):
        rooms.add("sharing")
    return {path: data for path, data in _sources().items() if _room(path) in {"", *rooms}}


def copy_name() -> str:
    """What the copies of this version of the package are called, whichever rooms they have."""
    hasher = hashlib.sha256()
    for path, data in _sources().items():
        hasher.update(f"{path}\0{len(data)}\0".encode() + data)
    return f"_pyjsapi_{hasher.hexdigest()[:16]}"


def relative(path: str, text: str) -> str:
    """The text of a file of the package with relative imports in place of those of the package by its name."""
    dots = "." * (path.count("/") + 1)

    def renamed(found: re.Match[str]) -> str:
        space, word, name = found.groups()
        if word == "from":
            return f"{space}from {dots}{name.removeprefix('.')}"
        parent, _, last = name.removeprefix(".").rpartition(".")
        return f"{space}from {dots}{parent} import {last}"

    return _IMPORT.sub(renamed, text)


@cache
def _sources() -> Mapping[str, bytes]:
    """All that any copy has. Raises `NoSources`."""
    package = files(__name__.partition(".")[0])
    if not (package / "__init__.py").is_file():
        raise NoSources
    found = {"__init__.py": package / "__init__.py"}
    for room in (*_BASE, *_MORE):
        found |= dict(_python_files(room, package / room))
    return {
        path: relative(path, file.read_text("utf-8")).encode()
        for path, file in sorted(found.items())
        if not path.startswith(_LEFT_OUT)
    }


def _python_files(path: str, folder: Traversable) -> Iterator[tuple[str, Traversable]]:
    entries: Iterable[Traversable] = folder.iterdir()
    for entry in entries:
        inside = f"{path}/{entry.name}"
        if entry.is_dir():
            yield from _python_files(inside, entry)
        elif entry.name.endswith(".py"):
            yield inside, entry


def _room(path: str) -> str:
    return path.partition("/")[0] if "/" in path else ""
