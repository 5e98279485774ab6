"""`python -m benchmarks.suspending`: what a suspension of a WebAssembly call costs, beside the `await` of a coroutine.

The same function is awaited as often on the same event loop, by a coroutine and from WebAssembly; the difference is
what suspending and resuming the call costs. It is measured for each mechanism that there is.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any

from benchmarks.costs import Cost
from benchmarks.report import cost_table
from benchmarks.timing import clock, interleaved

LOOP = """\
(module (import "m" "f" (func $f (result i32)))
  (func (export "sum") (param $n i32) (result i32) (local $sum i32)
    (loop
      (local.set $sum (i32.add (local.get $sum) (call $f)))
      (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
"""
GENERATOR = """\
(module (type $task (func)) (type $k (cont $task)) (tag $yield (param i32))
  (func $ones (loop (suspend $yield (i32.const 1)) (br 0)))
  (elem declare func $ones)
  (func (export "sum") (param $n i32) (result i32) (local $sum i32) (local $k (ref null $k))
    (local.set $k (cont.new $k (ref.func $ones)))
    (loop
      (block $yielded (result i32 (ref $k))
        (resume $k (on $yield $yielded) (local.get $k)) (unreachable))
      (local.set $k)
      (local.set $sum (i32.add (local.get $sum)))
      (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
"""
INNER = 200
"""Suspensions of one call that is measured."""
MANY = 10_000
"""Calls that are suspended at once."""
TARGETS = {"greenlet": 3.0, "thread": 40.0}
"""Microseconds that a suspension may cost."""
ROUNDS = 99


async def one() -> int:
    """What is awaited: the loop has its turn once."""
    await asyncio.sleep(0)
    return 1


async def plain(count: int) -> int:
    """The sum as a coroutine."""
    total = 0
    while count:
        total += await one()
        count -= 1
    return total


def mechanisms() -> list[str]:
    """Those that are there."""
    from pyjsapi import suspension

    found = []
    for name in TARGETS:
        try:
            suspension.use(name)
        except suspension.MissingMechanism:
            continue
        found.append(name)
    suspension.use(None)
    return found


def promising_sum() -> Callable[[int], Awaitable[int]]:
    """The sum in WebAssembly."""
    from pyjsapi import WebAssembly, wat2wasm

    imports = {"m": {"f": WebAssembly.Suspending(one)}}
    instance = WebAssembly.Instance(WebAssembly.Module(wat2wasm(LOOP)), imports)
    return WebAssembly.promising(instance.exports.sum)


def suspension_costs(rounds: int = ROUNDS) -> list[Cost]:
    """How much longer a suspension takes than the same ``await`` of a coroutine."""
    from pyjsapi import suspension

    summed = promising_sum()
    costs = []
    with asyncio.Runner() as runner:

        def run(call: Callable[[int], Awaitable[int]], name: str | None) -> Callable[[], None]:
            async def awaited() -> int:
                return await call(INNER)

            def once() -> None:
                suspension.use(name)
                if runner.run(awaited()) != INNER:
                    raise ArithmeticError(f"a wrong sum with {name}")

            return once

        for name in mechanisms():
            calls = {"plain": run(plain, None), name: run(summed, name)}
            # Nothing makes either faster than it is: the least of many times is the least disturbed.
            times = interleaved(calls, rounds, per_sample=0.001).rounds
            over = (min(times[name]) - min(times["plain"])) / INNER
            note = f"the await itself {min(times['plain']) / INNER * 1e6:.1f} µs"
            title = f"suspension and resumption by {name}, over an await"
            costs.append(Cost(title, over * 1e6, "µs", TARGETS[name], note=note))
    suspension.use(None)
    return costs


def generator_costs(rounds: int = ROUNDS) -> list[Cost]:
    """How long a round of a generator takes that stack switching suspends and resumes."""
    from pyjsapi import WebAssembly, suspension, wat2wasm

    module = WebAssembly.Module(wat2wasm(GENERATOR), features={"stack_switching": True})
    summed = WebAssembly.Instance(module).exports.sum

    def run(name: str) -> Callable[[], None]:
        def once() -> None:
            suspension.use(name)
            if summed(INNER) != INNER:
                raise ArithmeticError(f"a wrong sum with {name}")

        return once

    calls = {name: run(name) for name in mechanisms()}
    times = interleaved(calls, rounds, per_sample=0.001).rounds
    suspension.use(None)
    return [
        Cost(f"suspend and resume of a generator by {name}", min(times[name]) / INNER * 1e6, "µs")
        for name in calls
    ]


def many_at_once(count: int = MANY, rounds: int = 5) -> Cost:
    """How long so many calls take that are all suspended at the same time, by greenlet."""
    from pyjsapi import suspension

    summed = promising_sum()

    async def gathered() -> Any:
        return await asyncio.gather(*[summed(1) for _ in range(count)])

    suspension.use("greenlet")
    times = []
    for _ in range(rounds):
        begin = clock()
        if asyncio.run(gathered()) != [1] * count:
            raise ArithmeticError("a wrong sum")
        times.append(clock() - begin)
    suspension.use(None)
    return Cost(f"{count} calls suspended at once, each", median(times) / count * 1e6, "µs")


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.suspending", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="nine rounds instead of ninety-nine")
    rounds = 9 if parser.parse_args().quick else ROUNDS
    costs = suspension_costs(rounds) + generator_costs(rounds)
    if "greenlet" in mechanisms():
        costs.append(many_at_once())
    print(cost_table(costs))


if __name__ == "__main__":
    main()
