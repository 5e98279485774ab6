"""The error classes of the JS API, and the one place where errors of the core become them (index.bs, "Errors")."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from pyjsapi.ecmascript.errors import NamedError, RangeError
from pyjsapi.embedding.backtrace import attach
from pyjsapi.embedding.failures import error_of, traced
from pyjsapi.runtime.exception import UNCATCHABLE, ExnInst, raised_by
from pyjsapi.syntax.errors import DeadlineExceeded as CoreDeadlineExceeded
from pyjsapi.syntax.errors import Exhaustion, WasmError
from pyjsapi.syntax.errors import Interrupted as CoreInterrupted
from pyjsapi.syntax.errors import LinkError as CoreLinkError
from pyjsapi.syntax.errors import OutOfFuel as CoreOutOfFuel
from pyjsapi.syntax.errors import OutOfHostCalls as CoreOutOfHostCalls

if TYPE_CHECKING:
    from pyjsapi.embedding.wasm_frame import WasmFrame


class CompileError(NamedError):
    """A module is malformed or invalid; ``__cause__`` is the core's error with the exact place."""

    name: ClassVar[str] = "CompileError"


class LinkError(NamedError):
    """An import is missing or of the wrong kind or type."""

    name: ClassVar[str] = "LinkError"


class RuntimeError(NamedError, builtins.RuntimeError):
    """WebAssembly code trapped; the message is the specification's wording."""

    name: ClassVar[str] = "RuntimeError"
    wasm_frames: Sequence[WasmFrame] = ()
    """The WebAssembly calls that it passed, innermost first: which functions, and where in the module.

    Whatever else leaves WebAssembly has the attribute as well, exceptions of host functions and
    `KeyboardInterrupt` among them.
    """


class OutOfFuel(RuntimeError):
    """WebAssembly code stopped before instructions that the fuel of its instance does not suffice for.

    It cannot catch that. See `Instance.add_fuel`; an extension.
    """


class OutOfHostCalls(RuntimeError):
    """WebAssembly code stopped before a call of a host function that its instance may not make any more.

    It cannot catch that. See `Instance.add_host_calls`; an extension.
    """


class DeadlineExceeded(RuntimeError):
    """A call from outside took longer than `Limits.deadline`. WebAssembly cannot catch that; an extension."""


class Interrupted(RuntimeError):
    """A call from outside was ended by `Instance.interrupt`. WebAssembly cannot catch that; an extension."""


class SuspendError(NamedError):
    """A `Suspending` function was called where the call cannot be suspended; the message says why."""

    name: ClassVar[str] = "SuspendError"


class CallStackError(RangeError, RecursionError):
    """The call stack is exhausted: a RangeError to JavaScript eyes, a RecursionError to Python's."""

    wasm_frames: Sequence[WasmFrame] = ()
    """The innermost WebAssembly calls, as of `RuntimeError`."""


setattr(CallStackError, UNCATCHABLE, True)


def js_error(error: BaseException) -> BaseException:
    """What a caller of the JS API sees of an exception that left WebAssembly code.

    Exceptions of the host's own functions are returned unchanged. All of them show the WebAssembly calls that they
    passed: as ``wasm_frames``, and in a note.
    """
    backtrace = traced(error)
    seen = _seen(error, error_of(error))
    attach(seen, backtrace)
    return seen


def _seen(error: BaseException, core: WasmError | None) -> BaseException:
    if isinstance(error, ExnInst):
        return _thrown(error)
    if core is None:
        return error
    if isinstance(core, Exhaustion):
        if isinstance(error, MemoryError):
            exhausted = RangeError("out of memory")
            setattr(exhausted, UNCATCHABLE, True)
            return exhausted
        return CallStackError("Maximum call stack size exceeded")
    if isinstance(core, CoreLinkError):
        return LinkError(str(core))
    trap = _TRAPS.get(type(core), RuntimeError)(core.message)
    setattr(trap, UNCATCHABLE, True)
    return trap


_TRAPS: Final[dict[type[WasmError], type[RuntimeError]]] = {
    CoreDeadlineExceeded: DeadlineExceeded,
    CoreInterrupted: Interrupted,
    CoreOutOfFuel: OutOfFuel,
    CoreOutOfHostCalls: OutOfHostCalls,
}
"""What is more than a trap."""


def _thrown(exn: ExnInst) -> BaseException:
    """What an exception that WebAssembly code did not catch is to the caller."""
    from pyjsapi.jsapi.exception import exception_object

    host = raised_by(exn)
    return exception_object(exn) if host is exn else host
