"""UC-7: accessors for far pointers, over imported memories and over builtins."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from fuzz.compare import differences
from fuzz.engines.base import ChildEngine
from fuzz.engines.harness import Run
from fuzz.engines.javascript import bun, node
from fuzz.program import Call, Import, Program, Value, f64, i32, i64
from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.binary.decoder import decode_module
from pyjsapi.syntax.features import Features
from pyjsapi.tools import ToolError, far_accessors
from pyjsapi.tools.far import LOADS, STORES
from pyjsapi.validation.limits import Limits
from pyjsapi.validation.module import validate_module

STRLEN = """(module (import "far" "load8_u" (func $load (param i64) (result i32)))
  (func (export "strlen_far") (param $p i64) (result i64) (local $at i64)
    (local.set $at (local.get $p))
    (block $end (loop $more
      (br_if $end (i32.eqz (call $load (local.get $at))))
      (local.set $at (i64.add (local.get $at) (i64.const 1))) (br $more)))
    (i64.sub (local.get $at) (local.get $p))))"""
STRINGS = [b"one", b"and a longer one", b""]


def far(handle: int, address: int) -> int:
    """A far pointer, as the i64 that it is."""
    pointer = handle << 32 | address
    return pointer - (1 << 64) if pointer >> 63 else pointer


def accessors(descriptors: list[dict[str, Any]], types: Any) -> tuple[Any, list[Any]]:
    memories = [WebAssembly.Memory(descriptor) for descriptor in descriptors]
    module = WebAssembly.Module(far_accessors(types))
    imports = {"memories": {str(k): memory for k, memory in enumerate(memories)}}
    return WebAssembly.Instance(module, imports).exports, memories


def test_uc_7_strlen_far_works_on_strings_in_three_memories() -> None:
    exports, memories = accessors([{"initial": 1}] * 3, 3)
    program = WebAssembly.Instance(WebAssembly.Module(wat2wasm(STRLEN)), {"far": exports}).exports
    for k, (memory, text) in enumerate(zip(memories, STRINGS, strict=True)):
        memory.buffer.mv[100 * k : 100 * k + len(text)] = text
        assert program.strlen_far(far(k, 100 * k)) == len(text)
        assert exports.strlen(far(k, 100 * k)) == len(text)
    with pytest.raises(WebAssembly.RuntimeError, match="unreachable"):
        program.strlen_far(far(3, 0))
    memories[0].buffer.mv[:] = b"x" * 65536
    with pytest.raises(WebAssembly.RuntimeError, match="out of bounds"):
        program.strlen_far(far(0, 0))


def test_uc_7_the_same_program_runs_over_the_builtins() -> None:
    """Handles are what the host gives then; see pyjsapi.sharing."""
    far_pointer = pytest.importorskip("pyjsapi.sharing.memory_refs").far_pointer
    module = WebAssembly.Module(far_accessors(), builtins=["far"])
    instance = WebAssembly.Instance(module)
    exports = instance.exports
    program = WebAssembly.Instance(WebAssembly.Module(wat2wasm(STRLEN)), {"far": exports}).exports
    for text in STRINGS:
        memory = WebAssembly.Memory({"initial": 1})
        memory.buffer.mv[40 : 40 + len(text)] = text
        given = far_pointer(memory, 40, to=instance)
        assert program.strlen_far(given) == len(text)
        assert exports.strlen(given) == len(text)
        assert exports.handle(memory) == given >> 32
        assert exports.ref(given >> 32) is memory
        assert exports.size(given >> 32) == 1
    with pytest.raises(WebAssembly.RuntimeError, match="handle"):
        program.strlen_far(far(77, 0))


def test_uc_7_both_kinds_have_the_same_functions() -> None:
    for data in (far_accessors(2), far_accessors()):
        validate_module(decode_module(data), Features(), Limits())
    kinds = []
    for data in (far_accessors(2), far_accessors()):
        listed = WebAssembly.Module.exports(WebAssembly.Module(data))
        kinds.append({entry["name"]: str(entry["type"]) for entry in listed})
    assert {
        name: type_ for name, type_ in kinds[1].items() if name not in ("handle", "ref", "release")
    } == kinds[0]


KINDS: list[tuple[dict[str, Any], str]] = [
    ({"initial": 1}, "0"),
    ({"initial": 2, "address": "i64"}, "i64 1"),
    ({"initial": 1, "maximum": 4, "shared": True}, "1 4 shared"),
]


def test_uc_7_every_accessor_does_what_its_instruction_does() -> None:
    random = Random(7)
    exports, memories = accessors([kind for kind, _ in KINDS], [type_ for _, type_ in KINDS])
    for handle, memory in enumerate(memories):
        for name, (type_, _) in STORES.items():
            size = int("".join(filter(str.isdigit, name))) // 8
            for address in (0, 8, 1001, 65536 - size):
                if type_[0] == "f":
                    value: Any = random.choice([0.5, -2.0, 1024.25])
                else:
                    value = random.getrandbits(int(type_[1:]) - 1)
                exports[name](far(handle, address), value)
                for load, (result, _) in LOADS.items():
                    if load.removeprefix("load").split("_")[0] != name.removeprefix("store"):
                        continue
                    found = exports[load](far(handle, address))
                    raw = bytes(memory.buffer.mv[address : address + size])
                    if result[0] == "f":
                        assert found == value
                    else:
                        signed = not load.endswith("_u")
                        assert found == int.from_bytes(raw, "little", signed=signed)
                        assert raw == value.to_bytes(8, "little")[:size]
        assert exports.size(handle) == memory.buffer.byteLength // 65536
    for to in range(3):
        for source in range(3):
            memories[source].buffer.mv[0:5] = bytes([to, source, 3, 4, 5])
            exports.copy(far(to, 200), far(source, 0), 5)
            assert bytes(memories[to].buffer.mv[200:205]) == bytes([to, source, 3, 4, 5])
        exports.fill(far(to, 203), 9, 2)
        assert bytes(memories[to].buffer.mv[202:205]) == b"\3\x09\x09"


@pytest.mark.parametrize(
    ("name", "operands", "message"),
    [
        ("load32", (far(0, 65533),), "out of bounds"),
        ("load32", (far(1, 0xFFFF_FFFF),), "out of bounds"),
        ("store8", (far(2, 65536), 1), "out of bounds"),
        ("load8_u", (far(3, 0),), "unreachable"),
        ("store64", (far(-1, 0), 0), "unreachable"),
        ("copy", (far(0, 0), far(3, 0), 1), "unreachable"),
        ("copy", (far(0, 0), far(1, 0), 1 << 32), "unreachable"),
        ("copy", (far(0, 65535), far(1, 0), 2), "out of bounds"),
        ("fill", (far(2, 65535), 0, 2), "out of bounds"),
        ("fill", (far(5, 0), 0, 2), "unreachable"),
        ("size", (3,), "unreachable"),
    ],
)
def test_uc_7_forged_handles_and_addresses_trap(
    name: str, operands: tuple[int, ...], message: str
) -> None:
    exports, _ = accessors([kind for kind, _ in KINDS], [type_ for _, type_ in KINDS])
    with pytest.raises(WebAssembly.RuntimeError, match=message):
        exports[name](*operands)


@pytest.mark.parametrize("start", [node, bun])
def test_uc_7_javascript_engines_agree(start: Callable[[], ChildEngine | None]) -> None:
    engine = start()
    if engine is None:
        pytest.skip("the engine is not installed in fuzz/")
    random = Random(77)
    imports = tuple(Import("memories", str(k), "memory", {"initial": 1}) for k in range(3))
    calls = []
    for _ in range(150):
        name = random.choice([*LOADS, *STORES, "copy", "fill", "strlen", "size"])
        pointer = i64(far(random.randrange(4), random.choice([0, 1, 8, 100, 65530, 65535])))
        other = i64(far(random.randrange(3), random.randrange(200)))
        values: dict[str, Value] = {
            "i32": i32(random.getrandbits(31)),
            "i64": other,
            "f32": f64(0.5),
            "f64": f64(-1.5),
        }
        operands: tuple[Value, ...] = (pointer,)
        if name in STORES:
            operands = (pointer, values[STORES[name][0]])
        elif name in ("copy", "fill"):
            operands = (
                pointer,
                other if name == "copy" else values["i32"],
                i64(random.randrange(30)),
            )
        elif name == "size":
            operands = (i32(random.randrange(4)),)
        calls.append(Call(name, operands))
    program = Program(far_accessors(3), tuple(calls), imports)
    try:
        (seen,) = engine.run([program])
    finally:
        engine.close()
    right = Run(program.json(), WebAssembly.Module).observe()
    assert sum(outcome[0] == "returns" for outcome in right["calls"]) > 50
    assert list(differences(program, right, seen, strict=False)) == []


def test_uc_7_what_is_no_memory_is_refused() -> None:
    for wrong in (0, 101):
        with pytest.raises(ToolError, match="1 to 100 memories, not"):
            far_accessors(wrong)
    with pytest.raises(ToolError, match="1 to 100 memories, not 0"):
        far_accessors([])
    with pytest.raises(ToolError, match=r"'1\) \(func' is not the type of a memory"):
        far_accessors(["1) (func"])
    assert len(far_accessors(100)) < 400_000
