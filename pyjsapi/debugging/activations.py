"""Calls of functions of WebAssembly, and what is said of calls of either kind."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from pyjsapi.debugging.conditions import Stop
from pyjsapi.debugging.recording import HostCall
from pyjsapi.debugging.routines import Routine
from pyjsapi.embedding.backtrace import Backtrace, Locate, attach, backtrace_of
from pyjsapi.embedding.wasm_frame import WasmFrame
from pyjsapi.runtime import FuncInst


class Activation:
    """A call of a function of WebAssembly."""

    __slots__ = ("enters", "locals", "operands", "position", "routine", "tells")

    def __init__(self, routine: Routine, arguments: Sequence[Any], *, enters: bool) -> None:
        self.routine = routine
        self.position = routine.first
        """The next instruction; of one that has called, the call; negative at the function's end."""
        self.locals = routine.locals_for(arguments)
        self.operands: list[Any] = [None] * routine.plan.operations.height
        self.enters = enters
        """Whether the host called."""
        self.tells: Stop | None = None
        """What to stop for when it has returned."""

    @property
    def results(self) -> list[Any]:
        """The results, at the end."""
        return self.operands[: self.routine.plan.results]


def locate(routine: Routine, position: int) -> WasmFrame:
    compiled = routine.environment.compiled
    offset = routine.environment.variant.offset_of(routine.index, routine.instruction(position))
    return compiled.frame(routine.index, offset)


def import_stop(number: int, when: str, func: FuncInst) -> Stop:
    return {"reason": "import", "breakpoints": [number], "when": when, "index": func.index}


def values_of(result: Any, count: int) -> Sequence[Any]:
    if count == 1:
        return (result,)
    return tuple(result) if count else ()


def note_calls(frames: Sequence[Activation | HostCall], exception: BaseException) -> None:
    """Let what was raised tell the calls that it passes, as compiled code does."""
    calls: list[Locate] = []
    for frame in reversed(frames):
        if isinstance(frame, HostCall):
            break
        calls.append(partial(locate, frame.routine, frame.position))
        if frame.enters:
            break
    backtrace = backtrace_of(exception) or Backtrace()
    backtrace.add(calls, 0)
    attach(exception, backtrace)
