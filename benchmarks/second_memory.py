"""`python -m benchmarks.second_memory`: instructions on a memory that the host has mapped, against what they replace.

O2-4: without a second memory, programs reach such bytes by functions of another module, ``get32`` and ``set32``. A
loop that adds to each word of a page is run with these, with instructions on memory 1, into which the custom section
of the module has a file mapped, and with instructions on memory 0.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from benchmarks.costs import Cost
from benchmarks.program import print_costs
from benchmarks.timing import interleaved
from pyjsapi import WebAssembly, wat2wasm
from pyjsapi.sharing import HostResource

PAGE = 65536
WORDS = 4096

_SECTION = '{"version":1,"memories":[{"memory":1,"resource":"bank"}]}'.replace('"', "\\22")
_LOOP = """
  (func (export "{name}") (param $n i32) (local $at i32)
    (loop $more
      {access}
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))"""
_DIRECT = """(i32.store {memory} (local.get $at)
        (i32.add (i32.load {memory} (local.get $at)) (i32.const 3)))"""
_CALLED = """(call $set32 (local.get $at)
        (i32.add (call $get32 (local.get $at)) (i32.const 3)))"""
_FIELDS = f"""
  (import "bank" "get32" (func $get32 (param i32) (result i32)))
  (import "bank" "set32" (func $set32 (param i32 i32)))
  (memory (export "own") 1 1) (memory (export "bank") 1 1)
  {_LOOP.format(name="memory 0", access=_DIRECT.format(memory=0))}
  {_LOOP.format(name="memory 1", access=_DIRECT.format(memory=1))}
  {_LOOP.format(name="calls", access=_CALLED)}"""
_BANK = """(module (memory (export "memory") 1 1)
  (func (export "get32") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "set32") (param i32 i32) (i32.store (local.get 0) (local.get 1))))"""


def second_memory_costs(rounds: int) -> list[Cost]:
    """O2-4. Raises `RuntimeError` where the three ways do not come to the same."""
    bank: Any = WebAssembly.Instance(WebAssembly.Module(wat2wasm(_BANK))).exports
    module = WebAssembly.Module(
        wat2wasm(f'(module (@custom "pyjsapi.memory-map" "{_SECTION}") {_FIELDS})')
    )
    with HostResource.memfd(PAGE) as resource:
        instance = WebAssembly.Instance(module, {"bank": bank}, resources={"bank": resource})
        exports: Any = instance.exports
        ways = ("calls", "memory 1", "memory 0")
        for way in ways:
            exports[way](WORDS)
        seen = {
            bytes(bank.memory.view("B", 0, 4 * WORDS)),
            bytes(exports.own.view("B", 0, 4 * WORDS)),
            resource.read(0, 4 * WORDS),
        }
        if seen != {(3).to_bytes(4, "little") * WORDS}:
            raise RuntimeError("the same loop had different results")
        timings = interleaved({way: partial(exports[way], WORDS) for way in ways}, rounds)
        note = f"by {exports.bank.mappings[0].strategy}, {timings.seconds('memory 1') / WORDS * 1e9:.0f} ns"
    return [
        Cost(
            "O2-4: get32 and set32 ÷ instructions on a mapped memory",
            timings.ratio("calls", "memory 1"),
            "x",
            2.0,
            at_least=True,
            note=note,
        ),
        Cost(
            "O2-4: instructions on a mapped memory ÷ on memory 0",
            timings.ratio("memory 1", "memory 0"),
            "x",
            1.3,
        ),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    return print_costs("benchmarks.second_memory", __doc__, second_memory_costs, arguments)


if __name__ == "__main__":
    sys.exit(main())
