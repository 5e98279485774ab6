"""Exceptions at run time: what the handlers of generated code call (core: "Exception Handling").

A handler is a Python ``except`` around the code of a ``try_table``. It meets everything that Python raises there, so
it first asks `caught` what an exception is: one of WebAssembly, one of the host, or a trap, which no clause catches.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

from pyjsapi.compiler.support.traps import demolish, forget_deep_frames, traced, translate_exception
from pyjsapi.embedding.backtrace import attach
from pyjsapi.runtime.exception import HOST_TAG, UNCATCHABLE, ExnInst, HostException, TagInst
from pyjsapi.syntax.errors import Trap, WasmError

Handlers = tuple[tuple[int, tuple[tuple[int, int], ...]], ...]
"""For each region of a state machine: the region around it or -1, and its clauses: tag index or -1, and state."""


def caught(exception: Exception) -> ExnInst | None:
    """The exception that a clause may catch; ``None`` for a trap or exhaustion.

    What a host function raised becomes an exception of the tag `HOST_TAG`. Raises `Trap` or `Exhaustion` in place of
    the Python exception that stands for one, so that handlers further out need not ask again.
    """
    if isinstance(exception, ExnInst):
        if exception.__traceback__ is not None:
            if not exception.from_near:
                demolish(exception)
            # A reference to the exception must not keep the frames that it passed.
            exception.__traceback__ = None
        exception.__context__ = None
        return exception
    if isinstance(exception, HostException):
        return exception.exn
    if isinstance(exception, WasmError) or getattr(exception, UNCATCHABLE, False):
        return None
    error = translate_exception(exception)
    if error is not None:
        if isinstance(exception, MemoryError):
            return None
        attach(error, traced(exception))
        demolish(exception)
        raise error from None
    forget_deep_frames(exception)
    return ExnInst(HOST_TAG, (exception,))


def landing_state(exn: ExnInst, region: int, handlers: Handlers, tags: list[TagInst]) -> int:
    """The state of the innermost clause that catches an exception raised in a region, -1 without one."""
    while region >= 0:
        region, clauses = handlers[region]
        for tag, state in clauses:
            if tag < 0 or exn.tag is tags[tag]:
                return state
    return -1


def null_exception() -> NoReturn:
    """``throw_ref`` of a null reference."""
    raise Trap("null exception reference")


GLOBALS: Final[dict[str, Any]] = {
    "Exception": Exception,
    "Exn": ExnInst,
    "caught": caught,
    "landing_state": landing_state,
    "null_exception": null_exception,
}
"""Names that generated code may use."""
