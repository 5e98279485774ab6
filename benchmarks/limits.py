"""What limits cost: the kernels with fuel or a deadline, beside the same without, in one run.

``python -m benchmarks.limits [kernel …]`` prints a row for each kernel and the geometric mean.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.kernels import ALL_KERNELS, Kernel
from benchmarks.timing import Call, geometric_mean, interleaved
from pyjsapi import WebAssembly

LIMITED: Mapping[str, Mapping[str, Any]] = {
    "fuel": {"fuel": 10**15},
    "deadline": {"deadline": 10_000},
}
"""What is compared with no limits, by name."""
_PLAIN = "none"


def call_of(kernel: Kernel, limits: Mapping[str, Any] | None) -> Call:
    """The measured call of a kernel, made once and checked."""
    exports = WebAssembly.Instance(WebAssembly.Module(kernel.wasm, limits=limits)).exports
    if kernel.init is not None:
        exports.init(*kernel.init)
    kernel.check(f"pyjsapi with {limits}", exports.run(*kernel.args))
    return lambda: exports.run(*kernel.args)


def ratios(kernel: Kernel) -> dict[str, float]:
    """How many times as long a kernel takes with each limit."""
    calls = {
        _PLAIN: call_of(kernel, None),
        **{name: call_of(kernel, limits) for name, limits in LIMITED.items()},
    }
    timings = interleaved(calls)
    return {name: timings.ratio(name, _PLAIN) for name in LIMITED}


def main(names: Sequence[str]) -> None:
    """Print the table, of all kernels or of those with these names."""
    found: dict[str, list[float]] = {name: [] for name in LIMITED}
    print(f"{'':24}{''.join(f'{name:>10}' for name in LIMITED)}")
    for kernel in ALL_KERNELS:
        if names and kernel.name not in names:
            continue
        row = ratios(kernel)
        for name, ratio in row.items():
            found[name].append(ratio)
        print(f"{kernel.name:24}{''.join(f'{ratio:10.2f}' for ratio in row.values())}", flush=True)
    print(f"{'geometric mean':24}{''.join(f'{geometric_mean(f):10.2f}' for f in found.values())}")


if __name__ == "__main__":
    main(sys.argv[1:])
