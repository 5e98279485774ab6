"""Calls that may be suspended: each on a stack of its own, until a coroutine has awaited all that it waits for."""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import suppress
from types import CoroutineType, GeneratorType
from typing import Any, Final

from pyjsapi.runtime.call_clock import CallClock
from pyjsapi.runtime.depth import call_deep
from pyjsapi.suspension.stack import Stack, Turn

_OLD_COROUTINE: Final = 0x100
"""Flag of code: `inspect.CO_ITERABLE_COROUTINE`."""


class Call:
    """A call that has begun.

    When it is let go of while it is suspended, `GeneratorExit` is raised in it, as in a coroutine.
    """

    __slots__ = ("_depth", "_resume", "stack")

    def __init__(self, stack: Stack, depth: int, clock: CallClock | None) -> None:
        self.stack = stack
        self._depth = 0 if stack.takes_turns else depth
        self._resume = stack.resume
        if stack.takes_turns:
            stack.turn = Turn(depth, clock)
        elif clock is not None:
            self._resume = clock.timed_parts(stack.resume)

    def go_on(
        self, value: Any = None, error: BaseException | None = None
    ) -> Awaitable[None] | None:
        """Let it run until it is suspended or has ended. Nothing is raised."""
        # Neither its depth nor its time is counted while it is suspended.
        if self._depth:
            running: Awaitable[None] | None = call_deep(self._depth, self._resume, value, error)
        else:
            running = self._resume(value, error)
        return running

    def result(self) -> Any:
        """What it has ended with; it is the last to ask."""
        error = self.stack.failure
        if error is None:
            return self.stack.value
        self.stack.failure = None
        try:
            raise error
        finally:
            del error

    def __del__(self) -> None:
        stack = self.stack
        if not stack.ended:
            awaited = stack.value
            with suppress(
                Exception
            ):  # In another thread it cannot go on; then its own thread ends it.
                self.go_on(None, GeneratorExit())
            stack.let_go()
            if type(awaited) is CoroutineType:
                awaited.close()  # Nobody is going to await it either.


async def promise_of(call: Call, running: Awaitable[None] | None) -> Any:
    """The result of a call of which a part runs, or has run."""
    stack = call.stack
    if running is not None:
        await running
    while not stack.ended:
        value, stack.value = stack.value, None
        try:
            if is_awaitable(value):
                value = await value
        except BaseException as error:
            value = None
            running = call.go_on(None, error)
        else:
            running = call.go_on(value)
        if running is not None:
            await running
    return call.result()


def is_awaitable(value: Any) -> bool:
    """Whether ``await`` takes a value."""
    type_ = type(value)
    if type_ is CoroutineType or hasattr(type_, "__await__"):
        return True
    return type_ is GeneratorType and bool(value.gi_code.co_flags & _OLD_COROUTINE)
