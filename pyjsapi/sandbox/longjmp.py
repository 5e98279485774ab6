"""``setjmp`` and ``longjmp`` as Emscripten lowers them: calls that may be left go out to the host and back in.

``invoke_…(index, arguments…)`` calls a function of the module's table. ``_emscripten_throw_longjmp`` leaves the nearest
of them, which puts the stack pointer back and says so by ``setThrew``.

MicroPython makes seven such calls for each call of a function in its language. So they do not go through the JS API:
they are function instances over canonical values, and call what an indirect call would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from pyjsapi import WebAssembly
from pyjsapi.jsapi.functions import default_value, exported_function
from pyjsapi.jsapi.references import funcinst_of
from pyjsapi.runtime import FuncInst, TableInst
from pyjsapi.runtime.exception import UNCATCHABLE
from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import F32, F64, I32, I64, FuncType

_TYPES: Final = {str(each): each for each in (I32, I64, F32, F64)}


class _Unwinding(Exception):
    """On its way to the nearest ``invoke_…``."""


setattr(_Unwinding, UNCATCHABLE, True)


class Invoker:
    """The functions for one instance. Deeper than ``most``, ``overflow`` is called in place of what is asked for: an
    export that has the guest raise an exception of its own."""

    def __init__(self, most: int, overflow: str) -> None:
        self._most = most
        self._overflow_export = overflow
        self._depth = 0
        self._table: TableInst | None = None
        self._overflow: FuncInst
        self._save: FuncInst
        self._restore: FuncInst
        self._set_threw: FuncInst

    def imports(self, module: WebAssembly.Module) -> dict[str, Callable[..., Any]]:
        """Those that a module imports."""
        found = {
            each["name"]: exported_function(self._invoke(_func_type(each["type"])))
            for each in WebAssembly.Module.imports(module)
            if each["name"].startswith("invoke_")
        }
        return {**found, "_emscripten_throw_longjmp": self._throw}

    def bind(self, exports: Any) -> None:
        """Let them use the exports of the instance."""
        self._overflow = _function(exports, self._overflow_export)
        self._save = _function(exports, "stack_save")
        self._restore = _function(exports, "stack_restore")
        self._set_threw = _function(exports, "setThrew")
        self._table = exports["__indirect_function_table"]._table

    def _throw(self) -> None:
        raise _Unwinding

    def _invoke(self, type_: FuncType) -> FuncInst:
        callee = func_def_type(FuncType(type_.params[1:], type_.results))
        left = default_value(type_.results[0]) if type_.results else None

        def invoke(index: int, *arguments: Any) -> Any:
            calls = () if self._table is None else self._table.signature_list(callee)
            if index >= len(calls):
                raise Trap("undefined element")
            stack = self._save.call()
            self._depth += 1
            try:
                if self._depth > self._most:
                    self._overflow.call()
                    return left
                return calls[index](*arguments)
            except _Unwinding:
                self._restore.call(stack)
                self._set_threw.call(1, 0)
                return left
            finally:
                self._depth -= 1

        return FuncInst(func_def_type(type_), invoke, host=invoke)


def _function(exports: Any, name: str) -> FuncInst:
    return cast("FuncInst", funcinst_of(exports[name]))


def _func_type(type_: Mapping[str, Sequence[str]]) -> FuncType:
    params, results = (
        tuple(map(_TYPES.__getitem__, type_[part])) for part in ("parameters", "results")
    )
    return FuncType(params, results)
