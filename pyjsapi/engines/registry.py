"""The engines there are, by name. Each is made when it is first asked for: nothing of it is imported before."""

from __future__ import annotations

import sys
from _thread import RLock
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.engines.errors import EngineUnavailable

if TYPE_CHECKING:
    from pyjsapi.embedding.interface import Engine

NATIVE: Final = "native"
"""Stands for the engine of JavaScript in Pyodide, and for Wasmtime elsewhere."""
_BUILT_IN: Final = {
    "python": ("python_engine", "PythonEngine"),
    "lowered": ("lowered", "LoweredEngine"),
    "wasmtime": ("wasmtime.engine", "WasmtimeEngine"),
    "auto": ("auto", "AutoEngine"),
}
"""By name: the module here that has the engine, and what makes one when it is called without arguments."""


def _only_in_pyodide() -> Engine:
    raise EngineUnavailable("host", "it is that of JavaScript, and there in Pyodide only")


_makers: Final[dict[str, Callable[[], Engine]]] = {"host": _only_in_pyodide}
_made: Final[dict[str, Engine]] = {}
_making: Final = RLock()


def offer(name: str, make: Callable[[], Engine]) -> None:
    """Have an engine under a name; ``make`` makes it when it is first asked for.

    ``make`` raises `EngineUnavailable` where the engine cannot run.
    """
    with _making:
        _makers[name] = make
        _made.pop(name, None)


def names() -> list[str]:
    """The names of all engines, whether they are available or not."""
    return [*_BUILT_IN, *(name for name in _makers if name not in _BUILT_IN)]


def available() -> dict[str, str | None]:
    """Why each engine cannot be used here, by name: ``None`` for one that can. It loads all that can."""
    return {name: _why_not(name) for name in names()}


def _why_not(name: str) -> str | None:
    try:
        engine(name)
    except EngineUnavailable as error:
        return error.reason
    return None


def engine(name: str) -> Engine:
    """The engine of a name, the same one every time.

    Raises `EngineUnavailable`, which says what to install or what is missing, and `ValueError` for an unknown name.
    """
    found = _made.get(name)
    return _make(name) if found is None else found


def check_name(name: str) -> None:
    """Raise `ValueError` for a name that no engine has."""
    known = names()
    if _native() in known:
        known.append(NATIVE)
    if name not in known:
        raise ValueError(
            f"there is no engine {name!r}; the engines are {', '.join(known[:-1])} and {known[-1]}"
        )


def _make(name: str) -> Engine:
    check_name(name)
    if name == NATIVE:
        return engine(_native())
    with _making:  # native engines have a state that there is one of
        found = _made.get(name)
        if found is None:
            make = _makers.get(name)
            found = _made[name] = _built_in(name) if make is None else make()
        return found


def _native() -> str:
    return "host" if sys.platform == "emscripten" else "wasmtime"


def _built_in(name: str) -> Engine:
    from importlib import import_module

    module, attribute = _BUILT_IN[name]
    made: Any = getattr(import_module(f"{__package__}.{module}"), attribute)()
    found: Engine = made
    return found
