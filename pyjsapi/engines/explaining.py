"""Why an instance of the engine ``auto`` runs where it does."""

from __future__ import annotations

import weakref
from typing import Any, Final, Protocol


class Told(Protocol):
    """What knows why an instance was moved to another engine, or not."""

    def explain(self) -> str:
        """One sentence."""


_told: Final[weakref.WeakKeyDictionary[Any, Told]] = weakref.WeakKeyDictionary()


def tell(instance: object, told: Told) -> None:
    """Have an engine's instance be explained by something."""
    _told[instance] = told


def explain(instance: Any) -> str:
    """Where an instance runs, and why: a sentence for people, such as ``"python: it has shared memory"``.

    ``instance`` is a `WebAssembly.Instance` whose module has the engine ``auto``. Raises `TypeError` for another one.
    """
    found = getattr(instance, "_instance", None)
    told = None if found is None else _told.get(found)
    if told is None:
        raise TypeError("an instance of a module with the engine 'auto' is needed")
    return told.explain()
