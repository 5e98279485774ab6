"""The kinds of workers that are to be had here. Those of JavaScript are told from above (`offer`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from pyjsapi.agents.backend import Backend

Load: TypeAlias = Callable[[], "type[Backend]"]
"""What imports a backend: most programs start no workers, and those that do start one kind."""


def _threads() -> type[Backend]:
    from pyjsapi.agents.thread import ThreadBackend

    return ThreadBackend


def _processes() -> type[Backend]:
    from pyjsapi.agents.process import ProcessBackend

    return ProcessBackend


_KINDS: Final[dict[str, Load]] = {"thread": _threads, "process": _processes}
_WHERE: Final[dict[str, str]] = {"web": "in Pyodide only"}
"""Where kinds are to be had that are not to be had here."""


def offer(kind: str, load: Load) -> None:
    """Let there be workers of a kind."""
    _KINDS[kind] = load
    _WHERE.pop(kind, None)


def withdraw(kind: str, where: str) -> None:
    """Let there be none of a kind any more; ``where`` says where there are."""
    _KINDS.pop(kind, None)
    _WHERE[kind] = where


def backend_of(kind: str) -> type[Backend]:
    """The backend of a kind of workers. Raises `ValueError` for a kind that is not to be had here."""
    if kind in _WHERE:
        raise ValueError(f"workers of kind {kind!r} are to be had {_WHERE[kind]}")
    if kind not in _KINDS:
        *others, last = map(repr, dict.fromkeys((*_KINDS, *_WHERE)))
        raise ValueError(f"a worker is of kind {', '.join(others)} or {last}, not {kind!r}")
    try:
        return _KINDS[kind]()
    except ImportError as error:
        raise ValueError(f"workers of kind {kind!r} are not to be had here: {error}") from error
