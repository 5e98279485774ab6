"""`python -m benchmarks.face`: calls, memories, traps and starts of the JavaScript face, in Node and browsers."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from benchmarks.costs import Cost
from benchmarks.report import cost_table
from web import browsers
from web.serve import serving

ROOT: Final = Path(__file__).resolve().parents[2]
DISTRIBUTION: Final = ROOT / "build" / "pyodide"
ENGINES: Final = ("node", "chromium", "firefox")
TIME_LIMIT_MS: Final = 300_000

MOST_MORE_NS: Final = 150
MOST_ACCESS_NS: Final = 50
MOST_TRAP_US: Final = 10
MOST_START_MS: Final = 300
SAME: Final = 1.25
"""Two times whose quotient is below this are the same, on a machine that does other work."""

MEASURE: Final = """
async ({ indexURL, starts }) => {
  const { measureFace } = await import("/benchmarks/face/face.mjs");
  return measureFace({ indexURL, starts });
}
"""

Result = dict[str, Any]


class CannotRun(Exception):
    """Something that the measurement needs is not there; the message says what to do."""


def in_node(pyodide: Path, starts: int) -> Result:
    """The figures in Node; raises `CannotRun` when it fails."""
    command = ["node", str(Path(__file__).parent / "node.mjs"), str(pyodide), str(starts)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise CannotRun(f"Node ended with exit code {done.returncode}; its output is above")
    result: Result = json.loads(done.stdout)
    return result


def in_browser(name: str, pyodide: Path, starts: int) -> Result:
    """The figures in a page of a browser; raises playwright's Error when it fails."""
    with serving(ROOT, places={"pyodide": pyodide}) as address, browsers.started(name) as browser:
        page = browser.new_page()
        page.set_default_timeout(TIME_LIMIT_MS)
        page.goto(address)
        found = page.evaluate(MEASURE, {"indexURL": f"{address}pyodide/", "starts": starts})
        return {"version": f"{name} {browser.version}", **found}


def _worst(accesses: dict[str, list[float]], column: int) -> tuple[str, float]:
    plain = {name: row for name, row in accesses.items() if "atomic" not in name}
    name = max(plain, key=lambda key: plain[key][column])
    return name, plain[name][column]


def costs(result: Result) -> list[Cost]:
    """The figures of one engine beside their targets."""
    calls, starts = result["calls"], result["starts"]
    found = [
        Cost(
            f"call: {name}",
            more,
            "ns",
            MOST_MORE_NS if "empty" in name else None,
            note=f"{all_:.0f} ns in all",
        )
        for name, (all_, _, more) in calls.items()
        if "buffer," not in name
    ]
    for what in ("an empty function", "a load"):
        for state in ("that JavaScript never looked at", "with a buffer"):
            small, large = (
                calls[f"{what}, memory of {size} {state}"][0] for size in ("64 KiB", "64 MiB")
            )
            found.append(Cost(f"{what}, memory {state}: 64 MiB ÷ 64 KiB", large / small, "x", SAME))
    small, large = (calls[f"memory.buffer, {size}"][0] for size in ("64 KiB", "64 MiB"))
    found.append(
        Cost("memory.buffer: 64 MiB ÷ 64 KiB", large / small, "x", SAME, note=f"{small:.0f} ns")
    )
    name, most = _worst(result["accesses"], 0)
    found.append(Cost("the slowest access of a memory", most, "ns", MOST_ACCESS_NS, note=name))
    name, most = _worst(result["accesses"], 2)
    found.append(Cost("an access ÷ struct on a bytearray, at worst", most, "x", 1, note=name))
    found += [
        Cost(f"i32.load in a loop of generated code, memory {state}", ns, "ns", MOST_ACCESS_NS)
        for state, ns in result["loads"].items()
    ]
    found.append(Cost("a trap caught in JavaScript", result["trapUs"], "µs", MOST_TRAP_US))
    found.append(
        Cost(
            "worker to first result, with a snapshot",
            starts["with a snapshot"],
            "ms",
            MOST_START_MS,
        )
    )
    found.append(Cost("worker to first result, without one", starts["without one"], "ms"))
    return found


def main() -> int:
    """Measure and print a table per engine."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.face", description=__doc__)
    parser.add_argument("--engines", default=",".join(ENGINES), metavar="A,B")
    parser.add_argument(
        "--pyodide",
        type=Path,
        default=DISTRIBUTION,
        help="Pyodide with pyjsapi (default build/pyodide)",
    )
    parser.add_argument(
        "--starts", type=int, default=5, help="how many starts of workers to measure"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    options = parser.parse_args()
    pyodide = options.pyodide.resolve()
    results: dict[str, Result] = {}
    for engine in options.engines.split(","):
        if engine not in ENGINES:
            parser.error(f"there is no engine {engine!r}; there are {', '.join(ENGINES)}")
        if not (pyodide / "pyodide-lock.json").is_file():
            raise CannotRun(f"{pyodide} is not built: run `make build`")
        print(f"benchmarks: {engine}", file=sys.stderr, flush=True)
        found = (
            in_node(pyodide, options.starts)
            if engine == "node"
            else in_browser(engine, pyodide, options.starts)
        )
        results[engine] = found
        print(f"\n{found['version']}\n\n{cost_table(costs(found))}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CannotRun as failure:
        print(f"benchmarks: cannot go on: {failure}", file=sys.stderr)
        sys.exit(1)
