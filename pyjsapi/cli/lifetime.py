"""How long a script lives: as in Node until nothing is left that may still happen.

A script that awaits at its top level, or makes tasks there, runs on an event loop; any other as Python runs it, and the
loop afterwards, for what it has left. Workers that run keep it alive, handlers that may still be called, tasks and
timers.
"""

from __future__ import annotations

import asyncio
import sys
import weakref
from collections.abc import Callable, Coroutine
from typing import Any, Final

from pyjsapi.agents.agent import Agent
from pyjsapi.agents.worker import failures_of, has_running_workers
from pyjsapi.blocks.owners import is_own_timer


class ScriptFailed(Exception):
    """A worker has failed, and the script did not ask: what is to be shown has been."""


def live(start: Callable[[], Any], *, on_loop: bool) -> None:
    """Run a script, and what it leaves to be done.

    ``start`` runs it, or gives the coroutine of it; ``on_loop`` is for one that has no `await` but needs the loop to
    run. Raises what it raises, what handlers, tasks and timers raise that nobody waits for, and `ScriptFailed`.
    """
    life = _Life()
    try:
        with asyncio.Runner() as runner:
            loop = runner.get_loop()
            loop.set_exception_handler(life.failed)
            loop.set_task_factory(life.new_task)
            script = _called(start) if on_loop else start()
            runner.run(life.run(script if asyncio.iscoroutine(script) else None))
    finally:
        for worker in Agent.current().workers():
            worker.terminate()
    if life.error is not None:
        raise life.error


async def _called(start: Callable[[], Any]) -> None:
    result = start()
    if asyncio.iscoroutine(result):
        await result


class _Life:
    def __init__(self) -> None:
        self.error: BaseException | None = None
        self._main: asyncio.Task[None] | None = None
        self._tasks: Final[weakref.WeakSet[asyncio.Task[Any]]] = weakref.WeakSet()
        """Those that the script has made, as far as anybody has them: an event loop forgets what has ended."""

    async def run(self, script: Coroutine[Any, Any, Any] | None) -> None:
        """Run the script to its end, and then whatever is left."""
        loop = asyncio.get_running_loop()
        self._main = asyncio.current_task()
        try:
            if script is not None:
                await script
            await self._until_idle(loop)
        except asyncio.CancelledError:
            if self.error is None:
                raise
        finally:
            self._main = None

    def new_task(
        self, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any
    ) -> asyncio.Task[Any]:
        """Make a task, as event loops do, and keep it in mind."""
        task = asyncio.Task(coroutine, loop=loop, **options)
        self._tasks.add(task)
        return task

    def failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What a task or a callback raised reaches nobody: the script ends, as by an exception of its own."""
        error = context.get("exception")
        if isinstance(error, (SystemExit, KeyboardInterrupt)):
            return  # It ends the script anyway.
        if not isinstance(error, Exception):
            loop.default_exception_handler(context)
        elif self.error is None:
            self.error = error
            if self._main is not None:
                self._main.cancel()

    async def _until_idle(self, loop: asyncio.AbstractEventLoop) -> None:
        agent = Agent.current()
        agent.run_on(loop)
        watched: set[asyncio.Task[Any]] = set()
        try:
            while True:
                await asyncio.sleep(0)  # what is ready goes first
                agent.run_tasks()
                tasks = asyncio.all_tasks(loop) - {self._main}
                if not tasks:
                    self._tell_failures(agent)
                times = _timers(loop)
                if not (tasks or times or agent.expects_messages() or has_running_workers(agent)):
                    return
                for task in tasks - watched:
                    task.add_done_callback(lambda _: agent.wake())
                watched |= tasks
                alarm = loop.call_at(min(times), agent.wake) if times else None
                await agent.woken()
                if alarm is not None:
                    alarm.cancel()
        finally:
            agent.run_on(None)

    def _tell_failures(self, agent: Agent) -> None:
        """Raise what tasks raised that the script still holds and nobody waits for, and show what workers did."""
        for task in list(self._tasks):
            # Known to all tasks of Python: whether nobody has asked.
            if getattr(task, "_log_traceback", False):
                error = task.exception()
                if error is not None:
                    raise error
        failures = failures_of(agent)
        for stack in failures:
            print(f"A worker failed, and nobody asked:\n{stack}", end="", file=sys.stderr)
        if failures:
            raise ScriptFailed


def _timers(loop: asyncio.AbstractEventLoop) -> list[float]:
    """When the timers of an event loop are due; it has no public list of them."""
    scheduled: list[asyncio.TimerHandle] = vars(loop).get("_scheduled", [])
    return [
        handle.when() for handle in scheduled if not handle.cancelled() and not is_own_timer(handle)
    ]
