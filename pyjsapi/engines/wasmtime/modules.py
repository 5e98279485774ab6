"""Compiled modules."""

from __future__ import annotations

import weakref
from typing import Final

from pyjsapi.embedding.valid_module import ValidModule
from pyjsapi.engines.errors import Refusal
from pyjsapi.engines.wasmtime import failures
from pyjsapi.engines.wasmtime.factories import compiled, import_types
from pyjsapi.engines.wasmtime.native_engine import native_engine
from pyjsapi.engines.wasmtime.rewritten import reachable_funcs, refuse_limits, rewritten
from pyjsapi.engines.wasmtime.words import WasmtimeError


class NativeModule:
    """A module that Wasmtime has compiled."""

    def __init__(self, valid: ValidModule) -> None:
        engine = native_engine()
        name = failures.new_name()
        data, shift = rewritten(valid, name)
        self.pointer: Final = compiled(engine, data)
        """In the C API."""
        deleted = weakref.finalize(self, engine.lib.wasmtime_module_delete, self.pointer)
        deleted.atexit = False
        failures.know(name, valid, shift)
        self.import_types: Final = import_types(engine.lib, self.pointer)
        """The native types of its imports; 0 for memories."""
        self.reachable: Final = sorted(reachable_funcs(valid.module))
        """Functions that may come out of an instance."""


class WasmtimeModule(ValidModule):
    """A valid module that Wasmtime runs. It is compiled at once: only so it is known whether Wasmtime can.

    Raises `Refusal` where it cannot.
    """

    __slots__ = ("native",)

    def __init__(self, valid: ValidModule) -> None:
        super().__init__(valid.data, valid.module, valid.context, valid.settings)
        refuse_limits(self)
        try:
            self.native: Final = NativeModule(self)
        except WasmtimeError as error:
            raise Refusal(f"Wasmtime does not compile it: {_in_short(error)}") from error


def _in_short(error: WasmtimeError) -> str:
    """The innermost cause."""
    return error.message.rstrip().rpartition("\n")[2].strip()
