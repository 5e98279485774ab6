"""Exported GC Objects (index.bs, "Exported GC Objects"): structures and arrays as the host sees them."""

from __future__ import annotations

import weakref
from typing import Any, Final, NoReturn, final

from pyjsapi.runtime.gc import Aggregate, StructInst


@final
class ExportedGCObject:
    """A WebAssembly structure or array: an opaque object without properties that cannot be changed.

    There is one for each instance as long as the host holds it, so that ``is`` tells whether two are the same.
    """

    __slots__ = ("__weakref__", "_instance")

    _instance: Aggregate

    def __init__(self) -> None:
        raise TypeError("WebAssembly structures and arrays are made by WebAssembly code alone")

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise TypeError("WebAssembly objects are opaque")

    def __delattr__(self, name: str) -> NoReturn:
        raise TypeError("WebAssembly objects are opaque")

    def __repr__(self) -> str:
        kind = "struct" if isinstance(self._instance, StructInst) else "array"
        return f"<WebAssembly {kind}>"


_objects: Final[weakref.WeakValueDictionary[int, ExportedGCObject]] = weakref.WeakValueDictionary()
"""The Exported GC Object cache, by the identity of the instance, which its object keeps alive."""


def exported_object(instance: Aggregate) -> ExportedGCObject:
    """ "A new Exported GC Object": always the same one for an instance."""
    found = _objects.get(id(instance))
    if found is None:
        found = object.__new__(ExportedGCObject)
        object.__setattr__(found, "_instance", instance)
        _objects[id(instance)] = found
    return found
