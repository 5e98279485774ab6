"""Stacks of threads, one parked for each suspended call: for where nothing but the standard library is installed.

Only one of two threads runs at any time: the one that resumes a stack waits for it. It lends the other what code can
see of it: the running event loop, the values of context variables, and what `blocks.carried` knows.
"""

from __future__ import annotations

import os
from _thread import LockType, allocate_lock, get_ident, start_new_thread
from asyncio import _get_running_loop, _set_running_loop
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from typing import Any, Final

from pyjsapi.blocks.carried import Belongings, hand_over, take_over
from pyjsapi.blocks.waiting import current_policy, unlock
from pyjsapi.suspension.context import change
from pyjsapi.suspension.stack import Stack, nothing
from pyjsapi.syntax.errors import Exhaustion

_MOST_IDLE: Final = 8
"""Threads that are kept for later calls."""
_MOST_NESTED: Final = 100
"""Threads that may wait for each other."""


class ThreadStack(Stack):
    """A stack that is a thread's, from when it is first resumed."""

    def __init__(self, function: Callable[..., Any], arguments: Sequence[Any]) -> None:
        self._call = (function, arguments)
        self._thread: _Thread | None = None
        self._loan: _Loan | None = None
        self._seen = Context()
        """Context variables as both threads last knew them."""
        self._raised: BaseException | None = None
        self._nesting = 0

    # ---- outside

    def resume(self, value: Any, error: BaseException | None) -> None:
        """See `Stack`."""
        self.value, self._raised = value, error
        caller = _running()
        self._nesting = caller._nesting + 1 if caller is not None else 0
        if self._nesting > _MOST_NESTED and self._thread is None:
            # Each thread counts its own depth: this would go on until there are no more threads.
            self._exhaust()
            return
        policy = current_policy()
        loan = self._loan = _Loan()
        try:
            if self._thread is None:
                self._seen = loan.context
                thread = self._thread = _Thread.free()
                try:
                    thread.begin(self)
                except RuntimeError:  # There are no more threads.
                    self._thread = self._loan = None
                    self._exhaust()
                    return
            elif self._thread.forks != len(_FORKS):
                self._lose()
                return
            else:
                thread = self._thread
                thread.inside.release()
            while self._loan is loan:
                try:
                    # Besides the thread, only what ends the agent, or a signal, ends this: the code inside gets that.
                    policy.park(thread.outside, -1)
                except BaseException as failure:
                    thread.interrupt(type(failure))
                    thread.outside.acquire()
        finally:
            take_over(loan.belongings)
            change(loan.context, self._seen)

    def _exhaust(self) -> None:
        self._call = (nothing, ())
        self.ended, self.failure = True, Exhaustion("call stack exhausted")

    def _lose(self) -> None:
        """The thread is one of the process that this one was forked from."""
        self._thread = self._loan = None
        self.ended = True
        self.failure = RuntimeError(
            "the call was suspended before this process was forked, and its thread is not here"
        )

    # ---- inside

    def run(self) -> None:
        """Be the thread until the call has ended."""
        self._seen.copy().run(self._run)

    def _run(self) -> None:
        call, self._call = self._call, (nothing, ())
        self._borrow()
        self.begin(*call)
        self._give_back()

    def suspend(self, value: Any) -> Any:
        """See `Stack`."""
        self.value = value
        self._wait()
        value, self.value = self.value, None
        error, self._raised = self._raised, None
        if error is None:
            return value
        try:
            raise error
        finally:
            del error

    def _wait(self) -> None:
        thread = self._thread
        if thread is not None:
            self._give_back()
            unlock(thread.outside)
            thread.inside.acquire()
            self._borrow()

    def _borrow(self) -> None:
        loan = self._loan
        if loan is not None:
            _RUNNING[get_ident()] = self
            take_over(loan.belongings)
            _set_running_loop(loan.loop)
            change(self._seen, loan.context)

    def _give_back(self) -> None:
        loan = self._loan
        if loan is not None:
            _RUNNING.pop(get_ident(), None)
            self._seen = copy_context()
            _set_running_loop(None)
            loan.belongings = hand_over()
            self._loan = None


class _Loan:
    """What a thread lends."""

    __slots__ = ("belongings", "context", "loop")

    def __init__(self) -> None:
        self.loop: Final = _get_running_loop()
        self.context: Final = copy_context()
        self.belongings: Belongings = hand_over()


class _Thread:
    """A thread that runs one stack after the other."""

    def __init__(self) -> None:
        self.inside: Final = _locked()
        """Released to let the thread go on."""
        self.outside: Final = _locked()
        """Released by the thread when it waits."""
        self.forks: Final = len(_FORKS)
        """How often the process was forked when it was made: it is nowhere but there."""
        self._stack: ThreadStack | None = None
        self._ident = 0

    @staticmethod
    def free() -> _Thread:
        """One that has nothing to run."""
        try:
            return _IDLE.pop()
        except IndexError:
            return _Thread()

    def begin(self, stack: ThreadStack) -> None:
        """Let it run a stack."""
        self._stack = stack
        if self._ident:
            self.inside.release()
        else:
            self._ident = start_new_thread(self._main, ())

    def interrupt(self, error: type[BaseException]) -> None:
        """Raise an exception at the next step of the thread."""
        import ctypes

        set_exception = ctypes.pythonapi.PyThreadState_SetAsyncExc
        set_exception(ctypes.c_ulong(self._ident), ctypes.py_object(error))

    def _main(self) -> None:
        idle = True
        while idle:
            stack, self._stack = self._stack, None
            if stack is not None:
                stack.run()
            del stack
            idle = len(_IDLE) < _MOST_IDLE
            if idle:
                _IDLE.append(self)
            unlock(self.outside)
            if idle:
                self.inside.acquire()


_IDLE: Final[list[_Thread]] = []
_RUNNING: Final[dict[int, ThreadStack]] = {}
"""The stack that a thread runs now, by its identity."""

_FORKS: Final[list[bool]] = []
"""One for each fork that led to this process."""


def _after_fork() -> None:
    _IDLE.clear()
    _FORKS.append(True)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _running() -> ThreadStack | None:
    """See `Mechanism`."""
    return _RUNNING.get(get_ident())


class Threads:
    """See `Mechanism`."""

    name: Final = "thread"
    running = staticmethod(_running)

    def stack(self, function: Callable[..., Any], arguments: Sequence[Any], /) -> Stack:
        """See `Mechanism`."""
        return ThreadStack(function, arguments)


def _locked() -> LockType:
    lock = allocate_lock()
    lock.acquire()
    return lock
