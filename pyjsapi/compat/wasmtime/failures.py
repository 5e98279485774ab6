"""Calls out of the host into WebAssembly, and what comes out of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyjsapi.compat.wasmtime.errors import WasmtimeError, exit_trap
from pyjsapi.compat.wasmtime.trap import Trap, TrapCode, frames_of, trap_of, with_frames
from pyjsapi.ecmascript import RangeError
from pyjsapi.embedding.backtrace import attach, backtrace_of
from pyjsapi.runtime.exception import UNCATCHABLE
from pyjsapi.wasi import WASIExit

if TYPE_CHECKING:
    from pyjsapi.compat.wasmtime.store import Store

_EXITS = 126
"""Exit codes that Wasmtime passes on: those below."""


class HostFailure(BaseException):
    """What a host function raised, on its way through WebAssembly code, which must not catch it."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


setattr(HostFailure, UNCATCHABLE, True)


class Ended(WasmtimeError):
    """What a host function of this package raises: a message that is told with the calls that it passed."""


def enter(store: Store, function: Callable[..., Any], *arguments: Any, runs: bool = True) -> Any:
    """Call a function of the JS API, and raise what Wasmtime raises; ``runs`` says whether it runs any code."""
    if runs and store.ended():
        interrupted = Trap("wasm trap: interrupt")
        interrupted._code = TrapCode.INTERRUPT
        raise interrupted
    try:
        return function(*arguments)
    except BaseException as error:
        seen = _seen(store, error)
        if seen is error:
            raise
    try:
        raise seen
    finally:
        del seen  # or it would hold the frame that holds it


def _seen(store: Store, error: BaseException) -> BaseException:
    told = error
    if isinstance(error, HostFailure):
        if not isinstance(error.error, Ended):
            passed = backtrace_of(error)
            if passed is not None:
                attach(error.error, passed)
            return error.error
        told = error.error
    elif isinstance(error, RangeError) and not isinstance(error, RecursionError):
        return WasmtimeError(str(error))
    elif not isinstance(error, WASIExit):
        return trap_of(error, store.modules) or error
    frames = frames_of(error, store.modules)
    if not isinstance(told, WASIExit):
        return WasmtimeError(with_frames(frames, str(told)))
    if 0 <= told.code < _EXITS:
        message = f"Exited with i32 exit status {told.code}"
        return exit_trap(told.code, with_frames(frames, message))
    message = f"exit with invalid exit status outside of [0..{_EXITS})"
    return WasmtimeError(with_frames(frames, message))
