"""Atomic accesses in generated code: in every mode of translation, in order; unshared memories pay nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from pyjsapi.syntax.errors import Trap

if TYPE_CHECKING:
    from tests.compiler.conftest import Wasm

    Make = Callable[..., Wasm]


@pytest.mark.parametrize("shared", ["", "shared"])
def test_values_and_traps(wasm: Make, shared: str) -> None:
    run = wasm(f"""(module
      (memory 1 1) (memory $m i64 1 1 {shared})
      (func (export "add") (param i64 i32) (result i32)
        (i32.add (i32.atomic.rmw16.add_u $m offset=2 (local.get 0) (local.get 1))
                 (i32.mul (i32.const 0x10000) (i32.atomic.load16_u $m offset=2 (local.get 0)))))
      (func (export "cas") (param i64 i64 i64) (result i64)
        (i64.atomic.rmw32.cmpxchg_u $m (local.get 0) (local.get 1) (local.get 2))))""")
    assert run("add", 8, 0xFFFF) == 0xFFFF0000
    assert run("add", 8, 0x10002) == 0x0001FFFF
    assert run("cas", 8, 0x10000, 1 << 63 | 5) == 0x10000
    assert run("cas", 8, 7 << 32 | 5, 6) == 5
    assert run("cas", 8, 0, 0) == 6
    for address, message in ((1, "unaligned"), (65534, "out of bounds"), (2**64 - 2, "out of b")):
        with pytest.raises(Trap, match=message):
            run("add", address, 1)


def test_nothing_is_moved_across_an_atomic_access(wasm: Make) -> None:
    run = wasm("""(module
      (memory 1 1 shared) (global $g (mut i32) (i32.const 5))
      (func (export "f") (param $l i32) (result i32)
        (i32.load (i32.const 0))
        (global.get $g)
        (i32.atomic.rmw.add (i32.const 0) (i32.const 3))
        (i32.load (i32.const 0))
        (local.get $l)
        (local.set $l (i32.atomic.rmw.xchg (i32.const 0) (i32.const 100)))
        atomic.fence
        (i32.atomic.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (local.get $l)))
        i32.add i32.add i32.add i32.add
        (i32.add (i32.mul (i32.const 1000) (i32.load (i32.const 0))))))""")
    assert run("f", 7) == 0 + 5 + 0 + 3 + 7 + 1000 * 103
    assert run("f", 7) == 103 + 5 + 103 + 106 + 7 + 1000 * 206


def test_new_bytes_can_be_reached_by_what_was_pushed_before_the_growth(wasm: Make) -> None:
    run = wasm("""(module
      (memory 1 9 shared)
      (func $new (result i32) (i32.mul (memory.grow (i32.const 1)) (i32.const 65536)))
      (func $seven (result i32) (drop (memory.grow (i32.const 1))) (i32.const 7))
      (func (export "load") (result i32) (i32.load8_u (call $new)))
      (func (export "store") (result i32)
        (i32.store16 (call $new) (call $seven))
        (i32.store8 (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1)) (call $seven))
        (f32.store (call $new) (f32.const 1))
        memory.size))""")
    assert run("load") == 0
    assert run("store") == 6


def test_unshared_memories_pay_nothing(wasm_once: Make) -> None:
    body = """(func (param i32) (result i32)
      (i32.store (local.get 0) (i32.load8_s offset=5 (local.get 0)))
      (i32.add (memory.size) (i32.load16_u offset=8 (local.get 0))))"""
    plain = wasm_once(f"(module (memory 1 1) {body})").source(0)
    shared = wasm_once(f"(module (memory 1 1 shared) {body})").source(0)
    assert "M[0].pages" not in plain
    assert plain == shared.replace("M[0].pages", "len(ba0)//65536")


def test_aligned_integers_of_shared_memories_are_stored_in_one_step(wasm_once: Make) -> None:
    """Up to 4 bytes, whatever alignment the module tells: other processes must not see half of them."""
    body = """
      (func (export "f") (param i32 i32)
        (i32.store align=1 (local.get 0) (local.get 1))
        (i64.store16 offset=1 align=1 (local.get 0) (i64.const 7))
        (i64.store offset=8 align=1 (local.get 0) (i64.const 9)))
      (func (export "get") (param i32) (result i64) (i64.load (local.get 0)))"""
    plain = wasm_once(f"(module (memory 1 1) {body})")
    shared = wasm_once(f"(module (memory 1 1 shared) {body})")
    assert "u32_0[" not in plain.source(0)
    for piece in ("u32_0[", "u16_0[", "pQ("):
        assert piece in shared.source(0)
    for run in (plain, shared):
        for address in (16, 33):
            run("f", address, 0x01020304)
            assert run("get", address) == 0x01000704
            assert run("get", address + 8) == 9
