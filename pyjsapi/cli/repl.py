"""``pyjsapi`` alone: a prompt with ``await`` at the top level, completion of names and a history.

What is typed runs in the main thread, on an event loop that runs on while nothing is typed: handlers are called,
tasks go on. The prompt waits in a thread of its own, as with ``python -m asyncio``.
"""

from __future__ import annotations

import ast
import asyncio
import code
import contextlib
import os
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, Final

import pyjsapi
from pyjsapi.agents.agent import Agent
from pyjsapi.agents.tracebacks import show_own_frames
from pyjsapi.agents.worker import failures_of
from pyjsapi.cli.history import file_at_home, history
from pyjsapi.cli.script import script_scope

HISTORY: Final = "PYJSAPI_HISTORY"
"""Environment variable: the file that keeps what was typed; empty for none."""
_BANNER: Final = """\
pyjsapi {version} on Python {python}; await works at the top level.
WebAssembly, fetch, Worker and all that pyjsapi exports are in scope; help(WebAssembly) tells more. Ctrl-D ends."""


def run_prompt() -> int:
    """Read and run until the input ends; the exit code of ``exit``, else 0."""
    sys.argv = [""]
    sys.path.insert(0, "")
    scope = script_scope(None)
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        asyncio.set_event_loop(loop)
        loop.set_exception_handler(_show_unhandled)
        turn = _Turn(loop, scope)
        console = _Console(scope, turn)
        with _line_editing(scope):
            threading.Thread(target=console.converse, name="prompt", daemon=True).start()
            try:
                turn.serve()
            finally:
                for worker in Agent.current().workers():
                    worker.terminate()
    return 0


class _Console(code.InteractiveConsole):
    """The side of whoever types."""

    def __init__(self, scope: dict[str, Any], turn: _Turn) -> None:
        super().__init__(scope)
        self.compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self._turn = turn

    def converse(self) -> None:
        banner = _BANNER.format(version=pyjsapi.__version__, python=sys.version.split()[0])
        try:
            self.interact(banner, "")
        finally:
            # What was typed and never awaited needs no warning any more.
            warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
            self._turn.end()

    def runcode(self, code: CodeType) -> None:
        """Have the main thread run it, and wait."""
        self._turn.take(code)


class _Turn:
    """The side of the event loop: one statement at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, scope: dict[str, Any]) -> None:
        self._loop: Final = loop
        self._scope: Final = scope
        self._task: asyncio.Task[None] | None = None

    def take(self, code: CodeType) -> None:
        """Run a statement. Called in the thread of the prompt."""
        done = threading.Event()
        self._loop.call_soon_threadsafe(self._begin, code, done.set)
        done.wait()

    def end(self) -> None:
        """Nothing more will be typed. Called in the thread of the prompt."""
        self._loop.call_soon_threadsafe(self._loop.stop)

    def serve(self) -> None:
        """Run what is typed, until the end. Ctrl-C ends a statement; at the prompt it does nothing."""
        while True:
            try:
                self._loop.run_forever()
            except KeyboardInterrupt:
                if self._task is not None:
                    self._task.cancel()
            else:
                return

    def _begin(self, code: CodeType, done: Callable[[], None]) -> None:
        try:
            result = FunctionType(code, self._scope)()
        except SystemExit:
            raise
        except BaseException as error:
            _show(error)
            done()
            return
        if asyncio.iscoroutine(result):
            self._task = self._loop.create_task(self._awaited(result, done))
        else:
            _tell_failures()
            done()

    async def _awaited(self, statement: Any, done: Callable[[], None]) -> None:
        try:
            await statement
        except SystemExit:
            raise
        except asyncio.CancelledError:
            _show(KeyboardInterrupt())
        except BaseException as error:
            _show(error)
        finally:
            self._task = None
        _tell_failures()
        done()


def _show(error: BaseException) -> None:
    if isinstance(error, KeyboardInterrupt):
        print("\nKeyboardInterrupt", file=sys.stderr)
        return
    show_own_frames(error)
    # For pdb.pm(), as ever at a prompt.
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
    sys.excepthook(type(error), error, error.__traceback__)


def _show_unhandled(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Show what a task or a handler raised; it ends nothing."""
    error = context.get("exception")
    if isinstance(error, Exception):
        _show(error)
    elif not isinstance(error, SystemExit):  # It ends the prompt anyway.
        loop.default_exception_handler(context)


def _tell_failures() -> None:
    for stack in failures_of(Agent.current()):
        print(f"A worker failed, and nobody asked:\n{stack}", end="", file=sys.stderr)


# ---- lines


@contextlib.contextmanager
def _line_editing(scope: dict[str, Any]) -> Any:
    """Completion and history, where Python has `readline` and somebody types."""
    try:
        import readline
        import rlcompleter
    except ImportError:
        yield
        return
    if not sys.stdin.isatty():
        yield
        return
    readline.set_completer(rlcompleter.Completer(scope).complete)
    libedit = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")
    with history(_history_file()):
        yield


def _history_file() -> Path | None:
    named = os.environ.get(HISTORY)
    if named is not None:
        return Path(named) if named else None
    return file_at_home(".pyjsapi_history")
