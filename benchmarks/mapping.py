"""`python -m benchmarks.mapping`: kernels on memories that are mapped or guarded, and what a mapping costs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from benchmarks.costs import Cost
from benchmarks.kernels import ALL_KERNELS, Kernel
from benchmarks.program import print_costs
from benchmarks.timing import Timings, geometric_mean, interleaved
from pyjsapi import WebAssembly
from pyjsapi.runtime.memory import MemInst
from pyjsapi.sharing import HostResource, memory_of

PAGE: Final = 65536


def progress(line: str) -> None:
    """Tell on standard error what is being done."""
    print(f"benchmarks.mapping: {line}", file=sys.stderr, flush=True)


def _started(kernel: Kernel, storage: str | None) -> Any:
    """An instance of a kernel, each of whose memories is stored in a way; after its first call."""
    module = WebAssembly.Module(kernel.wasm)
    count = len(module._compiled.context.mems)
    overrides = {index: {"storage": storage} for index in range(count)} if storage else None
    instance = WebAssembly.Instance(module, {}, memory_overrides=overrides)
    if storage == "reserve":
        for index in range(count):
            _map_all(memory_of(instance, index))
    exports = instance.exports
    if kernel.init is not None:
        exports.init(*kernel.init)
    kernel.check(storage or "plain", exports.run(*kernel.args))
    return exports


def _map_all(memory: Any) -> None:
    """Have each byte of a memory be one of a file, the same as before."""
    inner: MemInst = memory._memory
    if not inner.byte_length:
        return
    resource = HostResource.memfd(inner.byte_length)
    resource.write(0, bytes(inner.data))
    mapping = memory.map(resource, at=0)
    if mapping.strategy != "mmap":
        raise RuntimeError(f"the strategy was {mapping.strategy}")


def kernel_costs(rounds: int) -> list[Cost]:
    """Kernels on memories whose bytes are a file's, and on guarded ones, against the same on plain ones."""
    mapped, guarded = [], []
    costs = []
    for kernel in ALL_KERNELS:
        if "(memory" not in kernel.text:
            continue
        progress(kernel.name)
        ways = {"plain": None, "mapped": "reserve", "guarded": "guarded"}
        calls = {
            name: partial(_started(kernel, storage).run, *kernel.args)
            for name, storage in ways.items()
        }
        timings = interleaved(calls, rounds)
        mapped.append(timings.ratio("mapped", "plain"))
        guarded.append(timings.ratio("guarded", "plain"))
        note = f"mapped {mapped[-1]:.3g} x"
        costs.append(Cost(f"{kernel.name}, guarded ÷ plain", guarded[-1], "x", note=note))
    return [
        Cost("kernels, mapped ÷ plain, geometric mean", geometric_mean(mapped), "x", 1.1),
        Cost("kernels, guarded ÷ plain, geometric mean", geometric_mean(guarded), "x", 3.0),
        *costs,
    ]


def mapping_costs(rounds: int) -> list[Cost]:
    """What it costs to map a page and to unmap it."""
    costs = []
    buffer = bytearray(PAGE)
    with HostResource.memfd(PAGE) as file:
        cases: dict[str, tuple[Any, str, float | None]] = {
            "mmap": (file, "reserve", 10.0),
            "segment": (buffer, "guarded", None),
            "copy": (buffer, "reserve", None),
        }
        for strategy, (resource, storage, target) in cases.items():
            memory = WebAssembly.Memory(initial=4, storage=storage)  # type: ignore[arg-type]

            def once(memory: Any = memory, resource: Any = resource, by: str = strategy) -> None:
                memory.map(resource, PAGE, at=PAGE, strategy=by).unmap()

            timings: Timings = interleaved({"once": once}, rounds)
            value = timings.seconds("once") * 1e6
            costs.append(Cost(f"map and unmap 64 KiB, {strategy}", value, "µs", target))
    return costs


def main(arguments: Sequence[str] | None = None) -> int:
    return print_costs(
        "benchmarks.mapping",
        __doc__,
        lambda rounds: [*mapping_costs(rounds), *kernel_costs(rounds)],
        arguments,
    )


if __name__ == "__main__":
    sys.exit(main())
