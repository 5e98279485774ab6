"""`python -m benchmarks.transforming`: what the modules cost that `pyjsapi.tools` makes (UC-2, UC-10, UC-21)."""

from __future__ import annotations

import argparse
import json
import struct
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.costs import Cost
from benchmarks.lifting import Side, value_type
from benchmarks.report import cost_table
from benchmarks.timing import Timings, geometric_mean, interleaved
from pyjsapi import Uint8Array, WebAssembly, wat2wasm
from pyjsapi.tools import forget, instrument_profile, instrument_stores, make_adapter
from pyjsapi.tools.wit import ListType, parse, size

ROUNDS = 9
STORES: Final = 4000
SIZES: Final = (1 << 10, 1 << 12, 1 << 16, 1 << 20)

PATTERNS: Final = {
    "the same few places": "(i32.and (local.get $i) (i32.const 0x1fc))",
    "an array in order": "(i32.shl (local.get $i) (i32.const 2))",
    "the fields of 100 objects in turn": "(i32.add (i32.shl (i32.rem_u (local.get $i) (i32.const 100)) (i32.const 6)) "
    "(i32.and (local.get $i) (i32.const 28)))",
    "anywhere in 16 KiB": "(i32.and (i32.mul (local.get $i) (i32.const 0x9e3779b1)) (i32.const 0x3ffc))",
}
"""Addresses of stores since a mark, by the number of the store."""
SPARSE: Final = "(i32.shl (local.get $i) (i32.const 7))"
"""One in each block of 128 bytes: the worst for a log of blocks."""

TEXT: Final = """\
(module {tell}
  (memory (export "memory") 16)
  (func (export "run") (param $i i32) (local $at i32)
    (loop $again
      (local.set $at {address})
      {call}
      (i32.store (local.get $at) (local.get $i))
      (br_if $again (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))))
"""
TELL: Final = '(import "host" "before" (func $before (param i32 i32)))'

GUEST: Final = """\
(module
  (memory (export "memory") 80)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0x100000))
  (func (export "f") (param i32 i32)))
"""
"""Gives the same place each time."""


def _instance(data: bytes, imports: Any = None) -> Any:
    return WebAssembly.Instance(WebAssembly.Module(data), imports or {})


def _stores(address: str, rounds: int) -> Timings:
    """Of stores as they are, logged in both ways, and with a call of the host before each."""
    plain = wat2wasm(TEXT.format(tell="", call="", address=address))
    call = "(call $before (local.get $at) (i32.const 4))"
    told = bytearray()

    def before(at: int, count: int) -> None:
        told.extend(view[at : at + count])
        told.extend(struct.pack("<QI", at, count))

    instances = {
        "plain": _instance(plain),
        "logged": _instance(instrument_stores(plain)),
        "exact": _instance(instrument_stores(plain, exact=True)),
        "told": _instance(
            wat2wasm(TEXT.format(tell=TELL, call=call, address=address)),
            {"host": {"before": before}},
        ),
    }
    view = instances["told"].exports.memory.buffer.mv

    def run(name: str) -> None:
        if name == "told":
            told.clear()
        elif name != "plain":
            forget(instances[name])
        instances[name].exports.run(STORES)

    return interleaved({name: partial(run, name) for name in instances}, rounds)


def _cheaper(timings: Timings, name: str) -> float:
    """How many times as much a call of the host adds to a store as the log does: the median over the rounds."""
    rounds = timings.rounds
    ratios = [
        (told - plain) / max(logged - plain, 1e-12)
        for told, plain, logged in zip(rounds["told"], rounds["plain"], rounds[name], strict=True)
    ]
    return sorted(ratios)[len(ratios) // 2]


def store_costs(rounds: int) -> list[Cost]:
    """How much cheaper a logged store is than a call of the host before it (UC-2)."""
    costs, found = [], []
    for name, address in PATTERNS.items():
        timings = _stores(address, rounds)
        found.append(_cheaper(timings, "logged"))
        added = (timings.seconds("logged") - timings.seconds("plain")) / STORES
        note = f"the log adds {added * 1e9:.0f} ns, exact {_cheaper(timings, 'exact'):.2f} x"
        costs.append(Cost(f"UC-2: a call of the host ÷ the log, {name}", found[-1], "x", note=note))
    mean = geometric_mean(found)
    costs.append(
        Cost("UC-2: a call of the host ÷ the log, geometric mean", mean, "x", 3.0, at_least=True)
    )
    timings = _stores(SPARSE, rounds)
    note = f"exact {_cheaper(timings, 'exact'):.2f} x"
    worst = _cheaper(timings, "logged")
    costs.append(
        Cost("UC-2: a call of the host ÷ the log, one store in a block", worst, "x", note=note)
    )
    return costs


def profile_costs(rounds: int) -> list[Cost]:
    """How much longer calls take that are profiled (UC-10)."""
    text = """(module (func $f (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
      (func (export "run") (param $i i32) (loop $again (drop (call $f (local.get $i)))
        (br_if $again (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))))"""
    data = wat2wasm(text)
    calls = {
        name: partial(_instance(module).exports.run, STORES)
        for name, module in (("plain", data), ("profiled", instrument_profile(data)))
    }
    timings = interleaved(calls, rounds)
    return [
        Cost("UC-10: a small function, profiled ÷ not", timings.ratio("profiled", "plain"), "x")
    ]


def _passing(signature: str, rounds: int, length: int, *, utf8: bool = False) -> Timings:
    """Of an argument of some bytes by an adapter, by Python values, and of the bytes by slice assignments."""
    type_ = parse(signature)["f"].params[0]
    caller, callee = _instance(wat2wasm(GUEST)).exports, _instance(wat2wasm(GUEST)).exports
    data = make_adapter(signature, validate_utf8=utf8)
    adapter = _instance(data, {"caller": caller, "callee": callee}).exports
    one, other = (Side(guest.memory, guest.cabi_realloc) for guest in (caller, callee))
    at, count = 1 << 20, length // (size(type_.element) if isinstance(type_, ListType) else 1)
    source, target = one.view, other.view
    source[at : at + length] = b"abcdefgh" * (length // 8)

    host_type = value_type(type_)

    def by_values() -> None:
        value = host_type.lift(one.context, iter((at, count)))
        callee.f(*host_type.lower(other.context, value))

    def by_slice() -> None:
        target[at : at + length] = source[at : at + length]

    arrays = [Uint8Array(guest.memory.buffer) for guest in (caller, callee)]

    def by_arrays() -> None:
        arrays[1][at : at + length] = arrays[0][at : at + length]

    calls: dict[str, Callable[[], Any]] = {
        "adapter": partial(adapter.f, at, count),
        "slice": by_slice,
        "arrays": by_arrays,
        "values": by_values,
    }
    timings = interleaved(calls, rounds)
    if bytes(target[at : at + length]) != bytes(source[at : at + length]):
        raise RuntimeError("the bytes did not arrive")
    return timings


def adapter_costs(rounds: int) -> list[Cost]:
    """How much faster an adapter is than Python values, and than a slice assignment (UC-21)."""
    costs = []
    for signature, what in (
        ("f: func(a: string);", "a string"),
        ("f: func(a: list<u32>);", "list<u32>"),
        ("f: func(a: list<tuple<u32, f32>>);", "list of records"),
    ):
        for length in SIZES:
            if "tuple" in signature and length > 1 << 16:
                continue
            timings = _passing(signature, rounds, length)
            title = f"UC-21: {what} of {length >> 10} KiB, values ÷ adapter"
            note = f"{timings.seconds('adapter') * 1e6:.1f} µs"
            ratio = timings.ratio("values", "adapter")
            costs.append(Cost(title, ratio, "x", 2.0, at_least=True, note=note))
    timings = _passing("f: func(a: string);", rounds, 1 << 20)
    title = "UC-21: a string of 1 MiB, adapter ÷ slice assignment of"
    costs.append(Cost(f"{title} Uint8Arrays", timings.ratio("adapter", "arrays"), "x", 1.0))
    costs.append(Cost(f"{title} memoryviews", timings.ratio("adapter", "slice"), "x", 1.1))
    timings = _passing("f: func(a: string);", rounds, 1 << 16, utf8=True)
    ratio = timings.ratio("adapter", "values")
    costs.append(Cost("UC-21: a string of 64 KiB, validated, adapter ÷ values", ratio, "x"))
    return costs


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transforming", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    options = parser.parse_args(arguments)
    costs = []
    for measure in (store_costs, profile_costs, adapter_costs):
        print(f"benchmarks: {measure.__name__}", file=sys.stderr, flush=True)
        costs += measure(options.rounds)
    print(cost_table(costs))
    if options.json:
        options.json.write_text(json.dumps([cost.as_json() for cost in costs], indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
