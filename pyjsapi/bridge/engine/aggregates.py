"""Structures and arrays of the engine's own, as Python holds them: opaque, each one object while that lives."""

from __future__ import annotations

import weakref
from typing import Any, Final

from pyjsapi.bridge.engine.hooks import Handle
from pyjsapi.runtime.gc import ArrayInst, StructInst


class NativeStruct(StructInst):
    """A reference of the engine's own that is no array: a structure."""

    __slots__ = ("__weakref__", "handle")

    def __init__(self, handle: Handle) -> None:
        self.handle = handle

    def __del__(self) -> None:
        """It has no fields here that could be a long chain."""

    def __repr__(self) -> str:
        return "<structure of the engine of JavaScript>"


class NativeArray(ArrayInst):
    """An array of the engine's own."""

    __slots__ = ("__weakref__", "handle")

    def __init__(self, handle: Handle) -> None:
        self.handle = handle

    def __del__(self) -> None:
        """It has no elements here that could be a long chain."""

    def __repr__(self) -> str:
        return "<array of the engine of JavaScript>"


_known: Final[weakref.WeakValueDictionary[int, Any]] = weakref.WeakValueDictionary()


def aggregate_of(number: int) -> Any:
    """The object for a handle, which is used up if it is new."""
    found = _known.get(number)
    if found is None:
        found = _known[number] = NativeStruct(Handle(number))
    return found
