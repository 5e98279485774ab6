"""Where the interpreters are: modules in packages that are installed. Nothing is ever downloaded."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

from pyjsapi.sandbox.errors import GuestNotInstalled


class Guest(NamedTuple):
    """An interpreter: its name, the package that has it, and where."""

    title: str
    package: str
    path: str


GUESTS: Final[Mapping[str, Guest]] = {
    "python": Guest("MicroPython", "pwasm", "guests/micropython.wasm"),
    "javascript": Guest("QuickJS", "pwasm", "guests/quickjs.wasm"),
}
"""By language."""


def find_guest(language: str) -> Path:
    """The module of the interpreter of a language. Raises `GuestNotInstalled`.

    The package is looked for and not imported.
    """
    guest = GUESTS[language]
    spec = find_spec(guest.package)
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = Path(folder, guest.path)
        if path.is_file():
            return path
    raise GuestNotInstalled(
        f"Sandbox.{language}(): no {guest.title} is installed: `pip install {guest.package}` has one, "
        "or give a module of the same interface as module="
    )
