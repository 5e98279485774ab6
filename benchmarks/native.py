"""`python -m benchmarks.native`: the engine `wasmtime`: kernels, calls, and starts from kept machine code.

Kernels at larger sizes than elsewhere, so that the call does not count (EN-20, EN-36).
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import repeat
from typing import Any

from benchmarks.costs import Cost
from benchmarks.kernels import ALL_KERNELS, Kernel
from benchmarks.program import print_costs
from benchmarks.timing import clock, geometric_mean, interleaved
from pyjsapi import WebAssembly, wat2wasm

LARGER = {
    "fib": (20,),
    "sieve": (50_000,),
    "matmul": (40,),
    "fnv1a32": (8192, 40_000),
    "fnv1a64": (8192, 40_000),
    "crc32": (8192, 40_000),
    "sha256": (8192, 200),
    "nbody": (1000,),
    "call_indirect": (50_000,),
    "interpreter": (5000,),
    "transform_two_memories": (8192, 0, 32_768),
    "matmul_three_memories": (40,),
    "transform": (8192, 65_536, 32_768),
}
"""Arguments of kernels whose work grows with them. Where data is prepared, they begin with its place, if any."""
INNER = 1000
CALLING = """(module (import "m" "host" (func $host (param i32 i32) (result i32)))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "many") (param i32)
    (loop $again (drop (call $host (local.get 0) (i32.const 2)))
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"""
CALL_AND_HOST = (25.0, 20.0)
"""EN-20: how many plain calls of Python a call may cost, and one of a host function."""
FUNCTIONS = 4000
"""Of the module that is started anew."""


def prepared(kernel: Kernel, engine: str) -> Callable[..., Any]:
    """Raises `WrongAnswer` for another result than the kernel has."""
    exports: Any = WebAssembly.Instance(WebAssembly.Module(kernel.wasm, engine=engine)).exports
    if kernel.init is not None:
        exports.init(*kernel.init)
    kernel.check(engine, exports.run(*kernel.args))
    larger = LARGER[kernel.name]
    if kernel.init is not None:
        exports.init(*(larger if len(larger) == len(kernel.init) else (larger[0], larger[-1])))
    return partial(exports.run, *larger)


def kernel_costs(rounds: int) -> list[Cost]:
    """How many times as long the Python engine takes. Raises `WrongAnswer` where results differ."""
    costs = []
    for kernel in ALL_KERNELS:
        if kernel.name not in LARGER:
            continue
        calls = {engine: prepared(kernel, engine) for engine in ("python", "wasmtime")}
        if calls["python"]() != calls["wasmtime"]():
            raise RuntimeError(f"{kernel.name} has different results")
        timings = interleaved(calls, rounds)
        name = f"{kernel.name}{LARGER[kernel.name]}: Python engine ÷ Wasmtime"
        costs.append(Cost(name, timings.ratio("python", "wasmtime"), "x"))
    mean = geometric_mean(cost.value for cost in costs)
    return [*costs, Cost("geometric mean", mean, "x", 150.0, at_least=True)]


def _add(first: int, second: int) -> int:
    return first + second


def _calls(function: Callable[..., Any]) -> Callable[[], None]:
    def calls() -> None:
        for _ in repeat(None, INNER):
            function(1, 2)

    return calls


def crossing_costs(rounds: int) -> list[Cost]:
    """EN-20: what calls cost, in plain calls of a Python function."""
    module = WebAssembly.Module(wat2wasm(CALLING), engine="wasmtime")
    exports: Any = WebAssembly.Instance(module, {"m": {"host": _add}}).exports
    alone = '(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))'
    leaf: Any = WebAssembly.Instance(WebAssembly.Module(wat2wasm(alone), engine="wasmtime")).exports
    timings = interleaved(
        {
            "plain": _calls(_add),
            "call": _calls(leaf.add),
            "deep": _calls(exports.add),
            "host": partial(exports.many, INNER),
        },
        rounds,
    )
    call, host = CALL_AND_HOST
    return [
        Cost("EN-20: call of an export ÷ plain call", timings.ratio("call", "plain"), "x", call),
        Cost("the same where the module imports functions", timings.ratio("deep", "plain"), "x"),
        Cost(
            "EN-20: call of a host function ÷ plain call", timings.ratio("host", "plain"), "x", host
        ),
    ]


def start_costs() -> list[Cost]:
    """EN-36: a large module that was compiled before."""
    from pyjsapi.engines.wasmtime import modules

    functions = "".join(
        f"""(func (export "f{i}") (param i32) (result i32) (local i32)
          (loop $l (local.set 1 (i32.add (i32.mul (local.get 1) (i32.const {i})) (i32.load8_u (local.get 0))))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
          (if (i32.gt_u (local.get 1) (i32.const {i * 77}))
            (then (i32.store offset={i} (local.get 0) (i32.xor (local.get 1) (i32.const {i * 7919})))
              (i64.store offset={i + 9} (local.get 0) (i64.extend_i32_u (i32.rotl (local.get 1) (i32.const 3))))))
          (i32.add (local.get 1) (i32.const {i})))"""
        for i in range(FUNCTIONS)
    )
    data = wat2wasm(f"(module (memory 1) {functions})")
    before = os.environ.get("PYJSAPI_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PYJSAPI_CACHE"] = folder
        try:
            taken = []
            for _ in range(4):
                modules._natives.clear()
                start, real = clock(), time.perf_counter()
                WebAssembly.Module(data, engine="wasmtime")
                taken.append((clock() - start, time.perf_counter() - real))
        finally:
            if before is None:
                del os.environ["PYJSAPI_CACHE"]
            else:
                os.environ["PYJSAPI_CACHE"] = before
    size = f"{len(data) >> 10} KB"
    first, later = taken[0], min(taken[1:])
    return [
        Cost(
            f"compiling {size}", first[0] * 1e3, "ms", note=f"{first[1] * 1e3:.0f} ms by the clock"
        ),
        Cost(f"EN-36: {size} that were compiled before", later[0] * 1e3, "ms", 30.0),
    ]


def native_costs(rounds: int) -> list[Cost]:
    """All of them."""
    return [*crossing_costs(rounds), *start_costs(), *kernel_costs(rounds)]


def main(arguments: Sequence[str] | None = None) -> int:
    return print_costs("benchmarks.native", __doc__, native_costs, arguments)


if __name__ == "__main__":
    sys.exit(main())
