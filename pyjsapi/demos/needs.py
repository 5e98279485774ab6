"""What a demonstration may need, and why it cannot be had here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Final

_IN_PYODIDE: Final = sys.platform == "emscripten"


class Missing(Exception):
    """Something that a demonstration needs is not here; the text says what."""


def missing(need: str) -> str | None:
    """Why something that is needed cannot be had here, or ``None`` if it can.

    ``need`` is one of `CAPABILITIES`, or the name of a package that must be installed.
    """
    if need in CAPABILITIES:
        return CAPABILITIES[need][1]()
    return None if find_spec(need) is not None else f"needs {need}"


def where(needs: tuple[str, ...]) -> str:
    """Where a demonstration with these needs runs, in words for a list."""
    places = [CAPABILITIES[need][0] for need in needs if need in CAPABILITIES]
    packages = [need for need in needs if need not in CAPABILITIES]
    place = next((name for name in _NARROWEST if name in places), "everywhere")
    return place + (f", with {' and '.join(packages)}" if packages else "")


def _not_in_pyodide(what: str) -> Callable[[], str | None]:
    return lambda: f"needs {what}, which Pyodide does not have" if _IN_PYODIDE else None


def _no_processes() -> str | None:
    if sys.platform == "win32":
        return "needs workers in processes, which Windows does not have"
    return _not_in_pyodide("processes")()


def _no_linux() -> str | None:
    return None if sys.platform == "linux" else f"needs Linux, this is {sys.platform}"


def _no_mmap() -> str | None:
    if sys.platform in ("linux", "darwin"):
        return None
    return f"needs files mapped into memories, which {sys.platform} does not do"


CAPABILITIES: Final[dict[str, tuple[str, Callable[[], str | None]]]] = {
    "threads": ("CPython", _not_in_pyodide("threads of Python")),
    "processes": ("CPython, POSIX", _no_processes),
    "mmap": ("CPython, POSIX", _no_mmap),
    "sockets": ("CPython", _not_in_pyodide("sockets")),
    "linux": ("CPython, Linux", _no_linux),
}
"""What is no package: where it is to be had, and the function that says why it is not here."""

_NARROWEST: Final = ("CPython, Linux", "CPython, POSIX", "CPython")
