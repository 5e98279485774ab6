"""Reading a Web IDL ``BufferSource`` or a Python bytes-like object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from pyjsapi.ecmascript.arraybuffer import ArrayBufferView, BufferBase
from pyjsapi.ecmascript.sharedarraybuffer import SharedArrayBuffer

__all__ = [
    "ForeignSource",
    "bytes_of_buffer_source",
    "foreign_source",
    "is_buffer_source",
    "look_also",
]


class ForeignSource:
    """A buffer source of another language, whose bytes are copied when they are wanted."""

    __slots__ = ("elements", "read", "resizable", "shared")

    def __init__(
        self,
        read: Callable[[], bytes],
        elements: Callable[[], memoryview[Any]],
        shared: bool,
        resizable: bool,
    ) -> None:
        self.read = read
        self.elements = elements
        """A copy with the elements that it has there; bytes of what has none."""
        self.shared = shared
        self.resizable = resizable


Look: TypeAlias = Callable[[Any], "ForeignSource | None"]
"""What knows such a source when it sees one."""

_looks: Final[list[Look]] = []


def look_also(look: Look) -> None:
    """Ask ``look`` from now on about values that are no buffer source of Python."""
    _looks.append(look)


def is_buffer_source(value: Any) -> bool:
    """Whether ``value`` is a buffer, a view of one, or a Python bytes-like object."""
    if isinstance(value, (BufferBase, ArrayBufferView, bytes, bytearray, memoryview)):
        return True
    if isinstance(value, type):
        return False
    try:
        memoryview(value).release()
    except (TypeError, ValueError, BufferError):
        return foreign_source(value) is not None
    return True


def foreign_source(value: Any) -> ForeignSource | None:
    """What a value holds that is a buffer source of another language; ``None`` for anything else."""
    return next((found for look in _looks if (found := look(value)) is not None), None)


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
        shared = isinstance(buffer, SharedArrayBuffer)
        _refuse(what, shared and not allow_shared, not (allow_resizable or buffer._is_fixed_length))
        if view is None:
            return b"" if buffer.detached else buffer.tobytes()
        if view._is_out_of_bounds():
            return b""
        with buffer._bytes(view._offset, view.byteLength) as raw:
            return raw.tobytes()
    try:
        raw = memoryview(value)
    except (TypeError, ValueError, BufferError):
        foreign = foreign_source(value)
        if foreign is None:
            raise TypeError(
                f"{what} must be an ArrayBuffer, a view of one or a bytes-like object, "
                f"not {type(value).__name__}"
            ) from None
        _refuse(
            what, foreign.shared and not allow_shared, foreign.resizable and not allow_resizable
        )
        return foreign.read()
    with raw:
        return raw.tobytes()


def _refuse(what: str, shared: bool, resizable: bool) -> None:
    if shared:
        raise TypeError(f"{what} must not stand on a SharedArrayBuffer")
    if resizable:
        raise TypeError(f"{what} must not stand on a resizable buffer")
