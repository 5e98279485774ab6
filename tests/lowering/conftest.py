"""A linker for lowered modules on the Python engine, as polyfill/lowered/linker.mjs is one on a native engine."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pyjsapi.binary.leb128 import read_unsigned
from pyjsapi.compiler.cache import CodeCache
from pyjsapi.embedding.settings import Settings
from pyjsapi.engines.python import (
    CompiledModule,
    compile_module,
    instantiate,
    invoke,
    start_function,
)
from pyjsapi.lowering import SECTION, lower
from pyjsapi.lowering.plan import VERSION
from pyjsapi.runtime import ExnInst, ExternVal, FuncInst, ModuleInstance
from pyjsapi.runtime.memory import MemInst
from pyjsapi.syntax.deftypes import DefType
from pyjsapi.syntax.errors import LinkError, WasmError
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.module import Module
from pyjsapi.syntax.types import FuncExtern
from pyjsapi.text import wat2wasm
from pyjsapi.wast import runner as wast_runner
from pyjsapi.wast.runner import CORE_LIMITS, ScriptResult
from pyjsapi.wast.script import read_script

ONE_MEMORY = replace(Features(), multi_memory=False)


def read_plan(module: Module) -> tuple[dict[str, Any], list[bytes]] | None:
    """The plan and the helpers' bytes of a lowered module."""
    for custom in module.customs:
        if custom.name == SECTION:
            size, start = read_unsigned(custom.data, 0, 32)
            position = start + size
            plan = json.loads(custom.data[start:position])
            if plan["version"] != VERSION:
                raise ValueError(f"a plan of version {plan['version']}, not {VERSION}")
            position += plan["reader"]["size"]
            helpers = []
            for helper in plan["helpers"]:
                helpers.append(custom.data[position : position + helper["size"]])
                position += helper["size"]
            assert position == len(custom.data)
            return plan, helpers
    return None


def compile_one(data: bytes, features: Features = ONE_MEMORY) -> CompiledModule:
    """Compile on an engine that has one memory per module."""
    return compile_module(data, Settings(features, CORE_LIMITS), cache=CodeCache())


class Linked:
    """An instance of a lowered module, with the exports of the original."""

    def __init__(
        self, compiled: CompiledModule, values: Sequence[ExternVal], features: Features
    ) -> None:
        read = read_plan(compiled.module)
        assert read is not None
        plan, helpers = read
        self.values = values
        self.helpers: list[ModuleInstance] = []
        for entry, data in zip(plan["helpers"], helpers, strict=True):
            helper = compile_one(data, features)
            self.helpers.append(instantiate(helper, self._fill(helper, entry["sources"])))
        self.main: ModuleInstance = instantiate(
            compiled, self._fill(compiled, plan["sources"]), start=False
        )
        start = start_function(self.main)
        if start is not None:
            invoke(start, ())
        self.exports: dict[str, ExternVal] = {}
        for name, _, _, *rest in plan["exports"]:
            self.exports[name] = (
                self._find(rest[0]) if rest and rest[0] is not None else self.main.exports[name]
            )

    def _fill(self, compiled: CompiledModule, sources: list[Any]) -> list[ExternVal]:
        types = compiled.context.imports
        return [
            self._copier(type_, source[1], source[2])
            if isinstance(source, list) and source[0] == "copy"
            else self._find(source)
            for type_, source in zip(types, sources, strict=True)
        ]

    def _find(self, source: Any) -> ExternVal:
        if isinstance(source, int):
            return self.values[source]
        helper, name = source
        found: ExternVal = self.helpers[helper].exports[name]
        return found

    def _copier(self, type_: Any, to: Any, from_: Any) -> FuncInst:
        def memory(source: Any) -> MemInst:
            found = self._find(source)
            assert isinstance(found, MemInst)
            return found

        def copy(start: int, origin: int, count: int) -> None:
            memory(to).copy(memory(from_), start, origin, count)

        assert isinstance(type_, FuncExtern) and isinstance(type_.type, DefType)
        return FuncInst(type_.type, copy, host=copy)


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
    return Linked(compiled, values, features)


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
        return Linked(compiled, values, self.features)


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
