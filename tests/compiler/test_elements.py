"""Locals kept as indices of elements: which are, what code they give, and that they compute what they did."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.compiler.options import Options

SUM = """(module (memory (export "m") 1)
  (func (export "f") (param $n i32) (result i32) (local $p i32) (local $s i32)
    (local.set $p (i32.const 1024))
    (loop $l
      (local.set $s (i32.add (local.get $s) (i32.load offset=4 (local.get $p))))
      (local.set $p (i32.add (local.get $p) (i32.const 12)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)))"""


def test_an_address_that_is_stepped_is_an_index(wasm_once: Callable[..., Any]) -> None:
    source = wasm_once(SUM).source(0)
    assert "e1=256" in source
    assert "in range(e1,e1+" in source and ",3):" in source
    assert "u32_0[e1+1]" in source
    assert "l1" not in source
    assert "e1" not in wasm_once(SUM, options=Options(elements=False)).source(0)


@pytest.mark.parametrize(
    ("why", "change", "by"),
    [
        ("it is not aligned", "(i32.const 1024)", "(i32.const 1026)"),
        ("its step is not aligned", "(i32.const 12)", "(i32.const 10)"),
        ("it comes from a parameter", "(i32.const 1024)", "(local.get $n)"),
        ("it is needed as a number", "(loop $l", "(loop $l (local.set $s (i32.xor (local.get $s) (local.get $p)))"),
    ],
)  # fmt: skip
def test_other_locals_stay_what_they_are(
    wasm_once: Callable[..., Any], why: str, change: str, by: str
) -> None:
    assert change in SUM
    assert "e1" not in wasm_once(SUM.replace(change, by)).source(0)


def test_what_addresses_are_made_of_is_kept_so_too(wasm_once: Callable[..., Any]) -> None:
    source = wasm_once("""(module (memory 1)
      (func (param $n i32) (result f64) (local $row i32) (local $stride i32) (local $p i32) (local $s f64)
        (local.set $stride (i32.mul (local.get $n) (i32.const 8)))
        (local.set $row (i32.const 64))
        (loop $l
          (local.set $p (local.get $row))
          (loop $k
            (local.set $s (f64.add (local.get $s) (f64.load (local.get $p))))
            (local.set $p (i32.add (local.get $p) (local.get $stride)))
            (br_if $k (i32.lt_u (local.get $p) (i32.const 4096))))
          (local.set $row (i32.add (local.get $row) (local.get $stride)))
          (br_if $l (i32.ne (local.get $row) (i32.const 65536))))
        (local.get $s)))""").source(0)
    assert "e2=(l0&536870911)" in source and "e3=e1" in source
    assert "if e3<512:" in source and "if e1!=8192:" in source


def test_addresses_wrap_as_they_did(wasm: Callable[..., Any]) -> None:
    instance = wasm("""(module (memory 1) (data (i32.const 0) "\\01\\00\\00\\00\\02\\00\\00\\00")
      (func (export "f") (result i32) (local $p i32) (local $s i32) (local $k i32)
        (local.set $p (i32.const -8))
        (loop $l
          (if (i32.ge_s (local.get $p) (i32.const 0)) (then
            (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 10)) (i32.load (local.get $p))))))
          (local.set $p (i32.add (local.get $p) (i32.const 4)))
          (local.set $s (i32.add (local.get $s) (i32.load (i32.and (local.get $p) (i32.const 4)))))
          (br_if $l (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (i32.const 4))))
        (i32.add (local.get $s) (local.get $p)))
      (func (export "g") (result i32) (local $p i32)
        (loop $l
          (i32.store (i32.const 16) (i32.load (local.get $p)))
          (local.set $p (i32.sub (local.get $p) (i32.const 4)))
          (br_if $l (i32.gt_s (local.get $p) (i32.const 0))))
        (local.get $p)))""")
    assert instance("f") == 333 + 8
    assert instance("g") == 0xFFFFFFFC


class Walk:
    """A random function that walks over a memory with aligned and other addresses."""

    POINTERS = ("$a", "$b", "$c", "$d")

    def __init__(self, seed: int) -> None:
        self.choose = random.Random(seed)

    def value(self, depth: int = 0) -> str:
        pick = self.choose.randrange(9 if depth < 2 else 3)
        pointer = self.choose.choice(self.POINTERS)
        aligned = self.choose.choice((0, 4, 8, 16, 24, -8, -4, 1 << 31, (1 << 32) - 16, 6))
        match pick:
            case 0:
                return f"(i32.const {aligned})"
            case 1 | 2:
                return f"(local.get {pointer})"
            case 3 | 4:
                operation = self.choose.choice(("add", "add", "sub"))
                return f"(i32.{operation} {self.value(depth + 1)} {self.value(depth + 1)})"
            case 5:
                return f"(i32.mul (local.get $n) (i32.const {self.choose.choice((4, 8, 16, 3))}))"
            case 6:
                return f"(i32.shl (local.get $n) (i32.const {self.choose.randrange(1, 5)}))"
            case 7:
                return f"(i32.and {self.value(depth + 1)} (i32.const {self.choose.choice((-8, -4, 1016, 7))}))"
            case _:
                return f"(i32.load8_u (i32.and (local.get {pointer}) (i32.const 255)))"

    def statement(self) -> str:
        pointer = self.choose.choice(self.POINTERS)
        kind = self.choose.choice(("i32", "i32", "i64", "f64"))
        offset = self.choose.choice((0, 0, 4, 8, 16, 3))
        address = f"(i32.and {self.value()} (i32.const {self.choose.choice((2040, 1016, 2047))}))"
        if self.choose.random() < 0.7:
            address = f"(local.get {pointer})"
        load = f"({kind}.load offset={offset} {address})"
        as_i64 = {"i32": "i64.extend_i32_u", "i64": "", "f64": "i64.reinterpret_f64"}[kind]
        mixed = f"({as_i64} {load})" if as_i64 else load
        hashed = f"(local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31)) {mixed}))"
        step = self.choose.choice((4, 8, 8, -8, -4, 16, 2))
        return self.choose.choice((
            hashed,
            hashed,
            f"({kind}.store offset={offset} {address} {load})",
            f"(local.set {pointer} (i32.add (local.get {pointer}) (i32.const {step})))",
            f"(local.set {pointer} {self.value()})",
            f"(if (i32.{self.choose.choice(('lt_u', 'ge_u', 'ne', 'lt_s'))} (local.get {pointer}) {self.value(1)})"
            f" (then {hashed}))",
        ))  # fmt: skip

    def text(self) -> str:
        statements = [self.statement() for _ in range(self.choose.randrange(4, 10))]
        keep = "".join(
            f"(local.set {p} (i32.and (local.get {p}) (i32.const 4088)))"
            for p in self.POINTERS
            if self.choose.random() < 0.8
        )  # fmt: skip
        return f"""(module (memory (export "m") 1)
          (func (export "f") (param $n i32) (result i64)
            (local $a i32) (local $b i32) (local $c i32) (local $d i32) (local $k i32) (local $h i64)
            (local.set $a (i32.const 1024)) (local.set $b (i32.const 2048))
            (loop $l {keep} {" ".join(statements)}
              (br_if $l (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (i32.const 9))))
            (i64.add (local.get $h) (i64.extend_i32_u (i32.add (local.get $a) (i32.add (local.get $b)
              (i32.add (local.get $c) (local.get $d))))))))"""


SEEDS = 120


@pytest.mark.parametrize("states", [False, True])
def test_random_walks_give_what_wasmtime_gives(wasm_once: Callable[..., Any], states: bool) -> None:
    wasmtime = pytest.importorskip("wasmtime")
    from pyjsapi.syntax.errors import Trap

    engine = wasmtime.Engine()
    kept = 0
    for seed in range(SEEDS):
        text = Walk(seed).text()
        store = wasmtime.Store(engine)
        other = wasmtime.Instance(store, wasmtime.Module(engine, text), []).exports(store)
        ours = wasm_once(text, options=Options(state_machine=states))
        kept += any(f"e{i}=" in ours.source(0) for i in range(1, 5))
        for argument in (0, 1, 7, 0x20000001):
            wanted: object
            got: object
            try:
                wanted = other["f"](store, argument) & (1 << 64) - 1
            except wasmtime.Trap:
                wanted = "trap"
            try:
                got = ours("f", argument)
            except Trap:
                got = "trap"
            assert got == wanted, f"seed {seed}, f({argument})\n{text}"
    assert kept > SEEDS // 4
