"""The engine of JavaScript, as hosts know it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.bridge.engine.letters import NAME
from pyjsapi.engines.errors import EngineUnavailable
from pyjsapi.syntax.errors import LinkError

if TYPE_CHECKING:
    from pyjsapi.embedding.settings import Settings
    from pyjsapi.embedding.valid_module import ValidModule
    from pyjsapi.runtime.instance import ExternVal
    from pyjsapi.runtime.instantiate import Setup
    from pyjsapi.runtime.memory import MemInst
    from pyjsapi.syntax.types import MemType
    from pyjsapi.validation.limits import Limits


class HostEngine:
    """See `embedding.interface.Engine`. Raises `EngineUnavailable`, an `ImportError`, where it cannot be used."""

    name: Final = NAME

    def __init__(self) -> None:
        if sys.platform != "emscripten":
            raise EngineUnavailable(NAME, "it is JavaScript's own, which is there in Pyodide only")
        from pyjsapi.bridge.engine.start import start

        start()

    def compile(self, data: bytes, settings: Settings, /) -> Any:
        """See `native.compile_natively`, and `prepare`."""
        from pyjsapi.bridge.engine.modules import LAX
        from pyjsapi.engines.native import compile_natively

        return compile_natively(data, settings, self.prepare, LAX)

    def prepare(self, module: ValidModule, /) -> Any:
        """See `lowered.prepare`."""
        from pyjsapi.bridge.engine.lowered import prepare

        return prepare(module)

    def instantiate(
        self, module: Any, imports: Sequence[ExternVal], /, setup: Setup | None = None
    ) -> Any:
        """See `lowered.instantiate_any`. Nothing can be told while it is made: a ``setup`` is a `LinkError`."""
        from pyjsapi.bridge.engine.lowered import instantiate_any

        if setup is not None:
            raise LinkError(
                "native code writes its segments itself: what is to be mapped, protected, overridden or resumed "
                'needs the engine "python"'
            )
        return instantiate_any(module, imports)

    def new_memory(self, type_: MemType, limits: Limits, /) -> MemInst:
        """See `memories.new_memory`.

        One that this engine cannot have is the Python engine's.
        """
        from pyjsapi.bridge.engine import memories
        from pyjsapi.runtime.memory import new_memory

        return (new_memory if memories.lacking(type_) else memories.new_memory)(type_, limits)
