"""The Python engine as hosts know it. The compiler comes with the first module: programs that have none do without."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from pyjsapi.runtime.memory import MemInst, new_memory
from pyjsapi.syntax.types import MemType
from pyjsapi.validation.limits import Limits

if TYPE_CHECKING:
    from pyjsapi.compiler.module import CompiledModule
    from pyjsapi.embedding.settings import Settings
    from pyjsapi.embedding.valid_module import ValidModule
    from pyjsapi.runtime.instance import ExternVal, ModuleInstance
    from pyjsapi.runtime.instantiate import Setup


class PythonEngine:
    """See `embedding.interface.Engine`. Its options and its cache are those of the process."""

    name: Final = "python"

    def compile(self, data: bytes, settings: Settings, /) -> CompiledModule:
        """See `python.compile_module`."""
        from pyjsapi.engines.python import compile_module

        return compile_module(data, settings)

    def prepare(self, module: ValidModule, /) -> CompiledModule:
        """See `python.compile_valid`."""
        from pyjsapi.engines.python import compile_valid

        return compile_valid(module)

    def instantiate(
        self, module: CompiledModule, imports: Sequence[ExternVal], /, setup: Setup | None = None
    ) -> ModuleInstance:
        """See `python.instantiate`."""
        from pyjsapi.engines.python import instantiate

        return instantiate(module, imports, setup=setup)

    def new_memory(self, type_: MemType, limits: Limits, /) -> MemInst:
        """See `runtime.memory.new_memory`."""
        return new_memory(type_, limits)
