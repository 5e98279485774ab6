"""The WebAssembly calls that an exception passed on its way out, for people who look for the mistake.

Collecting them when an exception leaves is cheap; where in a module they are is looked up when somebody asks.
"""

from __future__ import annotations

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

    __slots__ = ("_calls", "_frames", "omitted", "outermost")

    def __init__(self, frames: Iterable[WasmFrame] = (), omitted: int = 0) -> None:
        self._frames: Sequence[WasmFrame] = tuple(frames)
        """Those that were looked up."""
        self._calls: Sequence[Locate] = ()
        """Those behind them that were not."""
        self.omitted = omitted
        self.outermost: int | None = None
        """`id` of whatever stands for the last call that was added, while it goes on."""

    def add(self, calls: list[Locate], outermost: int) -> None:
        """Add calls further out, innermost first."""
        self.outermost = outermost
        if self._calls or self._frames:
            calls = [*self._calls, *calls]
        room = MOST_CALLS - len(self._frames)
        if len(calls) > room:
            self.omitted += len(calls) - room
            del calls[room:]
        self._calls = calls

    def _looked_up(self) -> Sequence[WasmFrame]:
        if self._calls:
            # In one step, for threads that ask together.
            frames = (*self._frames, *(locate() for locate in self._calls))
            self._frames, self._calls = frames, ()
        return self._frames

    def __len__(self) -> int:
        return len(self._frames) + len(self._calls)

    def __iter__(self) -> Iterator[WasmFrame]:
        return iter(self._looked_up())

    @overload
    def __getitem__(self, index: int) -> WasmFrame: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[WasmFrame]: ...
    def __getitem__(self, index: int | slice) -> WasmFrame | Sequence[WasmFrame]:
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

    __slots__ = ("at", "backtrace")

    at: int
    """Which one."""
    backtrace: Backtrace

    def _write(self) -> None:
        super().__setitem__(self.at, f"WebAssembly calls, innermost first:\n{self.backtrace}")

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
    return found if found.__class__ is Backtrace else None


def attach(exception: BaseException, backtrace: Backtrace) -> None:
    """Let an exception show the calls that it passed, as an attribute and in a note. Nothing is done for none."""
    if not (backtrace._calls or backtrace._frames):
        return
    try:
        setattr(exception, ATTRIBUTE, backtrace)
        notes = getattr(exception, "__notes__", ())
        if notes.__class__ is not _Notes or notes.backtrace is not backtrace:
            written = _Notes((*notes, ""))
            written.at = len(notes)
            written.backtrace = backtrace
            exception.__notes__ = written
    except Exception:  # An exception of the host's may refuse attributes, in whatever way.
        pass
