"""An engine beside the Python engine: what a host asks of an engine, and nothing else.

It has the work done by the first one, with modules and instances of its own. As a plugin of pytest
(``-p second_engine``) it is the default engine of the tests that run, and counts what they ask it for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pytest

from pyjsapi import engines
from pyjsapi.embedding.settings import Settings
from pyjsapi.embedding.valid_module import ValidModule, valid_module
from pyjsapi.engines.python_engine import PythonEngine
from pyjsapi.runtime import ExternVal, MemInst
from pyjsapi.runtime.instantiate import Setup
from pyjsapi.syntax.types import MemType
from pyjsapi.validation.limits import Limits


class SecondModule(ValidModule):
    """A module that nothing was done with but validation."""

    __slots__ = ()

    def __init__(self, valid: ValidModule) -> None:
        super().__init__(valid.data, valid.module, valid.context, valid.settings)


class SecondInstance:
    """An instance that tells nothing but its exports, and what a host needs for limits that the module has."""

    def __init__(self, inner: Any) -> None:
        exports: Mapping[str, ExternVal] = inner.exports
        self.exports = dict(exports)
        self.fuel = inner.fuel
        self.clock = inner.clock
        self.host_calls = inner.host_calls
        self.budget = inner.budget


class SecondEngine:
    """An engine that translates at instantiation."""

    name: str = "second"

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self._first = PythonEngine()

    def compile(self, data: bytes, settings: Settings, /) -> SecondModule:
        self.asked["compile"] += 1
        return SecondModule(valid_module(data, settings))

    def prepare(self, module: ValidModule, /) -> SecondModule:
        self.asked["prepare"] += 1
        return SecondModule(module)

    def instantiate(
        self, module: SecondModule, imports: Sequence[ExternVal], /, setup: Setup | None = None
    ) -> SecondInstance:
        self.asked["instantiate"] += 1
        if not isinstance(module, SecondModule):
            raise TypeError("a module of another engine")
        compiled = self._first.compile(module.data, module.settings)
        return SecondInstance(self._first.instantiate(compiled, imports, setup))

    def new_memory(self, type_: MemType, limits: Limits, /) -> MemInst:
        self.asked["new_memory"] += 1
        return self._first.new_memory(type_, limits)


SECOND: Final = SecondEngine()


def pytest_configure(config: pytest.Config) -> None:
    """Use it for all that is run."""
    engines.use(SECOND)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what it was asked for."""
    terminalreporter.write_line(f"second engine: {dict(sorted(SECOND.asked.items()))}")
