"""Counted loops and small values take shorter ways, with the same results at every edge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.engines.python import compile_module, instantiate, invoke
from pyjsapi.syntax.errors import Trap
from pyjsapi.text import wat2wasm

M32 = 0xFFFFFFFF

LOOPS = """
(module
  (memory (export "memory") 1)
  (global $p (export "p") (mut i32) (i32.const 0))
  (global $n (export "n") (mut i32) (i32.const 0))
  (func (export "fill") (param $p i32) (param $n i32)
    (loop $l
      (i32.store8 (local.get $p) (i32.const 7))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (global.set $p (local.get $p))
    (global.set $n (local.get $n)))
  (func (export "words") (param $p i32) (param $n i32) (result i32)
    (local $sum i32)
    (loop $l
      (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $p))))
      (local.set $p (i32.add (local.get $p) (i32.const 4)))
      (br_if $l (local.tee $n (i32.add (local.get $n) (i32.const -1)))))
    (global.set $p (local.get $p))
    (global.set $n (local.get $n))
    (local.get $sum))
  (func (export "steps") (param $p i32) (param $n i32)
    (loop $l
      (local.set $p (i32.add (local.get $p) (i32.const 3)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (global.set $p (local.get $p))
    (global.set $n (local.get $n)))
  (func (export "find") (param $p i32) (param $n i32) (param $byte i32)
    (block $found
      (loop $l
        (br_if $found (i32.eq (i32.load8_u (local.get $p)) (local.get $byte)))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (global.set $p (local.get $p))
    (global.set $n (local.get $n)))
  (func (export "branches") (param $p i32) (param $n i32) (result i32)
    (local $count i32)
    (loop $l
      (block $odd
        (if (i32.and (i32.load8_u (local.get $p)) (i32.const 1)) (then (br $odd)))
        (local.set $count (i32.add (local.get $count) (i32.const 1))))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (global.set $p (local.get $p))
    (global.set $n (local.get $n))
    (local.get $count))
  (func (export "read") (param $p i32) (param $n i32) (result i32)
    (local $sum i32)
    (loop $l
      (local.set $sum (i32.add (local.get $sum) (i32.mul (local.get $n) (i32.load8_u (local.get $p)))))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
"""


class Loops:
    """An instance of `LOOPS`."""

    def __init__(self) -> None:
        self._instance: Any = instantiate(compile_module(wat2wasm(LOOPS)), [])
        self.data: Any = self._instance.mems[0].data

    def call(self, name: str, *args: int) -> Any:
        return (*invoke(self._instance.exports[name], args), None)[0]

    @property
    def locals(self) -> tuple[int, int]:
        """What the pointer and the counter were after the loop."""
        p, n = (global_.cell[0] for global_ in self._instance.globals)
        return p, n


@pytest.mark.parametrize("n", [1, 2, 100])
@pytest.mark.parametrize("p", [0, 1, 65436])
def test_a_pointer_ends_where_its_steps_lead(p: int, n: int) -> None:
    loops = Loops()
    loops.call("fill", p, n)
    assert loops.locals == (p + n, 0)
    assert loops.data == bytes(p) + b"\7" * n + bytes(65536 - p - n)


def test_words_are_added_up() -> None:
    loops = Loops()
    for i in range(10):
        loops.data[8 + 4 * i : 12 + 4 * i] = (M32 - i).to_bytes(4, "little")
    assert loops.call("words", 8, 10) == sum(M32 - i for i in range(10)) & M32
    assert loops.locals == (48, 0)


def test_a_counter_that_starts_at_0_goes_round() -> None:
    loops = Loops()
    with pytest.raises(Trap, match="out of bounds memory access"):
        loops.call("fill", 65000, 0)
    assert loops.data[65000:] == b"\7" * 536
    assert loops.locals == (0, 0)


def test_what_was_stored_before_a_trap_stays() -> None:
    loops = Loops()
    with pytest.raises(Trap, match="out of bounds memory access"):
        loops.call("fill", 65530, 7)
    assert loops.data[65529:] == b"\0" + b"\7" * 6


@pytest.mark.parametrize(("p", "n"), [(0, 1), (5, 4), (M32 - 1, 1), (M32 - 4, 5), (M32, 1000)])
def test_a_pointer_that_is_not_used_wraps(p: int, n: int) -> None:
    loops = Loops()
    loops.call("steps", p, n)
    assert loops.locals == (p + 3 * n & M32, 0)


@pytest.mark.parametrize(("byte", "found"), [(3, (13, 7)), (9, (30, 0))])
def test_a_loop_that_is_left_early_keeps_pointer_and_counter(
    byte: int, found: tuple[int, int]
) -> None:
    loops = Loops()
    loops.data[13] = 3
    loops.call("find", 0 if byte == 3 else 10, 20, byte)
    assert loops.locals == found


def test_branches_within_the_body() -> None:
    loops = Loops()
    loops.data[:10] = bytes([1, 2, 3, 4, 6, 8, 9, 11, 12, 13])
    assert loops.call("branches", 0, 10) == 5
    assert loops.locals == (10, 0)


def test_a_counter_that_is_read_counts() -> None:
    loops = Loops()
    loops.data[:3] = bytes([1, 10, 100])
    assert loops.call("read", 0, 3) == 3 * 1 + 2 * 10 + 1 * 100


EDGES = sorted(
    {
        (edge + step) & M32
        for edge in (0, 7, 1 << 29, (1 << 30) - 7, 1 << 30, 1 << 31, 3 << 30)
        for step in (-2, -1, 0, 1, 2)
    }
)
SIGNED: dict[str, Callable[[int, int], bool]] = {
    "lt_s": lambda a, b: a < b,
    "le_s": lambda a, b: a <= b,
    "gt_s": lambda a, b: a > b,
    "ge_s": lambda a, b: a >= b,
}


def signed(value: int) -> int:
    return value - (1 << 32) if value >> 31 else value


@pytest.mark.parametrize("name", SIGNED)
def test_signed_comparisons_at_the_edges(name: str) -> None:
    constants = (0, 1, 7, (1 << 30) - 1, 1 << 30, (1 << 31) - 1, 1 << 31, M32)
    functions = "".join(
        f"""
        (func (export "number {c}") (param i32) (result i32)
          (i32.{name} (local.get 0) (i32.const {c})))
        (func (export "not {c}") (param i32) (result i32)
          (i32.eqz (i32.{name} (local.get 0) (i32.const {c}))))
        (func (export "branch {c}") (param i32) (result i32)
          (if (i32.{name} (local.get 0) (i32.const {c})) (then (return (i32.const 1))))
          (i32.const 0))
        (func (export "both {c}") (param i32) (result i32)
          (i32.and (i32.{name} (local.get 0) (i32.const {c})) (i32.ne (local.get 0) (i32.const 8))))"""
        for c in constants
    )
    other = f"""
        (func (export "byte") (param i32 i32) (result i32)
          (i32.{name} (local.get 0) (i32.and (local.get 1) (i32.const 255))))
        (func (export "from byte") (param i32 i32) (result i32)
          (i32.{name} (i32.and (local.get 1) (i32.const 255)) (local.get 0)))"""
    exports: Any = instantiate(
        compile_module(wat2wasm(f"(module {functions} {other})")), []
    ).exports
    for v in EDGES:
        for c in constants:
            wanted = int(SIGNED[name](signed(v), signed(c)))
            assert exports[f"number {c}"].call(v) == wanted, (v, c)
            assert exports[f"not {c}"].call(v) == 1 - wanted, (v, c)
            assert exports[f"branch {c}"].call(v) == wanted, (v, c)
            assert exports[f"both {c}"].call(v) == int(wanted and v != 8), (v, c)
        for byte in (0, 7, 255):
            assert exports["byte"].call(v, byte) == int(SIGNED[name](signed(v), byte))
            assert exports["from byte"].call(v, byte) == int(SIGNED[name](byte, signed(v)))


@pytest.mark.parametrize(("type_", "mask"), [("i32", M32), ("i64", (1 << 64) - 1)])
def test_sums_wrap_at_the_edges(type_: str, mask: int) -> None:
    edges = sorted({*EDGES, mask - 1, mask, mask >> 1, (mask >> 1) + 1})
    constants = (1, 9, 1 << 29, (1 << 30) - 1, 1 << 30, (1 << 31) - 1)
    functions = "".join(
        f"""
        (func (export "plus {c}") (param {type_}) (result {type_})
          ({type_}.add (local.get 0) ({type_}.const {c})))
        (func (export "minus {c}") (param {type_}) (result {type_})
          ({type_}.sub (local.get 0) ({type_}.const {c})))"""
        for c in constants
    )
    total = f"""
        (func (export "sum") (param {type_} {type_}) (result {type_})
          ({type_}.add (local.get 0) (local.get 1)))"""
    exports: Any = instantiate(
        compile_module(wat2wasm(f"(module {functions} {total})")), []
    ).exports
    for a in edges:
        for c in constants:
            assert exports[f"plus {c}"].call(a) == a + c & mask
            assert exports[f"minus {c}"].call(a) == a - c & mask
        for b in edges:
            assert exports["sum"].call(a, b) == a + b & mask
