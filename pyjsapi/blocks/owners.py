"""To whom asynchronous waiters belong: to the thread that runs their agent, and to the event loop that will tell them.

When either ends, they end. A thread ends when `end_thread` is called in it, and at the latest when the system lets go
of what belongs to it alone. A loop ends when it is closed or nobody has it any more: then it drops what was scheduled
on it, and so a handle that each loop with waiters gets.
"""

from __future__ import annotations

import contextvars
import os
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any, Final, Protocol

from pyjsapi.blocks.carried import carry

if TYPE_CHECKING:
    import asyncio

_LATER: Final = 86400.0
"""Seconds that a loop's handle is scheduled for, again and again: what every kind of loop can take."""


class Belonging(Protocol):
    """What ends with its owner."""

    def abandon(self) -> None:
        """The owner has ended. Called in whatever thread, and again where there are two."""


class Owner:
    """A thread or an event loop."""

    __slots__ = ("__weakref__", "_belongings", "_borrowed", "_process", "reference")

    _is_exiting = staticmethod(sys.is_finalizing)  # then the module's names may be gone

    def __init__(self) -> None:
        self._belongings: set[Belonging] = set()
        self._borrowed: set[weakref.ref[Any]] = set()
        self._process = os.getpid()
        self.reference = weakref.ref(self)
        """How those who belong to it keep it: a thread or a loop ends when it is let go of."""

    def add(self, belonging: Belonging) -> None:
        """Let something end when this ends, and live until then."""
        self._belongings.add(belonging)

    def borrow(self, belonging: weakref.ref[Any]) -> None:
        """Let something end when this ends, if it still lives then."""
        self._borrowed.add(belonging)

    def discard(self, belonging: Belonging) -> None:
        """What was added has come to its end."""
        self._belongings.discard(belonging)

    def give_back(self, belonging: Belonging) -> None:
        """What was borrowed has."""
        self._borrowed.discard(weakref.ref(belonging))

    def end(self) -> None:
        """End all that belongs here. In a fork of the process nothing does: it waits in the other one."""
        if os.getpid() != self._process:
            return
        for reference in list(self._borrowed):
            borrowed = reference()
            if borrowed is not None:
                borrowed.abandon()
        for belonging in list(self._belongings):
            belonging.abandon()
        self._borrowed.clear()
        self._belongings.clear()

    def __del__(self) -> None:
        if not self._is_exiting():
            self.end()


class _Current(threading.local):
    owner: Owner | None = None
    loop: weakref.ref[asyncio.AbstractEventLoop] | None = None
    loop_owner: weakref.ref[Owner] | None = None


_CURRENT: Final = _Current()
carry(_CURRENT)


def thread_owner() -> Owner:
    """The running thread."""
    owner = _CURRENT.owner
    if owner is None:
        owner = _CURRENT.owner = Owner()
    return owner


def end_thread() -> None:
    """The agent of the running thread has ended."""
    owner, _CURRENT.owner = _CURRENT.owner, None
    if owner is not None:
        owner.end()


_LOOPS: Final[weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, weakref.ref[Owner]]] = (
    weakref.WeakKeyDictionary()
)
_ENDLESS: Final[dict[asyncio.AbstractEventLoop, Owner]] = {}
"""Pyodide's loop, which no program closes and whose timers are JavaScript's."""


def loop_owner(loop: asyncio.AbstractEventLoop) -> Owner:
    """An event loop, which runs."""
    if sys.platform == "emscripten":
        if loop not in _ENDLESS:
            _ENDLESS[loop] = Owner()
        return _ENDLESS[loop]
    if _CURRENT.loop is not None and _CURRENT.loop() is loop:
        reference = _CURRENT.loop_owner
    else:
        reference = _LOOPS.get(loop)
    owner = None if reference is None else reference()
    if owner is None:
        owner = Owner()
        _LOOPS[loop] = owner.reference
        _hold(loop, owner)
    _CURRENT.loop, _CURRENT.loop_owner = weakref.ref(loop), owner.reference
    return owner


def _hold(loop: asyncio.AbstractEventLoop, owner: Owner) -> None:
    """Let the loop, and nobody else, keep the owner."""
    loop.call_later(_LATER, _hold, loop, owner, context=contextvars.Context())


def is_own_timer(handle: asyncio.TimerHandle) -> bool:
    """Whether a timer of an event loop is no program's, but keeps the loop's owner."""
    return getattr(handle, "_callback", None) is _hold
