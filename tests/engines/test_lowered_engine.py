"""The engine that lowers every module of several memories: programs see what they see on the Python engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pyjsapi import Uint8Array, WebAssembly, engines
from pyjsapi.engines.lowered import LoweredEngine, LoweredModule
from pyjsapi.text import wat2wasm

TWO = """(module
  (import "env" "given" (memory 1))
  (memory (export "own") 1 2)
  (data (memory 1) (i32.const 3) "ab")
  (func (export "move") (memory.copy 0 1 (i32.const 0) (i32.const 3) (i32.const 2)))
  (func (export "beyond") (drop (i32.load 1 (i32.const 65533)))))"""


@pytest.fixture(autouse=True)
def lowered() -> Iterator[LoweredEngine]:
    engine = LoweredEngine()
    before = engines.use(engine)
    yield engine
    engines.use(before)


def test_a_module_with_two_memories_is_lowered_and_linked() -> None:
    given = WebAssembly.Memory(initial=1)
    module = WebAssembly.Module(wat2wasm(TWO))
    assert isinstance(module._compiled, LoweredModule)
    assert [each["kind"] for each in WebAssembly.Module.imports(module)] == ["memory"]
    exports = WebAssembly.Instance(module, {"env": {"given": given}}).exports
    exports.move()
    assert bytes(Uint8Array(given.buffer))[:3] == b"ab\0"
    assert list(exports) == ["own", "move", "beyond"]
    assert exports.own.grow(1) == 1
    exports.beyond()
    with pytest.raises(WebAssembly.RuntimeError):
        WebAssembly.Instance(module, {"env": {"given": given}}).exports.beyond()


def test_a_module_with_one_memory_is_the_python_engines() -> None:
    module = WebAssembly.Module(wat2wasm("(module (memory 1))"))
    assert not isinstance(module._compiled, LoweredModule)


def test_what_is_not_valid_is_refused_as_ever() -> None:
    with pytest.raises(WebAssembly.CompileError):
        WebAssembly.Module(wat2wasm("(module (memory 1) (memory 1) (func (result i32)))"))
