"""Global instances (core: "Runtime Structure: Global Instances")."""

from __future__ import annotations

import weakref
from typing import Any, Final

from pyjsapi.syntax.types import GlobalType

PYTHON: Final = "python"
"""The engine whose instances have what is made here, unless something else is said."""


class GlobalInst:
    """A global in the store: its closed type and a one-element list that every importer shares."""

    __slots__ = ("__weakref__", "cell", "held_by", "type", "wrapper")

    def __init__(self, type_: GlobalType, value: Any) -> None:
        self.type = type_
        self.cell: Any = [value]
        """The value in its canonical form (see `FuncInst`): a list of one, or what stands for it."""
        self.held_by: str | None = PYTHON
        """The name of the engine whose instances have it; ``None`` as long as none has: it floats."""
        self.wrapper: weakref.ref[Any] | None = None
        """The embedder's object for this global."""

    def take(self, engine: str, cell: Any) -> None:
        """Have the value in ``cell``, as its item 0, from now on; raises `ValueError` unless the global floats."""
        if self.held_by is not None:
            raise ValueError(f"the global belongs to the engine {self.held_by!r}")
        self.cell, self.held_by = cell, engine
