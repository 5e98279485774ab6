"""Workers that are threads of this process.

Messages go from queue to queue. `terminate` wakes the worker where it waits, for a notification, a message or a
timeout, and raises `WorkerTerminated` in it at the next step of the interpreter otherwise, also in an endless loop of
WebAssembly code; this costs running code nothing. A worker that catches even that gets it again until it ends. What
cannot be interrupted is a call of C code that does not return, such as ``time.sleep``: the worker ends when it returns.
"""

from __future__ import annotations

import _weakrefset
import asyncio
import os
import sys
import threading
from typing import Any, ClassVar, Final

from pyjsapi.agents.agent import WorkerTerminated
from pyjsapi.agents.backend import Backend, Frame, Job, Link
from pyjsapi.agents.scope import new_agent, run_worker
from pyjsapi.blocks import waiting

_PATIENCE: Final = 0.25
"""Seconds that a terminated worker is given to end: its exception may have been caught."""
_SOON: Final = 0.002
"""Seconds after which a worker is looked at again that is in the middle of something."""
_ROUNDS: Final = 8
"""How many exceptions may come in a row while a worker ends: one is raised where it waits, others at any step."""
_POSTPONED: Final = 100
"""How often that is done, at longer and longer intervals: for a second in all."""
_DELICATE: Final = (
    "<frozen importlib",
    threading.__file__,
    _weakrefset.__file__,
    os.path.dirname(asyncio.__file__),
    os.path.dirname(waiting.__file__),
)
"""What the files are called whose code takes locks in Python, or whose errors are dropped: an exception between taking
a lock and what releases it leaves it locked. Locks of C, such as a memory's, have no such step.
"""


class ThreadLink(Link):
    """A side of a link within the process: frames are handed over as they are."""

    other: ThreadLink

    def send(self, frame: Frame) -> None:
        """Hand a frame over."""
        self.other.received(frame)


class ThreadBackend(Backend):
    """A worker in a thread."""

    kind: ClassVar[str] = "thread"

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.link: ThreadLink = ThreadLink()
        inner = self.link.other = ThreadLink()
        inner.other = self.link
        self._agent = new_agent(job)
        # Reentrant: where an exception came between taking and using it, it is taken again.
        self._guard = threading.RLock()
        self._interruptible = False  # before, the exception would miss all that handles it
        self._finished = False
        self._again: threading.Timer | None = None
        self._terminated = False
        self._thread = threading.Thread(
            target=self._live, args=(inner,), name=self._agent.name, daemon=True
        )

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def _live(self, inner: ThreadLink) -> None:
        self._run(inner, _ROUNDS)
        if self._again is not None:
            self._again.cancel()
        inner.close()
        self.link.received(Frame("ended", 0, "terminated" if self._terminated else None))

    def _run(self, inner: ThreadLink, rounds: int) -> None:
        """Be the worker, and settle its end. Where an exception comes in between, a caller settles it again."""
        try:
            if rounds:
                self._run(inner, rounds - 1)
            else:
                self._interruptible = True
                run_worker(self.job, inner, agent=self._agent)
        except WorkerTerminated:
            pass
        self._settle()

    def _settle(self) -> None:
        """From here on `terminate` leaves the thread alone."""
        with self._guard:
            self._finished = True
            _raise_in(self._thread, None)

    def terminate(self) -> None:
        """Raise `WorkerTerminated` in the worker, also if it waits. It may be called again."""
        with self._guard:
            if self._finished:
                return
            self._terminated = True
            self._raise(_POSTPONED)

    def _raise(self, postponed: int) -> None:
        """Raise the exception at the worker's next step, but rather later where that would break a lock."""
        with self._guard:
            if self._finished:
                return
            self._agent.waiter.interrupt(WorkerTerminated("the worker was terminated"))
            delay = _PATIENCE
            if not self._interruptible:
                delay = _SOON
            elif postponed == _POSTPONED and self._agent.cancel():
                postponed -= 1  # an event loop ends in order; what blocks it is interrupted if that takes too long
            elif postponed and (self._agent.delicate or _takes_a_lock(self._thread)):
                delay = _SOON * (1 + (_POSTPONED - postponed) / 10)
                postponed -= 1
            else:
                _raise_in(self._thread, WorkerTerminated)
                self._agent.wake()
            if self._again is not None:
                self._again.cancel()
            self._again = threading.Timer(delay, self._raise, (postponed,))
            self._again.daemon = True
            self._again.start()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until the thread is gone."""
        if self._thread is not threading.current_thread():
            self._thread.join(timeout)
        return not self._thread.is_alive()


def _raise_in(thread: threading.Thread, error: type[BaseException] | None) -> None:
    """Raise an exception in a thread at its next step, or with ``None`` take back one that is still to be raised."""
    import ctypes

    if thread.ident is not None:
        what: Any = None if error is None else ctypes.py_object(error)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), what)


def _takes_a_lock(thread: threading.Thread) -> bool:
    """Whether the thread is in code that an exception must not leave."""
    frame = sys._current_frames().get(thread.ident or 0)
    return frame is not None and frame.f_code.co_filename.startswith(_DELICATE)
