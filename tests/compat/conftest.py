"""Both of what the tests of this folder compare: PyPI's ``wasmtime``, and what stands in for it."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

OURS, REAL = "pyjsapi.compat.wasmtime", "wasmtime"


@pytest.fixture(params=[REAL, OURS])
def wasmtime(request: pytest.FixtureRequest) -> Any:
    """The package: each test holds on both."""
    return importlib.import_module(request.param)


@pytest.fixture
def ours() -> Any:
    """What stands in for it."""
    return importlib.import_module(OURS)


class World:
    """A store with an engine, and what tests do in it."""

    def __init__(self, wasmtime: Any) -> None:
        self.wasmtime = wasmtime
        self.engine = wasmtime.Engine()
        self.store = wasmtime.Store(self.engine)

    def configured(self, **settings: Any) -> World:
        """Another world, with a configuration."""
        config = self.wasmtime.Config()
        for name, value in settings.items():
            setattr(config, name, value)
        self.engine = self.wasmtime.Engine(config)
        self.store = self.wasmtime.Store(self.engine)
        return self

    def module(self, text: str) -> Any:
        """A module from text."""
        return self.wasmtime.Module(self.engine, text)

    def exports(self, text: str, *imports: Any) -> Any:
        """The exports of an instance of it."""
        instance = self.wasmtime.Instance(self.store, self.module(text), list(imports))
        return instance.exports(self.store)

    def func_type(self, params: str, results: str = "") -> Any:
        """A type from names of types."""
        types = [
            [getattr(self.wasmtime.ValType, name)() for name in names.split()]
            for names in (params, results)
        ]
        return self.wasmtime.FuncType(*types)

    def func(self, function: Any, params: str, results: str = "", **keywords: Any) -> Any:
        """A host function."""
        type_ = self.func_type(params, results)
        return self.wasmtime.Func(self.store, type_, function, **keywords)


@pytest.fixture
def world(wasmtime: Any) -> World:
    """A world of each."""
    return World(wasmtime)
