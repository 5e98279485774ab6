"""What exceptions out of WebAssembly code stand for: engines whose code raises Python's own tell of theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from pyjsapi.embedding.backtrace import Backtrace, backtrace_of
from pyjsapi.syntax.errors import WasmError

Translate: TypeAlias = Callable[[BaseException], "WasmError | None"]
"""From an exception to the error that it stands for; ``None`` if it is not the engine's. The exception itself is left
without a deep traceback."""

Trace: TypeAlias = Callable[[BaseException, Backtrace], None]
"""Adds the engine's calls that an exception passed, to those that it is known to have passed before."""

_translators: Final[list[Translate]] = []
_tracers: Final[list[Trace]] = []


def tell(translate: Translate, trace: Trace | None = None) -> None:
    """Ask ``translate``, and ``trace``, too, from now on."""
    if translate not in _translators:
        _translators.append(translate)
    if trace is not None and trace not in _tracers:
        _tracers.append(trace)


def traced(exception: BaseException) -> Backtrace:
    """The WebAssembly calls that an exception passed. To be asked before `error_of`, which cuts deep tracebacks."""
    backtrace = backtrace_of(exception) or Backtrace()
    for trace in _tracers:
        trace(exception, backtrace)
    return backtrace


def error_of(exception: BaseException) -> WasmError | None:
    """The error that an exception from WebAssembly code stands for; ``None`` if it belongs to the host."""
    for translate in _translators:
        error = translate(exception)
        if error is not None:
            return error
    return exception if isinstance(exception, WasmError) else None
