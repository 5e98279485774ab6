"""Wasmtime as the engine behind the JS API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pyjsapi.engines.native import compile_natively
from pyjsapi.engines.wasmtime import factories
from pyjsapi.engines.wasmtime.instances import NativeInstance, instantiate
from pyjsapi.engines.wasmtime.library import NAME
from pyjsapi.engines.wasmtime.modules import WasmtimeModule, compiled_module, known_module
from pyjsapi.engines.wasmtime.native_engine import native_engine
from pyjsapi.engines.wasmtime.self_test import self_test
from pyjsapi.engines.wasmtime.shared_blocks import NativeSharedBlock
from pyjsapi.engines.wasmtime.store import store_here
from pyjsapi.runtime.memory import MemInst, page_limit_of
from pyjsapi.syntax.types import MemType
from pyjsapi.validation.limits import Limits

if TYPE_CHECKING:
    from pyjsapi.embedding.settings import Settings
    from pyjsapi.embedding.valid_module import ValidModule
    from pyjsapi.runtime.instance import ExternVal
    from pyjsapi.runtime.instantiate import Setup


class WasmtimeEngine:
    """See `embedding.interface.Engine`. Raises `EngineUnavailable` where it cannot run here."""

    name: Final = NAME

    def __init__(self) -> None:
        native_engine()
        self_test()

    def compile(self, data: bytes, settings: Settings, /) -> WasmtimeModule:
        """See `native.compile_natively`. Raises `Refusal` where Wasmtime lacks what the module, or a limit, needs."""
        known = known_module(data, settings)
        if known is not None:
            return known
        found = compile_natively(data, settings, self.prepare)
        if not isinstance(found, WasmtimeModule):
            raise TypeError("a module of another engine")
        return found

    def prepare(self, module: ValidModule, /) -> WasmtimeModule:
        """Compile what was validated before. Raises `Refusal`."""
        return compiled_module(module)

    def instantiate(
        self, module: WasmtimeModule, imports: Sequence[ExternVal], /, setup: Setup | None = None
    ) -> NativeInstance:
        """See `instances.instantiate`."""
        return instantiate(module, imports, setup)

    def new_memory(self, type_: MemType, limits: Limits, /) -> MemInst:
        """A native memory."""
        page_limit = page_limit_of(type_, limits)
        if not type_.shared:
            block = factories.new_memory(store_here(), type_)
            return MemInst(type_, page_limit=page_limit, block=block)
        bounded = replace(type_, maximum=min(type_.maximum or 0, page_limit))
        shared = NativeSharedBlock(factories.new_shared_memory(bounded), bounded)
        return MemInst(type_, page_limit=page_limit, block=shared)
