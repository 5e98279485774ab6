"""Stacks of the package greenlet: the same thread goes on on another one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextvars import Context, copy_context
from types import FrameType
from typing import Any, Final

from greenlet import error as GreenletError
from greenlet import getcurrent, greenlet

from pyjsapi.blocks.undivided import find_frames_by
from pyjsapi.suspension.stack import Stack, nothing
from pyjsapi.syntax.errors import Trap

_LIVE: Final[dict[int, GreenletStack]] = {}
"""All that have begun and not ended."""


class GreenletStack(Stack, greenlet):
    """A greenlet that returns to whoever resumed it last."""

    def __init__(self, function: Callable[..., Any], arguments: Sequence[Any]) -> None:
        greenlet.__init__(self)
        self._call = (function, arguments)
        self._context: Context | None = None

    def run(self, _: Any) -> None:
        """Be the greenlet."""
        call, self._call = self._call, (nothing, ())
        _LIVE[id(self)] = self
        try:
            self.begin(*call)
        finally:
            self._context = None
            _LIVE.pop(id(self), None)

    def suspend(self, value: Any) -> Any:
        """See `Stack`."""
        self.value = value
        return self.parent.switch()  # type: ignore[union-attr] # it runs, so it has one

    def resume(self, value: Any, error: BaseException | None) -> None:
        """See `Stack`."""
        try:
            here = getcurrent()
            context = here.gr_context
            if context is not self._context or context is None:
                if context is None:
                    copy_context()  # Now there is one.
                    context = here.gr_context
                self.gr_context = self._context = context
            if self.parent is not here:
                self.parent = here
            if error is None:
                self.switch(value)
            else:
                self.throw(error)
        except (GreenletError, ValueError) as failure:
            message = f"what is suspended by greenlet goes on in its own thread: {failure}"
            raise Trap(message) from None

    def let_go(self) -> None:
        """See `Stack`."""
        _LIVE.pop(id(self), None)


def _running() -> Stack | None:
    """See `Mechanism`."""
    here = getcurrent()
    return here if type(here) is GreenletStack else None


class Greenlets:
    """See `Mechanism`."""

    name: Final = "greenlet"
    running = staticmethod(_running)

    def stack(self, function: Callable[..., Any], arguments: Sequence[Any], /) -> Stack:
        """See `Mechanism`."""
        return GreenletStack(function, arguments)


def _suspended_frames() -> Iterator[FrameType]:
    # The stack that one waits for has no frame of its own here, nor has one that runs: those are a thread's.
    seen = set()
    for stack in list(_LIVE.values()):
        waiting: greenlet | None = stack
        while waiting is not None and id(waiting) not in seen:
            seen.add(id(waiting))
            if waiting.gr_frame is not None:
                yield waiting.gr_frame
            waiting = waiting.parent


def _outer_frames() -> Iterator[FrameType]:
    waiting = getcurrent().parent
    while waiting is not None:
        if waiting.gr_frame is not None:
            yield waiting.gr_frame
        waiting = waiting.parent


find_frames_by(_suspended_frames, _outer_frames)
