"""`python -m benchmarks.terminate`: workers that are terminated at random moments, and what they leave behind: nothing.

A worker does one sort of thing again and again, and counts its steps in a shared memory. When it has made so many, and
whoever watches has looked so often, it is terminated: the moments come from counting, seeded, and not from the clock.
Then it must be gone, soon; nobody must wait but those who live, who get every notification; growth must be known to all
or to nobody; no lock may be held, and at the end no thread, process or descriptor may be left.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import gc
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.terminated import ACTIVITIES, ANSWERS, BYSTANDER, MARK, OWN, STEPS
from pyjsapi import Atomics, Int32Array, WebAssembly, Worker, wat2wasm
from pyjsapi.agents import process
from pyjsapi.agents.kinds import WorkerKind
from pyjsapi.blocks.shared import shared
from pyjsapi.compiler.cache import VARIABLE

SOON: Final = 60.0
"""Seconds after which something counts as hanging."""
PAGES: Final = 2000
"""The memory's maximum."""
MOST_STEPS: Final = 40
MOST_LOOKS: Final = 400

TEXT: Final = f"""(module
  (memory (import "env" "memory") 1 {PAGES} shared)
  (func (export "wait") (param i32 i64) (result i32)
    (memory.atomic.wait32 (local.get 0) (i32.const 0) (local.get 1)))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func (export "last") (result i64)
    (i64.load (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 8)))))"""
FUNCTIONS: Final = " ".join(
    f'(func (export "f{n}") (param i32) (result i32) (local i32)'
    " (loop $l (br_if $l (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 9))))"
    f" (i32.add (local.get 0) (i32.const {n})))"
    for n in range(40)
)
LARGE: Final = f'(module {FUNCTIONS} (memory 1) (data (i32.const 0) "{"x" * 4096}{MARK.decode()}"))'


class Broken(Exception):
    """A terminated worker has left something behind, or did not end."""


@dataclass
class Outcome:
    """Of all rounds of an activity."""

    rounds: int
    seconds: float
    slowest: float
    """Seconds from a termination to the end of its worker."""


# ---- terminating them


class Ground:
    """A memory, and somebody who waits for it."""

    def __init__(self, kind: WorkerKind) -> None:
        self.kind = kind
        self.memory = WebAssembly.Memory(initial=1, maximum=PAGES, shared=True)
        self.cells = Int32Array(self.memory.buffer)
        self.block = shared(self.memory._memory.block)
        self.job = {
            "memory": self.memory,
            "module": WebAssembly.Module(wat2wasm(TEXT)),
            "large": wat2wasm(LARGE),
        }
        self.bystander = Worker("benchmarks.terminated:stand_by", kind=kind)
        self.bystander.postMessage(self.memory)
        self._until(lambda: self.block.waiting() == 1, "somebody waits")

    def close(self) -> None:
        """End it."""
        self.bystander.terminate()
        self.bystander.join(SOON)

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + SOON
        while not condition():
            time.sleep(0)
            if time.monotonic() > end:
                faulthandler.dump_traceback(all_threads=True)
                raise Broken(f"in vain was waited for this: {what}")

    def round(self, activity: str, seed: int) -> float:
        """Terminate a worker: seconds until it has ended. Raises `Broken`."""
        choice = random.Random(seed)
        steps, looks = choice.randint(0, MOST_STEPS), choice.randint(0, MOST_LOOKS)
        Atomics.store(self.cells, STEPS, 0)
        worker = Worker("benchmarks.terminated:work", kind=self.kind)
        worker.postMessage({**self.job, "activity": activity, "seed": seed})

        def enough() -> bool:
            if worker._errors:
                raise Broken(f"{activity} with seed {seed}: {worker._errors[0].stack}")
            if Atomics.notify(self.cells, OWN) == 0 and choice.random() < 0.1:
                worker.postMessage(None)
            return Atomics.load(self.cells, STEPS) >= steps

        self._until(enough, f"{steps} steps of {activity} with seed {seed}")
        for _ in range(looks):
            Atomics.load(self.cells, STEPS)
        begin = time.perf_counter()
        worker.terminate()
        if not worker.join(SOON):
            faulthandler.dump_traceback(all_threads=True)
            raise Broken(f"{activity} with seed {seed} did not end")
        seconds = time.perf_counter() - begin
        self._check(f"after {activity} with seed {seed}")
        return seconds

    def _check(self, when: str) -> None:
        waiting = self.block.waiting(4 * OWN)
        if waiting:
            raise Broken(f"{when} {waiting} of those who have ended wait")
        answers = Atomics.load(self.cells, ANSWERS)
        self._until(lambda: self.block.waiting(4 * BYSTANDER) == 1, f"{when} another waits")
        woken = Atomics.notify(self.cells, BYSTANDER, 1)
        if woken != 1:
            raise Broken(f"{when} a notification woke {woken}")
        if Atomics.wait(self.cells, ANSWERS, answers, 1000 * SOON) == "timed-out":
            raise Broken(f"{when} the one who lives did not get his notification")
        length = self.block.length
        if len(self.memory._memory.data) != length or self.memory.buffer.byteLength != length:
            raise Broken(f"{when} the memory's length is {length}, but not everybody knows")
        if length >> 16 < PAGES and self.memory.grow(1) != length >> 16:
            raise Broken(f"{when} the memory cannot grow")
        if not gc.isenabled():
            raise Broken(f"{when} the collector is off")


_FILES: Final = Path("/proc/self/fd")


def _open_files() -> list[str]:
    """What the descriptors of this process are, where the system tells."""
    found = []
    for path in _FILES.iterdir() if _FILES.is_dir() else ():
        with contextlib.suppress(FileNotFoundError):  # the one that reads the folder
            found.append(f"{path.name} {path.readlink()}")
    return found


def _resources() -> tuple[int, int, list[str]]:
    """Threads, open files, and processes of workers."""
    gc.collect()
    files = len(_open_files())
    children: list[str] = []
    server = process._server
    if server is not None:
        number = server._process.pid
        found = Path(f"/proc/{number}/task/{number}/children")
        children = found.read_text().split() if found.exists() else []
    return threading.active_count(), files, children


def _demand_nothing_left(before: tuple[int, int, list[str]]) -> None:
    end = time.monotonic() + SOON
    while True:
        now = _resources()
        if now[0] <= before[0] and now[1] <= before[1] and now[2] == before[2]:
            return
        if time.monotonic() > end:
            known = [thread.name for thread in threading.enumerate()]
            raise Broken(
                f"threads, files and processes were {before} and are {now}: {known}, {_open_files()}"
            )
        time.sleep(0)


@contextlib.contextmanager
def _cache_folder() -> Iterator[Path]:
    """A code cache of its own, for workers that are threads."""
    before = os.environ.get(VARIABLE)
    with tempfile.TemporaryDirectory() as folder:
        os.environ[VARIABLE] = folder
        try:
            yield Path(folder)
        finally:
            if before is None:
                del os.environ[VARIABLE]
            else:
                os.environ[VARIABLE] = before


def run(
    kind: WorkerKind, activity: str, *, rounds: int, seed: int, seconds: float = 1e9
) -> Outcome:
    """Terminate so many workers of a kind, or as many as there are seconds for. Raises `Broken`."""
    begin = time.monotonic()
    slowest, done = 0.0, 0
    if kind == "process":
        Worker("benchmarks.terminated:nothing", kind=kind).join(SOON)  # starts the server
    before = _resources()
    with _cache_folder() as cache:
        while done < rounds and time.monotonic() - begin < seconds:
            ground = Ground(kind)
            try:
                for _ in range(min(rounds - done, 50)):
                    slowest = max(slowest, ground.round(activity, seed + done))
                    done += 1
                    if time.monotonic() - begin > seconds:
                        break
            finally:
                ground.close()
        parts = list(cache.glob("*.part"))
        if parts and kind == "thread":  # a process may be killed while it writes
            raise Broken(f"files were left: {parts}")
    del ground
    _demand_nothing_left(before)
    return Outcome(done, time.monotonic() - begin, slowest)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.terminate", description=__doc__)
    parser.add_argument("--kind", choices=("thread", "process"), action="append")
    parser.add_argument("--activity", choices=ACTIVITIES, action="append")
    parser.add_argument("--rounds", type=int, default=1000, metavar="N", help="of each (1000)")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument(
        "--seconds", type=float, default=1200.0, metavar="S", help="at most for each (1200)"
    )
    options = parser.parse_args(arguments)
    interval = sys.getswitchinterval()
    for kind in options.kind or ("thread", "process"):
        for activity in options.activity or ACTIVITIES:
            sys.setswitchinterval(1e-5 if kind == "thread" else interval)
            found = run(
                kind, activity, rounds=options.rounds, seed=options.seed, seconds=options.seconds
            )
            print(
                f"{kind:8} {activity:20} {found.rounds:5} terminated in {found.seconds:.1f} s,"
                f" the slowest ended after {found.slowest:.3f} s",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
