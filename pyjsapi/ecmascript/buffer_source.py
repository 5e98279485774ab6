"""Reading a Web IDL ``BufferSource`` or a Python bytes-like object."""

from __future__ import annotations

from typing import Any

from pyjsapi.ecmascript.arraybuffer import ArrayBufferView, BufferBase
from pyjsapi.ecmascript.sharedarraybuffer import SharedArrayBuffer

__all__ = ["bytes_of_buffer_source", "is_buffer_source"]


def is_buffer_source(value: Any) -> bool:
    """Whether ``value`` is a buffer, a view of one, or a Python bytes-like object."""
    if isinstance(value, (BufferBase, ArrayBufferView, bytes, bytearray, memoryview)):
        return True
    if isinstance(value, type):
        return False
    try:
        memoryview(value).release()
    except (TypeError, ValueError, BufferError):
        return False
    return True


def bytes_of_buffer_source(
    value: Any,
    *,
    allow_shared: bool = False,
    allow_resizable: bool = True,
    what: str = "value",
) -> bytes:
    """A copy of the bytes held by a buffer source (Web IDL §3.2.26).

    A detached buffer, or a view out of its bounds, holds no bytes. Raises ``TypeError``, naming
    ``what``, when ``value`` is no buffer source, or is shared or resizable against the flags.
    """
    if isinstance(value, bytes):
        return value
    view = value if isinstance(value, ArrayBufferView) else None
    buffer: object = value if view is None else view.buffer
    if isinstance(buffer, BufferBase):
        if isinstance(buffer, SharedArrayBuffer) and not allow_shared:
            raise TypeError(f"{what} must not stand on a SharedArrayBuffer")
        if not (allow_resizable or buffer._is_fixed_length):
            raise TypeError(f"{what} must not stand on a resizable buffer")
        if view is None:
            return b"" if buffer.detached else buffer.tobytes()
        if view._is_out_of_bounds():
            return b""
        with buffer._bytes(view._offset, view.byteLength) as raw:
            return raw.tobytes()
    try:
        raw = memoryview(value)
    except (TypeError, ValueError, BufferError):
        raise TypeError(
            f"{what} must be an ArrayBuffer, a view of one or a bytes-like object, "
            f"not {type(value).__name__}"
        ) from None
    with raw:
        return raw.tobytes()
