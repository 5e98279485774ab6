"""``Worker`` (HTML, "Dedicated workers and the Worker interface"): the side of whoever starts one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from os import PathLike
from types import TracebackType
from typing import Any, Final, Self

from pyjsapi.agents.agent import Agent
from pyjsapi.agents.backend import Backend, Frame, Job, check_target
from pyjsapi.agents.channel import ChannelEnd
from pyjsapi.agents.events import ErrorEvent
from pyjsapi.agents.kinds import WorkerKind, backend_of, default_kind
from pyjsapi.agents.ports import Handler, MessageTarget, call_handler
from pyjsapi.agents.remote import Route
from pyjsapi.blocks.waiting import heed_interruption


class WorkerError(Exception):
    """A worker raised an exception that nobody caught, or ended without being told to.

    ``__cause__`` is the exception, ``event`` the `ErrorEvent` of the first.
    """

    event: ErrorEvent | None = None


class Worker(MessageTarget):
    """Something that runs beside the caller: a thread, a process, or a Web Worker.

    ``target`` is a callable, ``"module:function"``, or the path of a script. What it names is called with the worker's
    scope (see `scope.WorkerScope`). The worker ends when it returns, or if it set ``onmessage`` there, when it calls
    ``close``. Only a thread can have a target that is not importable.

    ``kind``: ``"thread"`` (the default), ``"process"``, or in Pyodide ``"web"`` and nothing else. ``can_block``:
    whether it may call ``Atomics.wait``. ``name`` is for messages. Raises `ValueError` for a kind that is not there,
    `TypeError` for what is no target, `FileNotFoundError` for a script that is not there.
    """

    def __init__(
        self,
        target: Callable[..., Any] | str | PathLike[str],
        options: Mapping[str, Any] | None = None,
        /,
        *,
        kind: WorkerKind | None = None,
        can_block: bool = True,
        name: str = "",
    ) -> None:
        heed_interruption()
        check_target(target)
        self._onerror: Handler | None = None
        self._errors: list[ErrorEvent] = []
        self._reason: str | None = None
        self._over = False
        self._terminated = False
        name = name or str((options or {}).get("name", ""))
        self._backend: Backend = backend_of(default_kind() if kind is None else kind)(
            Job(target, name, bool(can_block))
        )
        link = self._backend.link
        end = ChannelEnd()
        end.peer = Route(link, 0)
        super().__init__(end)
        link.open_route(0, end)
        link.receiver = self._control
        _RUNNING.add(self)
        try:
            self._backend.start()
        except BaseException:
            _RUNNING.discard(self)
            raise
        self._home.agent.own(self)

    @property
    def kind(self) -> str:
        """``thread``, ``process`` or ``web``."""
        return self._backend.kind

    @property
    def onerror(self) -> Handler | None:
        """Called with an `ErrorEvent` for every exception that the worker does not catch."""
        return self._onerror

    @onerror.setter
    def onerror(self, handler: Handler | None) -> None:
        self._onerror = handler
        self._home.find_loop()
        if self._errors:
            self._home.post(self._tell_errors)

    def terminate(self) -> None:
        """End the worker wherever it is, and take no more messages from it. Returns at once."""
        self._terminated = True
        self._backend.terminate()
        if self._end is not None:
            self._end.close()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until the worker has ended, for at most ``timeout`` seconds; whether it has. Not part of the standard.

        Handlers run meanwhile. Raises `WorkerError` where the worker failed and no ``onerror`` was told.
        """
        ended = self._home.agent.wait_until(lambda: self._over, timeout)
        self._home.agent.run_tasks()  # for what came just before the end
        if ended:
            ended = self._backend.join(timeout)
            failure = self._failure()
            if failure is not None:
                raise failure
        return ended

    def _control(self, frame: Frame) -> None:
        """A frame has arrived that is no message. Called in any thread."""
        if frame.kind == "error" and not self._terminated:
            self._errors.append(ErrorEvent(frame.payload, self))
            if self._onerror is not None:
                self._home.post(self._tell_errors)
        elif frame.kind == "ended":
            self._reason = frame.payload
            self._over = True
            _RUNNING.discard(self)
            self._backend.link.close()  # which tells the port, if it is open
        self._arrived()

    def _tell_errors(self) -> None:
        while self._errors and self._onerror is not None:
            call_handler(self._onerror, self._errors.pop(0))

    def _failure(self) -> WorkerError | None:
        """The first error that nobody was told of, which counts as told from now on."""
        if self._errors and self._onerror is None:
            event = self._errors.pop(0)
            failure = WorkerError(event.message)
            failure.event = event
            failure.__cause__ = event.error
            return failure
        if self._over and self._reason is not None and not self._terminated:
            failure, self._reason = WorkerError(f"the worker ended: {self._reason}"), None
            return failure
        return None

    def _is_over(self) -> bool:
        return bool(self._errors and self._onerror is None) or super()._is_over()

    def _ended(self) -> Exception:
        return self._failure() or super()._ended()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.terminate()
        self._backend.join(None)

    def __del__(self) -> None:
        for event in getattr(self, "_errors", ()):
            print(f"A worker failed, and nobody asked:\n{event.stack}", file=sys.stderr)

    def __repr__(self) -> str:
        state = "ended" if self._over else "running"
        return f"<Worker {self._backend.job.name!r} {self.kind} {state}>"


_RUNNING: Final[set[Worker]] = set()
"""A worker that runs may still send messages to the handlers of its object."""


def has_running_workers(agent: Agent) -> bool:
    """Whether a worker runs that an agent has started."""
    return any(worker._home.agent is agent and worker._referenced for worker in list(_RUNNING))


def failures_of(agent: Agent) -> list[str]:
    """What an agent's workers failed with and nobody was told, as text; it counts as told from now on."""
    found = []
    for worker in agent.workers():
        while isinstance(worker, Worker) and (failure := worker._failure()):
            found.append(failure.event.stack if failure.event else f"{failure}\n")
    return found
