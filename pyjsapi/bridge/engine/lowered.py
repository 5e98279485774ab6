"""Modules of several memories where the engine of JavaScript has one per module: lowered, and put together again."""

from __future__ import annotations

from collections.abc import Sequence

from pyjsapi.bridge.engine.instances import NativeInstance, instantiate
from pyjsapi.bridge.engine.modules import (
    NativeModule,
    compile_native,
    prepare_native,
)
from pyjsapi.embedding.valid_module import ValidModule
from pyjsapi.engines.errors import Refusal
from pyjsapi.engines.lowered import Linked, one_memory
from pyjsapi.lowering import lower
from pyjsapi.runtime.instance import ExternVal
from pyjsapi.runtime.instantiate import match_imports
from pyjsapi.syntax.errors import WasmError


class LoweredNative(ValidModule):
    """A module, and the engine's own of what it was lowered to."""

    __slots__ = ("lowered",)

    def __init__(self, valid: ValidModule, lowered: NativeModule) -> None:
        super().__init__(valid.data, valid.module, valid.context, valid.settings)
        self.lowered = lowered


def prepare(valid: ValidModule) -> NativeModule | LoweredNative:
    """As `prepare_native`; a module of several memories that the engine refuses is lowered. Raises likewise."""
    try:
        return prepare_native(valid)
    except Refusal as refusal:
        if len(valid.context.mems) < 2:
            raise
        try:
            lowered = lower(valid.data)
        except WasmError as error:  # a fault in a body, perhaps, which nobody has looked at yet
            raise Refusal(f"{refusal.reason}; nor can it be lowered: {error}") from None
    return LoweredNative(valid, compile_native(lowered, one_memory(valid.settings)))


def instantiate_any(
    module: NativeModule | LoweredNative, imports: Sequence[ExternVal]
) -> NativeInstance | Linked:
    """See `instances.instantiate`."""
    if isinstance(module, NativeModule):
        return instantiate(module, imports)
    match_imports(module.module, module.context, imports)
    settings = one_memory(module.settings)
    return Linked(module.lowered, imports, lambda data: compile_native(data, settings), instantiate)
