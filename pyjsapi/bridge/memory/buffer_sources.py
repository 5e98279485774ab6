"""Buffers and views of JavaScript where bytes are wanted: see `ecmascript.buffer_source`."""

from __future__ import annotations

from typing import Any

from pyjsapi.ecmascript.buffer_source import ForeignSource


def look(value: Any) -> ForeignSource | None:
    """What a proxy of an ``ArrayBuffer``, a typed array or a ``DataView`` holds; ``None`` for anything else."""
    from pyodide.ffi import JsBuffer

    if not isinstance(value, JsBuffer):
        return None
    buffer: Any = getattr(value, "buffer", value)
    shared = buffer.constructor.name == "SharedArrayBuffer"
    # An engine that knows no resizable buffers has none.
    resizable = bool(getattr(buffer, "growable" if shared else "resizable", False))
    return ForeignSource(value.to_bytes, value.to_memoryview, shared, resizable)
