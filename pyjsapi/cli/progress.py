"""How far long work is: a bar in a terminal where there is rich (the extra ``cli``), else a line now and then.

All of it goes to standard error, and nothing is shown of what is over soon.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, TextIO

from pyjsapi.syntax.watching import watching

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_BAR_AFTER: Final = 0.5
"""Seconds after which a bar is shown; rich is not imported before."""
_LINE_EVERY: Final = 5.0
"""Seconds between lines, and before the first."""


@contextmanager
def shown(
    *,
    quiet: bool = False,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[None]:
    """Show how far the work is that is done inside, unless ``quiet``."""
    target = sys.stderr if stream is None else stream
    if quiet or target is None:
        yield
        return
    display = _Bars(target, clock) if _takes_bars(target) else _Lines(target, clock)
    with watching(display.told):
        try:
            yield
        finally:
            display.end()


def _takes_bars(stream: TextIO) -> bool:
    """Whether somebody looks at it, on a terminal that can go back, and rich is there."""
    return (
        stream.isatty()
        and not os.environ.get("CI")
        and os.environ.get("TERM") != "dumb"
        and find_spec("rich") is not None
    )


class _Lines:
    """A line now and then."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._clock = clock
        self._next = clock() + _LINE_EVERY

    def told(self, what: str, done: int, total: int) -> None:
        now = self._clock()
        if now >= self._next:
            self._next = now + _LINE_EVERY
            print(f"pyjsapi: {what}: {done:,} of {total:,}", file=self._stream, flush=True)

    def end(self) -> None:
        """Nothing is left of lines."""


class _Bars:
    """A bar for each kind of work, which are gone when it is over."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._clock = clock
        self._begin = clock() + _BAR_AFTER
        self._shown: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def told(self, what: str, done: int, total: int) -> None:
        if self._shown is None:
            if self._clock() < self._begin:
                return
            self._shown = self._started()
        task = self._tasks.get(what)
        if task is None:
            task = self._tasks[what] = self._shown.add_task(what, total=total)
        self._shown.update(task, completed=done, total=total)

    def _started(self) -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
        made = Progress(*columns, console=Console(file=self._stream), transient=True)
        made.start()
        return made

    def end(self) -> None:
        """Take the bars away."""
        if self._shown is not None:
            self._shown.stop()
