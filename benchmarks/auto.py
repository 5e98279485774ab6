"""``python -m benchmarks.auto``: the engine ``auto`` starts as the Python engine does, and comes to run as Wasmtime.

For each kernel, at a size that takes a while: from bytes to the first answer, and a call later on, each in milliseconds
on the three engines, the least of several rounds that take turns. No code is kept between rounds (``PYJSAPI_CACHE=0``).
"""

from __future__ import annotations

import os
import time
from typing import Final, NamedTuple

from benchmarks.host_engine import LARGER
from benchmarks.kernels import kernel

os.environ["PYJSAPI_CACHE"] = "0"
ENGINES: Final = ("python", "auto", "wasmtime")
ROUNDS: Final = 3
MOST_CALLS: Final = 2000


class Times(NamedTuple):
    """Milliseconds."""

    start: float
    later: float


def measure(name: str, engine: str, round_: int) -> Times:
    """One start and some later calls of a kernel; every round has a module of its own."""
    from pyjsapi import WebAssembly, engines

    data = kernel(name).wasm + bytes((0, 2, 1, 32 + round_))  # a custom section
    init, args = LARGER[name]
    began = time.perf_counter()
    instance = WebAssembly.Instance(WebAssembly.Module(data, engine=engine))
    if init is not None:
        instance.exports.init(*init)
    run = instance.exports.run
    run(*args)
    start = time.perf_counter() - began
    if engine == "auto":
        for _ in range(MOST_CALLS):
            if engines.explain(instance).startswith("wasmtime"):
                break
            run(*args)
    later = []
    for _ in range(20):
        began = time.perf_counter()
        run(*args)
        later.append(time.perf_counter() - began)
    return Times(1e3 * start, 1e3 * min(later))


def main() -> None:
    """Print the table."""
    measure("fib", "wasmtime", 90)  # the library is loaded once for the process
    print(
        f"{'':16}{'start: Python':>16}{'auto':>9}{'Wasmtime':>9}{'later: Python':>16}{'auto':>9}{'Wasmtime':>9}"
    )
    for name in LARGER:
        found: dict[str, list[Times]] = {engine: [] for engine in ENGINES}
        for round_ in range(ROUNDS):
            for engine in ENGINES:
                found[engine].append(measure(name, engine, round_ + 8 * ENGINES.index(engine)))
        starts = [min(each.start for each in found[engine]) for engine in ENGINES]
        laters = [min(each.later for each in found[engine]) for engine in ENGINES]
        print(
            f"{name:16}{starts[0]:16.2f}{starts[1]:9.2f}{starts[2]:9.2f}"
            f"{laters[0]:16.2f}{laters[1]:9.3f}{laters[2]:9.3f}"
        )


if __name__ == "__main__":
    main()
