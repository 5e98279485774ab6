"""A stack of its own for one call, which can be suspended there and goes on later."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Sequence
from types import FrameType
from typing import Any, Final, Protocol

from pyjsapi.runtime.call_clock import CallClock
from pyjsapi.runtime.depth import deepen, entries, leave
from pyjsapi.runtime.function import BOUNDARY, is_generated

_COUNTED: Final = "counted"
"""What counts host calls, between WebAssembly and the host function: see `runtime.host_calls`."""


class Turn:
    """What a part of a call borrows, from one suspension to the next: its depth, and the clock that it is timed by."""

    __slots__ = ("_depth", "_part")

    def __init__(self, depth: int, clock: CallClock | None) -> None:
        self._depth = depth
        self._part = None if clock is None else clock.part()

    def deepen(self) -> None:
        """Said outside, before the part begins: inside it may be too deep for that already."""
        if self._depth:
            entries[0] += 1
            deepen(self._depth)

    def take(self) -> None:
        """Said inside: the part begins."""
        if self._part is not None:
            self._part.enter()

    def give(self) -> None:
        """Said inside: it ends."""
        if self._part is not None:
            self._part.leave()
        if self._depth:
            entries[0] -= 1
            self.settle()

    def settle(self) -> None:
        """Said outside afterwards: deep inside the usual limit cannot come back."""
        if self._depth and not entries[0]:
            leave()


class Stack:
    """What all kinds of stacks have in common: their base, and what is handed over."""

    value: Any = None
    """What it is suspended for; when it has ended, the result."""
    failure: BaseException | None = None
    """What it ended with, if not with a result."""
    ended: bool = False
    takes_turns: bool = False
    """Whether it takes its ``turn`` itself, because it does not run while it is resumed."""
    is_continuation: bool = False
    """Whether it is WebAssembly's own, not one of promise integration: see `continuations`."""
    nesting: int = 0
    """Inside how many continuations it runs."""
    is_foreign: bool = False
    """Whether frames of an engine are on it that are not Python's, and cannot be suspended."""
    turn: Turn
    _base: FrameType | None = None
    known: FrameType | None = None
    """Where `between` has looked last, and found nothing."""

    def begin(self, function: Callable[..., Any], arguments: Sequence[Any]) -> None:
        """Be the outermost function on the stack."""
        self._base = sys._getframe()
        try:
            self.value = function(*arguments)
        except BaseException as error:
            self.value, self.failure = None, error
        finally:
            self.ended = True
            self._base = self.known = None

    def between(self, caller: FrameType | None) -> FrameType | None:
        """The innermost frame of the host's between ``caller``, which calls a host function, and the stack's base.

        ``None`` where there is none, so that the stack may be suspended: it is active, as the specification says.
        """
        frame, known, base = caller, self.known, self._base
        while frame is not None and frame is not known:
            code = frame.f_code
            name = code.co_filename
            if not is_generated(name) and not (name is BOUNDARY and code.co_name == _COUNTED):
                if frame.f_back is not base and frame is not base:
                    return frame
                break  # the function that the stack is for
            frame = frame.f_back
        if frame is None:
            return caller  # an engine's own frames are not Python's
        # Whoever calls again from this frame need not look beyond it: it returns to nobody else.
        self.known = caller
        return None

    def suspend(self, value: Any) -> Any:
        """Called on the stack itself: wait for a value; what it becomes, or the exception that it raises."""
        raise NotImplementedError

    def resume(self, value: Any, error: BaseException | None) -> Part | None:
        """Called from outside: begin, or go on with a value or an exception, until it is suspended or has ended.

        Where that takes its time it gives an awaitable of it.
        """
        raise NotImplementedError

    def let_go(self) -> None:
        """It is not going to be resumed any more."""


def nothing() -> None:
    """In place of a call that has begun: whoever holds the stack need not hold its arguments."""


class HostCall:
    """What a continuation's stack is suspended with for a call of a host function whose result is to be awaited.

    It is handed on to the stack of promise integration that the continuation runs on, and called there; ``refusal``
    makes the exception for where there is none (``None``), or for the frame of the host's that lies between.
    """

    __slots__ = ("arguments", "function", "refusal")

    def __init__(
        self,
        function: Callable[..., Any],
        arguments: Sequence[Any],
        refusal: Callable[[FrameType | None], BaseException],
    ) -> None:
        self.function = function
        self.arguments = arguments
        self.refusal = refusal


class Part(Protocol):
    """Until a stack that goes on is suspended again or has ended, where whoever resumes it has to wait for that."""

    def __await__(self) -> Generator[Any, None, None]: ...

    def wait_on(self, stack: Any, /) -> None:
        """Wait without awaiting, on a stack that runs and is suspended meanwhile."""


class Mechanism(Protocol):
    """A way to have stacks."""

    @property
    def name(self) -> str:
        """What it is chosen by."""

    def stack(self, function: Callable[..., Any], arguments: Sequence[Any], /) -> Stack:
        """A stack on which the function is called when it is first resumed."""

    def running(self) -> Stack | None:
        """The stack that runs in this thread; ``None`` outside of any."""
