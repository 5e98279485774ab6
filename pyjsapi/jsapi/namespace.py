"""The ``WebAssembly`` namespace (index.bs, "The WebAssembly Namespace").

``from pyjsapi import WebAssembly`` gives this module. Whatever compiles a module, and `Memory`, takes ``features`` and
``limits`` that restrict it, as keywords; the former ``engine`` too, which names what runs it (`pyjsapi.engines`).
Nothing else is in it but what its machinery is called, with an underscore.
"""

from __future__ import annotations

import os as _os
import sys as _sys
from importlib.machinery import ModuleSpec as _ModuleSpec
from typing import Any as _Any

from pyjsapi.jsapi.errors import (
    CompileError,
    DeadlineExceeded,
    Interrupted,
    LinkError,
    OutOfFuel,
    OutOfHostCalls,
    RuntimeError,
    SuspendError,
)
from pyjsapi.jsapi.exception import Exception
from pyjsapi.jsapi.global_ import Global
from pyjsapi.jsapi.instance import Instance
from pyjsapi.jsapi.memory import Memory
from pyjsapi.jsapi.memory_map_descriptor import MemoryMapDescriptor
from pyjsapi.jsapi.module import Module
from pyjsapi.jsapi.operations import (
    InstantiatedSource,
    compile,
    compileStreaming,
    instantiate,
    instantiateStreaming,
    validate,
)
from pyjsapi.jsapi.promising import Suspending, promising
from pyjsapi.jsapi.table import Table
from pyjsapi.jsapi.tag import JSTag, Tag

__all__ = [
    "CompileError",
    "DeadlineExceeded",
    "Exception",
    "Global",
    "Instance",
    "InstantiatedSource",
    "Interrupted",
    "JSTag",
    "LinkError",
    "Memory",
    "MemoryMapDescriptor",
    "Module",
    "OutOfFuel",
    "OutOfHostCalls",
    "RuntimeError",
    "SuspendError",
    "Suspending",
    "Table",
    "Tag",
    "compile",
    "compileStreaming",
    "instantiate",
    "instantiateStreaming",
    "promising",
    "validate",
]


def __dir__() -> list[str]:
    _find_integration()
    return sorted(__all__)


_integration: dict[str, _Any] = {}
"""What of the namespace is there if calls can be suspended, until that is found out."""


def _find_integration() -> str:
    """Find it out; why calls cannot be suspended, if so."""
    from pyjsapi import suspension

    try:
        suspension.mechanism()
    except suspension.MissingMechanism as error:
        return str(error)
    _show_integration()
    return ""


def _show_integration() -> None:
    """Let the names of promise integration be there: calls can be suspended."""
    globals().update(_integration)
    globals().pop("__getattr__", None)
    __all__.extend(_integration)
    _integration.clear()


def _hide_integration() -> None:
    for name in ("SuspendError", "Suspending", "promising"):
        _integration[name] = globals().pop(name)
        __all__.remove(name)

    namespace = _sys.modules[__name__]

    def find(name: str) -> _Any:
        reason = ""
        if name in _integration:
            found = _integration[name]
            reason = _find_integration()
            if not reason:
                return found
            reason = f", because calls of WebAssembly cannot be suspended here: {reason}"
        raise AttributeError(
            f"module {__name__!r} has no attribute {name!r}{reason}", name=name, obj=namespace
        )

    globals()["__getattr__"] = find


if _sys.platform in ("emscripten", "wasi") or "PYJSAPI_SUSPENSION" in _os.environ:
    _hide_integration()


# What messages and representations call the module, and where pickles of functions that use it look for it: the package
# has it under this name in `sys.modules`. No class of its own and no `__getattr__`, which would say more: either
# doubles the time of every look-up. (So that of `_hide_integration` goes as soon as something is found.)
__name__ = f"{__name__.partition('.')[0]}.WebAssembly"
__spec__ = _ModuleSpec(__name__, None)
del annotations
