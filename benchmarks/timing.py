"""Paired timing: the calls to compare are interleaved in rounds, in one process.

Each round measures every call once, one after the other, so that what disturbs the machine disturbs
all of them; a ratio is the median over the rounds of the ratio within a round. The clock is the
process's CPU time where it is fine enough. The garbage collector is off while a call is measured.
"""

from __future__ import annotations

import gc
import math
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from statistics import median
from typing import Any

Call = Callable[[], Any]

# Emscripten's CPU time is the wall clock in coarse steps.
clock: Callable[[], float] = (
    time.perf_counter if sys.platform == "emscripten" else time.process_time
)


@contextmanager
def collector_off() -> Any:
    """Collect garbage, then leave the collector off within the block."""
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def sample(call: Call, loops: int) -> float:
    """Seconds per call, over `loops` calls."""
    start = clock()
    for _ in repeat(None, loops):
        call()
    return (clock() - start) / loops


def seconds(call: Call) -> float:
    """Seconds that one call takes, measured once."""
    with collector_off():
        return sample(call, 1)


def loops_for(call: Call, wanted: float) -> int:
    """How many calls take about `wanted` seconds; at least 1."""
    loops = 1
    while True:
        taken = sample(call, loops) * loops
        if taken >= wanted / 4:
            return max(1, round(loops * wanted / taken))
        loops *= 4


@dataclass(frozen=True)
class Timings:
    """The seconds per call of several calls, round by round."""

    rounds: Mapping[str, list[float]]

    def seconds(self, name: str) -> float:
        """The median over the rounds."""
        return median(self.rounds[name])

    def ratio(self, name: str, base: str) -> float:
        """How many times as long `name` takes as `base`: the median of the ratios of each round."""
        pairs = zip(self.rounds[name], self.rounds[base], strict=True)
        return median(one / other for one, other in pairs)


def interleaved(calls: Mapping[str, Call], rounds: int = 9, per_sample: float = 0.01) -> Timings:
    """Measure every call in each of `rounds` rounds, for about `per_sample` seconds each time."""
    with collector_off():
        loops = {name: loops_for(call, per_sample) for name, call in calls.items()}
        taken: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(rounds):
            for name, call in calls.items():
                taken[name].append(sample(call, loops[name]))
    return Timings(taken)


def geometric_mean(values: Iterable[float]) -> float:
    """The geometric mean. Raises `ValueError` when there are no values."""
    logarithms = [math.log(value) for value in values]
    if not logarithms:
        raise ValueError("the geometric mean of no values")
    return math.exp(sum(logarithms) / len(logarithms))
