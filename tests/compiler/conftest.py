"""Helpers of the compiler's tests: modules from text, called with plain Python values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.options import Options
from pyjsapi.engines.python import CompiledModule, compile_module, instantiate, invoke
from pyjsapi.runtime import ExternVal, FuncInst, ModuleInstance
from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.types import F32, F64, I32, I64, FuncType
from pyjsapi.text import wat2wasm

MODES = {
    "structured": Options(),
    "flags": Options(max_loops=0),
    "states": Options(state_machine=True),
    "plain": Options(
        facts=False, views=False, patterns=False, reuse=False, induction=False, ranges=False
    ),
    "asserting": Options(assertions=True),
}
"""Ways to translate a function; all of them must agree."""

_TYPES = {"i32": I32, "i64": I64, "f32": F32, "f64": F64}


class Wasm:
    """An instance of a module given as text."""

    def __init__(
        self, text: str, imports: Sequence[ExternVal] = (), options: Options = MODES["structured"]
    ) -> None:
        self.compiled: CompiledModule = compile_module(
            wat2wasm(text), options=options, cache=CodeCache()
        )
        self.instance: ModuleInstance = instantiate(self.compiled, imports)

    def __call__(self, name: str, *arguments: Any) -> Any:
        """Call an export: its result, ``None``, or a tuple of results."""
        function = self.instance.exports[name]
        assert isinstance(function, FuncInst)
        results = invoke(function, arguments)
        return tuple(results) if len(results) > 1 else results[0] if results else None

    def source(self, funcidx: int) -> str:
        """Python source of a function."""
        return self.compiled.source(funcidx)


@pytest.fixture(params=list(MODES))
def wasm(request: pytest.FixtureRequest) -> Callable[..., Wasm]:
    """Makes instances, in every mode of translation."""
    options = MODES[request.param]
    return lambda text, *imports: Wasm(text, imports, options)


@pytest.fixture
def wasm_once() -> Callable[..., Wasm]:
    """Makes instances with the default options, or those given."""
    return lambda text, *imports, options=MODES["structured"]: Wasm(text, imports, options)


@pytest.fixture
def host() -> Callable[..., FuncInst]:
    """``host(function, "i32 i64", "f64")``: a host function for an import."""

    def make(function: Callable[..., Any], params: str = "", results: str = "") -> FuncInst:
        type_ = FuncType(
            tuple(_TYPES[t] for t in params.split()), tuple(_TYPES[t] for t in results.split())
        )
        return FuncInst(func_def_type(type_), function, host=function)

    return make
