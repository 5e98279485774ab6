"""Workers that are threads of this process.

Messages go from queue to queue. `terminate` wakes the worker where it waits, for a notification, a message or a
timeout, and raises `WorkerTerminated` in it at the next step of the interpreter otherwise, also in an endless loop of
WebAssembly code; this costs running code nothing. A worker that catches even that gets it again until it ends. What
cannot be interrupted is a call of C code that does not return, such as ``time.sleep``: the worker ends when it returns.
"""

from __future__ import annotations

import contextlib
import os
import threading
from typing import ClassVar, Final

from pyjsapi.agents.agent import WorkerTerminated
from pyjsapi.agents.backend import Backend, Frame, Job, Link
from pyjsapi.agents.interruption import raise_in, take_back
from pyjsapi.agents.scope import end_worker, new_agent, run_worker
from pyjsapi.blocks.timers import Timer, Timers

_NANOSECONDS: Final = 10**9
_PATIENCE: Final = _NANOSECONDS // 4
"""Nanoseconds that a terminated worker is given to end: its exception may have been caught."""
_SOON: Final = _NANOSECONDS // 500
"""Nanoseconds after which a worker is looked at again in which no exception may come now."""
_LOOKS: Final = 100
"""How often that is done, at longer and longer intervals, for a place where one should come: for a second in all."""
_ASK_EVERY: Final = 10
"""Looks after which an event loop is asked again to cancel the worker's task, which may have suppressed that."""

_TERMINATIONS: Final = Timers("pyjsapi terminations")
"""Apart from those of waits, which may be many and late."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_TERMINATIONS.forked)


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
        self._guard = threading.RLock()
        self._runs = False  # before, an exception would miss all that handles it
        self._finished = False
        self._terminated = False
        self._asked = 0  # how often the event loop, to cancel the worker's task
        self._looks = 0
        self._looks_at_raise = 0
        self._timer: Timer | None = None
        self._thread = threading.Thread(
            target=self._live, args=(inner,), name=self._agent.name, daemon=True
        )

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def _live(self, inner: ThreadLink) -> None:
        reason: str | None = "its end failed"
        try:
            self._run(inner)
            reason = "terminated" if self._terminated else None
        finally:  # whatever happens: somebody may wait for it
            try:
                inner.close()
            finally:
                self.link.received(Frame("ended", 0, reason))

    def _run(self, inner: ThreadLink) -> None:
        """Be the worker, and settle its end.

        An exception may have been set while a call of C was running, and come only now, at any step; but none is set
        any more.
        """
        try:
            try:
                self._runs = True
                run_worker(self.job, inner, agent=self._agent)
            finally:
                self._settle()
        except WorkerTerminated:
            self._settle()
            end_worker(self._agent)

    def _settle(self) -> None:
        """From here on `terminate` leaves the thread alone."""
        with self._guard:
            self._finished = True
            if self._timer is not None:
                self._timer.cancel()
            if self._terminated:
                with contextlib.suppress(ImportError):
                    take_back(self._thread)

    def terminate(self) -> None:
        """Raise `WorkerTerminated` in the worker, also if it waits. It may be called again."""
        with self._guard:
            if self._finished:
                return
            self._terminated = True
            self._press()

    def _press(self) -> None:
        """Bring the worker to its end, and look again soon whether that has been done."""
        with self._guard:
            if self._finished:
                return
            self._agent.waiter.interrupt(WorkerTerminated("the worker was terminated"))
            if not self._runs:
                delay = _SOON
            elif self._asked * _ASK_EVERY <= self._looks and self._agent.cancel():
                # It ends in order. What blocks the loop, or suppresses that, is interrupted if it takes too long.
                delay = _SOON if self._asked else _PATIENCE
                self._asked += 1
            elif self._raise():
                # Where it was caught or dropped, as in a finaliser, a better place is looked for from the start.
                self._looks_at_raise = self._looks
                self._agent.wake()
                delay = _PATIENCE
            else:
                self._looks += 1
                delay = _SOON + _SOON * min(self._looks - self._looks_at_raise, _LOOKS) // 10
            if self._timer is not None:
                self._timer.cancel()
            self._timer = _TERMINATIONS.start(delay, self._press)

    def _raise(self) -> bool:
        try:
            anywhere = self._looks - self._looks_at_raise >= _LOOKS
            return raise_in(self._thread, WorkerTerminated, anywhere)
        except ImportError:  # without `ctypes` a worker ends where it waits
            return False

    def join(self, timeout: float | None = None) -> bool:
        """Wait until the thread is gone."""
        if self._thread is not threading.current_thread():
            self._thread.join(timeout)
        return not self._thread.is_alive()
