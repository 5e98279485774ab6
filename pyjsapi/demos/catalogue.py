"""Which demonstrations there are, and how one is run."""

from __future__ import annotations

import asyncio
import inspect
import pkgutil
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pyjsapi.demos
from pyjsapi.demos.needs import Missing, missing, where
from pyjsapi.demos.report import FAILED, Line, Report

PASSED: Final = 0
SKIPPED: Final = 77
"""The exit status of a demonstration that lacks something here. It is what Automake and Meson take for that."""

_FRAME: Final = frozenset({"catalogue", "needs", "pictures", "report"})
"""The modules of the package that are no demonstrations."""


class Demo:
    """A demonstration: a function that is given a `Report`, and what is known of it.

    ``checks`` are the acceptance checks that it makes, ``needs`` what must be there (see `needs.missing`).
    """

    def __init__(
        self, play: Callable[[Report], Any], checks: tuple[str, ...], needs: tuple[str, ...]
    ) -> None:
        names = play.__globals__
        spec = names.get("__spec__")
        self.name: str = spec.name.rpartition(".")[2] if spec else Path(names["__file__"]).stem
        text: str = inspect.cleandoc(names.get("__doc__") or self.name)
        self.title = text.partition("\n")[0].rstrip(".")
        self.text = text
        self.checks = checks
        self.needs = needs
        self.play = play

    @property
    def where(self) -> str:
        """Where it runs, in words."""
        return where(self.needs)

    def missing(self) -> str | None:
        """What it lacks here, or ``None``."""
        return next((why for need in self.needs if (why := missing(need))), None)

    @property
    def awaits(self) -> bool:
        """Whether it awaits something."""
        return inspect.iscoroutinefunction(self.play)

    def __call__(self, out: Callable[[Line], None] = print) -> int:
        """Run it, on an event loop of its own if it awaits something; the exit status."""
        if self.awaits:
            return asyncio.run(self.run(out))
        with self._session(report := Report(out)):
            self._demand()
            self.play(report)
        return report.status

    async def run(self, out: Callable[[Line], None] = print) -> int:
        """Run it on the event loop that runs, as in a page; the exit status."""
        with self._session(report := Report(out)):
            self._demand()
            result = self.play(report)
            if self.awaits:
                await result
        return report.status

    def _demand(self) -> None:
        why = self.missing()
        if why is not None:
            raise Missing(why)

    @contextmanager
    def _session(self, report: Report) -> Iterator[None]:
        """Say what is played, and what became of it."""
        report.say(Line("title", f"{self.name}: {self.title}"))
        started = time.perf_counter()
        try:
            yield
        except BrokenPipeError:
            raise  # Whoever read the report has enough.
        except Missing as error:
            report.status = SKIPPED if all(line.passed for line in report.checks) else FAILED
            report.say(Line("end", f"SKIPPED {self.name}: {error}"))
        except Exception as error:
            report.say(Line("end", "".join(traceback.format_exception(error)).rstrip()))
            report.say(Line("end", f"FAIL {self.name}: it raised {type(error).__name__}"))
        else:
            self._end(report, time.perf_counter() - started)

    def _end(self, report: Report, taken: float) -> None:
        count, wrong = len(report.checks), sum(not line.passed for line in report.checks)
        said = f"{wrong} of {count} checks failed" if wrong else f"{count} checks"
        passed = bool(count) and not wrong
        report.status = PASSED if passed else FAILED
        verdict = "PASS" if passed else "FAIL"
        report.say(Line("end", f"{verdict} {self.name}: {said}, {taken:.2f} s"))


def demo(*, checks: str = "", needs: str = "") -> Callable[[Callable[[Report], Any]], Demo]:
    """Make a demonstration of a function. ``checks`` and ``needs`` are words with spaces between them."""
    return lambda play: Demo(play, tuple(checks.split()), tuple(needs.split()))


def names() -> list[str]:
    """The names of all demonstrations."""
    found = (info.name for info in pkgutil.iter_modules(pyjsapi.demos.__path__))
    return sorted(set(found) - _FRAME)


def find(name: str) -> Demo:
    """The demonstration of a name. Raises `KeyError` if there is none."""
    if name not in names():
        raise KeyError(name)
    found: Demo = import_module(f"pyjsapi.demos.{name}").main
    return found


def table() -> str:
    """A line for each demonstration: its name, where it runs, what it shows."""
    found = [find(name) for name in names()]
    width = max(len(each.name) for each in found)
    place = max(len(each.where) for each in found)
    return "\n".join(f"{each.name:{width}}  {each.where:{place}}  {each.title}" for each in found)


def run_all(chosen: list[str]) -> int:
    """Run several demonstrations; 0 if none failed, those that were skipped being named at the end."""
    results: dict[str, int] = {}
    for name in chosen:
        if results:
            print()
        results[name] = find(name)()
    if len(chosen) == 1:
        return results[chosen[0]]
    by_result = {
        said: [name for name, result in results.items() if result == value]
        for said, value in (("passed", PASSED), ("failed", FAILED), ("skipped", SKIPPED))
    }
    print("\n" + ", ".join(f"{len(found)} {said}" for said, found in by_result.items() if found))
    for said in ("failed", "skipped"):
        if by_result[said]:
            print(f"{said}: {' '.join(by_result[said])}")
    return FAILED if by_result["failed"] else PASSED
