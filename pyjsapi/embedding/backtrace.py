"""The WebAssembly calls that an exception passed on its way out, for people who look for the mistake.

Collecting them when an exception leaves is cheap; where in a module they are is looked up when somebody asks.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, SupportsIndex, TypeAlias, overload

if TYPE_CHECKING:
    from pyjsapi.embedding.wasm_frame import WasmFrame

ATTRIBUTE: Final = "wasm_frames"
"""Attribute of exceptions that have passed WebAssembly calls: their `Backtrace`."""
MOST_CALLS: Final = 100
"""Calls that are kept: the innermost."""
_NOTED: Final = 20


Locate: TypeAlias = "Callable[[], WasmFrame]"
"""Looks up where a call is."""


class Backtrace(Sequence["WasmFrame"]):
    """The WebAssembly calls that an exception passed, innermost first.

    Of very many only the innermost are kept; ``omitted`` counts those further out.
    """

    def __init__(self, frames: Iterable[WasmFrame] = (), omitted: int = 0) -> None:
        self._frames = list(frames)
        """Those that were looked up."""
        self._calls: list[Locate] = []
        """Those behind them that were not."""
        self.omitted = omitted
        self.outermost: int | None = None
        """`id` of whatever stands for the last call that was added, while it goes on."""

    def add(self, calls: Sequence[Locate], omitted: int, outermost: int) -> None:
        """Add calls further out, innermost first, and how many more there were behind them."""
        room = max(MOST_CALLS - len(self), 0) if not self.omitted else 0
        self._calls += calls[:room]
        self.omitted += len(calls[room:]) + omitted
        self.outermost = outermost

    def _looked_up(self) -> list[WasmFrame]:
        if self._calls:
            # In one step, for threads that ask together.
            frames = self._frames + [locate() for locate in self._calls]
            self._frames, self._calls = frames, []
        return self._frames

    def __len__(self) -> int:
        return len(self._frames) + len(self._calls)

    def __iter__(self) -> Iterator[WasmFrame]:
        return iter(self._looked_up())

    @overload
    def __getitem__(self, index: int) -> WasmFrame: ...
    @overload
    def __getitem__(self, index: slice) -> list[WasmFrame]: ...
    def __getitem__(self, index: int | slice) -> WasmFrame | list[WasmFrame]:
        return self._looked_up()[index]

    def __repr__(self) -> str:
        return f"Backtrace({self._looked_up()!r}, {self.omitted})"

    def __str__(self) -> str:
        """A line for each call, or several that are alike, as an error's note has it."""
        lines: list[str] = []
        left = len(self) + self.omitted
        for frame, same in groupby(self._looked_up()):
            if len(lines) == _NOTED:
                break
            count = sum(1 for _ in same)
            left -= count
            line = f"  {frame}"
            if frame.line is not None:
                line += f", line {frame.line}:{frame.column}"
            lines.append(line if count == 1 else f"{line}, {count} times")
        if left:
            lines.append(f"  … and {left} more")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[Any, ...]:
        return Backtrace, (tuple(self), self.omitted)


class _Notes(list[str]):
    """The notes of an exception, one of which is written when it is read."""

    def __init__(self, notes: Iterable[str], backtrace: Backtrace) -> None:
        super().__init__(notes)
        self.backtrace = backtrace
        self._at = super().__len__()
        self.append("")

    def _write(self) -> None:
        super().__setitem__(self._at, f"WebAssembly calls, innermost first:\n{self.backtrace}")

    def __iter__(self) -> Iterator[str]:
        self._write()
        return super().__iter__()

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> str: ...
    @overload
    def __getitem__(self, index: slice, /) -> list[str]: ...
    def __getitem__(self, index: SupportsIndex | slice, /) -> str | list[str]:
        self._write()
        return super().__getitem__(index)

    def __repr__(self) -> str:
        self._write()
        return super().__repr__()

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)


def backtrace_of(exception: BaseException) -> Backtrace | None:
    """The calls that an exception is known to have passed."""
    found = getattr(exception, ATTRIBUTE, None)
    return found if isinstance(found, Backtrace) else None


def attach(exception: BaseException, backtrace: Backtrace) -> None:
    """Let an exception show the calls that it passed, as an attribute and in a note. Nothing is done for none."""
    if not backtrace:
        return
    # An exception of the host's may refuse attributes, in whatever way.
    with contextlib.suppress(Exception):
        setattr(exception, ATTRIBUTE, backtrace)
        notes = getattr(exception, "__notes__", ())
        if not (isinstance(notes, _Notes) and notes.backtrace is backtrace):
            exception.__notes__ = _Notes(notes, backtrace)
