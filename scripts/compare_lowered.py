"""Run many generated modules with several memories lowered, and compare with what they do unlowered.

    .venv/bin/python scripts/compare_lowered.py [--programs N] [--start SEED] [--engine NAME]…

Node and WebKit, which have one memory per module, are compared with pyjsapi; Chromium and Firefox each with its own
multi-memory. Prints the seeds of the programs that differ; the exit code is 1 when there are any.
"""

from __future__ import annotations

import argparse
import base64
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import ROOT

sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "lowering")]

from generator import generate  # noqa: E402
from programs import run_program  # noqa: E402

from pyjsapi.lowering import LoweringError, lower  # noqa: E402
from web.browsers import BROWSERS  # noqa: E402
from web.engines import ENGINES, lay_out, opened  # noqa: E402
from web.serve import serving  # noqa: E402

BATCH = 100
RUN = """
const { runProgram, lowererOf } = await import("/lowering/programs.mjs");
const { implementation, configure } = await import("/polyfill/implementation.mjs");
configure({ lower: lowererOf(argument.programs) });
const namespace = argument.lowered ? implementation : WebAssembly;
return argument.programs.map((program) => runProgram(program, namespace));
"""

Program = dict[str, Any]
Run = Callable[[list[Program], bool], list[Any]]


def make(seed: int) -> Program:
    """The program of a seed with its lowered form. Raises `LoweringError`."""
    program: Program = generate(seed).json()
    lowered = lower(base64.b64decode(program["bytes"]))
    return {**program, "lowered": base64.b64encode(lowered).decode("ascii")}


def in_node(programs: list[Program], lowered: bool) -> list[Any]:
    """What the programs do in Node, lowered."""
    script = ROOT / "tests" / "lowering" / "node.mjs"
    text = json.dumps({"programs": programs})
    done = subprocess.run(
        ["node", script], input=text, stdout=subprocess.PIPE, text=True, check=True
    )
    answers: list[Any] = json.loads(done.stdout)
    return answers


def compare(engine: str, run: Run, seeds: range) -> int:
    """Compare in batches, print the seeds that differ; returns their number."""
    different = compared = 0
    for start in range(seeds.start, seeds.stop, BATCH):
        programs = []
        for seed in range(start, min(start + BATCH, seeds.stop)):
            try:
                programs.append(make(seed))
            except LoweringError as error:
                print(f"seed {seed} is not lowered: {error}", flush=True)
                different += 1
        answers = run(programs, True)
        wanted = run(programs, False) if engine in BROWSERS else list(map(run_program, programs))
        for program, answer, want in zip(programs, answers, wanted, strict=True):
            if json.dumps(answer) != json.dumps(want):
                different += 1
                print(f"seed {program['seed']} differs in {engine}", flush=True)
        compared += len(programs)
    print(f"{engine}: {compared} programs, {different} differences", flush=True)
    return different


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--programs", type=int, default=1000, help="how many (default 1000)")
    parser.add_argument("--start", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--engine", action="append", choices=("node", *ENGINES))
    options = parser.parse_args()
    seeds = range(options.start, options.start + options.programs)
    different = 0
    for engine in options.engine or ("node", "chromium"):
        if engine == "node":
            different += compare(engine, in_node, seeds)
            continue
        with tempfile.TemporaryDirectory() as folder:
            lay_out(
                Path(folder),
                {"polyfill": ROOT / "polyfill", "lowering": ROOT / "tests" / "lowering"},
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
