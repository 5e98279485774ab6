"""What a demonstration says while it runs: its steps, its figures, and what it has checked."""

from __future__ import annotations

import math
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from pyjsapi.demos.pictures import Space, drawn, shaded

Kind = Literal["title", "step", "figure", "check", "picture", "image", "end"]

FAILED: Final = 1
"""The exit status where something is wrong, or nothing was checked."""

_ENOUGH: Final = 0.01
"""Seconds that one measurement takes at least: clocks are coarse in pages."""


@dataclass(frozen=True)
class Line:
    """Something that was said.

    A check has ``passed`` and may have an ``id``, a figure has ``value`` and ``unit``, a picture ``spaces``,
    an image ``width``, ``height`` and ``pixels`` (RGBA).
    """

    kind: Kind
    text: str
    passed: bool | None = None
    id: str = ""
    value: float | str | None = None
    unit: str = ""
    spaces: tuple[Space, ...] = ()
    width: int = 0
    height: int = 0
    pixels: bytes = b""

    def data(self) -> dict[str, Any]:
        """The line as JSON can say it, for pages: what a kind of lines does not have is not there."""
        found: dict[str, Any] = {"kind": self.kind, "text": self.text}
        if self.kind == "check":
            found |= {"id": self.id, "passed": self.passed}
        elif self.kind == "figure":
            found["value"] = f"{_number(self.value)} {self.unit}".rstrip()
        elif self.kind == "picture":
            found["spaces"] = [space.data() for space in self.spaces]
        elif self.kind == "image":
            pixels = b64encode(self.pixels).decode()
            found |= {"width": self.width, "height": self.height, "pixels": pixels}
        return found

    def __str__(self) -> str:
        match self.kind:
            case "step":
                return f"  - {self.text}"
            case "figure":
                return f"    {self.text}: {_number(self.value)} {self.unit}".rstrip()
            case "picture":
                return drawn(self.spaces)
            case "image":
                return f"    {self.text}:\n{shaded(self.width, self.height, self.pixels)}"
            case "check":
                id_ = f"{self.id}: " if self.id else ""
                return f"  {'ok  ' if self.passed else 'FAIL'} {id_}{self.text}"
            case _:
                return self.text


class Report:
    """Lines in the order in which they were said; ``out`` gets each of them at once."""

    def __init__(self, out: Callable[[Line], None] = print) -> None:
        self.lines: list[Line] = []
        self.status = FAILED
        """The exit status, which is known at the end."""
        self._out = out

    def say(self, line: Line) -> None:
        """Add a line, whatever it is."""
        self.lines.append(line)
        self._out(line)

    def step(self, text: str) -> None:
        """Say what is done next."""
        self.say(Line("step", text))

    def figure(self, text: str, value: float | str, unit: str = "") -> None:
        """Say what was measured or counted. It is for people: no result depends on it."""
        self.say(Line("figure", text, value=value, unit=unit))

    def picture(self, *spaces: Space) -> None:
        """Show address spaces as they are now."""
        self.say(Line("picture", "", spaces=spaces))

    def image(self, text: str, width: int, height: int, pixels: bytes) -> None:
        """Show an image: pages do as it is, terminals in shades."""
        self.say(Line("image", text, width=width, height=height, pixels=pixels))

    def check(self, text: str, passed: object, id: str = "") -> None:
        """Say whether something is so. ``id`` is the acceptance check that it is a part of, if it is of one."""
        self.say(Line("check", text, bool(passed), id))

    def equal(self, text: str, found: object, expected: object, id: str = "") -> None:
        """Check that something is what is expected, and show what it is where it is not."""
        same = bool(found == expected)
        self.check(text if same else f"{text}: {found!r}, not {expected!r}", same, id)

    def raises(
        self,
        text: str,
        error: type[BaseException] | tuple[type[BaseException], ...],
        call: Callable[[], Any],
        id: str = "",
    ) -> None:
        """Check that a call raises an error of a kind, and show the error's text."""
        try:
            result = call()
        except error as raised:
            self.check(f"{text} ({type(raised).__name__}: {raised})", True, id)
        else:
            self.check(f"{text}: it returned {result!r}", False, id)

    @property
    def checks(self) -> list[Line]:
        """The lines that are checks."""
        return [line for line in self.lines if line.kind == "check"]


def seconds(call: Callable[[], Any], repeats: int = 5) -> float:
    """The seconds that a call takes: the median of several measurements, each of as many calls as a clock needs."""
    calls = 1
    while (taken := _timed(call, calls)) < _ENOUGH:
        calls *= 2
    times = sorted([taken, *(_timed(call, calls) for _ in range(repeats - 1))])
    return times[len(times) // 2] / calls


def _timed(call: Callable[[], Any], calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return time.perf_counter() - start


def _number(value: float | str | None) -> str:
    """A number as people read it: three digits, thousands apart."""
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float) and math.isfinite(value) and value:
        digits = max(0, 2 - math.floor(math.log10(abs(value))))
        return f"{value:,.{digits}f}"
    return str(value)
