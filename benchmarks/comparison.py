"""Run kernels on several engines and give the ratios of their times. Works in Pyodide too."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.engines import ENGINES, Call, Engine
from benchmarks.kernels import KERNELS, MULTI_MEMORY_KERNELS, Kernel, kernel
from benchmarks.timing import geometric_mean, interleaved

BASE = ENGINES[0]
SINGLE = "one memory"


@dataclass
class Row:
    """One kernel: the time of pyjsapi, the other engines as multiples of it."""

    kernel: str
    ms: float
    """Of one call on pyjsapi, in milliseconds."""
    ratios: dict[str, float] = field(default_factory=dict)
    """Time of the engine ÷ time of pyjsapi, by the engine's name."""


@dataclass
class Table:
    """Kernels by engines."""

    title: str
    engines: list[str]
    rows: list[Row]
    subject: str = "kernel"
    """What a row is about."""

    def means(self) -> dict[str, float]:
        """The geometric mean of each engine's ratios, of the kernels it runs."""
        columns = {
            name: [row.ratios[name] for row in self.rows if name in row.ratios]
            for name in self.engines
        }
        return {name: geometric_mean(values) for name, values in columns.items() if values}

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "geometric_means": self.means()}


def loaded(engine: Engine, each: Kernel) -> Call:
    """The kernel's call on the engine, once its answer is found right. Raises `WrongAnswer`."""
    call = engine.load(each)
    each.check(engine.name, call())
    return call


def measure(each: Kernel, engines: Sequence[Engine], rounds: int) -> Row:
    """One row: the engines that can run the kernel, interleaved."""
    calls = {engine.name: loaded(engine, each) for engine in engines}
    if each.single:
        calls[SINGLE] = loaded(BASE, kernel(each.single))
    timings = interleaved(calls, rounds)
    ratios = {name: timings.ratio(name, BASE.name) for name in calls if name != BASE.name}
    return Row(each.name, timings.seconds(BASE.name) * 1000, ratios)


def compare(
    engines: Sequence[Engine],
    names: Sequence[str] = (),
    rounds: int = 9,
    progress: Callable[[str], None] = lambda line: None,
) -> list[Table]:
    """Compare pyjsapi, the first of the engines, with the others.

    Gives the table of the kernels with one memory and the table of those with several. `names` selects
    kernels, all when empty. Raises `WrongAnswer` when an engine is wrong.
    """
    tables = []
    for title, kernels in (
        ("Kernels of WebAssembly 1.0", KERNELS),
        ("Kernels with several memories", MULTI_MEMORY_KERNELS),
    ):
        able = [engine for engine in engines if kernels is KERNELS or engine.multi_memory]
        rows = []
        for each in kernels:
            if names and each.name not in names:
                continue
            start = time.perf_counter()
            rows.append(measure(each, able, rounds))
            progress(f"{each.name}: {time.perf_counter() - start:.1f} s")
        columns = [engine.name for engine in able[1:]]
        if kernels is MULTI_MEMORY_KERNELS:
            columns.append(SINGLE)
        if rows:
            tables.append(Table(title, columns, rows))
    return tables
