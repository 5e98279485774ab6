"""Continuations: what generated code calls for stack switching (stack-switching proposal, "Execution").

A computation runs on a `Stack` of its own. Where it suspends or switches it hands its stack's resumer an event, and
that one looks for the handler among the clauses of its ``resume``; what it has no clause for it hands on, being
suspended itself, to whoever resumed it. So the stacks between stay with the continuation.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any, Final

from pyjsapi.runtime.continuation import ContInst
from pyjsapi.runtime.exception import ExnInst, Suspended, TagInst
from pyjsapi.runtime.function import FuncInst
from pyjsapi.suspension import mechanism, running
from pyjsapi.suspension.stack import HostCall, Stack, Turn
from pyjsapi.syntax.errors import Exhaustion, Trap
from pyjsapi.validation.limits import DEFAULT_CALL_DEPTH

_Values = tuple[Any, ...]

MOST_NESTED: Final = 200
"""Continuations that may run inside each other: the stack of each takes 2 KiB more of one of C, which may be small."""
_NULL: Final = "null continuation reference"
_CONSUMED: Final = "continuation already consumed"
_UNHANDLED: Final = "unhandled tag: no resume around has a clause for it"
_ACROSS: Final = "unhandled tag: host code lies between here and the resume around"
_OUTSIDE: Final = (
    "in Pyodide continuations are resumed within WebAssembly.promising() alone: "
    "call the export as await WebAssembly.promising(export)(…)"
)


class Computation:
    """What runs on a stack until its function has returned.

    When it is let go of while it is suspended, `GeneratorExit` is raised in it, as in a coroutine: that runs no code of
    WebAssembly's.
    """

    __slots__ = ("stack",)

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        stack.is_continuation = True

    def __del__(self) -> None:
        stack = self.stack
        if stack.nesting and not stack.ended:
            _dropped.append(stack)
            _end_dropped()


class _Suspension:
    """What `suspend` hands to whoever resumed the computation."""

    __slots__ = ("tag", "values")

    def __init__(self, tag: TagInst, values: _Values) -> None:
        self.tag = tag
        self.values = values


class _Switch:
    """What `switch` hands over: the continuation to go on with, and what it is given."""

    __slots__ = ("tag", "to", "values")

    def __init__(self, tag: TagInst, values: _Values, to: ContInst) -> None:
        self.tag = tag
        self.values = values
        self.to = to


_dropped: Final[deque[Stack]] = deque()
"""Stacks that nobody is going to resume. One may hold the last reference to the next: they are ended in turns."""
_ending: Final[list[bool]] = []


def _end_dropped() -> None:
    while _dropped and not _ending and not sys.is_finalizing():
        _ending.append(True)
        try:
            stack = _dropped.popleft()
            if stack.takes_turns:
                stack.turn = Turn(
                    0, None
                )  # It ends later, and what it runs until then is not deep.
            with suppress(
                Exception
            ):  # In another thread it cannot go on; then its own thread ends it.
                stack.resume(None, GeneratorExit())
            stack.let_go()
            del stack
        finally:
            _ending.clear()


def cont_new(
    func: FuncInst | None, callee: Callable[[FuncInst], Callable[..., Any]] | None = None
) -> ContInst:
    """``cont.new``; with ``callee`` where calls of host functions are counted."""
    if func is None:
        raise Trap("null function reference")
    return ContInst(func.call if callee is None else callee(func), None)


def cont_bind(values: _Values, cont: ContInst | None) -> ContInst:
    """``cont.bind``"""
    made = _taken(cont)
    made.bound += values
    return made


def _taken(cont: ContInst | None) -> ContInst:
    """A continuation in the place of one that is consumed now."""
    if cont is None:
        raise Trap(_NULL)
    function, computation = cont.function, cont.computation
    if function is None and computation is None:
        raise Trap(_CONSUMED)
    cont.function = cont.computation = None
    return ContInst(function, computation, cont.bound)


def suspend(tag: TagInst, values: _Values) -> Any:
    """``suspend``: what the computation is resumed with, as functions return it."""
    return _results(_hand_over(_Suspension(tag, values)))


def switch(values: _Values, cont: ContInst | None, tag: TagInst) -> Any:
    """``switch``, likewise."""
    return _results(_hand_over(_Switch(tag, values, _taken(cont))))


def _results(values: _Values) -> Any:
    if len(values) == 1:
        return values[0]
    return values or None


def _hand_over(event: _Suspension | _Switch) -> _Values:
    stack = running()
    if stack is None or not stack.is_continuation:
        raise Trap(_UNHANDLED)
    caller = sys._getframe(2)
    if caller is not stack.known and stack.between(caller) is not None:
        raise Trap(_ACROSS)
    values: _Values = stack.suspend(event)
    return values


def resume(
    values: _Values,
    cont: ContInst | None,
    tags: Sequence[TagInst],
    on: Sequence[int],
    switches: Sequence[int],
) -> Any:
    """``resume``: what the computation returns. ``tags`` are the instance's, with their twins behind them.

    Raises an exception of the twin of a tag in ``on`` where the computation suspends with that tag; ``switches`` are
    those of the clauses for ``switch``.
    """
    if cont is None:
        raise Trap(_NULL)
    function, computation = cont.function, cont.computation
    if cont.bound:
        values = cont.bound + values
    if computation is not None:
        cont.computation = None
        return _run(computation, values, None, tags, on, switches, sys._getframe(1))
    if function is None:
        raise Trap(_CONSUMED)
    cont.function = None
    return _run(_begun(function, values), None, None, tags, on, switches, sys._getframe(1))


def resume_throw(
    exn: ExnInst | None,
    cont: ContInst | None,
    tags: Sequence[TagInst],
    on: Sequence[int],
    switches: Sequence[int],
) -> Any:
    """``resume_throw`` and ``resume_throw_ref``: `resume` where the exception is raised in the computation."""
    if exn is None and cont is not None and (cont.function or cont.computation):
        raise Trap("null exception reference")
    taken = _taken(cont)
    if taken.computation is None or exn is None:
        raise exn or Trap(_NULL)
    return _run(taken.computation, None, exn, tags, on, switches, sys._getframe(1))


def _begun(function: Callable[..., Any], values: _Values) -> Computation:
    stack = mechanism().stack(function, values)
    if stack.takes_turns:
        stack.turn = Turn(DEFAULT_CALL_DEPTH, None)
    return Computation(stack)


def _run(
    computation: Computation,
    value: Any,
    error: BaseException | None,
    tags: Sequence[TagInst],
    on: Sequence[int],
    switches: Sequence[int],
    caller: FrameType,
) -> Any:
    """Let a computation run until it ends, or is suspended with a tag in ``on``; ``caller`` is the code around."""
    outer: Any = running()
    nesting = 1 if outer is None else outer.nesting + 1
    if nesting > MOST_NESTED:
        raise Exhaustion("call stack exhausted")
    try:
        while True:
            stack = computation.stack
            if stack.takes_turns and outer is None:
                raise Trap(_OUTSIDE)
            stack.nesting = nesting
            part = stack.resume(value, error)
            if part is not None:
                part.wait_on(outer)
            value = error = None
            if stack.ended:
                return _ended(stack)
            event, stack.value = stack.value, None
            kind = type(event)
            if kind is _Suspension:
                for index in on:
                    if tags[index] is event.tag:
                        values = (*event.values, ContInst(None, computation))
                        raise Suspended(tags[index + len(tags) // 2], values)
            elif kind is _Switch and any(tags[index] is event.tag for index in switches):
                to = event.to
                value = (*to.bound, *event.values, ContInst(None, computation))
                if to.computation is None:
                    computation, value = _begun(to.function, value), None
                else:
                    computation = to.computation
                del to, event
                continue
            value, error = _handed_on(event, outer, caller)
    finally:
        # An exception that is kept keeps this frame.
        del computation, value, error, outer, caller


def _ended(stack: Stack) -> Any:
    failure = stack.failure
    if failure is None:
        return stack.value
    stack.failure = None
    try:
        raise failure
    finally:
        del failure, stack


def _handed_on(
    event: _Suspension | _Switch | HostCall, outer: Stack | None, caller: FrameType
) -> tuple[Any, BaseException | None]:
    """What an event gives that some stack further out is to answer: a value or an exception."""
    if outer is None or not (isinstance(event, HostCall) or outer.is_continuation):
        return None, event.refusal(None) if isinstance(event, HostCall) else Trap(_UNHANDLED)
    if caller is not outer.known:
        host = outer.between(caller)
        if host is not None:
            return None, event.refusal(host) if isinstance(event, HostCall) else Trap(_ACROSS)
    try:
        if isinstance(event, HostCall) and not outer.is_continuation:
            return outer.suspend(event.function(*event.arguments)), None
        return outer.suspend(event), None
    except BaseException as error:
        return None, error


def with_twins(tags: Sequence[TagInst]) -> list[TagInst]:
    """The tags of an instance, and for each the twin that it has in all instances."""
    for tag in tags:
        if tag.twin is None:
            tag.twin = TagInst(tag.type)
    return [*tags, *(tag.twin for tag in tags if tag.twin is not None)]


GLOBALS: Final[dict[str, Any]] = {
    "cont_bind": cont_bind,
    "cont_new": cont_new,
    "resume": resume,
    "resume_throw": resume_throw,
    "suspend": suspend,
    "switch": switch,
}
"""Names that generated code may use."""
