"""Workers as in Node: what ``node:worker_threads`` has, by its names.

.. code-block:: python

    from pyjsapi.worker_threads import Worker, isMainThread, parentPort, workerData

    if isMainThread:
        worker = Worker(__file__, {"workerData": 20})
        worker.on("message", print)
    else:
        parentPort.postMessage(workerData + 1)

``isMainThread``, ``parentPort``, ``workerData``, ``threadId`` and ``threadName`` belong to the thread that asks: take
them where they are used, or import them in the worker's own script. Listeners of ``message`` get the value.

What Node has and Python cannot have, or has elsewhere, is in `MISSING`.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import threading
from collections.abc import Generator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pyjsapi.agents.agent import Agent
from pyjsapi.agents.backend import Frame, check_target, importable_name
from pyjsapi.agents.kinds import WorkerKind, default_kind
from pyjsapi.agents.ports import (
    MessageChannel,
    MessagePort,
    MessageTarget,
    call_handler,
    call_handler_of_nothing,
)
from pyjsapi.agents.scope import WorkerScope, load_target, run_source, worker_scope
from pyjsapi.agents.serialise import is_untransferable, mark_as_untransferable, serialise
from pyjsapi.agents.worker import Worker as _Worker
from pyjsapi.blocks.carried import carry

__all__ = [
    "MISSING",
    "MessageChannel",
    "MessagePort",
    "Worker",
    "getEnvironmentData",
    "isInternalThread",
    "isMainThread",
    "isMarkedAsUntransferable",
    "markAsUntransferable",
    "parentPort",
    "receiveMessageOnPort",
    "setEnvironmentData",
    "threadId",
    "threadName",
    "workerData",
]

isMainThread: bool
"""Whether the running thread is no worker."""
parentPort: WorkerScope | None
"""What a worker talks through to whoever started it; ``None`` in the main thread. Its ``close`` ends the worker."""
workerData: Any
"""A clone of what the worker was given; ``None`` in the main thread."""
threadId: int
"""0 in the main thread, else a number that no other worker of the starter's process has."""
threadName: str
"""What the starter calls the worker."""

isInternalThread: Final = False
"""Node's own threads, for loaders, have it true."""

MISSING: Final[Mapping[str, str]] = {
    "BroadcastChannel": "there is no registry of channels between processes; give each worker a port",
    "SHARE_ENV": "threads have one os.environ, and processes a copy of it as it was",
    "locks": "threading.Lock between threads, Atomics.wait and notify between any workers",
    "markAsUncloneable": "whatever has no record cannot be cloned; a dict or list of Python's cannot be marked",
    "moveMessagePortToContext": "Python has no contexts within a thread",
    "postMessageToThread": "give the threads that talk to each other ports",
    "resourceLimits": "Python has no heap of its own for a thread; pass limits where modules are compiled",
    "Worker: argv": "threads have one sys.argv; use workerData",
    "Worker: env": "threads have one os.environ; use workerData or setEnvironmentData",
    "Worker: execArgv": "workers run with the options of their starter",
    "Worker: resourceLimits": "see resourceLimits",
    "Worker: stdin, stdout, stderr": "workers have those of the program; send what is said as messages",
    "Worker.getHeapSnapshot": "tracemalloc",
    "Worker.performance": "time.perf_counter_ns in the worker",
}
"""Names of Node's module that are not here, and what to use."""


class _Here(threading.local):
    """What the running thread was started with."""

    def __init__(self) -> None:
        self.data: Any = None
        self.number: int | None = None
        self.environment: dict[Any, Any] = {}


_here: Final = _Here()
carry(_here)
_numbers: Final = itertools.count(1)


def __getattr__(name: str) -> Any:
    scope = worker_scope()
    if name == "isMainThread":
        return scope is None
    if name == "parentPort":
        return scope
    if name == "workerData":
        return _here.data
    if name == "threadId":
        return 0 if scope is None else _here.number or Agent.current().id
    if name == "threadName":
        return "" if scope is None else scope.name
    if name in MISSING:
        raise AttributeError(f"pyjsapi.worker_threads has no {name}: {MISSING[name]}")
    raise AttributeError(f"module 'pyjsapi.worker_threads' has no attribute {name!r}")


class Worker(_Worker):
    """A worker that is given ``workerData``, with Node's events.

    ``filename`` is the path or ``file:`` URL of a script, or with ``eval`` its text; whatever `pyjsapi.Worker` takes
    works too. Options, of a mapping or as keywords: ``workerData``, cloned, with ``transferList``; ``name``; ``eval``;
    and ``kind``, which Node has not: ``"thread"`` or ``"process"``. The script has
    in scope what all scripts of workers have.

    Events: ``online`` when it runs, ``message`` and ``messageerror`` with a value, ``error`` with an exception,
    ``exit`` with a code: 0, that of ``sys.exit``, or 1 where it failed or was terminated. Raises `TypeError` for an
    option that there cannot be (see `MISSING`), and what `pyjsapi.Worker` and cloning raise.
    """

    events = ("error", "exit", "message", "messageerror", "online")

    def __init__(
        self,
        filename: Any,
        options: Mapping[str, Any] | None = None,
        /,
        *,
        workerData: Any = None,
        transferList: Any = (),
        name: str = "",
        eval: bool = False,
        kind: WorkerKind | None = None,
    ) -> None:
        given = {
            "workerData": workerData,
            "transferList": transferList,
            "name": name,
            "eval": eval,
            "kind": kind,
            **_checked_options(options),
        }
        self._code = 1  # unless it tells another
        self._failed = False
        self._is_online = False
        self._has_ended = False
        self._ending: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[int]]] = []
        self._ended_code: int | None = None
        self._number = next(_numbers)
        entry, chosen, first = _plan(filename, given, self._number)
        message = serialise(first, given["transferList"])  # before anything is started
        super().__init__(entry, kind=chosen, name=str(given["name"]))
        try:
            if self._end is not None:
                self._end.post(message)
        except BaseException:
            super().terminate()
            raise

    @property
    def threadId(self) -> int:
        """What the worker knows as ``threadId``; -1 when it has ended."""
        return -1 if self._ended_code is not None or self._over else self._number

    @property
    def threadName(self) -> str | None:
        """Its name; ``None`` when it has ended."""
        return None if self._over else self._backend.job.name

    def terminate(self) -> Exit:  # type: ignore[override]
        """End the worker wherever it is; what is returned can be awaited for the exit code."""
        super().terminate()
        return Exit(self)

    def _control(self, frame: Frame) -> None:
        if frame.kind == "exit":
            self._code = int(frame.payload)
        elif frame.kind == "online":
            self._is_online = True
            self._home.post(self._tell_online)
        elif frame.kind == "error":
            self._failed = True
        super()._control(frame)
        if frame.kind == "ended":
            self._has_ended = True
            self._home.post(self._tell_exit)

    def _listeners_changed(self, event: str) -> None:
        if event == "error":
            self.onerror = self._tell_error if self.listens_to("error") else None
        self._handlers_changed()

    def _handlers_changed(self) -> None:
        super()._handlers_changed()
        if self.listens_to("exit") or self._ending:
            self._home.agent.expect(self, True)
        # What was left for the agent does not run where an event loop has come meanwhile.
        if self._is_online and self.listens_to("online"):
            self._home.post(self._tell_online)
        if self._has_ended and self._ended_code is None:
            self._home.post(self._tell_exit)

    def expects_messages(self) -> bool:
        """Whether a handler or a listener may still be called."""
        ends = self._ended_code is None and (self.listens_to("exit") or bool(self._ending))
        return (ends and self._referenced) or super().expects_messages()

    def _call_handlers(self, event: Any) -> None:
        self._tell_online()  # which was left to be told after what is told now
        super()._call_handlers(event)

    def _messages_wait(self) -> bool:
        end = self._end
        return end is not None and end.pending() and self._is_handled()

    def _tell_errors(self) -> None:
        if self._messages_wait():
            self._home.post(self._tell_errors)
            return
        self._tell_online()
        super()._tell_errors()

    def _tell_error(self, event: Any) -> None:
        self.emit_to("error", lambda listener: call_handler(listener, event.error))

    def _tell_online(self) -> None:
        if self._is_online:
            self._is_online = False  # told
            self.emit_to("online", call_handler_of_nothing)

    def _tell_exit(self) -> None:
        """Tell of the end, after all that the worker sent."""
        if self._ended_code is not None:
            return
        if self._messages_wait() or (self._errors and self.listens_to("error")):
            self._home.post(self._tell_exit)
            return
        self._tell_online()
        code = self._ended_code = 1 if self._terminated or self._failed else self._code
        self.emit_to("exit", lambda listener: call_handler(listener, code))
        for loop, future in self._ending:
            loop.call_soon_threadsafe(_settle, future, code)
        self._ending.clear()
        self._home.agent.wake()


class Exit:
    """The promise of an exit code."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def __await__(self) -> Generator[Any, None, int]:
        worker = self._worker
        if worker._ended_code is not None:
            return worker._ended_code
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        worker._ending.append((loop, future))
        worker._handlers_changed()
        return (yield from future.__await__())


def receiveMessageOnPort(port: MessageTarget) -> dict[str, Any] | None:
    """``{"message": value}`` of the next message that has arrived at a port; ``None`` if there is none.

    It waits for nothing, and no handler is told. Raises `TypeError` for anything else than a port.
    """
    if not isinstance(port, MessageTarget):
        raise TypeError(
            f"receiveMessageOnPort(): argument 0 must be a MessagePort, not {type(port).__name__}"
        )
    event = port._take()
    return None if event is None else {"message": event.data}


def markAsUntransferable(object: Any, /) -> None:
    """Refuse to transfer an `ArrayBuffer` or a port from now on: a `DataCloneError`. It cannot be taken back."""
    mark_as_untransferable(object)


def isMarkedAsUntransferable(object: Any, /) -> bool:
    """Whether it was marked."""
    return is_untransferable(object)


def setEnvironmentData(key: Any, value: Any = None, /) -> None:
    """Let workers that this thread starts from now on get a clone of a value; ``None`` removes it."""
    if value is None:
        _here.environment.pop(key, None)
    else:
        _here.environment[key] = value


def getEnvironmentData(key: Any, /) -> Any:
    """What this thread set or was given; ``None`` if that is nothing."""
    return _here.environment.get(key)


# ---- inside of the worker


class _Entry:
    """The first thing that a worker runs; a thread is given its target with it."""

    def __init__(self, target: Any = None) -> None:
        self._target = target

    def __call__(self, scope: WorkerScope) -> Any:
        first = scope.receive()
        _here.data, _here.number = first["data"], first["number"]
        _here.environment = first["environment"]
        scope._link.send(Frame("online"))
        try:
            if first["source"] is not None:
                result = run_source(first["source"].encode(), "[worker eval]", scope)
            else:
                result = load_target(first["target"] or self._target)(scope)
            if not asyncio.iscoroutine(result):
                scope.serve()  # handlers may exit too
        except SystemExit as error:
            _send_code(scope, error)
            raise
        if asyncio.iscoroutine(result):
            return _awaited(result, scope)
        _send_code(scope, None)
        return None


def run(scope: WorkerScope) -> Any:
    """What a worker in another process runs."""
    return _Entry()(scope)


_FROM_ELSEWHERE: Final = "pyjsapi.worker_threads:run"


async def _awaited(script: Any, scope: WorkerScope) -> None:
    try:
        await script
    except SystemExit as error:
        _send_code(scope, error)
        raise
    _send_code(scope, None)


def _send_code(scope: WorkerScope, error: SystemExit | None) -> None:
    """Tell how the script ended; a handler that fails afterwards is an error of its own."""
    code = 0 if error is None or error.code is None else error.code
    scope._link.send(Frame("exit", 0, code if isinstance(code, int) else 1))


# ---- options


def _plan(filename: Any, given: dict[str, Any], number: int) -> tuple[Any, Any, dict[str, Any]]:
    """What a worker is started with, of which kind it is, and the first message that it gets."""
    text = str(filename) if given["eval"] else None
    target = None if text is not None else _target(filename)
    if text is None:
        check_target(target)
    kind = given["kind"] or default_kind()
    if kind == "web":
        raise ValueError("pyjsapi.worker_threads needs threads or processes: use pyjsapi.Worker")
    elsewhere = kind != "thread"
    first = {
        "target": importable_name(target) if elsewhere and text is None else None,
        "source": text,
        "data": given["workerData"],
        "number": number,
        "environment": _here.environment,
    }
    return (_FROM_ELSEWHERE if elsewhere else _Entry(target)), kind, first


def _checked_options(options: Mapping[str, Any] | None) -> dict[str, Any]:
    known = ("workerData", "transferList", "name", "eval", "kind")
    for option in options or {}:
        if option not in known:
            reasons = {n: why for names, why in MISSING.items() for n in names[8:].split(", ")}
            why = f": {reasons[option]}" if option in reasons else f"; there are {', '.join(known)}"
            raise TypeError(f"Worker(): there is no option {option!r}{why}")
    return dict(options or {})


def _settle(future: asyncio.Future[int], code: int) -> None:
    if not future.done():
        future.set_result(code)


def _target(filename: Any) -> Any:
    if isinstance(filename, str) and filename.startswith("file:"):
        return url2pathname(urlsplit(filename).path)
    return filename if callable(filename) or isinstance(filename, str) else os.fspath(filename)
