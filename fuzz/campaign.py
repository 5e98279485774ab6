"""Runs generators for a time on several processes, and says what is found."""

from __future__ import annotations

import atexit
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, Final

from rich.console import Console
from rich.live import Live
from rich.table import Table

from fuzz.bench import Bench, Finding
from fuzz.findings import State, record
from fuzz.generators import make

BATCH: Final = 32
SAME_KIND: Final = 3
"""Findings of one kind that are told; the others are only counted."""

MOST_KINDS: Final = 25

_bench: Bench | None = None


def _start_worker(options: dict[str, Any]) -> None:
    global _bench
    _bench = Bench(**options)
    atexit.register(_bench.close)


@dataclass(frozen=True)
class Batch:
    """What a worker did."""

    generator: str
    programs: int
    seconds: float
    findings: list[Finding]
    answered: dict[str, int]
    """How many of them other engines have run."""


def run_batch(generator: str, first: int, count: int) -> Batch:
    """Examine the programs of some seeds."""
    assert _bench is not None
    start = time.monotonic()
    _bench.answered.clear()
    findings = _bench.examine([make(generator, seed) for seed in range(first, first + count)])
    seconds = time.monotonic() - start
    return Batch(generator, count, seconds, findings, dict(_bench.answered))


@dataclass
class Campaign:
    """A run of several generators, each from where it was."""

    generators: Sequence[str]
    state: State
    console: Console
    keep: bool = True
    """Whether the state is kept."""
    kinds: Counter[str] = field(default_factory=Counter)
    found: list[Finding] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def run(
        self,
        jobs: int,
        options: dict[str, Any],
        *,
        seconds: float | None = None,
        count: int | None = None,
    ) -> list[Finding]:
        """Run until the time is over, or each generator has run ``count`` programs."""
        tasks = self._tasks(count)
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(jobs, context, _start_worker, (options,))
        with pool, Live(console=self.console, refresh_per_second=2, transient=False) as live:
            running: set[Future[Batch]] = set()
            more = True
            while running or more:
                while more and len(running) < jobs * 2:
                    late = seconds is not None and time.monotonic() - self.started > seconds
                    task = None if late else next(tasks, None)
                    if task is None:
                        more = False
                        break
                    running.add(pool.submit(run_batch, *task))
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    self._take(future.result())
                live.update(self.table())
        return self.found

    def start_at(self, seed: int) -> None:
        """Begin every generator with this seed."""
        for name in self.generators:
            self.state.of(name).next_seed = seed

    def conclude(self) -> int:
        """Tell what was found; 1 if anything was."""
        differ = len({(finding.generator, finding.seed) for finding in self.found})
        programs = sum(self.state.of(name).programs for name in self.generators)
        self.console.print()
        for kind, count in self.kinds.most_common(MOST_KINDS):
            self._print(f"{count:5} {kind}")
        self._print(f"{programs} programs, {differ} differ, {len(self.kinds)} kinds of difference")
        return 1 if differ else 0

    def _print(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False)

    def _tasks(self, count: int | None) -> Iterator[tuple[str, int, int]]:
        """(generator, first seed, number), the generators in turn."""
        left = dict.fromkeys(self.generators, count)
        while left:
            for name in list(left):
                many = left[name]
                size = BATCH if many is None else min(BATCH, many)
                if size <= 0:
                    del left[name]
                    continue
                progress = self.state.of(name)
                first, progress.next_seed = progress.next_seed, progress.next_seed + size
                if many is not None:
                    left[name] = many - size
                yield name, first, size

    def _take(self, batch: Batch) -> None:
        progress = self.state.of(batch.generator)
        progress.programs += batch.programs
        progress.seconds += batch.seconds
        for name, count in batch.answered.items():
            progress.answered[name] = progress.answered.get(name, 0) + count
        progress.findings += len({finding.seed for finding in batch.findings})
        self.found += batch.findings
        for finding in batch.findings:
            self.kinds[finding.kind] += 1
            if self.kinds[finding.kind] <= SAME_KIND:
                self._print(f"{finding}\n    {finding.command}")
        if self.keep:
            record(batch.findings, self.state.compiler)
            self.state.save()

    def table(self) -> Table:
        """Progress, a row for each generator."""
        seconds = time.monotonic() - self.started
        table = Table("generator", title=f"{seconds:.0f} s, compiler {self.state.compiler}")
        for column in ("next seed", "programs", "a second and worker", "compared with", "findings"):
            table.add_column(column, justify="right")
        for name in self.generators:
            p = self.state.of(name)
            shares = (f"{who} {100 * n // max(p.programs, 1)}%" for who, n in p.answered.items())
            row = (p.next_seed, p.programs, f"{p.rate:.1f}", ", ".join(shares), p.findings)
            table.add_row(name, *map(str, row))
        return table
