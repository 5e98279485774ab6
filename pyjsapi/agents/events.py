"""The events that handlers get (HTML, "MessageEvent", "ErrorEvent")."""

from __future__ import annotations

import traceback
from dataclasses import astuple
from typing import Any

from pyjsapi.agents.serialise import error_name
from pyjsapi.agents.tracebacks import show_own_frames
from pyjsapi.embedding.backtrace import Backtrace, attach, backtrace_of


class MessageEvent:
    """A message: ``data`` is the value, ``ports`` the ports that were transferred with it."""

    type = "message"

    def __init__(self, data: Any, ports: list[Any], target: Any) -> None:
        self.data = data
        self.ports = ports
        self.target = target

    def __repr__(self) -> str:
        return f"<MessageEvent {self.data!r}>"


class ErrorEvent:
    """An exception that a worker did not catch: ``message``, ``filename``, ``lineno``, ``error``, ``stack`` as text.

    ``error`` is an exception of the same class where that is a class of Python or of the API, else ``Exception``. Its
    text is ``message``; it has the WebAssembly calls that it passed there as ``wasm_frames``.
    """

    type = "error"

    def __init__(self, record: tuple[Any, ...], target: Any) -> None:
        name, self.message, self.filename, self.lineno, self.stack, *calls = record
        self.error = _rebuilt(name, self.message)
        if calls:
            from pyjsapi.embedding.wasm_frame import WasmFrame

            attach(self.error, Backtrace(WasmFrame(*call) for call in calls))
        self.target = target
        self.defaultPrevented = False

    def preventDefault(self) -> None:
        """Count the error as handled: `Worker.receive` does not raise it."""
        self.defaultPrevented = True

    def __repr__(self) -> str:
        return f"<ErrorEvent {self.message!r} at {self.filename}:{self.lineno}>"


def error_record(error: BaseException) -> tuple[Any, ...]:
    """What the other side learns of an uncaught exception: plain. Behind the rest, the WebAssembly calls it passed."""
    show_own_frames(error)
    frames = traceback.extract_tb(error.__traceback__)
    where = frames[-1] if frames else None
    name = error_name(error)
    try:
        text = str(error)
    except Exception:
        text = f"an exception of class {type(error).__name__}, which cannot be shown"
    message = text if name else f"{type(error).__name__}: {text}"
    return (
        name or "Exception",
        message,
        where.filename if where else "",
        (where.lineno or 0) if where else 0,
        "".join(traceback.format_exception(error)),
        *map(astuple, backtrace_of(error) or ()),
    )


def _rebuilt(name: str, message: str) -> Exception:
    from pyjsapi.agents.deserialise import rebuilt_error

    return rebuilt_error(name, [message])
