"""One object of the JS API for each object of the store: the caches of index.bs ("Memory object cache" and others).

Each side knows the other: the API's object holds the store's, which refers back weakly. So an object lives as long
as somebody holds it, and nothing is freed late because of a cycle. Functions differ (see `runtime.FuncInst.wrapper`).
"""

from __future__ import annotations

import weakref
from typing import Any, Protocol, TypeVar


class Cached(Protocol):
    """An object of the store."""

    wrapper: weakref.ref[Any] | None


class Wrapper(Protocol):
    """An object of the API."""

    def _attach(self, core: Any, /) -> None:
        """Stand for an object of the store from now on."""


_W = TypeVar("_W", bound=Wrapper)


def object_of(core: Cached, class_: type[_W]) -> _W:
    """The object of the API for an object of the store: the one there is, or a new one."""
    found = core.wrapper() if core.wrapper is not None else None
    if isinstance(found, class_):
        return found
    made = class_.__new__(class_)
    made._attach(core)
    return made
