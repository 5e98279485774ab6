"""The code that kernels turn into: a change here is a change of speed."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent
from typing import Any

import pytest

KERNELS = {
    "fib": (
        """(func $f (param i32) (result i32)
          (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))
            (else (i32.add (call $f (i32.sub (local.get 0) (i32.const 1)))
                           (call $f (i32.sub (local.get 0) (i32.const 2)))))))""",
        """\
        def f0(l0):
         if l0<2 or l0>1073741823 and l0>2147483647:
          return l0
         else:
          return x if (x:=f0(l0-1)+f0(l0-2))<=1073741823 or x<=4294967295 else x-4294967296""",
    ),
    "fnv": (
        """(func (param $p i32) (param $n i32) (result i32) (local $h i32)
          (local.set $h (i32.const 0x811c9dc5))
          (block $x (br_if $x (i32.eqz (local.get $n)))
            (loop $l
              (local.set $h (i32.mul (i32.xor (local.get $h) (i32.load8_u (local.get $p)))
                                     (i32.const 16777619)))
              (local.set $p (i32.add (local.get $p) (i32.const 1)))
              (br_if $l (local.tee $n (i32.add (local.get $n) (i32.const -1))))))
          (local.get $h))""",
        """\
        def f0(l0,l1):
         l2=0
         l2=2166136261
         if l1:
          for l0 in range(l0,l0+l1):
           l2=(l2^ba0[l0])*16777619&4294967295
          l1=0
          l0=l0+1
         return l2""",
    ),
    "sum of doubles": (
        """(func (param $p i32) (param $n i32) (result f64) (local $s f64)
          (local.set $p (i32.const 1024))
          (loop $l
            (local.set $s (f64.add (local.get $s) (f64.mul (f64.load (local.get $p))
                                                           (f64.load offset=8 (local.get $p)))))
            (local.set $p (i32.add (local.get $p) (i32.const 16)))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
          (local.get $s))""",
        """\
        def f0(l0,l1):
         l2=0.0
         l0=1024
         for l0 in range(l0,l0+(l1 or 4294967296)*16,16):
          q0_8=l0//8
          l2=l2+f64_0[l0//8]*f64_0[q0_8+1]
         l1=0
         l0=l0+16
         return l2""",
    ),
    "unknown alignment": (
        """(func (param $p i32) (result i32)
          (i32.store offset=4 (local.get $p) (i32.load (local.get $p)))
          (i32.load offset=8 (local.get $p)))""",
        """\
        def f0(l0):
         s1=u32_0[l0//4] if not l0&3 else uI(ba0,l0)[0]
         q0_4=l0//4
         a0_3=l0&3
         if a0_3: pI(ba0,l0+4,s1)
         else: u32_0[q0_4+1]=s1
         return u32_0[q0_4+2] if not a0_3 else uI(ba0,l0+8)[0]""",
    ),
    "rotations": (
        """(func (param i32) (result i32)
          (i32.xor (i32.rotl (local.get 0) (i32.const 26)) (i32.rotl (local.get 0) (i32.const 7))))""",
        """\
        def f0(l0):
         d0=l0*4294967297
         return (d0>>6^d0>>25)&4294967295""",
    ),
}


@pytest.mark.parametrize("name", list(KERNELS))
def test_kernel(wasm_once: Callable[..., Any], name: str) -> None:
    function, source = KERNELS[name]
    assert wasm_once(f"(module (memory 1) {function})").source(0) == dedent(source)


def test_dense_switches_are_balanced_decisions(wasm_once: Callable[..., Any]) -> None:
    cases = 32
    text = "(block " * cases + f"(br_table {' '.join(map(str, range(cases)))} (local.get 0))"
    text += "".join(f") (return (i32.const {k}))" for k in range(cases))
    module = wasm_once(f'(module (func (export "f") (param i32) (result i32) {text}))')
    deepest = max(len(line) - len(line.lstrip()) for line in module.source(0).splitlines())
    assert deepest <= 7
    assert [module("f", k) for k in (0, 5, 31, 32)] == [0, 5, 31, 31]


def test_expressions_are_cut_before_they_become_too_long(wasm_once: Callable[..., Any]) -> None:
    body = "(local.get 0)" + "(i32.add (local.get 1))" * 300
    module = wasm_once(f'(module (func (export "f") (param i32 i32) (result i32) {body}))')
    assert max(map(len, module.source(0).splitlines())) < 700
    assert module("f", 1, 3) == 901
