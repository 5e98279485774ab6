"""The kinds of workers that there are here. Those of JavaScript are told from above (`offer`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from pyjsapi.agents.backend import Backend

WorkerKind: TypeAlias = Literal["thread", "process", "web"]
"""What `Worker` takes as its kind."""

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
"""Where there are kinds that are not here."""


def offer(kind: str, load: Load) -> None:
    """Let there be workers of a kind."""
    _KINDS[kind] = load
    _WHERE.pop(kind, None)


def withdraw(kind: str, where: str) -> None:
    """Let there be none of a kind any more; ``where`` says where there are."""
    _KINDS.pop(kind, None)
    _WHERE[kind] = where


def default_kind() -> str:
    """The kind of a worker for which none is named: a thread, or where there are no threads what there is."""
    return next(iter(_KINDS))


def backend_of(kind: str) -> type[Backend]:
    """The backend of a kind of workers. Raises `ValueError` for a kind that is not there."""
    if kind in _WHERE:
        here = " and ".join(map(repr, _KINDS))
        raise ValueError(f"workers of kind {kind!r} exist {_WHERE[kind]}; here there is {here}")
    if kind not in _KINDS:
        *others, last = map(repr, dict.fromkeys((*_KINDS, *_WHERE)))
        raise ValueError(f"a worker is of kind {', '.join(others)} or {last}, not {kind!r}")
    try:
        return _KINDS[kind]()
    except ImportError as error:
        raise ValueError(f"workers of kind {kind!r} are not there: {error}") from error
