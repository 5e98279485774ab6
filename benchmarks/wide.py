"""`python -m benchmarks.wide`: wide arithmetic beside what compilers write where an engine lacks it.

Both functions of a pair run the same loop, which hands both halves of a number of 128 bits to its next round.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from benchmarks.costs import Cost
from benchmarks.report import cost_table
from benchmarks.timing import interleaved

_SUM = "(local.get $a) (local.get $h) (local.get $b) (i64.const 12345)"
_FACTORS = "(local.get $a) (local.get $b)"
BODIES = {
    "add128": (
        f"(i64.add128 {_SUM})",
        """(local.tee $l (i64.add (local.get $a) (local.get $b)))
           (i64.add (i64.add (local.get $h) (i64.const 12345))
             (i64.extend_i32_u (i64.lt_u (local.get $l) (local.get $a))))""",
        1.0,
    ),
    "sub128": (
        f"(i64.sub128 {_SUM})",
        """(i64.sub (local.get $a) (local.get $b))
           (i64.sub (i64.sub (local.get $h) (i64.const 12345))
             (i64.extend_i32_u (i64.lt_u (local.get $a) (local.get $b))))""",
        1.0,
    ),
    "mul_wide_u": (f"(i64.mul_wide_u {_FACTORS})", f"(call $mul_u {_FACTORS})", 3.0),
    "mul_wide_s": (f"(i64.mul_wide_s {_FACTORS})", f"(call $mul_s {_FACTORS})", 3.0),
}
"""Of each instruction: itself, what is written for it, and how many times faster it has to be."""
_LOW = "(i64.const 0xffffffff)"
MULTIPLY = f"""
(func $mul_u (param $a i64) (param $b i64) (result i64 i64)
  (local $al i64) (local $ah i64) (local $bl i64) (local $bh i64) (local $m i64) (local $n i64)
  (local.set $al (i64.and (local.get $a) {_LOW}))
  (local.set $ah (i64.shr_u (local.get $a) (i64.const 32)))
  (local.set $bl (i64.and (local.get $b) {_LOW}))
  (local.set $bh (i64.shr_u (local.get $b) (i64.const 32)))
  (local.set $m (i64.add (i64.mul (local.get $ah) (local.get $bl))
    (i64.shr_u (i64.mul (local.get $al) (local.get $bl)) (i64.const 32))))
  (local.set $n (i64.add (i64.mul (local.get $al) (local.get $bh)) (i64.and (local.get $m) {_LOW})))
  (i64.mul (local.get $a) (local.get $b))
  (i64.add (i64.mul (local.get $ah) (local.get $bh))
    (i64.add (i64.shr_u (local.get $m) (i64.const 32)) (i64.shr_u (local.get $n) (i64.const 32)))))
(func $mul_s (param $a i64) (param $b i64) (result i64 i64) (local $h i64)
  (call $mul_u (local.get $a) (local.get $b)) (local.set $h)
  (i64.sub (local.get $h)
    (i64.add (i64.and (i64.shr_s (local.get $a) (i64.const 63)) (local.get $b))
      (i64.and (i64.shr_s (local.get $b) (i64.const 63)) (local.get $a)))))"""
COUNT = 20_000


def _module() -> str:
    functions = []
    for name, bodies in BODIES.items():
        for kind, body in zip(("instruction", "written"), bodies[:2], strict=True):
            functions.append(
                f"""(func (export "{kind} {name}") (param $n i32) (result i64 i64)
              (local $a i64) (local $b i64) (local $h i64) (local $l i64)
              (local.set $a (i64.const 0x9E3779B97F4A7C15)) (local.set $b (i64.const 0xD1B54A32D192ED03))
              (loop {body} (local.set $h) (local.set $a)
                (local.set $b (i64.xor (local.get $b) (local.get $h)))
                (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
              (local.get $a) (local.get $h))"""
            )
    return f"(module {MULTIPLY} {' '.join(functions)})"


def wide_costs(rounds: int) -> list[Cost]:
    """How many times faster each instruction is than what is written for it."""
    from pyjsapi import WebAssembly, wat2wasm

    exports = WebAssembly.Instance(WebAssembly.Module(wat2wasm(_module()))).exports
    costs = []
    for name, (_, _, target) in BODIES.items():
        kinds = {kind: getattr(exports, f"{kind} {name}") for kind in ("instruction", "written")}
        if list(kinds["instruction"](1000)) != list(kinds["written"](1000)):
            raise ArithmeticError(f"{name} and what is written for it differ")

        def run(function: Callable[[int], object]) -> Callable[[], None]:
            def once() -> None:
                function(COUNT)

            return once

        timings = interleaved({kind: run(each) for kind, each in kinds.items()}, rounds)
        ratio = timings.ratio("written", "instruction")
        costs.append(Cost(f"what is written for {name} ÷ it", ratio, "x", target, at_least=True))
    return costs


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.wide", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="five rounds instead of thirty-one")
    print(cost_table(wide_costs(5 if parser.parse_args().quick else 31)))


if __name__ == "__main__":
    main()
