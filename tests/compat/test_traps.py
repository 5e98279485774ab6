"""Traps with their codes, messages and calls, on PyPI's ``wasmtime`` and on ours."""

from __future__ import annotations

from typing import Any

import pytest

TRAPS = """
(module $m
  (memory 1) (table 2 funcref) (type $ii (func (param i32) (result i32)))
  (type $array (array i32)) (type $struct (struct (field i32))) (elem (i32.const 1) $inner)
  (func $inner (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func $outer (export "INTEGER_DIVISION_BY_ZERO") (result i32)
    nop (call $inner (i32.const 1) (i32.const 0)))
  (func (export "UNREACHABLE") unreachable)
  (func $load (export "MEMORY_OUT_OF_BOUNDS")
    (memory.fill (i32.const 65530) (i32.const 0) (i32.const 100)))
  (func (export "TABLE_OUT_OF_BOUNDS") (drop (table.get 0 (i32.const 9))))
  (func (export "INDIRECT_CALL_TO_NULL")
    (drop (call_indirect (type $ii) (i32.const 0) (i32.const 0))))
  (func (export "BAD_SIGNATURE") (drop (call_indirect (type $ii) (i32.const 0) (i32.const 1))))
  (func (export "INTEGER_OVERFLOW") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))
  (func (export "BAD_CONVERSION_TO_INTEGER") (drop (i32.trunc_f32_s (f32.const nan))))
  (func (export "HEAP_MISALIGNED") (drop (i32.atomic.load (i32.const 1))))
  (func (export "ATOMIC_WAIT_NON_SHARED_MEMORY")
    (drop (memory.atomic.wait32 (i32.const 4) (i32.const 1) (i64.const 1))))
  (func (export "NULL_REFERENCE") (drop (struct.get $struct 0 (ref.null $struct))))
  (func (export "ARRAY_OUT_OF_BOUNDS")
    (drop (array.get $array (array.new $array (i32.const 1) (i32.const 2)) (i32.const 5))))
  (func (export "CAST_FAILURE") (drop (ref.cast (ref $array) (ref.i31 (i32.const 4)))))
  (func $recursive (export "STACK_OVERFLOW") (call $recursive)))
"""
WORDINGS = {
    "INTEGER_DIVISION_BY_ZERO": "integer divide by zero",
    "UNREACHABLE": "wasm `unreachable` instruction executed",
    "MEMORY_OUT_OF_BOUNDS": "out of bounds memory access",
    "TABLE_OUT_OF_BOUNDS": "undefined element: out of bounds table access",
    "INDIRECT_CALL_TO_NULL": "uninitialized element",
    "BAD_SIGNATURE": "indirect call type mismatch",
    "INTEGER_OVERFLOW": "integer overflow",
    "BAD_CONVERSION_TO_INTEGER": "invalid conversion to integer",
    "HEAP_MISALIGNED": "unaligned atomic",
    "ATOMIC_WAIT_NON_SHARED_MEMORY": "atomic wait on non-shared memory",
    "NULL_REFERENCE": "null reference",
    "ARRAY_OUT_OF_BOUNDS": "out of bounds array access",
    "CAST_FAILURE": "cast failure",
    "STACK_OVERFLOW": "call stack exhausted",
}


@pytest.mark.parametrize("name", WORDINGS)
def test_codes_and_messages(world: Any, name: str) -> None:
    exports = world.exports(TRAPS)
    with pytest.raises(world.wasmtime.Trap) as caught:
        exports[name](world.store)
    trap = caught.value
    assert trap.trap_code == world.wasmtime.TrapCode[name]
    assert trap.message == str(trap)
    assert trap.message.startswith("error while executing at wasm backtrace:\n")
    assert trap.message.endswith(f"\n\nCaused by:\n    wasm trap: {WORDINGS[name]}\n")
    assert trap.frames and all(isinstance(frame, world.wasmtime.Frame) for frame in trap.frames)


def test_frames(world: Any) -> None:
    exports = world.exports(TRAPS)
    with pytest.raises(world.wasmtime.Trap) as caught:
        exports["INTEGER_DIVISION_BY_ZERO"](world.store)
    frames = [
        (each.func_index, each.func_name, each.module_name, each.func_offset)
        for each in caught.value.frames
    ]
    assert frames == [(0, "inner", "m", 5), (1, "outer", "m", 6)]
    inner, outer = (each.module_offset for each in caught.value.frames)
    assert f"    0: {inner:>#8x} - m!inner\n    1: {outer:>#8x} - m!outer\n" in str(caught.value)


def test_names_that_are_not_there(world: Any) -> None:
    exports = world.exports('(module (func (export "f") unreachable))')
    with pytest.raises(world.wasmtime.Trap) as caught:
        exports["f"](world.store)
    (frame,) = caught.value.frames
    assert (frame.func_name, frame.module_name) == (None, None)
    assert " - <unknown>!<wasm function 0>\n" in str(caught.value)


def test_of_deep_calls_the_innermost_are_told(world: Any) -> None:
    exports = world.exports(TRAPS)
    with pytest.raises(world.wasmtime.Trap) as caught:
        exports["STACK_OVERFLOW"](world.store)
    assert len(caught.value.frames) == 20
    assert {each.func_name for each in caught.value.frames} == {"recursive"}


def test_segments_that_do_not_fit(world: Any) -> None:
    with pytest.raises(world.wasmtime.Trap) as caught:
        world.exports('(module (memory 1) (data (i32.const 65536) "a"))')
    assert str(caught.value) == "wasm trap: out of bounds memory access"
    assert caught.value.trap_code == world.wasmtime.TrapCode.MEMORY_OUT_OF_BOUNDS
    assert caught.value.frames == []


def test_start_functions(world: Any) -> None:
    with pytest.raises(world.wasmtime.Trap) as caught:
        world.exports("(module (func $begin unreachable) (start $begin))")
    assert [each.func_name for each in caught.value.frames] == ["begin"]


def test_exceptions_that_nobody_catches(world: Any) -> None:
    exports = world.exports(
        '(module (tag $t (param i32)) (func $f (export "f") (throw $t (i32.const 3))))'
    )
    with pytest.raises(world.wasmtime.Trap, match="thrown Wasm exception") as caught:
        exports["f"](world.store)
    assert caught.value.trap_code is None
    assert [each.func_name for each in caught.value.frames] == ["f"]


def test_traps_of_the_host(world: Any) -> None:
    trap = world.wasmtime.Trap("told")
    assert (str(trap), trap.message, trap.trap_code, trap.frames) == ("told", "told", None, [])
    exports = world.exports(
        '(module (import "" "" (func $f)) (func (export "f") (call $f)))',
        world.func(lambda: raising(trap), ""),
    )
    with pytest.raises(world.wasmtime.Trap) as caught:
        exports["f"](world.store)
    assert caught.value is trap


def raising(error: BaseException) -> None:
    """Raise it, where a statement cannot stand."""
    raise error


def test_an_instance_goes_on_after_a_trap(world: Any) -> None:
    exports = world.exports(
        """(module (global $g (mut i32) (i32.const 0))
             (func (export "f") (result i32)
               (global.set $g (i32.add (global.get $g) (i32.const 1)))
               (if (i32.eq (global.get $g) (i32.const 1)) (then unreachable))
               (global.get $g)))"""
    )
    with pytest.raises(world.wasmtime.Trap):
        exports["f"](world.store)
    assert exports["f"](world.store) == 2


def test_codes_are_the_same(ours: Any) -> None:
    import wasmtime

    assert {each.name: each.value for each in ours.TrapCode} == {
        each.name: each.value for each in wasmtime.TrapCode
    }
