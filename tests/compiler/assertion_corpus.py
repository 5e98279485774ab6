"""Functions that show whatever code relies on, each with arguments with which it shows."""

from __future__ import annotations

from typing import Any, Final

from pyjsapi.compiler.options import Options
from pyjsapi.syntax.errors import WasmError

M32: Final = 0xFFFF_FFFF
ASSERTING: Final = Options(assertions=True)
MODES: Final = {
    "structured": ASSERTING,
    "flags": Options(assertions=True, max_loops=0),
    "states": Options(assertions=True, state_machine=True),
    "no views": Options(assertions=True, views=False),
}

CORPUS: Final[dict[str, tuple[str, tuple[int, ...]]]] = {
    # loops
    "down, stepped in an inner loop": ("""(local.set $i (i32.const 3))
        (loop $l
          (local.set $r (i32.add (local.get $r) (i32.const 1)))
          (br_if $out (i32.ge_u (local.get $r) (i32.const 9)))
          (local.set $s (i32.add (local.get $i) (i32.const 1)))
          (local.set $k (i32.const 5))
          (loop $m (local.set $i (i32.sub (local.get $i) (i32.const 1)))
            (br_if $m (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
          (br_if $l (local.get $i)))""", (0,)),
    "up from above the bound": ("""(local.set $i (i32.const -1))
        (loop $l
          (local.set $s (i32.add (local.get $i) (i32.const 1)))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3))))""",
        (0,)),
    "past the greatest signed": ("""(local.set $i (i32.const 0x7FFFFFFC))
        (loop $l
          (local.set $s (i32.gt_s (local.get $i) (local.get $r)))
          (br_if $out (i32.ge_u (local.tee $r (i32.add (local.get $r) (i32.const 1))) (i32.const 9)))
          (br_if $l (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 8)))
            (i32.const 0x7FFFFFFF))))""", (0,)),
    "counted": ("""(loop $l
          (local.set $s (i32.add (local.get $s) (local.get $i)))
          (br_if $l (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 5))))""",
        (0,)),
    "a pointer": ("""(loop $l
          (local.set $s (i32.add (local.get $s) (i32.load8_u (local.get $p))))
          (local.set $p (i32.add (local.get $p) (i32.const 1)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))""", (4,)),
    "a pointer that wraps": ("""(local.set $p (i32.const -2))
        (loop $l
          (local.set $p (i32.add (local.get $p) (i32.const 1)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))""", (4,)),
    "a counter left early": ("""(loop $l
          (br_if $out (i32.eq (i32.load8_u (local.get $p)) (i32.const 3)))
          (local.set $p (i32.add (local.get $p) (i32.const 1)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))""", (9,)),
    "aligned steps": ("""(local.set $p (i32.and (local.get $p) (i32.const -8)))
        (loop $l
          (local.set $s (i32.add (local.get $s) (i32.load (local.get $p))))
          (local.set $p (i32.add (local.get $p) (i32.const 2)))
          (br_if $l (i32.lt_u (local.get $p) (i32.const 60))))""", (0,)),
    # flow
    "ways that meet": ("""(local.set $i (i32.const 5))
        (if (local.get $n) (then (local.set $i (i32.const 70000))))
        (local.set $s (i32.mul (local.get $i) (i32.const 3)))""", (1,)),
    "a loop that changes a local": ("""(local.set $i (i32.const 5))
        (loop $l
          (local.set $s (i32.mul (local.get $i) (i32.const 3)))
          (local.set $i (i32.mul (local.get $i) (local.get $i)))
          (br_if $l (i32.lt_u (local.tee $r (i32.add (local.get $r) (i32.const 1))) (i32.const 5))))""",
        (0,)),
    "less": ("""(if (i32.lt_u (local.get $n) (i32.const 10))
        (then (local.set $s (i32.add (local.get $n) (i32.const 1)))))""", (9,)),
    "not less": ("""(if (i32.lt_u (local.get $n) (i32.const 10)) (then) (else
          (local.set $s (i32.sub (local.get $n) (i32.const 1)))))""", (10,)),
    "branch if less": ("""(br_if $out (i32.lt_u (local.get $n) (i32.const 10)))
        (local.set $s (i32.sub (local.get $n) (i32.const 1)))""", (10,)),
    "signed less": ("""(br_if $out (i32.lt_s (local.get $n) (i32.const 10)))
        (local.set $s (i32.sub (local.get $n) (i32.const 1)))""", (10,)),
    "signed and negative": ("""(if (i32.lt_s (local.get $n) (i32.const 10))
        (then (local.set $s (i32.shr_s (local.get $n) (i32.const 1)))))""", (-20,)),
    "signed less than a negative": ("""(if (i32.lt_s (local.get $n) (i32.const -10))
        (then (local.set $s (i32.shr_s (local.get $n) (i32.const 1)))))""", (-20,)),
    "accessed": ("""(drop (i32.load8_u (local.get $n)))
        (local.set $s (i32.add (local.get $n) (i32.const 1)))""", (65535,)),
    # values
    "sums": ("""(local.set $s (i32.add (local.get $n) (local.get $n)))
        (local.set $r (i32.sub (local.get $s) (local.get $p)))
        (local.set $i (i32.add (local.get $r) (i32.const 7)))
        (local.set $k (i32.sub (local.get $i) (i32.const 1)))""", (-3,)),
    "words": ("""(local.set $s (i32.add (i32.load (i32.const 40)) (i32.load16_u (i32.const 48))))
        (local.set $r (i32.mul (i32.load16_s (i32.const 42)) (i32.load8_s (i32.const 44))))""", (0,)),
    "bits": ("""(local.set $s (i32.xor (i32.shl (local.get $n) (i32.const 3)) (i32.const 5)))
        (local.set $r (i32.rotl (local.get $n) (i32.const 9)))
        (local.set $k (i32.shl (i32.and (local.get $n) (i32.const 7)) (local.get $r)))
        (local.set $s (i32.add (local.get $s) (i32.xor (local.get $r) (i32.rotl (local.get $n) (i32.const 3)))))""",
        (-9,)),
    "a doubled word that outlives its local": ("""(i32.rotl (local.get $n) (i32.const 9))
        (local.set $n (i32.const 5)) (local.set $s)""", (-9,)),
    "doubled words": ("""(local.set $s (i32.xor (i32.rotl (local.get $n) (i32.const 9))
          (i32.rotl (local.get $n) (i32.const 7))))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (local.set $r (i32.xor (i32.rotl (local.get $n) (i32.const 9))
          (i32.rotl (local.get $n) (i32.const 7))))""", (-9,)),
    "extensions": ("""(local.set $s (i32.extend8_s (local.get $n)))
        (local.set $r (i32.wrap_i64 (i64.shr_u (i64.extend_i32_s (local.get $n)) (i64.const 4))))""",
        (-9,)),
    "selection": ("""(local.set $s (i32.mul (i32.const 3)
          (select (i32.load8_u (i32.const 41)) (i32.load16_u (i32.const 40)) (local.get $i))))""", (0,)),
    "an if with a result": ("""(local.set $s (i32.mul (i32.const 3)
          (if (result i32) (local.get $i) (then (i32.const 7)) (else (local.get $n)))))""", (100,)),
    "parts of a local": ("""(local.set $p (i32.const 40))
        (local.set $s (i32.add (i32.load (local.get $p)) (i32.load offset=4 (local.get $p))))
        (local.set $p (i32.add (local.get $p) (i32.const 8)))
        (local.set $r (i32.add (i32.load (local.get $p)) (i32.load offset=4 (local.get $p))))
        (loop $l
          (local.set $s (i32.add (i32.load (local.get $p)) (i32.load offset=4 (local.get $p))))
          (local.set $p (i32.add (local.get $p) (i32.const 4)))
          (br_if $l (i32.lt_u (local.get $p) (i32.const 100))))""", (0,)),
    "parts of a parameter": ("""(local.set $s (i32.add (i32.load (local.get $n)) (i32.load offset=4 (local.get $n))))
        (local.set $n (i32.add (local.get $n) (i32.const 8)))
        (local.set $r (i32.add (i32.load (local.get $n)) (i32.load offset=4 (local.get $n))))""", (40,)),
    "scaled": ("""(local.set $s (i32.load offset=8 (i32.add (i32.const 40) (i32.shl (local.get $n) (i32.const 2)))))""",
        (3,)),
    # order
    "a global behind its change": ("""(local.set $s
        (i32.add (global.get $g) (block (result i32) (global.set $g (i32.const 9)) (i32.const 1))))""",
        (0,)),
    "a global before its change": ("""(global.get $g) (global.set $g (i32.const 9))
        (local.set $s)""", (0,)),
    "a global before a call": ("(local.set $s (i32.sub (global.get $g) (call $bump)))", (0,)),
    "a load before a store": ("""(i32.load (i32.const 40)) (i32.store (i32.const 40) (i32.const 9))
        (local.set $s)""", (0,)),
    "a load before a call": ("""(i32.load (i32.const 40)) (call $void) (local.set $s)""", (0,)),
    "a local before its change": ("""(local.get $n) (local.set $n (i32.const 9))
        (local.set $s)""", (0,)),
    "a local before a loop": ("""(local.get $n)
        (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.set $s)""", (5,)),
    "calls": ("""(call $bump) (call $bump) (call $void) (i32.sub) (local.set $s)""", (0,)),
    "two traps": ("""(i32.load (local.get $n)) (drop (i32.div_u (i32.const 1) (local.get $i)))
        (local.set $s)""", (40,)),
    "size and growth": ("""(memory.size) (drop (memory.grow (i32.const 1))) (local.set $s)""", (0,)),
    "a division under a load": ("""(i32.div_u (i32.const 100) (local.get $n)) (i32.load8_u (i32.const 70000))
        (local.set $s (i32.add))""", (3,)),
}  # fmt: skip
"""Bodies of functions, each with arguments."""

FUNCTIONS: Final = "".join(
    f"""(func (export "{name}") (param $n i32) (result i32)
        (local $i i32) (local $k i32) (local $p i32) (local $r i32) (local $s i32)
        (block $out {body})
        (i32.add (i32.mul (local.get $s) (i32.const 31)) (i32.add (local.get $r) (local.get $p))))
    """
    for name, (body, _) in CORPUS.items()
)
MODULE: Final = f"""(module
  (memory 1 2) (data (i32.const 38) "\\01\\02\\f3\\f4\\f5\\f6\\f7\\f8\\f9")
  (global $g (mut i32) (i32.const 5))
  (func $void (global.set $g (i32.const 8)))
  (func $bump (result i32)
    (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g))
  {FUNCTIONS})"""


def outcome(wasm: Any, name: str, *arguments: int) -> object:
    try:
        return wasm(name, *arguments)
    except WasmError as error:
        return str(error)
