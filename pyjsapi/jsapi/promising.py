"""Promise integration (js-promise-integration, index.bs, "JavaScript Promise Integration").

A call of what `promising` gives runs on a stack of its own. Where it calls a `Suspending` function, that stack is
suspended until what the function has returned is awaited; meanwhile other code runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Coroutine
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Final, final

from pyjsapi.ecmascript.conversions import shown
from pyjsapi.jsapi.errors import SuspendError, js_error
from pyjsapi.jsapi.functions import host_function, raw_exporter
from pyjsapi.jsapi.references import funcinst_of
from pyjsapi.runtime import FuncInst
from pyjsapi.runtime.function import BOUNDARY
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.errors import Exhaustion

if TYPE_CHECKING:
    from types import FrameType

_OUTSIDE: Final = (
    "a Suspending function was called outside of WebAssembly.promising(): "
    "call the export as await WebAssembly.promising(export)(…)"
)

_OF_MACHINE_CODE: Final = (
    "the engine of the module cannot suspend its calls: "
    "compile it with engine='python' for promise integration"
)


@final
class Suspending:
    """A function to import: WebAssembly code that calls it is suspended until what it returns has been awaited.

    Any callable, an ``async def`` as a rule. What the awaitable raises is raised in WebAssembly; what is no awaitable
    is the result. Calls are possible within `promising` alone, without host code between: otherwise they raise
    `SuspendError`, which WebAssembly can catch as any exception of the host's. Raises `TypeError` for what is not
    callable.
    """

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any] | None = None, /) -> None:
        if not callable(function):
            raise TypeError(
                f"WebAssembly.Suspending(): Argument 0 must be a function, not {shown(function)}"
            )
        self._function: Callable[..., Any] = function

    def __repr__(self) -> str:
        return f"<WebAssembly.Suspending {shown(self._function)}>"


def promising(
    function: Callable[..., Any] | None = None, /
) -> Callable[..., Coroutine[Any, Any, Any]]:
    """A function that calls an Exported Function and returns a promise of its result.

    As in JavaScript the call begins at once, and runs until it is first suspended; all of its exceptions come out of
    the promise, a coroutine. Raises `TypeError` for anything but an Exported Function.
    """
    if not callable(function):
        raise TypeError(
            f"WebAssembly.promising(): Argument 0 must be a function, not {shown(function)}"
        )
    func = funcinst_of(function)
    if func is None:
        raise TypeError(
            "WebAssembly.promising(): Argument 0 must be a WebAssembly exported function, "
            f"not {shown(function)}"
        )
    return _promising(function, func)


def _promising(
    function: Callable[..., Any], func: FuncInst
) -> Callable[..., Coroutine[Any, Any, Any]]:
    from pyjsapi.suspension import mechanism
    from pyjsapi.suspension.calls import Call, promise_of

    exported = raw_exporter(func)
    is_foreign = func.owner is not None and not func.owner.suspends

    def promised(*arguments: Any) -> Coroutine[Any, Any, Any]:
        stack = mechanism().stack(exported, arguments)
        stack.is_foreign = is_foreign
        call = Call(stack, func.depth(), func.clock())
        running = call.go_on(None, None)
        failure = call.stack.failure
        if isinstance(failure, Exhaustion):  # There was no stack to begin on.
            call.stack.failure = js_error(failure)
        promise = promise_of(call, running)
        setattr(promise, "__qualname__", name)  # noqa: B010
        return promise

    name = f"promising {function.__qualname__}"
    update_wrapper(promised, function, ("__module__", "__name__", "__qualname__"), ())
    promised.__doc__ = f"Promise of {function.__doc__}"
    del promised.__wrapped__  # type: ignore[attr-defined]
    promised.__signature__ = getattr(function, "__signature__", None)  # type: ignore[attr-defined]
    return promised


def suspending_function(value: Suspending, type_: DefType) -> FuncInst:
    """ "Create a suspending function" for an import."""
    from pyjsapi.suspension import running
    from pyjsapi.suspension.stack import HostCall

    def refusal(host: FrameType | None, *, is_foreign: bool = False) -> SuspendError:
        if host is None:
            return SuspendError(_OUTSIDE)
        return SuspendError(_OF_MACHINE_CODE if is_foreign else _between(host))

    function, current_frame = value._function, sys._getframe

    def suspending(*arguments: Any) -> Any:
        stack = running()
        if stack is None:
            raise refusal(None)
        caller = current_frame(2)
        if caller is not stack.known:
            host = stack.between(caller)
            if host is not None:
                raise refusal(host, is_foreign=stack.is_foreign)
        if stack.is_continuation:
            return stack.suspend(HostCall(function, arguments, refusal))
        return stack.suspend(function(*arguments))

    return host_function(suspending, type_)


def _between(innermost: FrameType) -> str:
    reason = "host code cannot be suspended: it lies between WebAssembly.promising() and a Suspending function"
    frame: FrameType | None = innermost
    while frame is not None and frame.f_code.co_filename.startswith(_OURS):
        frame = frame.f_back  # the host's own, which calls ours
    if frame is None:
        return reason
    code = frame.f_code
    return f"{reason}: {code.co_qualname}(), line {frame.f_lineno} of {code.co_filename}"


# Asked of code: of modules that are there as bytecode only, `__file__` is another name.
_OURS: Final = (BOUNDARY, os.path.dirname(os.path.dirname(_between.__code__.co_filename)))
