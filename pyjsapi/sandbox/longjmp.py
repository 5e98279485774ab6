"""``setjmp`` and ``longjmp`` as Emscripten lowers them: calls that may be left go out to the host and back in.

``invoke_…(index, arguments…)`` calls a function of the module's table. ``_emscripten_throw_longjmp`` leaves the nearest
of them, which puts the stack pointer back and says so by ``setThrew``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyjsapi import WebAssembly
from pyjsapi.runtime.exception import UNCATCHABLE


class _Unwinding(Exception):
    """On its way to the nearest ``invoke_…``."""


setattr(_Unwinding, UNCATCHABLE, True)


class Invoker:
    """The functions for one instance. Deeper than ``most``, ``overflow`` is called in place of what is asked for: an
    export that has the guest raise an exception of its own."""

    def __init__(self, most: int, overflow: str) -> None:
        self._most = most
        self._overflow = overflow
        self._depth = 0
        self._exports: Any = None
        self._table: Any = None

    def imports(self, module: WebAssembly.Module) -> dict[str, Callable[..., Any]]:
        """Those that a module imports."""
        names = [each["name"] for each in WebAssembly.Module.imports(module)]
        found: dict[str, Callable[..., Any]] = {
            name: self._invoke for name in names if name.startswith("invoke_")
        }
        return {**found, "_emscripten_throw_longjmp": self._throw}

    def bind(self, exports: Any) -> None:
        """Let them use the exports of the instance."""
        self._exports = exports
        self._table = exports["__indirect_function_table"]

    def _throw(self) -> None:
        raise _Unwinding

    def _invoke(self, index: int, *arguments: Any) -> Any:
        exports = self._exports
        stack = exports.stack_save()
        self._depth += 1
        try:
            if self._depth > self._most:
                return exports[self._overflow]()
            return self._table.get(index)(*arguments)
        except _Unwinding:
            exports.stack_restore(stack)
            exports.setThrew(1, 0)
            return 0
        finally:
            self._depth -= 1
