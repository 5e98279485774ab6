"""Every instruction beside operands that read, trap or change things: the order is the one that Wasmtime keeps.

A fixed share of the cases of `order_modules` is tried. All of them:
``ORDER_SHARE=1 pytest tests/compiler/test_order_generated.py``.
"""

from __future__ import annotations

import os
import re
from typing import Any, Final

import pytest
import wasmtime

from pyjsapi.compiler import frame
from pyjsapi.compiler.cache import CodeCache
from pyjsapi.compiler.expression import EFFECT, GLOBAL, MEMORY, TRAPS, Entry
from pyjsapi.compiler.options import Options
from pyjsapi.engines.python import compile_module, instantiate, invoke
from pyjsapi.runtime.exception import ExnInst
from pyjsapi.syntax.errors import Trap
from pyjsapi.text import wat2wasm
from tests.compiler.order_modules import ARGUMENTS, MEMORIES, OBSERVED, cases, module

SHARE: Final = int(os.environ.get("ORDER_SHARE", "11"))
"""One case in so many."""
PER_TEST: Final = 150
ALL: Final = cases()
CASES: Final = ALL[::SHARE]
MODES: Final = (
    Options(),
    Options(),
    Options(state_machine=True),
    Options(facts=False, views=False, patterns=False, reuse=False, lanes=False),
)
"""Turn and turn about."""

KINDS: Final = {
    "memory": "out of bounds memory|unaligned",
    "table": "out of bounds table|undefined element",
    "division": "divide",
    "conversion": "conversion|integer overflow",
    "null": "null|uninitialized",
    "cast": "cast failure",
    "array": "out of bounds array|allocation",
    "type": "type mismatch",
    "unreachable": "unreachable",
    "exception": "thrown Wasm exception",
}
"""Of traps: what their messages have in common."""

Outcome = list[Any]
"""For each of two calls how it ended; then the memories."""


def kind(message: str) -> str:
    return next(name for name, pattern in KINDS.items() if re.search(pattern, message))


def here(data: bytes, count: int, options: Options) -> list[Outcome]:
    compiled = compile_module(data, options=options, cache=CodeCache())
    outcomes = []
    for i in range(count):
        exports: Any = instantiate(compiled, []).exports
        outcome: Outcome = []
        for _ in range(2):
            try:
                invoke(exports[str(i)], ARGUMENTS)
                outcome.append("returns")
            except Trap as trap:
                outcome.append(kind(trap.message))
            except ExnInst:
                outcome.append("exception")
        invoke(exports["observe"], ())
        outcome += [bytes(exports[name].data[:OBSERVED]) for name in MEMORIES]
        outcomes.append(outcome)
    return outcomes


@pytest.fixture(scope="module")
def engine() -> wasmtime.Engine:
    config = wasmtime.Config()
    for name in ("exceptions", "function_references", "gc", "memory64", "multi_memory", "tail_call",
                 "threads", "relaxed_simd", "relaxed_simd_deterministic"):  # fmt: skip
        setattr(config, f"wasm_{name}", True)
    config.shared_memory = True
    config.cranelift_opt_level = "none"
    return wasmtime.Engine(config)


def there(engine: wasmtime.Engine, data: bytes, count: int) -> list[Outcome]:
    compiled = wasmtime.Module(engine, data)
    outcomes = []
    for i in range(count):
        store = wasmtime.Store(engine)
        exports: Any = wasmtime.Instance(store, compiled, []).exports(store)
        outcome: Outcome = []
        for _ in range(2):
            try:
                exports[str(i)](store, *ARGUMENTS)
                outcome.append("returns")
            except (wasmtime.Trap, wasmtime.WasmtimeError) as trap:
                outcome.append(kind(str(trap)))
        exports["observe"](store)
        for name in MEMORIES:
            memory = exports[name]
            if isinstance(memory, wasmtime.SharedMemory):
                outcome.append(bytes(memory.data_ptr()[:OBSERVED]))
            else:
                outcome.append(bytes(memory.read(store, 0, OBSERVED)))
        outcomes.append(outcome)
    return outcomes


@pytest.mark.parametrize("start", range(0, len(CASES), PER_TEST))
def test_order(engine: wasmtime.Engine, start: int) -> None:
    functions = CASES[start : start + PER_TEST]
    data = wat2wasm(module(functions))
    options = MODES[start // PER_TEST % len(MODES)]
    expected = there(engine, data, len(functions))
    found = here(data, len(functions), options)
    wrong = [f for f, e, o in zip(functions, expected, found, strict=True) if e != o]
    assert wrong == []


@pytest.mark.parametrize("flags", [MEMORY | TRAPS, GLOBAL, TRAPS, EFFECT | TRAPS])
def test_the_cases_tell_when_a_rule_is_broken(monkeypatch: pytest.MonkeyPatch, flags: int) -> None:
    functions = [case for case in ALL if "(call $three)" in case]
    data = wat2wasm(module(functions))
    right = here(data, len(functions), Options())
    settle = frame.Frame.settle

    def forgetful(self: Any, assigned: int, effect: bool, traps: bool) -> None:
        for i, e in enumerate(self.stack):
            if e.flags & flags:
                self.stack[i] = Entry(
                    e.type, e.text, e.prec, e.low, e.high, e.deps, e.flags & ~flags
                )
        settle(self, assigned, effect, traps)

    monkeypatch.setattr(frame.Frame, "settle", forgetful)
    assert here(data, len(functions), Options()) != right
