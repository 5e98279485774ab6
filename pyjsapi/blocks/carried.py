"""What belongs to a thread, and goes along where another thread runs in its place for a while."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

Belongings: TypeAlias = Sequence[dict[str, Any]]

_LOCALS: Final[list[threading.local]] = []


def carry(local: threading.local) -> None:
    """Let the values of a local go along from now on."""
    _LOCALS.append(local)


def hand_over() -> Belongings:
    """The values that the running thread has, and has no more."""
    found = []
    for local in tuple(_LOCALS):
        values = vars(local)
        found.append(dict(values))
        values.clear()
    return found


def copies() -> Belongings:
    """The values that the running thread has, and keeps."""
    return [dict(vars(local)) for local in tuple(_LOCALS)]


def take_over(belongings: Belongings) -> None:
    """Let the running thread have values, and none of its own."""
    for local, values in zip(tuple(_LOCALS), belongings, strict=False):
        own = vars(local)
        own.clear()
        own.update(values)
