"""`python -m benchmarks`: pyjsapi against other engines, and what its parts cost."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import pyodide, pythons
from benchmarks.comparison import Table, compare
from benchmarks.costs import Cost, call_costs, slice_costs
from benchmarks.engines import ENGINES, available
from benchmarks.guests import FIRST, WHOLE, guest_table
from benchmarks.kernels import ALL_KERNELS
from benchmarks.modules import module_costs
from benchmarks.report import cost_table, kernel_table
from benchmarks.start import import_costs

ROUNDS = 9
QUICK_ROUNDS = 3
# How many times as long as pyjsapi the others should take at least, in the geometric mean.
LEAST = {"pywasm": 200.0, "ppci": 35.0, "pwasm": 1.9}
LEAST_IN_PYODIDE = {"pywasm": 150.0}
# The same for each program of a guest.
LEAST_OF_GUESTS = {"pwasm": 2.0}
# How many times as long as Python written by hand pyjsapi may take; not a target in Pyodide.
MOST = 1.08


def progress(line: str) -> None:
    """Tell on standard error what is being done: the tables alone go to standard output."""
    print(f"benchmarks: {line}", file=sys.stderr, flush=True)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--python",
        metavar="3.N",
        help="on another installed Python, in a virtual environment of its own in build/",
    )
    parser.add_argument("--pyodide", action="store_true", help="inside Pyodide under Node")
    parser.add_argument("--kernels", default="", metavar="A,B", help="only these kernels")
    parser.add_argument("--only", choices=("kernels", "guests", "costs"), help="only one part")
    parser.add_argument("--quick", action="store_true", help="three rounds instead of nine")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    options = parser.parse_args(arguments)
    options.kernels = [name for name in options.kernels.split(",") if name]
    names = {kernel.name for kernel in ALL_KERNELS}
    if unknown := set(options.kernels) - names:
        parser.error(f"there is no kernel {min(unknown)!r}; there are {', '.join(sorted(names))}")
    return options


def passed_on(options: argparse.Namespace) -> list[str]:
    """The arguments for the same run on another Python."""
    words = ["--kernels", ",".join(options.kernels)] if options.kernels else []
    words += ["--only", options.only] if options.only else []
    words += ["--quick"] if options.quick else []
    words += ["--json", str(options.json.resolve())] if options.json else []
    return words


def machine() -> str:
    """The processor and the operating system."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                cpu = line.partition(":")[2].strip()
                break
    return f"{cpu}, {platform.system()} {platform.release()}"


def speed_costs(table: Table, least: dict[str, float]) -> list[Cost]:
    """The geometric means of the kernels beside their targets."""
    means = table.means()
    costs = [
        Cost(f"kernels, {name} ÷ pyjsapi, geometric mean", means[name], "x", target, at_least=True)
        for name, target in least.items()
        if name in means
    ]
    if "by hand" in means:
        target = MOST if least is LEAST else None
        ratio = 1 / means["by hand"]
        costs.append(Cost("kernels, pyjsapi ÷ by hand, geometric mean", ratio, "x", target))
    return costs


def guest_costs(table: Table) -> list[Cost]:
    """What gains least beside its target; first starts and whole processes have none."""
    costs = []
    judged = [row for row in table.rows if not row.kernel.endswith((FIRST, WHOLE))]
    for name, target in LEAST_OF_GUESTS.items():
        least = min(judged, key=lambda row: row.ratios[name])
        title = f"guests, {name} ÷ pyjsapi, the least"
        costs.append(Cost(title, least.ratios[name], "x", target, at_least=True, note=least.kernel))
    return costs


def show(
    where: str, versions: dict[str, str], tables: Sequence[Table], costs: Sequence[Cost]
) -> dict[str, Any]:
    """Print everything; returns the same as plain values."""
    print(f"{where} on {machine()}")
    print(", ".join(f"{name} {version}" for name, version in versions.items()))
    for table in tables:
        print(f"\n{kernel_table(table)}")
    if costs:
        print(f"\n{cost_table(costs)}")
    return {
        "where": where,
        "machine": machine(),
        "versions": versions,
        "tables": [table.as_json() for table in tables],
        "costs": [cost.as_json() for cost in costs],
    }


def measure(
    options: argparse.Namespace, rounds: int
) -> tuple[dict[str, str], list[Table], list[Cost]]:
    """All that is wanted in this process: the versions of the engines, tables and single figures."""
    usable, missing = available(ENGINES)
    for name, reason in missing.items():
        progress(f"{name} is left out: {reason}")
    tables: list[Table] = []
    costs: list[Cost] = []
    if options.only in (None, "kernels"):
        tables = compare(usable, options.kernels, rounds, progress)
        if not options.kernels:
            costs = speed_costs(tables[0], LEAST)
    if options.only in (None, "guests") and not options.kernels:
        guests = guest_table(rounds, progress)
        if guests is not None:
            tables.append(guests)
            costs += guest_costs(guests)
    if options.only in (None, "costs") and not options.kernels:
        progress("the import, calls and slices")
        costs += [*import_costs(rounds, progress), *call_costs(rounds), *slice_costs(rounds)]
        progress("real modules")
        costs += module_costs(rounds, progress)
    versions = {engine.name: engine.version for engine in usable if engine.version}
    return versions, tables, costs


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    if options.python and not options.pyodide:
        return pythons.run(options.python, passed_on(options))
    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    if options.pyodide:
        python, versions, tables = pyodide.run(options.kernels, rounds)
        where = f"Pyodide (Python {python})"
        costs = [] if options.kernels else speed_costs(tables[0], LEAST_IN_PYODIDE)
    else:
        where = f"CPython {platform.python_version()}"
        versions, tables, costs = measure(options, rounds)
    result = show(where, versions, tables, costs)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (pyodide.CannotRun, pythons.NoSuchPython) as failure:
        print(f"benchmarks: cannot go on: {failure}", file=sys.stderr)
        sys.exit(1)
