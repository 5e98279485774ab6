"""Memory instructions: alignment, bounds, several memories, big and 64-bit memories, growth."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.compiler.facts import FULL_BOUND32, PLAIN_BOUND
from pyjsapi.compiler.scope import memory_scope
from pyjsapi.compiler.variants import Assumptions
from pyjsapi.runtime import FuncInst
from pyjsapi.runtime.memory import new_memory
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import I32, MemType
from pyjsapi.validation.limits import Limits

PAGE = 65536
SIZES = {"8": 1, "16": 2, "32": 4, "": 8}

not_inside = pytest.mark.skipif(sys.platform == "emscripten", reason="2 GiB are more than it has")


def accessors(memory: int = 0, address: str = "i32") -> str:
    """Exports ``load<n> <offset>``, ``store<n> <offset>`` for i64, natural and no alignment."""
    text = ""
    for suffix, size in SIZES.items():
        load = f"i64.load{suffix}_u" if suffix else "i64.load"
        for offset in (0, 1, 8):
            for align in {1, size}:
                where = f"{memory} offset={offset} align={align}"
                name = f"{size} {offset} {align}"
                text += f"""
                  (func (export "m{memory} load {name}") (param {address}) (result i64)
                    ({load} {where} (local.get 0)))
                  (func (export "m{memory} store {name}") (param {address} i64)
                    (i64.store{suffix} {where} (local.get 0) (local.get 1)))
                  (func (export "m{memory} twice {name}") (param {address}) (result i64)
                    (i64.add ({load} {where} (local.get 0))
                             ({load} {where} ({address}.add (local.get 0) ({address}.const 8)))))
                """
    return text


@pytest.mark.parametrize("address", ["i32", "i64"])
def test_loads_and_stores_at_every_alignment(wasm: Callable[..., Any], address: str) -> None:
    module = wasm(f"(module (memory 1) (memory {address} 1) {accessors(1, address)})")
    data = module.instance.mems[1].data
    pattern = bytes(range(1, 65))
    value = 0xF1E2_D3C4_B5A6_9788
    for size in SIZES.values():
        for offset in (0, 1, 8):
            for align in {1, size}:
                name = f"{size} {offset} {align}"
                for base in (0, 1, 2, 3, 4, 7, 8, PAGE - 40):
                    data[base : base + 64] = pattern[: min(64, PAGE - base)]
                    at = base + offset
                    wanted = int.from_bytes(data[at : at + size], "little")
                    after = int.from_bytes(data[at + 8 : at + 8 + size], "little")
                    assert module(f"m1 load {name}", base) == wanted
                    assert module(f"m1 twice {name}", base) == (wanted + after) % (1 << 64)
                    before = bytes(data)
                    module(f"m1 store {name}", base, value)
                    stored = (value % (1 << 8 * size)).to_bytes(size, "little")
                    assert bytes(data) == before[:at] + stored + before[at + size :]
    assert bytes(module.instance.mems[0].data) == bytes(PAGE)


@pytest.mark.parametrize("address", ["i32", "i64"])
def test_accesses_beyond_the_end_trap_and_write_nothing(
    wasm: Callable[..., Any], address: str
) -> None:
    module = wasm(f"(module (memory {address} 1) {accessors(0, address)})")
    most = (1 << int(address[1:])) - 1
    for size in SIZES.values():
        for align in {1, size}:
            for base in (PAGE - size + 1, PAGE, 1 << 31, most - 1, most):
                for offset in (0, 1, 8):
                    name = f"{size} {offset} {align}"
                    with pytest.raises(Trap, match="out of bounds memory access"):
                        module(f"m0 load {name}", base)
                    with pytest.raises(Trap, match="out of bounds memory access"):
                        module(f"m0 store {name}", base, 1)
    assert bytes(module.instance.mems[0].data) == bytes(PAGE)


def test_signed_loads(wasm: Callable[..., Any]) -> None:
    module = wasm("""(module (memory 1) (data (i32.const 0) "\\80\\ff\\00\\80\\7f\\00\\00\\80")
      (func (export "32 8") (param i32) (result i32) (i32.load8_s (local.get 0)))
      (func (export "32 16") (param i32) (result i32) (i32.load16_s (local.get 0)))
      (func (export "64 8") (param i32) (result i64) (i64.load8_s (local.get 0)))
      (func (export "64 16") (param i32) (result i64) (i64.load16_s align=1 (local.get 0)))
      (func (export "64 32") (param i32) (result i64) (i64.load32_s (local.get 0))))""")
    assert module("32 8", 0) == 0xFFFF_FF80
    assert module("32 16", 2) == 0xFFFF_8000
    assert module("32 16", 4) == 0x7F
    assert module("64 8", 1) == (1 << 64) - 1
    assert module("64 16", 1) == 0xFF
    assert module("64 32", 4) == 0xFFFF_FFFF_8000_007F


def test_address_arithmetic_wraps_but_the_offset_does_not(wasm: Callable[..., Any]) -> None:
    module = wasm("""(module (memory 1) (data (i32.const 0) "\\05") (data (i32.const 8) "\\07")
      (func (export "minus") (param i32) (result i32)
        (i32.load (i32.sub (local.get 0) (i32.const 4))))
      (func (export "scaled") (param i32) (result i32)
        (i32.load (i32.shl (local.get 0) (i32.const 2))))
      (func (export "mixed") (param i32 i32) (result i32)
        (i32.load (i32.add (i32.shl (local.get 0) (i32.const 3)) (i32.shl (local.get 1) (i32.const 2)))))
      (func (export "offset") (param i32) (result i32) (i32.load offset=4 (local.get 0))))""")
    assert module("minus", 4) == 5
    assert module("scaled", 1 << 30) == 5
    assert module("scaled", (1 << 30) + 2) == 7
    assert module("mixed", 1 << 29, 2) == 7
    assert module("mixed", 0, (1 << 30) + 2) == 7
    for name, argument in (("minus", 0), ("offset", 0xFFFF_FFFC)):
        with pytest.raises(Trap, match="out of bounds memory access"):
            module(name, argument)


def test_a_hundred_memories(wasm_once: Callable[..., Any]) -> None:
    module = wasm_once(f"""(module {"(memory 1)" * 100}
      (func (export "f") (param i32) (result i32)
        {"".join(f"(i32.store {k} (i32.const {4 * k}) (i32.const {k}))" for k in range(100))}
        (memory.copy 99 7 (i32.const 0) (i32.const 28) (i32.const 4))
        (i32.add (i32.load 99 (i32.const 0)) (i32.load 99 (i32.const 396)))))""")
    assert module("f", 0) == 106
    assert [m.u32[k] for k, m in enumerate(module.instance.mems)][:99] == list(range(99))


def test_growth_is_seen_at_once_by_every_user(wasm: Callable[..., Any]) -> None:
    owner = wasm('(module (memory (export "m") 1 4))')
    memory = owner.instance.exports["m"]
    text = """(module (import "" "m" (memory 1))
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
      (func (export "size") (result i32) (memory.size))
      (func (export "poke") (param i32 i32) (result i32)
        (i32.store (local.get 0) (local.get 1)) (i32.load align=1 (local.get 0)))
      (func (export "both") (result i32)
        (i32.store (i32.const 0) (memory.grow (i32.const 1)))
        (i32.load (i32.const 65536))))"""
    one, two = wasm(text, memory), wasm(text, memory)
    with pytest.raises(Trap):
        two("poke", PAGE, 5)
    assert one("grow", 1) == 1
    assert two("poke", PAGE, 5) == 5
    assert memoryview(memory.data)[PAGE] == 5
    held = memoryview(memory.data)  # somebody holds the bytes: they have to move
    assert one("grow", 1) == 2
    assert two("poke", 2 * PAGE + 4, 9) == 9
    assert held.nbytes == 2 * PAGE
    assert one("grow", 5) == 0xFFFF_FFFF
    assert one("both") == 5
    assert (one("size"), two("size")) == (4, 4)


def test_bulk_operations_across_memories(wasm: Callable[..., Any]) -> None:
    module = wasm("""(module (memory 1) (memory $b i64 1) (data $d "abcdef")
      (func (export "init") (param i32 i32 i32)
        (memory.init 0 $d (local.get 0) (local.get 1) (local.get 2)))
      (func (export "drop") (data.drop $d))
      (func (export "copy") (param i64 i32 i32)
        (memory.copy $b 0 (local.get 0) (local.get 1) (local.get 2)))
      (func (export "fill") (param i64 i32 i64)
        (memory.fill $b (local.get 0) (local.get 1) (local.get 2))))""")
    module("init", 10, 1, 4)
    assert bytes(module.instance.mems[0].data[8:16]) == b"\0\0bcde\0\0"
    module("copy", 3, 10, 3)
    assert bytes(module.instance.mems[1].data[:8]) == b"\0\0\0bcd\0\0"
    module("fill", 0, 0x1FF, 2)
    assert bytes(module.instance.mems[1].data[:4]) == b"\xff\xff\0b"
    for name, arguments in (
        ("copy", (PAGE - 1, 0, 2)), ("fill", (1 << 63, 0, 1)), ("init", (0, 5, 2)),
    ):  # fmt: skip
        with pytest.raises(Trap, match="out of bounds memory access"):
            module(name, *arguments)
    module("drop")
    with pytest.raises(Trap):
        module("init", 0, 0, 1)


INCREMENT = """(func (export "f") (param i32) (result i32)
  (drop (i32.load8_u (local.get 0))) (i32.add (local.get 0) (i32.const 1)))"""


def test_memories_without_maximum_are_plain_at_first(wasm_once: Callable[..., Any]) -> None:
    module = wasm_once(f"(module (memory 1) {INCREMENT})")
    assert module.instance.mems[0].ceiling == 65536
    assert "return l0+1" in module.source(0)


@not_inside
def test_memories_that_are_big_keep_their_wraps(wasm_once: Callable[..., Any]) -> None:
    module = wasm_once(f"(module (memory 32768 65536) {INCREMENT})")
    assert "return l0+1 if l0<=" in module.source(0)
    assert module.instance.mems[0].ceiling == 65536


@not_inside
def test_an_imported_memory_decides_how_code_is_made(wasm_once: Callable[..., Any]) -> None:
    text = f'(module (import "" "m" (memory 1)) {INCREMENT})'
    big = new_memory(MemType(I32, 32768, 65536), Limits())
    small = new_memory(MemType(I32, 1, 2), Limits())
    for memory, marker in ((big, True), (small, False)):
        module = wasm_once(text, memory)
        variant = module.compiled.variant(Assumptions.for_memories(module.instance.mems))
        assert ("if l0<=" in variant.source(0)) is marker


def test_a_full_memory_keeps_wrapping_increments_of_its_last_address() -> None:
    assert memory_scope(0, MemType(I32, 1, None), True).bound == FULL_BOUND32
    assert memory_scope(0, MemType(I32, 1, None), False).bound == PLAIN_BOUND


def test_bytes_may_move_while_an_operand_is_computed(
    wasm: Callable[..., Any], host: Callable[..., FuncInst]
) -> None:
    held: list[memoryview[int]] = []

    def grow(value: int) -> int:
        memory = module.instance.mems[0]
        held.append(memoryview(memory.data))  # the bytes cannot grow in place
        assert memory.grow(1) > 0
        return value

    module = wasm(
        """(module (import "" "grow" (func $g (param i32) (result i32))) (memory 1 100)
          (data (i32.const 8) "\\01\\02\\03\\04\\00\\00\\80\\3f")
          (func (export "byte") (result i32) (i32.load8_u (call $g (i32.const 9))))
          (func (export "word") (result i32)
            (i32.load (i32.and (call $g (i32.const 8)) (i32.const -4))))
          (func (export "any") (result i32) (i32.load16_u align=1 (call $g (i32.const 9))))
          (func (export "float") (result f32) (f32.load (call $g (i32.const 12))))
          (func (export "store") (param i32) (result i32)
            (i32.store8 (call $g (local.get 0)) (call $g (i32.const 7)))
            (i32.store offset=1 align=1 (local.get 0) (call $g (i32.const 0x06050403)))
            (i32.store offset=8 (local.get 0) (call $g (i32.const 77)))
            (f32.store offset=12 (local.get 0) (f32.convert_i32_u (call $g (i32.const 1))))
            (i64.store16 offset=16 (call $g (local.get 0)) (i64.const 5))
            (i32.add (i32.load8_u (local.get 0)) (i32.load offset=8 (local.get 0)))))""",
        host(grow, "i32", "i32"),
    )
    assert module("byte") == 2
    assert module("word") == 0x04030201
    assert module("any") == 0x0302
    assert module("float") == 1.0
    for address in (128, 129):
        assert module("store", address) == 84
        data = bytes(module.instance.mems[0].data[address : address + 18])
        assert data[:5] == bytes((7, 3, 4, 5, 6))
        assert data[8:] == b"\x4d\0\0\0\0\0\x80\x3f\x05\0"
