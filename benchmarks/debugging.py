"""What the debugger costs: stepped instructions a second, and kernels with a watched range beside the same without.

``python -m benchmarks.debugging [kernel …]`` prints a row for each kernel and the geometric mean.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.kernels import ALL_KERNELS, Kernel
from benchmarks.timing import Call, geometric_mean, interleaved
from pyjsapi import WebAssembly
from pyjsapi.debugging import Debugger

_STEPS = 20_000
_FAR = 60_000
"""An address that no kernel reaches."""
_ROUNDS = 3


def _instance(kernel: Kernel) -> Any:
    instance = WebAssembly.Instance(WebAssembly.Module(kernel.wasm))
    if kernel.init is not None:
        instance.exports.init(*kernel.init)
    return instance


def _plain(kernel: Kernel) -> Call:
    exports = _instance(kernel).exports
    kernel.check("pyjsapi", exports.run(*kernel.args))
    return lambda: exports.run(*kernel.args)


def _watched(kernel: Kernel) -> Call:
    """The kernel under the debugger, which watches some bytes of each memory."""
    debugger = Debugger(_instance(kernel))
    for memory in range(len(debugger.instance.mems)):
        debugger.breakpoints.add(
            {"kind": "watch", "memory": memory, "address": _FAR, "size": 16, "reads": True}
        )
    func: Any = debugger.instance.exports["run"]
    mask = {"i32": 0xFFFF_FFFF, "i64": 0xFFFF_FFFF_FFFF_FFFF}

    def call() -> Any:
        debugger.begin(func, list(kernel.args))
        state = debugger.proceed()
        value = state["outcome"]["results"][0]["value"]
        return int(value) & mask[kernel.result] if kernel.result in mask else float(value)

    kernel.check("the debugger", call())
    return call


def steps_per_second(kernel: Kernel) -> float:
    """Instructions a second, of CPU time, each a stop of its own whose locals and operands could be looked at."""
    debugger = Debugger(_instance(kernel))
    machine = debugger._machine
    best = 0.0
    for _ in range(_ROUNDS):
        debugger.begin(debugger.instance.exports["run"], list(kernel.args))  # type: ignore[arg-type]
        start = time.process_time()
        count = 0
        while machine.frames and count < _STEPS:
            machine.step()
            count += 1
        best = max(best, count / (time.process_time() - start))
    return best


def main(names: Sequence[str]) -> None:
    """Print the table, of all kernels or of those with these names."""
    ratios, rates = [], []
    print(f"{'':24}{'steps/s':>12}{'watched':>10}")
    for kernel in ALL_KERNELS:
        if names and kernel.name not in names:
            continue
        timings = interleaved({"plain": _plain(kernel), "watched": _watched(kernel)})
        rates.append(steps_per_second(kernel))
        ratios.append(timings.ratio("watched", "plain"))
        print(f"{kernel.name:24}{rates[-1]:12,.0f}{ratios[-1]:10.2f}", flush=True)
    print(f"{'geometric mean':24}{geometric_mean(rates):12,.0f}{geometric_mean(ratios):10.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
