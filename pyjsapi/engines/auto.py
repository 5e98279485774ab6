"""The engine ``auto``: instances begin on the Python engine, and go on in machine code where that pays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from pyjsapi.compiler.environment import Environment
from pyjsapi.engines.moving import Mover
from pyjsapi.engines.python_engine import PythonEngine

if TYPE_CHECKING:
    from pyjsapi.compiler.module import CompiledModule
    from pyjsapi.runtime.instance import ExternVal, ModuleInstance
    from pyjsapi.runtime.instantiate import Setup

PATIENCE: Final = 0.02
"""Seconds that calls of an instance take together before machine code is made for it."""


class AutoEngine(PythonEngine):
    """See `embedding.interface.Engine`.

    An instance is moved when calls of it have taken ``patience`` seconds, and a thread has compiled its module; with
    ``calls``, for tests, before the call that comes after so many, which waits for the compiler.
    """

    name: Final = "auto"  # type: ignore[misc]

    def __init__(self, *, patience: float = PATIENCE, calls: int | None = None) -> None:
        self.patience: Final = patience
        self.calls: Final = calls

    def instantiate(
        self, module: CompiledModule, imports: Sequence[ExternVal], /, setup: Setup | None = None
    ) -> ModuleInstance:
        """See `python.instantiate`."""
        instance = super().instantiate(module, imports, setup)
        imported = len(instance.context.funcs) - len(module.module.funcs)
        if len(instance.funcs) == imported:
            return instance
        environment = instance.funcs[imported].owner
        if isinstance(environment, Environment):
            mover = Mover(module, instance, environment, self.patience, self.calls)
            environment.mover = mover
            if setup is not None:
                mover.stay("the host has a say in how it is made")
        return instance
