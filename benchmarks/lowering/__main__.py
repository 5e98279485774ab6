"""`python -m benchmarks.lowering`: lowered modules against multi-memory itself, in Node and browsers."""

from __future__ import annotations

import argparse
import base64
import json
import sys
from pathlib import Path
from statistics import geometric_mean
from typing import Any, Final

from benchmarks.lowering import instrumented
from benchmarks.lowering.engines import ENGINES, POLYWASM, ROOT, started
from benchmarks.lowering.variants import names, variants

Times = dict[str, float]
"""Milliseconds by variant."""

MOST: Final = {"private": 1.15, "public": 3.0}
"""Most that a lowered module may take, as a multiple, in the geometric mean."""


def ratios(times: Times) -> dict[str, float]:
    """How many times as long as the original the lowered modules take; where it cannot run, as the single one."""
    found = {name: times[f"{name} lowered"] / times.get(name, times["single"]) for name in MOST}
    if "polywasm" in times:
        found["polywasm"] = times["polywasm"] / times.get("public", times["single"])
        found["polywasm / private"] = times["polywasm"] / times["private lowered"]
        found["polywasm / public"] = times["polywasm"] / times["public lowered"]
    return found


def main() -> int:
    """Measure and print a table per engine."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lowering", description=__doc__)
    parser.add_argument("--engines", default=",".join(ENGINES), metavar="A,B")
    parser.add_argument("--kernels", default=",".join(names()), metavar="A,B")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the times there too")
    parser.add_argument("--sqlite", action="store_true", help="only SQLite with counters")
    options = parser.parse_args()
    if options.sqlite:
        return sqlite(options.engines.split(","), max(options.rounds // 2, 1))
    kernels = {name: in_base64(variants(name)) for name in options.kernels.split(",")}
    polywasm = f"/{POLYWASM}" if (ROOT / POLYWASM).exists() else None
    results: dict[str, dict[str, Times]] = {}
    for engine in options.engines.split(","):
        results[engine] = {}
        with started(engine) as run:
            for name, modules in kernels.items():
                print(f"{engine}: {name}", file=sys.stderr, flush=True)
                argument = {"modules": modules, "rounds": options.rounds, "polywasm": polywasm}
                results[engine][name] = run("kernel", argument)
        print(table(engine, results[engine]), flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))
    return 0


def in_base64(modules: dict[str, bytes]) -> dict[str, str]:
    """Modules as JSON can carry them."""
    return {key: base64.b64encode(data).decode() for key, data in modules.items()}


def sqlite(engines: list[str], rounds: int) -> int:
    """SQLite with a counter for each function and loop; 1 when results or counters are not the same everywhere."""
    modules = in_base64(instrumented.modules())
    seen: set[tuple[str, str]] = set()
    for engine in engines:
        with started(engine) as run:
            found: dict[str, dict[str, Any]] = run("sqlite", {"modules": modules, "rounds": rounds})
        counted = {name: entry for name, entry in found.items() if entry["counters"]}
        seen |= {(entry["results"], entry["counters"]) for entry in counted.values()}
        base = found.get("instrumented", found["original"])["time"]
        shown = ", ".join(f"{name} {entry['time'] / base:.2f}" for name, entry in counted.items())
        print(f"{engine}: {shown}", flush=True)
    print("results and counters are the same" if len(seen) == 1 else "THEY DIFFER")
    return 0 if len(seen) == 1 else 1


def table(engine: str, times: dict[str, Times]) -> str:
    """The ratios of an engine's kernels in Markdown, with their geometric means."""
    rows = {name: ratios(found) for name, found in times.items()}
    columns = list(next(iter(rows.values())))
    lines = [f"| {engine} | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
    for name, row in rows.items():
        lines.append(f"| {name} | {' | '.join(f'{row[column]:.2f}' for column in columns)} |")
    means = [geometric_mean([row[column] for row in rows.values()]) for column in columns]
    lines.append(f"| **geometric mean** | {' | '.join(f'**{mean:.2f}**' for mean in means)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
