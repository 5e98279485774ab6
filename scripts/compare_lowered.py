"""Run many generated modules with several memories lowered in browsers, and compare with what they do there unlowered.

    .venv/bin/python scripts/compare_lowered.py [--programs N] [--start SEED] [--engine NAME]…

WebKit, which has one memory per module, is compared with pyjsapi. (Node: ``python -m fuzz --generator memories``.)
Prints the seeds of the programs that differ; the exit code is 1 when there are any.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import ROOT

from fuzz.bench import judge
from fuzz.engines.lowered import lowered_cases, lowered_json
from fuzz.engines.ours import Ours
from fuzz.program import Case
from pyjsapi.lowering import LoweringError
from web.browsers import BROWSERS
from web.engines import ENGINES, lay_out, opened
from web.serve import serving

BATCH = 100
RUN = """
const { runProgram, lowererOf } = await import("/fuzz/harness.mjs");
const { implementation, configure } = await import("/polyfill/implementation.mjs");
configure({ lower: lowererOf(argument.programs) });
const namespace = argument.lowered ? implementation : WebAssembly;
return argument.programs.map((program) => runProgram(program, namespace));
"""

Run = Callable[[list[dict[str, Any]], bool], list[Any]]


def on_pyjsapi(cases: list[Case]) -> list[Any]:
    """What the programs do on pyjsapi."""
    ours = Ours()
    answers = ours.run([case.program for case in cases], [("default",)] * len(cases))
    ours.close()
    return [answer["default"] for answer in answers]


def compare(engine: str, run: Run, seeds: range) -> int:
    """Compare in batches, print the seeds that differ; returns their number."""
    different = compared = 0
    for start in range(seeds.start, seeds.stop, BATCH):
        cases, programs = [], []
        for case in lowered_cases(range(start, min(start + BATCH, seeds.stop))):
            try:
                programs.append(lowered_json(case.program))
                cases.append(case)
            except LoweringError as error:
                print(f"seed {case.seed} is not lowered: {error}", flush=True)
                different += 1
        answers = run(programs, True)
        wanted = run(programs, False) if engine in BROWSERS else on_pyjsapi(cases)
        for case, answer, want in zip(cases, answers, wanted, strict=True):
            for _, what in judge(case.program, {"several memories": want, "lowered": answer}):
                different += 1
                print(f"seed {case.seed} differs in {engine}: {what}", flush=True)
        compared += len(programs)
    print(f"{engine}: {compared} programs, {different} differences", flush=True)
    return different


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--programs", type=int, default=1000, help="how many (default 1000)")
    parser.add_argument("--start", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--engine", action="append", choices=ENGINES)
    options = parser.parse_args()
    seeds = range(options.start, options.start + options.programs)
    different = 0
    for engine in options.engine or ("chromium",):
        with tempfile.TemporaryDirectory() as folder:
            lay_out(
                Path(folder),
                {"polyfill": ROOT / "polyfill", "fuzz": ROOT / "fuzz" / "engines"},
            )
            with serving(Path(folder)) as url, opened(engine, url) as evaluate:
                different += compare(
                    engine,
                    lambda programs, lowered: evaluate(
                        RUN, {"programs": programs, "lowered": lowered}
                    ),
                    seeds,
                )
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main())
