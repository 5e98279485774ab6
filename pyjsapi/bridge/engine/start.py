"""Connects Python with the engine of JavaScript, and tries out what everything stands on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.bridge.link.connection import NO_TEXT, connection
from pyjsapi.engines.errors import EngineUnavailable

if TYPE_CHECKING:
    from pyjsapi.embedding.valid_module import ValidModule


_PROBE: Final = bytes.fromhex(
    "0061736d01000000010a0260027f7e017c600000020501000000000303020001070f020463616c6c0001047472617000020a0e0208002000200110000b0300000b"
)
"""A module that imports a function of i32 and i64 that gives an f64, ``call`` that calls it, and ``trap``."""


@cache
def start() -> Any:
    """Have `hooks.NATIVE` filled; gives what ``createEngine`` gave. Raises `EngineUnavailable`: what is missing."""
    from pyodide.code import run_js
    from pyodide.ffi import JsException

    from pyjsapi.bridge.engine.javascript_gen import SOURCE

    try:
        made = run_js(SOURCE).createEngine(connection())
    except RuntimeError as error:
        raise EngineUnavailable("host", str(error)) from None
    except JsException as error:
        reason = NO_TEXT if error.name == "EvalError" else f"JavaScript says: {error}"
        raise EngineUnavailable("host", reason) from None
    if made.missing:
        raise EngineUnavailable("host", made.missing)
    fault = fault_found()
    if fault:
        raise EngineUnavailable("host", f"the test of itself failed: {fault}")
    return made


def fault_found() -> str:
    """What does not work of what all else stands on; nothing where all does: a call, a host function, a trap."""
    from pyjsapi.bridge.engine.instances import instantiate
    from pyjsapi.bridge.engine.modules import compile_native
    from pyjsapi.embedding.settings import DEFAULT_SETTINGS
    from pyjsapi.runtime.function import FuncInst
    from pyjsapi.syntax.errors import Trap

    module = compile_native(_PROBE, DEFAULT_SETTINGS)
    raised = LookupError("a test")

    def host(value: int, wide: int) -> float:
        if value:
            raise raised
        return wide / 2

    exports: Mapping[str, Any] = instantiate(module, [FuncInst(_host_type(module), host)]).exports
    if exports["call"].entry()(0, 1 << 40) != float(1 << 39):
        return "a host function was given other values"
    try:
        exports["call"].entry()(1, 0)
    except LookupError as error:
        if error is not raised:
            return "another exception came back"
    else:
        return "an exception was lost"
    try:
        exports["trap"].entry()()
    except Trap:
        return ""
    return "a trap was lost"


def _host_type(module: ValidModule) -> Any:
    return module.context.funcs[0]
