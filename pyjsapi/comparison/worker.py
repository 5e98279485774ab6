"""Runs cases on an engine in a process of its own: ``python -m pyjsapi.comparison.worker python|lowered|wasmtime``.

It says ``ready`` first. Then cases come as lines of JSON on standard input, and answers go as lines to standard output:
``{"id", "transcript", "ms"}`` or ``{"id", "failure"}``. A case may recurse without end, or run without one: whoever
started the process ends it then.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Callable
from typing import Any

from pyjsapi import WebAssembly
from pyjsapi.comparison.driver import run_case
from pyjsapi.wast.runner import run_text

Json = Any


def _python(case: Json) -> Json:
    return _script(case) if "script" in case else asyncio.run(run_case(case))


def _script(case: Json) -> Json:
    """A script's transcript is one entry: the lines where it failed, and why."""
    result = run_text(case["text"], case["id"])
    lines = sorted({failure.line for failure in result.failures})
    return [{"value": lines, "message": "; ".join(map(str, result.failures))}]


def _on(engine: str) -> Callable[[Json], Json]:
    from pyjsapi import engines

    engines.use(engine)  # whatever the environment says
    return _python


def _wasmtime() -> Callable[[Json], Json]:
    from pyjsapi.comparison import wasmtime_driver  # which imports a package that need not be there

    return wasmtime_driver.run_case


RUNNERS: dict[str, Callable[[], Callable[[Json], Json]]] = {
    "python": lambda: _on("python"),
    "lowered": lambda: _on("lowered"),
    "wasmtime": _wasmtime,
}


def main(name: str) -> int:
    """Answer each line until the input ends."""
    answers = sys.stdout
    sys.stdout = sys.stderr  # Whatever a host function may print is no answer.
    run = RUNNERS[name]()
    # The compiler comes with the first module: no case is to pay for it.
    WebAssembly.Module(b"\0asm\1\0\0\0")
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        case = json.loads(line)
        start = time.perf_counter()
        answer: dict[str, Json] = {"id": case["id"]}
        try:
            transcript = run(case)
            ms = (time.perf_counter() - start) * 1000
            reasons = [entry.get("unable") for entry in transcript]
            if reasons and all(reasons):
                answer["unable"] = reasons[0]
            else:
                answer |= {"transcript": transcript, "ms": ms}
        except Exception as error:
            answer["failure"] = re.sub(r"\s+", " ", f"{type(error).__name__}: {error}")
        print(json.dumps(answer), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
