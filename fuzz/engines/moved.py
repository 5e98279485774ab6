"""Programs on the engine ``auto``: instances of which go on in machine code before some call.

``python -m fuzz.engines.moved SECONDS`` compares with the Python engine for so long; needs pyjsapi and Wasmtime.
"""

from __future__ import annotations

import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from fuzz.compare import differences
from fuzz.engines.harness import Run, Stop
from fuzz.generators import make
from fuzz.program import Program
from pyjsapi import WebAssembly, engines
from pyjsapi.engines.auto import AutoEngine

GENERATORS: Final = ("memories", "numerics", "vectors", "wide")
"""Those whose modules are moved for the most part; others have tags, exported tables and the like."""
SECONDS: Final = 5.0
"""CPU time after which a program hangs; it is left out then, as machine code is not interrupted."""
HANGS: Final = {"end": "hangs"}


def compared(program: Program, calls: int) -> tuple[list[str], str]:
    """How a program that is moved after so many calls differs from one that is not, and why it was moved or not."""
    right, _ = _observed(program, "python")
    if right == HANGS:
        return [], "it hangs"
    seen, instance = _observed(program, AutoEngine(calls=calls))
    if instance is None:
        why = "there is no instance"
    else:
        try:
            why = engines.explain(instance).partition(" had been")[0].partition(" calls have")[0]
        except TypeError:
            why = "it has no functions"
    return list(differences(program, right, seen, strict=False)), why


def _observed(program: Program, engine: Any) -> tuple[dict[str, Any], Any]:
    run = Run(program.json(), lambda data: WebAssembly.Module(data, engine=engine))
    before = signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS, 0.5)
    try:
        return run.observe(), getattr(run, "instance", None)
    except Stop:
        return HANGS, None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _stop(number: int, frame: object) -> None:
    raise Stop


def main(arguments: Sequence[str]) -> int:
    """Compare for some seconds, print what differs and how many were moved; how many differ."""
    end, seed, found = time.monotonic() + float(arguments[0]), 0, 0
    reasons: Counter[str] = Counter()
    while time.monotonic() < end:
        seed += 1
        for name in GENERATORS:
            texts, why = compared(make(name, seed).program, seed % 4)
            reasons[why] += 1
            if texts:
                found += 1
                print(f"{name} {seed} ({why}): {'; '.join(texts)[:500]}")
    print(sum(reasons.values()), "programs:")
    for why, count in reasons.most_common():
        print(f"{count:8} {why}")
    return found


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
