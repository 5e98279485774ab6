"""What the link layer in JavaScript puts into Python, and the anchors that tell it when something is dropped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

HOOKS: Final[dict[str, Callable[..., Any]]] = {}
"""JavaScript functions by name; see ``polyfill/python/link/hooks.mjs``. Empty without a link layer."""


class ImportAnchor(int):
    """``self`` of a builtin that calls a JavaScript function: the function's number."""

    def __del__(self) -> None:
        HOOKS["free_import"](int(self))


class MemoryAnchor(int):
    """``self`` of a memory's accessors: the address of the memory's record.

    It outlives the accessors, and frees what JavaScript holds for the memory when it goes.
    """

    data: object = None
    """The bytes, as long as they are in Python."""

    def __del__(self) -> None:
        HOOKS["free_memory"](int(self))
