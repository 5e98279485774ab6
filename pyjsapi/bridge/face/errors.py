"""What Python's exceptions are to JavaScript, and what JavaScript throws to Python (index.bs, "Errors").

No exception crosses the border. JavaScript asks here what to throw in place of an exception that left wasm code; what
an imported function throws becomes the exception that `thrown` makes of it.
"""

from __future__ import annotations

from typing import Any, Final

from pyjsapi.bridge.link.errors import JavaScriptThrow
from pyjsapi.bridge.link.numbered import Numbered
from pyjsapi.compiler.support.traps import error_of, translate_exception
from pyjsapi.embedding.backtrace import Backtrace
from pyjsapi.embedding.failures import traced
from pyjsapi.runtime.exception import HOST_TAG, ExnInst, raised_by
from pyjsapi.syntax.errors import (
    DecodeError,
    Exhaustion,
    LinkError,
    Trap,
    ValidationError,
    WasmError,
)


class ThrownTrap(Exception):
    """An error that stands for a trap, thrown once more by JavaScript: no clause of wasm code catches it."""

    wasm_uncatchable = True

    def __init__(self, value: Any) -> None:
        super().__init__("a trap, thrown by JavaScript")
        self.value = value
        """The external reference."""


class OutOfRange(Exception):
    """Becomes a RangeError."""


class WrongType(Exception):
    """Becomes a TypeError."""


class InvalidModule(Exception):
    """Becomes a CompileError."""


class Kind:
    """What JavaScript throws for an exception: `thrown_value`, the exception's object, or an error of a class."""

    VALUE: Final = 0
    EXCEPTION: Final = 1
    COMPILE_ERROR: Final = 2
    LINK_ERROR: Final = 3
    RUNTIME_ERROR: Final = 4
    RANGE_ERROR: Final = 5
    TYPE_ERROR: Final = 6
    EXHAUSTED: Final = 7
    INTERNAL: Final = 8
    KEPT: Final = 9
    """A `JavaScriptThrow`, whose value the link layer has: there was no room to make anything better of it."""


_MOST_MESSAGES: Final = 1000

_message = ""
_backtrace: Backtrace | None = None
_messages: Final = Numbered[str](_MOST_MESSAGES)


def error_kind(exception: BaseException) -> int:
    """The `Kind` of an exception that left the engine, plus 16 times the number of its message.

    Messages of traps have numbers from 1, for `numbered_message`; where it is 0, `error_message` has the text.
    """
    global _message, _backtrace
    backtrace = traced(exception)
    core = error_of(exception)
    kind, _message = _described(exception, core)
    _backtrace = backtrace if backtrace else None
    exception.__traceback__ = None
    exception.__context__ = None
    if kind != Kind.RUNTIME_ERROR:
        return kind
    number = _messages.number(_message)
    return kind if number is None else kind + 16 * (number + 1)


def numbered_message(number: int) -> str:
    """The message of the number."""
    return _messages[number - 1]


def error_message() -> str:
    """The message for the exception that `error_kind` was last asked about."""
    return _message


def error_backtrace() -> Backtrace | None:
    """The WebAssembly calls that the exception had passed; ``None`` if there were none."""
    global _backtrace
    found, _backtrace = _backtrace, None
    return found


def stack_lines(backtrace: Backtrace) -> str:
    """Its calls in the form of V8's stacks."""
    return "\n".join(f"    {frame}" for frame in backtrace)


def thrown_value(exception: BaseException) -> Any:
    """The external reference that an exception of `Kind.VALUE` carries."""
    if isinstance(exception, ThrownTrap):
        return exception.value
    if isinstance(exception, ExnInst):
        return exception.payload[0]
    raise TypeError(f"{exception!r} carries no value")


def thrown(value: Any, uncatchable: int) -> BaseException:
    """The exception to raise where JavaScript threw a value; an error that stands for a trap is ``uncatchable``."""
    return ThrownTrap(value) if uncatchable else ExnInst(HOST_TAG, (value,))


def _described(exception: BaseException, core: WasmError | None) -> tuple[int, str]:
    if exception.__class__ is Trap:
        return Kind.RUNTIME_ERROR, exception.message
    if isinstance(exception, ExnInst):
        raised = raised_by(exception)
        if raised is not exception:
            return _described(raised, translate_exception(raised))
        return (Kind.VALUE if exception.tag is HOST_TAG else Kind.EXCEPTION), ""
    if isinstance(exception, ThrownTrap):
        return Kind.VALUE, ""
    if isinstance(exception, JavaScriptThrow):
        return Kind.KEPT, ""
    if isinstance(core, Exhaustion):
        if isinstance(exception, MemoryError):
            return Kind.RANGE_ERROR, str(exception) or core.message
        return Kind.EXHAUSTED, ""
    if isinstance(core, (DecodeError, ValidationError)):
        return Kind.COMPILE_ERROR, str(core)
    if isinstance(core, LinkError):
        return Kind.LINK_ERROR, core.message
    if core is not None:
        return Kind.RUNTIME_ERROR, core.message
    return _other(exception)


def _other(exception: BaseException) -> tuple[int, str]:
    if isinstance(exception, RecursionError):
        return Kind.EXHAUSTED, ""
    if isinstance(exception, (OutOfRange, MemoryError)):
        return Kind.RANGE_ERROR, str(exception) or "out of memory"
    if isinstance(exception, InvalidModule):
        return Kind.COMPILE_ERROR, str(exception)
    if isinstance(exception, WrongType):
        return Kind.TYPE_ERROR, str(exception)
    return Kind.INTERNAL, f"{type(exception).__name__}: {exception}"
