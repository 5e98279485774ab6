"""The Python engine as hosts know it. The compiler comes with the first module: programs that have none do without."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from pyjsapi.runtime.global_ import GlobalInst
from pyjsapi.runtime.memory import MemInst, new_memory
from pyjsapi.runtime.table import TableInst, new_table
from pyjsapi.syntax.types import GlobalType, MemType, TableType
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

    def new_table(self, type_: TableType, limits: Limits, init: Any, /) -> TableInst:
        """See `runtime.table.new_table`."""
        return new_table(type_, init, limits)

    def new_global(self, type_: GlobalType, value: Any, /) -> GlobalInst:
        """A global that no module defines."""
        return GlobalInst(type_, value)
