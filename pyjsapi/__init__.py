"""The WebAssembly JavaScript API in pure Python.

``WebAssembly`` is the namespace of that name; beside it stand what it borrows from ECMAScript: buffers, typed
arrays, ``Atomics``, ``null`` (``None`` is ``undefined``) and ``RangeError`` (``TypeError`` is Python's own), and from
HTML and Fetch: workers, message ports, ``structuredClone`` and ``fetch``.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.ecmascript import (
    ArrayBuffer,
    BigInt64Array,
    BigUint64Array,
    DataCloneError,
    DataView,
    Float16Array,
    Float32Array,
    Float64Array,
    Int8Array,
    Int16Array,
    Int32Array,
    RangeError,
    SharedArrayBuffer,
    Uint8Array,
    Uint8ClampedArray,
    Uint16Array,
    Uint32Array,
    null,
)
from pyjsapi.jsapi import memory_control
from pyjsapi.jsapi import namespace as WebAssembly
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.module import MEMORY_MAP
from pyjsapi.validation.limits import Limits

if TYPE_CHECKING:
    from pyjsapi.agents.agent import Agent
    from pyjsapi.agents.ports import MessageChannel, MessagePort, structuredClone
    from pyjsapi.agents.worker import Worker
    from pyjsapi.ecmascript.atomics import Atomics
    from pyjsapi.jsapi.fetching import fetch
    from pyjsapi.jsapi.response import Headers, Response
    from pyjsapi.text import wasm2wat, wat2wasm

__version__ = "0.1.0"

sys.modules[f"{__name__}.WebAssembly"] = WebAssembly

__all__ = [
    "Agent",
    "ArrayBuffer",
    "Atomics",
    "BigInt64Array",
    "BigUint64Array",
    "DataCloneError",
    "DataView",
    "Features",
    "Float16Array",
    "Float32Array",
    "Float64Array",
    "Headers",
    "Int8Array",
    "Int16Array",
    "Int32Array",
    "Limits",
    "MessageChannel",
    "MessagePort",
    "RangeError",
    "Response",
    "SharedArrayBuffer",
    "Uint8Array",
    "Uint8ClampedArray",
    "Uint16Array",
    "Uint32Array",
    "WebAssembly",
    "Worker",
    "fetch",
    "null",
    "structuredClone",
    "wasm2wat",
    "wat2wasm",
]


_LAZY: Final = {
    "Agent": "agents.agent",
    "Atomics": "ecmascript.atomics",
    "Headers": "jsapi.response",
    "MessageChannel": "agents.ports",
    "MessagePort": "agents.ports",
    "Response": "jsapi.response",
    "Worker": "agents.worker",
    "fetch": "jsapi.fetching",
    "structuredClone": "agents.ports",
    "wasm2wat": "text",
    "wat2wasm": "text",
}
"""Names that many programs do without, and their modules: the text format alone is a fifth of the time to import."""


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        value = globals()[name] = getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _control_of_memories() -> Any:
    from pyjsapi.sharing import control

    return control


memory_control.comes_from(_control_of_memories)


def _offer() -> None:
    """Tell the JS API of what stands above it, which is imported where a module asks for it."""
    from functools import partial
    from importlib import import_module

    from pyjsapi.jsapi import builtin_sets, instantiation

    def load(module: str, name: str) -> Any:
        return getattr(import_module(f"{__name__}.{module}"), name)

    for name, imported_from, module in _BUILTIN_SETS:
        builtin_sets.offer(name, imported_from, partial(load, module, "BUILTINS"))
    instantiation.offer_section(MEMORY_MAP, partial(load, "sharing.memory_map", "read"))


_BUILTIN_SETS: Final = (
    ("far", "pyjsapi:far", "sharing.builtins.far"),
    ("memory-control", "pyjsapi:memory-control", "sharing.builtins.memory_control"),
    ("memory-ref", "pyjsapi:memory-ref", "sharing.builtins.memory_ref"),
    ("mmap", "pyjsapi:mmap", "sharing.builtins.mmap"),
    ("shared-heap", "env", "sharing.builtins.shared_heap_of_wamr"),
    ("shared-heap", "pyjsapi:shared-heap", "sharing.builtins.shared_heap"),
    ("shm-exchange", "test:shm/exchange", "sharing.builtins.shm_exchange"),
)
"""Builtin sets: the name that enables it, the module that guests import it from, and the module that has it."""
_offer()

# A copy under another name, which a compiled module has with it (see `standalone`), does without these.
if __name__ == "pyjsapi":
    if sys.platform == "emscripten":
        import pyjsapi.bridge.install

    if "multiprocessing.reduction" in sys.modules:
        import pyjsapi.agents.pickling  # noqa: F401
