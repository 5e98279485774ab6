"""Promise integration for JavaScript (js-promise-integration, index.bs, "JavaScript Promise Integration").

JavaScript calls the imported functions, awaits what they return, and keeps what that becomes; here are the stacks that
are suspended meanwhile. Calls and waits have numbers, which JavaScript gives.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from pyjsapi.bridge.face.api import Module, host_function
from pyjsapi.bridge.stack_switching import SwitchedStack
from pyjsapi.runtime import FuncInst
from pyjsapi.suspension import MissingMechanism, mechanism, running
from pyjsapi.suspension.stack import HostCall, Stack, Turn

_OUTSIDE: Final = 0
_FRAMES_BETWEEN: Final = 1
"""Why a call cannot be suspended: there is no stack of its own, or JavaScript's frames lie on it."""

_ended: Callable[[int], object] = int
_refuse: Callable[[int], object] = int
_calls: Final[dict[int, CallStack]] = {}
"""Calls that have begun, until their results are asked for."""
_waiting: Final[dict[int, Stack]] = {}
"""Stacks that go on when a wait is over."""


def why_not() -> str:
    """Why calls cannot be suspended here; empty if they can."""
    try:
        mechanism()
    except MissingMechanism as error:
        return str(error)
    return ""


def set_hooks(ended: Callable[[int], object], refuse: Callable[[int], object]) -> None:
    """Set what is told the number of every call that has ended, and what throws a SuspendError for a reason."""
    global _ended, _refuse
    _ended, _refuse = ended, refuse


# ---- calls


class CallStack(SwitchedStack):
    """The stack of a call that JavaScript has a promise of."""

    def __init__(self, func: FuncInst, arguments: tuple[Any, ...], number: int) -> None:
        super().__init__(func.call, arguments)
        self.turn = Turn(func.depth(at_once=True), func.clock())
        self.is_javascripts = True
        self._number = number

    def _in_context(self) -> None:
        super()._in_context()
        _ended(self._number)


def begin(func: FuncInst, number: int, *arguments: Any) -> None:
    """Begin a call on a stack of its own, which runs until it is first suspended or has ended."""
    stack = _calls[number] = CallStack(func, arguments, number)
    try:
        stack.resume(None, None)
    except BaseException:
        del _calls[number]
        raise


def go_on(number: int) -> None:
    """Let the stack that waits go on when JavaScript has its turn."""
    _waiting.pop(number).resume(number, None)


def result_of(number: int) -> Any:
    """What a call has ended with, as functions return or raise it."""
    stack = _calls.pop(number)
    stack.turn.settle()
    failure, stack.failure = stack.failure, None
    if failure is None:
        return stack.value
    try:
        raise failure
    finally:
        del failure


def under_way() -> int:
    """How many calls and waits there are that have not ended."""
    return len(_calls) + len(_waiting)


# ---- imports


def suspending_function(
    module: Module,
    index: int,
    start: Callable[..., int],
    finish: Callable[[int], Any],
    position: int,
    owner: int,
) -> FuncInst:
    """ "Create a suspending function" for an import.

    ``start`` calls JavaScript's function, and gives the number of the wait for what it returned; ``finish`` takes that
    and gives, or raises, what became of it.
    """

    def started(*arguments: Any) -> int:
        number = start(*arguments)
        stack = running()
        if stack is not None:
            _waiting[number] = stack
        return number

    def suspending(*arguments: Any) -> Any:
        stack = running()
        if stack is None:
            raise _refusal(None)
        if stack.is_continuation:
            return finish(stack.suspend(HostCall(started, arguments, _refusal)))
        return finish(stack.suspend(started(*arguments)))

    return host_function(module, index, suspending, position, owner)


def _refusal(_: FrameType | None) -> BaseException:
    """The SuspendError for where the running stack, if there is one, cannot be suspended."""
    try:
        _refuse(_OUTSIDE if SwitchedStack.innermost() is None else _FRAMES_BETWEEN)
    except BaseException as error:
        return error
    raise TypeError("nothing was thrown")
