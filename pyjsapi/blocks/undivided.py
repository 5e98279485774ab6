"""One step of Python that does several things: no other thread has its turn in between, and the collector none.

CPython lets other threads run where a function of Python begins or returns, and where a loop goes round. A call of C
that runs through iterators of C has no such places, unless the garbage collector runs finalisers in it.
"""

from __future__ import annotations

import gc
import operator
import sys
from _thread import get_ident
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, compress
from types import FrameType
from typing import Any, Final


def run_through(*parts: Iterable[Any]) -> None:
    """Run through iterators, one after the other, in one step. What they call must be functions of C."""
    was_on: list[bool] = []
    before = map(was_on.append, map(operator.call, (gc.isenabled,)))
    off = map(operator.call, (gc.disable,))
    on = map(operator.call, compress((gc.enable,), was_on))
    try:
        deque(chain(before, off, *parts, on), maxlen=0)
    except BaseException:
        if was_on and was_on[0]:
            gc.enable()
        raise


def current_frames() -> dict[int, FrameType]:
    """The innermost frame of every other thread, by its identity.

    As `sys._current_frames`, which holds a lock of the interpreter: where the collector lets another thread run in it,
    up to CPython 3.11, and that one starts or ends a thread, both wait for each other for ever.
    """
    found: list[dict[int, FrameType]] = []
    run_through(map(found.append, map(operator.call, (sys._current_frames,))))
    # That of `run_through` would keep itself, and with it all that its callers have.
    found[0].pop(get_ident(), None)
    return found[0]


_suspended: Final[list[Callable[[], Iterator[FrameType]]]] = []
_outer: Final[list[Callable[[], Iterator[FrameType]]]] = []


def suspended_frames() -> Iterator[FrameType]:
    """The innermost frames of stacks that no thread runs now, because they are suspended or wait for another one."""
    for frames in _suspended:
        yield from frames()


def outer_frames() -> Iterator[FrameType]:
    """The innermost frames of the stacks that the running one returns to."""
    for frames in _outer:
        yield from frames()


def find_frames_by(
    suspended: Callable[[], Iterator[FrameType]], outer: Callable[[], Iterator[FrameType]]
) -> None:
    """Ask for those frames from now on: a thread may have more stacks than Python knows of (see `suspension`)."""
    _suspended.append(suspended)
    _outer.append(outer)
