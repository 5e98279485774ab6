"""UC-10: a profile in a secondary memory says which functions were called, and changes nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fuzz.compare import differences
from fuzz.engines.harness import Run
from fuzz.generators import make
from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.binary.decoder import decode_module
from pyjsapi.binary.encoder import encode_module
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import Code, Func, Import
from pyjsapi.syntax.types import I32, FuncExtern, FuncType, RecType, SubType
from pyjsapi.tools import ToolError, instrument_profile, profiled
from pyjsapi.tools.profile import PROFILE, WRITE_PROFILE
from pyjsapi.validation.limits import Limits
from pyjsapi.validation.module import validate_module

PROGRAMS = 25
WORK = """(module (import "host" "log" (func $log (param i32))) (import "host" "memory" (memory 1 3))
  (table funcref (elem $by_table)) (global (mut i32) (i32.const 0))
  (func $never (export "never") (param i32) (result i64) (local f64 f64 i64) (i64.const 1))
  (func $leaf (param i32) (local i64 i64) (call $log (local.get 0)) (i32.store (i32.const 8) (local.get 0)))
  (func $by_table (param i32) (if (local.get 0) (then (call $leaf (local.get 0)))))
  (func (export "run") (param i32) (call_indirect (param i32) (local.get 0) (i32.const 0)))
  (func $start (global.set 0 (i32.const 1))) (start $start))"""


def always(data: bytes) -> Callable[[bytes], Any]:
    """A module, whatever it is asked for."""
    return lambda _: WebAssembly.Module(data)


def traced(data: bytes) -> bytes:
    """The module with a call of a host function, with the own index, at the beginning of every function."""
    module = decode_module(data)
    count = len(module.imported(FuncExtern))
    assert count == 1
    module.types.append(RecType((SubType(True, (), FuncType((I32,), ())),)))
    # The tracer takes the place of the one function that is imported, and sees what is told to that too.
    module.imports = [
        Import("host", "trace", FuncExtern(len(module.types) - 1))
        if isinstance(i.type, FuncExtern)
        else i
        for i in module.imports
    ]
    for index, func in enumerate(module.funcs, count):
        code = func.code.load()
        body = [(BY_MNEMONIC["i32.const"], index), (BY_MNEMONIC["call"], 0), *code.body]
        module.funcs[index - count] = Func(func.typeidx, Code(code.locals, body))
    return encode_module(module)


def run(data: bytes, arguments: list[int]) -> tuple[Any, Any, list[int]]:
    seen: list[int] = []
    memory = WebAssembly.Memory({"initial": 1, "maximum": 3})
    imports = {"host": {"log": lambda value: None, "trace": seen.append, "memory": memory}}
    instance = WebAssembly.Instance(WebAssembly.Module(data), imports)
    for argument in arguments:
        instance.exports.run(argument)
    return instance, memory, seen


@pytest.mark.parametrize("arguments", [[], [0], [0, 7000]])
def test_uc_10_the_profile_is_what_a_tracer_in_the_host_sees(arguments: list[int]) -> None:
    data = wat2wasm(WORK)
    profiling, memory, _ = run(instrument_profile(data), arguments)
    _, _, seen = run(traced(data), arguments)
    assert profiled(profiling) == {index for index in seen if index < 7000}
    _, plain, _ = run(data, arguments)
    assert bytes(memory.buffer.tobytes()) == bytes(plain.buffer.tobytes())


def test_uc_10_memories_and_indices_stay() -> None:
    before, after = decode_module(wat2wasm(WORK)), decode_module(instrument_profile(wat2wasm(WORK)))
    validate_module(after, Features(), Limits())
    assert after.imports == before.imports
    assert after.mem_types[: len(before.mem_types)] == before.mem_types
    assert after.exports[: len(before.exports)] == before.exports
    assert [e.name for e in after.exports[len(before.exports) :]] == [PROFILE, WRITE_PROFILE]
    assert after.start == before.start


@pytest.mark.parametrize("address", ["", "i64"])
def test_uc_10_the_profile_is_copied_into_memory_0_if_there_is_room(address: str) -> None:
    text = f"""(module (memory (export "m") {address} 1) (func (export "f")) (func) (func))"""
    instance = WebAssembly.Instance(WebAssembly.Module(instrument_profile(wat2wasm(text))))
    instance.exports.f()
    write = instance.exports[WRITE_PROFILE]
    memory = instance.exports.m.buffer.mv
    memory[100:104] = b"\xff" * 4
    assert write(100, 2) == 3
    assert bytes(memory[100:104]) == b"\xff" * 4
    assert write(100, 3) == 3
    assert bytes(memory[100:104]) == b"\1\0\0\xff"
    with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
        write(65534, 3)


def test_uc_10_a_module_without_a_memory_has_a_profile_too() -> None:
    instance = WebAssembly.Instance(
        WebAssembly.Module(instrument_profile(wat2wasm('(module (func) (func (export "f")))')))
    )
    instance.exports.f()
    assert profiled(instance) == {1}
    assert instance.exports[WRITE_PROFILE](0, 1000) == 2


@pytest.mark.parametrize("generator", ["memories", "deep", "handlers", "tails", "gc", "smith"])
def test_uc_10_programs_do_what_they_did(generator: str) -> None:
    called = 0
    for seed in range(PROGRAMS):
        program = make(generator, seed).program
        changed = instrument_profile(program.binary)
        validate_module(decode_module(changed), Features(), Limits())
        data = program.json()
        right = Run(data, WebAssembly.Module).observe()
        seen = Run(data, always(changed)).observe()
        if seen["end"] == "ran" and "exports" in seen:
            seen["exports"] = [e for e in seen["exports"] if e not in (PROFILE, WRITE_PROFILE)]
            called += seen["memories"].pop(PROFILE)[1] != 0
        assert list(differences(program, right, seen, strict=True)) == [], seed
    assert called > PROGRAMS // 4


def test_uc_10_what_is_no_profile_is_refused() -> None:
    data = wat2wasm('(module (func (export "__write_profile")))')
    with pytest.raises(ToolError, match="export '__write_profile' already"):
        instrument_profile(data)
    with pytest.raises(ToolError, match=r"no export 'profile'.*instrument_profile"):
        profiled(WebAssembly.Instance(WebAssembly.Module(data)))
