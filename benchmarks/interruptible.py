"""`python -m benchmarks.interruptible`: what it costs Wasmtime's code to look whether it is to end (EN-27).

A process decides once how its code is made, so each round is a process of each kind, in turns.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from statistics import median

from benchmarks.costs import Cost
from benchmarks.kernels import ALL_KERNELS
from benchmarks.native import LARGER, prepared
from benchmarks.program import print_costs
from benchmarks.timing import geometric_mean, interleaved
from pyjsapi.engines.interruptible import VARIABLE

CALLS = 7
"""Of each kernel, in a process."""


def seconds_here() -> dict[str, float]:
    """How long a call of each kernel takes in this process, by the kernel's name."""
    calls = {
        kernel.name: prepared(kernel, "wasmtime") for kernel in ALL_KERNELS if kernel.name in LARGER
    }
    timings = interleaved(calls, CALLS)
    return {name: timings.seconds(name) for name in calls}


def _seconds(interruptible: bool) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.interruptible", "--here"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, VARIABLE: "1" if interruptible else ""},
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def looking_costs(rounds: int) -> list[Cost]:
    """How many times as long kernels take where they look."""
    pairs = [(_seconds(True), _seconds(False)) for _ in range(rounds)]
    costs = [
        Cost(f"{name}: interruptible ÷ not", median(a[name] / b[name] for a, b in pairs), "x")
        for name in pairs[0][0]
    ]
    mean = geometric_mean(cost.value for cost in costs)
    return [*costs, Cost("EN-27: geometric mean", mean, "x")]


def main(arguments: Sequence[str] | None = None) -> int:
    if (sys.argv[1:] if arguments is None else arguments) == ["--here"]:
        print(json.dumps(seconds_here()))
        return 0
    return print_costs("benchmarks.interruptible", __doc__, looking_costs, arguments)


if __name__ == "__main__":
    sys.exit(main())
