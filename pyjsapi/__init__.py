"""The WebAssembly JavaScript API in pure Python.

``WebAssembly`` is the namespace of that name; beside it stand what it borrows from ECMAScript: buffers, typed
arrays, ``null`` (``None`` is ``undefined``) and ``RangeError`` (``TypeError`` is Python's own).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyjsapi.ecmascript import (
    ArrayBuffer,
    BigInt64Array,
    BigUint64Array,
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
from pyjsapi.jsapi import namespace as WebAssembly
from pyjsapi.syntax.features import Features
from pyjsapi.validation.limits import Limits

if TYPE_CHECKING:
    from pyjsapi.text import wasm2wat, wat2wasm

__version__ = "0.1.0"

__all__ = [
    "ArrayBuffer",
    "BigInt64Array",
    "BigUint64Array",
    "DataView",
    "Features",
    "Float16Array",
    "Float32Array",
    "Float64Array",
    "Int8Array",
    "Int16Array",
    "Int32Array",
    "Limits",
    "RangeError",
    "SharedArrayBuffer",
    "Uint8Array",
    "Uint8ClampedArray",
    "Uint16Array",
    "Uint32Array",
    "WebAssembly",
    "null",
    "wasm2wat",
    "wat2wasm",
]


def __getattr__(name: str) -> Any:
    # Programs that bring binary modules do without the text format, a fifth of the time to import.
    if name in ("wasm2wat", "wat2wasm"):
        from pyjsapi import text

        value = globals()[name] = getattr(text, name)
        return value
    raise AttributeError(f"module 'pyjsapi' has no attribute {name!r}")
