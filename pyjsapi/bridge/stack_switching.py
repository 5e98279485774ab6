"""Stacks of JavaScript's promise integration, on which Pyodide's Python runs: the mechanism of `suspension` there.

A stack goes on when JavaScript has its turn, and not before whoever resumes it returns: so it is awaited, and takes
what a part of a call borrows itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Sequence
from contextvars import Context, copy_context
from functools import cache, partial
from typing import Any, Final

import pyodide_js
from pyodide import ffi
from pyodide.code import run_js

from pyjsapi.blocks.carried import Belongings, copies, take_over
from pyjsapi.bridge.suspended_states import wait
from pyjsapi.suspension.context import change
from pyjsapi.suspension.stack import Stack, Turn, nothing

_BEGIN: Final = """\
(module, call) => {
  const { PyProxy_getPtr, StackState, promisingApply, stackSave, validSuspender } = module;
  const { _PyErr_Clear, _captureThreadState, _free, _malloc, _restoreThreadState } = module;
  const needed = [PyProxy_getPtr, StackState, promisingApply, stackSave, _captureThreadState, _restoreThreadState];
  if (!validSuspender || needed.some((part) => typeof part !== "function")) return call.callPromising();
  const { stackStop } = module;
  const suspendable = validSuspender.value;
  const exception = _malloc(4);
  const thread = _captureThreadState(); // 0, and an error, where there is nothing to capture
  if (thread === 0) _PyErr_Clear();
  module.stackStop = stackSave();
  const here = new StackState();
  const ended = promisingApply(PyProxy_getPtr(call), [], 0, [], 0, exception);
  here.restore();
  module.stackStop = stackStop;
  if (thread !== 0) _restoreThreadState(thread);
  validSuspender.value = suspendable;
  return ended.then(() => {
    validSuspender.value = false;
    _free(exception);
  });
}"""
"""Begins a call on a stack of its own, at once. Pyodide's ``callPromising`` begins it when JavaScript has its turn,
from where nothing need be put back; that is what there is if this Pyodide lacks what the rest takes: the part of the
stack in its memory, which is kept aside before others use it, and the state of the thread.
"""
_NEW_GATE: Final = """\
() => {
  const gate = {};
  gate.opened = new Promise((open) => {
    gate.open = () => open();
  });
  return gate;
}"""
_running: Final[list[SwitchedStack | None]] = [None]


@cache
def _begin() -> Callable[[Callable[[], None]], None]:
    """Made when it is first needed: a snapshot of the memory can have no function of JavaScript."""
    return partial(run_js(_BEGIN), pyodide_js._module)


@cache
def _new_gate() -> Callable[[], Any]:
    """See `_begin`."""
    made: Callable[[], Any] = run_js(_NEW_GATE)
    return made


class SwitchedStack(Stack):
    """A stack that Pyodide's `run_sync` suspends."""

    takes_turns = True
    is_javascripts = False
    """Whether JavaScript may lie between its calls, which Python's frames do not tell."""

    def __init__(self, function: Callable[..., Any], arguments: Sequence[Any]) -> None:
        self._call = (function, arguments)
        self._gate: Any = None
        self._seen = Context()
        self._lent = Context()
        self._raised: BaseException | None = None
        self._caller: SwitchedStack | None = None
        self._out: asyncio.Future[None] | None = None
        self._has_begun = False
        self._waits = False
        """Whether it is suspended in the middle of a part."""
        self._belongings: Belongings = ()
        self.turn = Turn(0, None)

    @staticmethod
    def innermost() -> SwitchedStack | None:
        """The stack that runs, whether or not it can be suspended now."""
        return _running[0]

    # ---- outside

    def resume(self, value: Any, error: BaseException | None) -> _Part | None:
        """See `Stack`."""
        self.value, self._raised = value, error
        self._lent, self._belongings = copy_context(), copies()
        self.turn.deepen()
        if self._has_begun:
            self._out = asyncio.get_event_loop().create_future()
            self._gate.open()
            return _Part(self, self._out)
        self._caller = _running[0]
        if self._caller is not None and self._caller.is_javascripts:
            self.is_javascripts = True
        self._seen = self._lent
        _begin()(self._run)
        if not self._has_begun or self._waits:
            self._caller = None
            self._out = asyncio.get_event_loop().create_future()
            return _Part(self, self._out)
        self.returned()
        return None

    def returned(self) -> None:
        """A part is over: give the running context what it has set."""
        self.turn.settle()
        change(self._lent, self._seen)

    # ---- inside

    def _run(self) -> None:
        self._lent.copy().run(self._in_context)

    def _in_context(self) -> None:
        call, self._call = self._call, (nothing, ())
        self._has_begun = True
        self._enter()
        try:
            self.begin(*call)
        finally:
            self._leave()

    def suspend(self, value: Any) -> Any:
        """See `Stack`."""
        self.value = value
        self._gate = _new_gate()()
        self.wait_for(self._gate.opened)
        value, self.value = self.value, None
        error, self._raised = self._raised, None
        if error is None:
            return value
        try:
            raise error
        finally:
            del error

    def wait_for(self, promise: Any) -> None:
        """Be suspended until a promise of JavaScript's is settled, which must not be rejected."""
        self._leave()
        wait(promise)
        self._caller = None
        self._enter()
        change(self._seen, self._lent)

    def wait_within(self, future: asyncio.Future[None]) -> None:
        """Be suspended until a future is done, in the middle of a part: what goes on meanwhile belongs to that."""
        belongings = copies()
        self._waits = True
        _running[0], self._caller = self._caller, None
        wait(future)
        self._waits = False
        _running[0] = self
        take_over(belongings)

    def _enter(self) -> None:
        _running[0] = self
        take_over(self._belongings)
        self.turn.take()

    def _leave(self) -> None:
        self.turn.give()
        self._seen = copy_context()
        _running[0], self._caller = self._caller, None
        out, self._out = self._out, None
        if out is not None and not out.done():
            out.set_result(None)


class _Part:
    """Until a stack that goes on is suspended again or has ended."""

    def __init__(self, stack: SwitchedStack, out: asyncio.Future[None]) -> None:
        self._stack = stack
        self._out = out

    def __await__(self) -> Generator[Any, None, None]:
        yield from asyncio.shield(self._out).__await__()
        self._stack.returned()

    def wait_on(self, stack: SwitchedStack) -> None:
        """See `Part`."""
        stack.wait_within(self._out)
        self._stack.returned()


class StackSwitching:
    """See `Mechanism`."""

    name: Final = "pyodide"

    def stack(self, function: Callable[..., Any], arguments: Sequence[Any], /) -> Stack:
        """See `Mechanism`."""
        return SwitchedStack(function, arguments)

    @staticmethod
    def running() -> Stack | None:
        """See `Mechanism`."""
        stack = _running[0]
        if stack is not None and stack.is_javascripts and not ffi.can_run_sync():
            return None
        return stack
