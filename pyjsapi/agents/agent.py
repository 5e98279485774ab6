"""Agents (ECMA-262 §9.7): one for each thread that runs Python, and the clusters that share memories."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

from pyjsapi.blocks.carried import carry
from pyjsapi.blocks.owners import end_thread
from pyjsapi.blocks.waiting import (
    WaiterPolicy,
    current_policy,
    heed_interruption,
    set_policy,
    unlock,
)

_NANOSECONDS: Final = 10**9
_IDS: Final = itertools.count(1)


class WorkerTerminated(BaseException):
    """Raised in a worker, wherever it is, when it is terminated; it is no ``Exception``, so that little catches it."""


class Cluster:
    """An agent cluster (§9.8): agents that can share memories. One process, and the processes it gave memories to."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<agent cluster {self.name}>"


class MessageReceiver(Protocol):
    """Something with handlers that run in an agent."""

    def expects_messages(self) -> bool:
        """Whether a handler may still be called."""


class OwnedWorker(Protocol):
    """A worker that an agent has started."""

    def terminate(self) -> None:
        """End it, if it has not ended."""


class Agent:
    """What runs in a thread: whether it may block, how it waits, and the tasks that other threads leave for it.

    `Agent.current()` is the agent of the running thread.
    """

    def __init__(self, name: str, policy: WaiterPolicy) -> None:
        self.id = next(_IDS)
        self.name = name
        self._policy = policy
        self._tasks: deque[Callable[[], None]] = deque()
        self._on_loops: deque[_LoopTask] = deque()
        """Tasks that event loops were given, the oldest first."""
        self._sleepers: set[threading.Lock] = set()
        self._guard = threading.RLock()  # reentrant: a finaliser may post or wake at any step
        self._targets: list[weakref.ref[MessageReceiver]] = []
        self.loop: asyncio.AbstractEventLoop | None = None
        """The event loop that `run_on` was given."""
        self._future: asyncio.Future[None] | None = None
        self._main: asyncio.Task[Any] | None = None
        self._workers: weakref.WeakSet[OwnedWorker] = weakref.WeakSet()

    @staticmethod
    def current() -> Agent:
        """The agent of the running thread. A thread that no `Worker` started has one of its own."""
        agent = _CURRENT.agent
        if agent is None:
            agent = _CURRENT.agent = Agent(threading.current_thread().name, current_policy())
        return agent

    @property
    def can_block(self) -> bool:
        """[[CanBlock]]: whether ``Atomics.wait`` and ``memory.atomic.wait`` may be called. It can be set."""
        return self._policy.can_block

    @can_block.setter
    def can_block(self, value: bool) -> None:
        policy = WaiterPolicy(bool(value))
        self.waiter = policy

    @property
    def waiter(self) -> WaiterPolicy:
        """How the agent waits. It can be set, in the agent's own thread."""
        return self._policy

    @waiter.setter
    def waiter(self, policy: WaiterPolicy) -> None:
        if Agent.current() is not self:
            raise RuntimeError("only an agent itself can change how it waits")
        self._policy = policy
        set_policy(policy)

    @property
    def cluster(self) -> Cluster:
        """The agents that can share memories with this one."""
        return CLUSTER

    def post(self, task: Callable[[], None]) -> None:
        """Leave a task for the agent, from any thread: `run_tasks` runs it."""
        with self._guard:
            self._tasks.append(task)
        self.wake()

    def wake(self) -> None:
        """Let `sleep` return, from any thread."""
        with self._guard:
            sleepers, self._sleepers = self._sleepers, set()
            future = self._future
        for lock in sleepers:
            unlock(lock)
        loop = self.loop
        if future is not None and loop is not None:
            with contextlib.suppress(RuntimeError):  # it was closed meanwhile
                loop.call_soon_threadsafe(_settle, future)

    def expect(self, target: MessageReceiver, expects: bool) -> None:
        """Keep in mind that ``target`` has handlers, or has none any more."""
        with self._guard:
            others = [ref for ref in self._targets if ref() not in (None, target)]
            self._targets = [*others, weakref.ref(target)] if expects else others

    def expects_messages(self) -> bool:
        """Whether a handler of anything in this agent may still be called."""
        targets = [reference() for reference in self._targets]
        return any(target is not None and target.expects_messages() for target in targets)

    def run_tasks(self) -> int:
        """Run what was left for the agent until nothing is left; how many tasks that were.

        What a task raises is raised here, and the tasks after it stay.
        """
        count = 0
        self._take_from_closed_loops()
        while self._tasks:
            task = self._tasks.popleft()
            count += 1
            task()
        return count

    def post_on(self, loop: asyncio.AbstractEventLoop, task: Callable[[], None]) -> bool:
        """Leave a task for an event loop of the agent, from any thread; ``False`` if that is closed.

        `run_tasks` runs it if the loop is closed before it does.
        """
        posted = _LoopTask(loop, task)
        with self._guard:
            while self._on_loops and self._on_loops[0].done:
                self._on_loops.popleft()
            self._on_loops.append(posted)
        try:
            loop.call_soon_threadsafe(posted)
        except RuntimeError:  # it is closed
            posted.done = True
            return False
        self.wake()
        return True

    def _take_from_closed_loops(self) -> None:
        if not self._on_loops:
            return
        with self._guard:
            left = [posted for posted in self._on_loops if not posted.done]
            lost = [posted for posted in left if posted.loop.is_closed()]
            self._on_loops = deque(posted for posted in left if not posted.loop.is_closed())
            self._tasks.extendleft(reversed(lost))  # They came before what was left here.

    def wait_until(
        self, done: Callable[[], bool], timeout: float | None = None, *, idle: bool = False
    ) -> bool:
        """Run the agent's tasks until ``done()``, for at most ``timeout`` seconds; whether that is so.

        Somebody must call `wake` whenever the answer may have changed. Raises `TypeError` in an agent that must not
        block, unless there is nothing to wait for or it is ``idle``, running no program; `RuntimeError` in the thread
        of another agent.
        """
        if Agent.current() is not self:
            raise RuntimeError(
                f"{self} cannot wait in the thread of {Agent.current()}: what belongs to an agent is used by it alone"
            )
        if not idle:
            heed_interruption()
        deadline = None if timeout is None else time.monotonic_ns() + int(timeout * _NANOSECONDS)
        while True:
            lock = threading.Lock()
            lock.acquire()
            with self._guard:
                self._sleepers.add(lock)
            try:
                self.run_tasks()
                if done():
                    return True
                left = -1
                if deadline is not None:
                    left = deadline - time.monotonic_ns()
                    if left <= 0:
                        return False
                if self._tasks:
                    continue
                if not (idle or self._policy.can_block):
                    raise TypeError(
                        "this agent must not block: await what it waits for, in a running event loop"
                    )
                self._policy.park(lock, left)
            finally:
                with self._guard:
                    self._sleepers.discard(lock)

    def run_on(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Let `woken` be awaited on an event loop, by the running task, or no more."""
        self._future = None if loop is None else loop.create_future()
        self._main = None if loop is None else asyncio.current_task(loop)
        self.loop = loop

    def cancel(self) -> bool:
        """Cancel the task that `run_on` was called in, from any thread; whether there is one."""
        loop, main = self.loop, self._main
        if loop is None or main is None:
            return False
        try:
            loop.call_soon_threadsafe(main.cancel)
        except RuntimeError:  # it was closed meanwhile
            return False
        return True

    async def woken(self) -> None:
        """Wait until `wake` is called, or was since the last time; run the tasks that were left."""
        if self.loop is not None and self._future is not None:
            await self._future
            self._future = self.loop.create_future()
        self.run_tasks()

    def own(self, worker: OwnedWorker) -> None:
        """Keep in mind that the agent has started a worker."""
        self._workers.add(worker)

    def workers(self) -> list[OwnedWorker]:
        """The workers that it has started, as far as anybody has them."""
        return list(self._workers)

    def end(self) -> None:
        """Come to the end, in the agent's own thread: its waiters leave their queues.

        If it is terminated, so are the workers that it has started: nobody is left whom they could send to.
        """
        end_thread()
        if self._policy.interrupted:
            for worker in list(self._workers):
                with contextlib.suppress(RuntimeError):  # no thread can be started any more
                    worker.terminate()

    def __repr__(self) -> str:
        return f"<Agent {self.id} {self.name!r}>"


class _LoopTask:
    """A task that an event loop was given: it runs once."""

    __slots__ = ("done", "loop", "task")

    def __init__(self, loop: asyncio.AbstractEventLoop, task: Callable[[], None]) -> None:
        self.loop = loop
        self.task = task
        self.done = False

    def __call__(self) -> None:
        if not self.done:
            self.done = True
            task = self.task
            del self.task  # which may hold a message
            task()


class _Current(threading.local):
    agent: Agent | None = None


_CURRENT: Final = _Current()
carry(_CURRENT)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


CLUSTER: Final = Cluster("of this process")


def become(agent: Agent) -> None:
    """Let the running thread be that of ``agent``."""
    _CURRENT.agent = agent
    set_policy(agent.waiter)


def leave() -> None:
    """Let the running thread have no agent of its own any more."""
    _CURRENT.agent = None
    set_policy(None)


class Home:
    """Where the handlers of an object run: on the event loop that ran when it was made, else as tasks of its agent."""

    __slots__ = ("agent", "loop")

    def __init__(self) -> None:
        self.agent = Agent.current()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.find_loop()

    def find_loop(self) -> None:
        """Take the running event loop, if the object's thread runs one now and had none before."""
        if self.loop is None or self.loop.is_closed():
            try:
                self.loop = asyncio.get_running_loop()
            except RuntimeError:
                self.loop = None

    def post(self, task: Callable[[], Any]) -> None:
        """Run a task there, soon."""
        loop = self.loop
        if loop is None or loop.is_closed() or not self.agent.post_on(loop, task):
            self.agent.post(task)
