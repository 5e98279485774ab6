"""Global instances (core: "Runtime Structure: Global Instances")."""

from __future__ import annotations

import weakref
from typing import Any

from pyjsapi.syntax.types import GlobalType


class GlobalInst:
    """A global in the store: its closed type and a one-element list that every importer shares."""

    __slots__ = ("__weakref__", "cell", "type", "wrapper")

    def __init__(self, type_: GlobalType, value: Any) -> None:
        self.type = type_
        self.cell: list[Any] = [value]
        """The value in its canonical form (see `FuncInst`)."""
        self.wrapper: weakref.ref[Any] | None = None
        """The embedder's object for this global."""
