"""Lowered modules on the Python engine."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pyjsapi.compiler.cache import CodeCache
from pyjsapi.embedding.settings import Settings
from pyjsapi.engines.lowered import linked, read_plan
from pyjsapi.engines.python import CompiledModule, compile_module, instantiate, invoke
from pyjsapi.lowering import lower
from pyjsapi.runtime import ExnInst, ExternVal, FuncInst
from pyjsapi.syntax.errors import LinkError, WasmError
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.module import Module
from pyjsapi.text import wat2wasm
from pyjsapi.wast import runner as wast_runner
from pyjsapi.wast.runner import CORE_LIMITS, ScriptResult
from pyjsapi.wast.script import read_script

ONE_MEMORY = replace(Features(), multi_memory=False)


def settings_of(features: Features) -> Settings:
    return Settings(features, CORE_LIMITS)


def compile_one(data: bytes, features: Features = ONE_MEMORY) -> CompiledModule:
    """Compile on an engine that has one memory per module."""
    return compile_module(data, settings_of(features), cache=CodeCache())


class Tried:
    """An instance whose functions give their results, or the message of what they raised."""

    def __init__(self, instance: Any) -> None:
        self.exports: dict[str, ExternVal] = instance.exports

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = self.exports[name]
        assert isinstance(function, FuncInst)

        def call(*arguments: Any) -> Any:
            try:
                results = invoke(function, arguments)
            except WasmError as error:
                return error.message
            except ExnInst:
                return "exception"
            return results[0] if len(results) == 1 else tuple(results)

        return call


def link(data: bytes, values: Sequence[ExternVal] = (), features: Features = ONE_MEMORY) -> Any:
    """An instance of any module, lowered or not."""
    compiled = compile_one(data, features)
    if read_plan(compiled.module) is None:
        return instantiate(compiled, values)
    return linked(compiled, values, settings_of(features))


class LoweringRunner(wast_runner._Runner):
    """Runs a script with every module lowered."""

    def __init__(self, result: ScriptResult, options: dict[str, Any]) -> None:
        super().__init__(Features(), result)
        self.options = options
        self.features = replace(
            ONE_MEMORY, custom_page_sizes=options.get("custom_page_sizes", False)
        )
        self.lowered = 0

    def _compile(self, module: Any) -> CompiledModule:
        data = module.encode()
        original = super()._compile(module)
        changed = lower(data, validate=False, **self.options)
        if changed == data:
            return original
        self.lowered += 1
        return compile_one(changed, self.features)

    def _instantiate(self, compiled: CompiledModule) -> Any:
        read = read_plan(compiled.module)
        if read is None:
            return super()._instantiate(compiled)
        values = []
        for module, name, *_ in read[0]["imports"]:
            value = self._registry.get(module, {}).get(name)
            if value is None:
                raise LinkError(f'unknown import "{module}" "{name}"')
            values.append(value)
        return linked(compiled, values, settings_of(self.features))


@pytest.fixture
def run_lowered() -> Callable[..., tuple[ScriptResult, int]]:
    """Run a script's text with its modules lowered: what became of it, and how many modules were."""

    def run(text: str, **options: Any) -> tuple[ScriptResult, int]:
        result = ScriptResult("")
        runner = LoweringRunner(result, options)
        runner.run_all(read_script(text))
        return result, runner.lowered

    return run


@pytest.fixture
def original() -> Callable[..., Tried]:
    """An instance of a module's text as it is."""

    def make(text: str, *values: ExternVal) -> Tried:
        return Tried(link(wat2wasm(text), values, Features()))

    return make


@pytest.fixture
def lowered() -> Callable[..., Tried]:
    """An instance of a module's text, lowered."""

    def make(text: str, *values: ExternVal, **options: Any) -> Tried:
        data = wat2wasm(text)
        changed = lower(data, **options)
        assert changed != data
        return Tried(link(changed, values))

    return make


@pytest.fixture
def plan_of() -> Callable[[bytes], tuple[dict[str, Any], list[Module]]]:
    """The plan of a lowered module, and its modules: the main one, then the helpers."""
    from pyjsapi.binary.decoder import decode_module

    def read(data: bytes) -> tuple[dict[str, Any], list[Module]]:
        main = decode_module(data)
        found = read_plan(main)
        assert found is not None
        plan, helpers = found
        return plan, [main, *map(decode_module, helpers)]

    return read


@pytest.fixture
def spec_scripts() -> Path:
    """The folder of the specification's scripts (see tests/wast/test_spec_scripts.py)."""
    configured = os.environ.get("PYJSAPI_SPEC_TESTS")
    folder = (
        Path(configured)
        if configured
        else Path(__file__).resolve().parents[3] / "shared" / "spec-tests"
    )
    if not (folder / "core").is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail("no scripts of the specification: set PYJSAPI_SPEC_TESTS")
        pytest.skip("no scripts of the specification: set PYJSAPI_SPEC_TESTS")
    return folder
