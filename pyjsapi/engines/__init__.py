"""The engines, and which of them is used where nothing else is said: the one place that names the default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pyjsapi.embedding.interface import Engine

_used: Final[list[Engine]] = []


def default() -> Engine:
    """The engine for modules that are compiled now, and for memories, tables and globals of the host's own."""
    if not _used:
        from pyjsapi.engines.python_engine import PythonEngine

        _used.append(PythonEngine())
    return _used[0]


def use(engine: Engine) -> Engine:
    """Let this be the default from now on; the one that was."""
    before = default()
    _used[:] = [engine]
    return before
