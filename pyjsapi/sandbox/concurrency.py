"""Runs that are awaited."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from pyjsapi.sandbox.errors import SandboxError
from pyjsapi.sandbox.result import Result

_PAUSE: Final = 0.005
"""Seconds between two tries to interrupt a run that nobody waits for: it may be about to begin."""


class Ticket:
    """Of one run that is awaited."""

    __slots__ = ("is_void",)

    def __init__(self) -> None:
        self.is_void = False
        """Whether nobody waits for it any more."""

    def check(self) -> None:
        """Raise `SandboxError` where nobody waits."""
        if self.is_void:
            raise SandboxError("the run was cancelled before it began")


async def in_thread(
    run: Callable[[], Result], ticket: Ticket, interrupt: Callable[[], bool]
) -> Result:
    """What ``run`` gives, in a thread.

    When nobody waits for it any more, ``interrupt`` is called until it has ended, or says that this is not possible.
    """
    if sys.platform == "emscripten":
        return run()
    import asyncio
    from contextvars import copy_context

    running = asyncio.get_running_loop().run_in_executor(None, copy_context().run, run)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        ticket.is_void = True
        running.add_done_callback(lambda done: done.cancelled() or done.exception())
        while not running.done() and interrupt():
            await asyncio.sleep(_PAUSE)
        raise
