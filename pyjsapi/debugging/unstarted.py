"""The Python engine for programs that are to be debugged from the beginning: it makes instances and starts none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyjsapi.engines.python_engine import PythonEngine

if TYPE_CHECKING:
    from pyjsapi.compiler.module import CompiledModule
    from pyjsapi.runtime.instance import ExternVal, ModuleInstance
    from pyjsapi.runtime.instantiate import Setup


class UnstartedEngine(PythonEngine):
    """See `embedding.interface.Engine`; start functions are left to whoever debugs: `runtime.start_function`."""

    def instantiate(
        self, module: CompiledModule, imports: Sequence[ExternVal], /, setup: Setup | None = None
    ) -> ModuleInstance:
        """See `engines.python.instantiate`."""
        from pyjsapi.engines.python import instantiate

        return instantiate(module, imports, start=False, setup=setup)
