"""Which instruction a piece of generated code is for: the function, translated once more with marks in its text.

Several instructions stand on one line, so that the line alone does not tell which of them failed. Here whatever may
trap or call brackets the text of its expression, and whoever puts expressions together takes the brackets along.
Without them the text is the same, to the letter: translation is told apart by nothing, and depends on lengths only
through `Frame.length`. Nothing of this is kept in code that runs.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final, TypeVar

from pyjsapi.compiler.expression import EFFECT, TRAPS, Entry, Extended, Loaded
from pyjsapi.compiler.frame import Frame

_FAILS: Final = TRAPS | EFFECT
_OPEN: Final = "\x02"
_OPENED: Final = "\x03"
_CLOSE: Final = "\x04"
"""Characters that generated text never has."""
_BRACKET: Final = re.compile(f"{_OPEN}(\\d+){_OPENED}|{_CLOSE}")

_F = TypeVar("_F", bound=Frame)


def plain(text: str) -> str:
    """The text without brackets."""
    return _BRACKET.sub("", text)


class Tracing(Frame):
    """A frame that brackets what may fail."""

    length = staticmethod(lambda text: len(plain(text)))

    def push(self, entry: Entry) -> None:
        """See `Frame`."""
        if entry.flags & _FAILS:
            entry = self._bracketed(entry)
        super().push(entry)

    def _bracketed(self, entry: Entry) -> Entry:
        before, form = f"{_OPEN}{self.mark >> 2}{_OPENED}", entry.form
        if isinstance(form, Extended):
            form = Extended(f"{before}{form.canonical}{_CLOSE}")
        elif isinstance(form, Loaded):
            form = Loaded(form.source, before, _CLOSE)
        new = type(entry)(
            entry.type, f"{before}{entry.text}{_CLOSE}", entry.prec, entry.low, entry.high,
            entry.deps, entry.flags, form, entry.align, entry.local,
        )  # fmt: skip
        new.denied = entry.denied
        new.linear = entry.linear
        return new


def tracing(kind: type[_F]) -> type[_F]:
    """The kind of frame, with brackets."""
    return type(f"Tracing{kind.__name__}", (Tracing, kind), {})


class SourceMap:
    """For each place in a function's Python source the instruction that it is for."""

    def __init__(self, frame: Frame) -> None:
        self._lines = frame.lines
        self._marks = frame.marks
        self._starts = frame.starts
        self._further = int(bool(frame.scope.metering))
        """How much further right the code is in the text that was compiled."""

    def instruction(self, line: int, column: int | None, end: int | None) -> int | None:
        """Position in the function's body of the instruction for the characters from ``column`` to ``end``.

        Lines count from 1, columns from 0. Without columns it is the instruction that the line was written for.
        ``None`` for code that is for none.
        """
        if not 0 < line <= len(self._lines):
            return None
        position = self._marks[line - 1] >> 2
        if column is not None and end is not None:
            column, end = column - self._further, end - self._further
            position = _bracketing(self._lines[line - 1], column, end, position)
        if position < 0:
            return None
        return position if self._starts is None else bisect_right(self._starts, position) - 1


def _bracketing(text: str, column: int, end: int, otherwise: int) -> int:
    """What the innermost brackets around a part of the text say."""
    opened: list[tuple[int, int]] = []
    brackets = 0
    for found in _BRACKET.finditer(text):
        at = found.start() - brackets
        brackets += found.end() - found.start()
        if found[1] is not None:
            opened.append((at, int(found[1])))
        else:
            start, position = opened.pop()
            if start <= column and end <= at:
                return position
    return otherwise
