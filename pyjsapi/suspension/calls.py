"""Calls that may be suspended: each on a stack of its own, until a coroutine has awaited all that it waits for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from types import CoroutineType, GeneratorType
from typing import Any, Final, TypeAlias

from pyjsapi.runtime.call_clock import CallClock
from pyjsapi.runtime.depth import call_deep
from pyjsapi.suspension.stack import Stack, Turn

_OLD_COROUTINE: Final = 0x100
"""Flag of code: `inspect.CO_ITERABLE_COROUTINE`."""


GoOn: TypeAlias = Callable[[Any, "BaseException | None"], "Awaitable[None] | None"]


class Call:
    """A call that has begun.

    When it is let go of while it is suspended, `GeneratorExit` is raised in it, as in a coroutine.
    """

    __slots__ = ("go_on", "stack")

    def __init__(self, stack: Stack, depth: int, clock: CallClock | None) -> None:
        self.stack = stack
        self.go_on: GoOn = stack.resume
        """Let it run, with a value and no exception or the other way round, until it is suspended or has ended.

        Nothing is raised. Neither its depth nor its time is counted while it is suspended.
        """
        if stack.takes_turns:
            stack.turn = Turn(depth, clock)
            return
        if clock is not None:
            self.go_on = clock.timed_parts(self.go_on)
        if depth:
            self.go_on = partial(call_deep, depth, self.go_on)

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
    stack, go_on = call.stack, call.go_on
    if running is not None:
        await running
    while not stack.ended:
        value, stack.value = stack.value, None
        try:
            if type(value) is CoroutineType or is_awaitable(value):
                value = await value
        except BaseException as error:
            value = None
            running = go_on(None, error)
        else:
            running = go_on(value, None)
        if running is not None:
            await running
    return call.result()


def is_awaitable(value: Any) -> bool:
    """Whether ``await`` takes a value."""
    type_ = type(value)
    if hasattr(type_, "__await__"):
        return True
    return type_ is GeneratorType and bool(value.gi_code.co_flags & _OLD_COROUTINE)
