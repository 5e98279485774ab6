"""The inside of a worker (HTML, "The global scope"): what runs there, and the object that it is given."""

from __future__ import annotations

import ast
import asyncio
import importlib
import inspect
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from pyjsapi.agents.agent import Agent, WorkerTerminated, become, leave
from pyjsapi.agents.backend import Frame, Job, Link, check_target, script_of
from pyjsapi.agents.channel import ChannelEnd
from pyjsapi.agents.events import error_record
from pyjsapi.agents.ports import MessageTarget
from pyjsapi.agents.remote import Route
from pyjsapi.blocks.carried import carry
from pyjsapi.blocks.waiting import WaiterPolicy


class WorkerScope(MessageTarget):
    """What a worker's target is called with, and what scripts know as ``self``.

    It has ``postMessage``, ``onmessage``, ``onmessageerror``, ``receive`` and asynchronous iteration, all to and from
    whoever started the worker.
    """

    def __init__(self, job: Job, link: Link) -> None:
        self.name = job.name
        """What the starter called the worker."""
        self._link = link
        self._closing = False
        end = ChannelEnd()
        end.peer = Route(link, 0)
        super().__init__(end)
        link.open_route(0, end)

    def close(self) -> None:
        """End the worker when what runs now is done: no further message is delivered."""
        self._closing = True
        self._home.agent.wake()

    def expects_messages(self) -> bool:
        """Whether a message may still be delivered to a handler."""
        return not self._closing and super().expects_messages()

    def report(self, error: BaseException) -> None:
        """Tell the starter of an exception that nothing caught."""
        self._link.send(Frame("error", 0, error_record(error)))

    def _dispatch(self) -> None:
        if not self._closing:
            super()._dispatch()

    def _is_done(self) -> bool:
        return self._closing or not self._home.agent.expects_messages()

    def serve(self) -> None:
        """Run handlers until the scope is closed or none can be called any more."""
        agent = self._home.agent
        while True:
            try:
                agent.wait_until(self._is_done, idle=True)
            except Exception as error:
                self.report(error)
            else:
                return

    async def serve_async(self, main: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine to its end, and then handlers likewise."""
        agent, loop = self._home.agent, asyncio.get_running_loop()
        loop.set_exception_handler(self._report_from_loop)
        agent.run_on(loop)
        try:
            agent.waiter.check()
            await main
            while True:
                agent.run_tasks()
                if self._is_done():
                    return
                await agent.woken()
        finally:
            agent.run_on(None)
            main.close()

    def _report_from_loop(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception):
            self.report(error)
        elif not isinstance(error, WorkerTerminated):
            loop.default_exception_handler(context)

    def __repr__(self) -> str:
        return f"<WorkerScope {self.name!r}>"


class _Current(threading.local):
    scope: WorkerScope | None = None


_CURRENT: Final = _Current()
carry(_CURRENT)


def worker_scope() -> WorkerScope | None:
    """The scope of the worker that runs in this thread; ``None`` outside of workers."""
    return _CURRENT.scope


def run_worker(
    job: Job, link: Link, policy: WaiterPolicy | None = None, agent: Agent | None = None
) -> None:
    """Be a worker in this thread until it ends.

    Errors become frames; nothing is raised but `WorkerTerminated`. ``policy`` says how the worker waits, if not by
    blocking its thread; ``agent`` is given where others must know the agent before it runs.
    """
    if agent is None:
        agent = new_agent(job, policy)
    become(agent)
    try:
        agent.waiter.check()
        scope = _CURRENT.scope = WorkerScope(job, link)
        try:
            _run(load_target(job.target), scope)
        except SystemExit:
            pass
        except WorkerTerminated:
            raise
        except BaseException as error:
            agent.waiter.check()  # a task that was cancelled because of the end is no error
            scope.report(error)
    finally:
        end_worker(agent)


def end_worker(agent: Agent) -> None:
    """Let the running thread be no worker any more, if it still is."""
    _CURRENT.scope = None
    agent.end()
    leave()


async def run_worker_async(job: Job, link: Link) -> None:
    """The same on the running event loop, which is the worker's own: where messages arrive between tasks only."""
    agent = Agent(job.name or "worker", WaiterPolicy(job.can_block))
    become(agent)
    scope = _CURRENT.scope = WorkerScope(job, link)
    try:
        await scope.serve_async(_run_async(job, scope))
    except SystemExit:
        pass
    except BaseException as error:
        scope.report(error)
    finally:
        end_worker(agent)


async def _run_async(job: Job, scope: WorkerScope) -> None:
    result = load_target(job.target)(scope)
    if inspect.isawaitable(result):
        await result


def new_agent(job: Job, policy: WaiterPolicy | None = None) -> Agent:
    """The agent of a worker."""
    return Agent(job.name or "worker", policy or WaiterPolicy(None if job.can_block else False))


def _run(target: Callable[[WorkerScope], Any], scope: WorkerScope) -> None:
    result = target(scope)
    if inspect.iscoroutine(result):
        serving = scope.serve_async(result)
        try:
            asyncio.run(serving)
        finally:  # whoever was terminated before they began never awaited them
            serving.close()
            result.close()
    else:
        scope.serve()


def load_target(target: Any) -> Callable[[WorkerScope], Any]:
    """The function that a target stands for.

    A callable is called with the scope, or without arguments if it takes none; so is the function that
    ``"module:function"`` names. A path (of type `Path`, or ending in ``.py``) is a script. Raises what
    `check_target` and the import raise.
    """
    check_target(target)
    script = script_of(target)
    if script is not None:
        return lambda scope: _run_script(script, scope)
    if isinstance(target, str):
        module, _, name = target.partition(":")
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        target = found
    if not callable(target):
        raise TypeError(f"the target must be a callable, a name or a path, not {target!r}")
    return _with_scope(target)


def _with_scope(function: Callable[..., Any]) -> Callable[[WorkerScope], Any]:
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        return lambda scope: function()
    except ValueError:  # a builtin that does not tell
        pass
    return function


def _run_script(path: Path, scope: WorkerScope) -> Any:
    return run_source(path.read_bytes(), str(path), scope)


def run_source(source: bytes, name: str, scope: WorkerScope) -> Any:
    """Run the text of a script; what is returned is to be awaited where it has `await` at its top level.

    In scope are ``self``, ``postMessage``, ``receive`` and ``close``, and what `pyjsapi` exports. A function that the
    script calls ``onmessage`` becomes the handler.
    """
    space: dict[str, Any] = {
        **_exported_names(source),
        "__name__": "__worker__",
        "__file__": name,
        "self": scope,
        "postMessage": scope.postMessage,
        "receive": scope.receive,
        "close": scope.close,
    }
    code = compile(source, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if code.co_flags & inspect.CO_COROUTINE:
        return _await_script(eval(code, space), space, scope)
    exec(code, space)
    _take_handler(space, scope)
    return None


def _exported_names(source: bytes) -> dict[str, Any]:
    """What `pyjsapi` exports; what is not imported yet, which takes time, only where the script's text names it."""
    package = sys.modules[
        __name__.partition(".")[0]
    ]  # which is above, and there: this is a part of it
    loaded = vars(package)
    return {
        name: getattr(package, name)
        for name in package.__all__
        if name in loaded or name.encode() in source
    }


async def _await_script(
    script: Coroutine[Any, Any, Any], space: dict[str, Any], scope: WorkerScope
) -> None:
    await script
    _take_handler(space, scope)


def _take_handler(space: dict[str, Any], scope: WorkerScope) -> None:
    handler = space.get("onmessage")
    if scope.onmessage is None and callable(handler):
        scope.onmessage = handler
