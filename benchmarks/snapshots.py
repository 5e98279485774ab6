"""A restored MicroPython against a new one, here and on pwasm: until its first line has run.

``python -m benchmarks.snapshots`` prints milliseconds of CPU time, medians: in a process that has done the same before,
and in new processes whose code cache is filled, after the imports and with them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.guests import KINDS, ROOT, MicroPython, WrongOutput

KIND: Final = KINDS[0]
LINE: Final = "print(x + 2)"
ANSWER: Final = "42\n"
ROUNDS: Final = 21
PROCESSES: Final = 7
NEW: Final = "new"
RESTORED: Final = "restored"
FROM_FILE: Final = "restored from its file"
PWASM: Final = "new on pwasm"


def warm(module: Any) -> Any:
    """A snapshot of a MicroPython that knows ``x``."""
    from pyjsapi.snapshots import snapshot

    guest = MicroPython(module)
    guest.run("x = 40")
    return snapshot(guest.instance)


def checked(found: str, what: str) -> None:
    """Raise `WrongOutput` for another answer than the right one."""
    if found != ANSWER:
        raise WrongOutput(f"{what}: {found!r}")


def first_lines(path: Path) -> dict[str, Callable[[], None]]:
    """Ways to a first line. The module is compiled once, as it would be in a program."""
    from pyjsapi import WebAssembly
    from pyjsapi.snapshots import Snapshot

    module = WebAssembly.Module(KIND.wasm())
    taken = Snapshot.load(path)

    def run_new(guest: Any) -> None:
        checked(guest.run(f"x = 40\n{LINE}"), NEW)

    return {
        NEW: lambda: run_new(MicroPython(module)),
        RESTORED: lambda: checked(MicroPython(module, taken).run(LINE), RESTORED),
        FROM_FILE: lambda: checked(MicroPython(module, Snapshot.load(path)).run(LINE), FROM_FILE),
        PWASM: lambda: run_new(KIND.start_of("pwasm")()),
    }


def in_this_process(path: Path, rounds: int = ROUNDS) -> dict[str, float]:
    """Seconds until the first line has run, by way; in turns."""
    calls = first_lines(path)
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 1):
        for name, call in calls.items():
            begin = time.process_time()
            call()
            if turn:
                times[name].append(time.process_time() - begin)
    return {name: median(found) for name, found in times.items()}


def in_new_processes(path: Path, cache: str) -> dict[str, tuple[float, float]]:
    """Seconds by way, without and with the imports, in processes that find the code in the cache."""
    found = {}
    for name in (NEW, FROM_FILE):
        answers = []
        for turn in range(PROCESSES + 1):
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.snapshots", str(path), name],
                cwd=ROOT,
                env={**os.environ, "PYJSAPI_CACHE": cache},
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            if turn:
                answers.append([float(each) for each in done.stdout.split()])
        without, whole = (median(each) for each in zip(*answers, strict=True))
        found[name] = without, whole
    return found


def child(path: Path, name: str) -> None:
    """One way in this process: print the seconds without and with all that came before."""
    import_module("pyjsapi.sandbox")
    from pyjsapi import WebAssembly
    from pyjsapi.snapshots import Snapshot

    begin = time.process_time()
    if name == NEW:
        guest = MicroPython(WebAssembly.Module(KIND.wasm()))
        guest.run("x = 40")
    else:
        taken = Snapshot.load(path)
        guest = MicroPython(taken.module(), taken)
    checked(guest.run(LINE), name)
    print(time.process_time() - begin, time.process_time())


def main() -> None:
    """Print all figures."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warm.snap"
        from pyjsapi import WebAssembly

        warm(WebAssembly.Module(KIND.wasm())).save(path)
        print(f"{path.stat().st_size} bytes with the module")
        for name, seconds in in_this_process(path).items():
            print(f"{name}: {seconds * 1000:.1f} ms")
        for name, (without, whole) in in_new_processes(path, folder).items():
            print(f"{name}, new process: {without * 1000:.1f} ms; all of it {whole * 1000:.1f} ms")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        child(Path(sys.argv[1]), sys.argv[2])
    else:
        main()
