"""wasi-threads: programs whose threads share a memory, each in an instance and a worker of its own.

The program ends, with all its threads wherever they are, when its first thread returns, when any calls ``proc_exit``
or when any traps.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from pyjsapi.agents.agent import WorkerTerminated
from pyjsapi.agents.backend import Job
from pyjsapi.agents.thread import ThreadBackend
from pyjsapi.blocks.waiting import current_policy, unlock
from pyjsapi.jsapi.errors import Interrupted
from pyjsapi.jsapi.functions import exported_function
from pyjsapi.jsapi.instance import Instance, instance_object, read_imports
from pyjsapi.jsapi.module import Module
from pyjsapi.runtime import FuncInst
from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.types import I32, FuncType
from pyjsapi.wasi.abi import Errno
from pyjsapi.wasi.modules import SPAWN, THREADS

ENTRY: Final = "wasi_thread_start"
_MOST: Final = 128
"""Threads that a program has at once."""
_MOST_EVER: Final = (1 << 29) - 1
"""The greatest number of a thread."""
_PATIENCE: Final = 2.0
"""Seconds in which each thread that is told to end must: a call of the system may not return."""


class Threads:
    """The threads of a program; ``start`` calls the export that its first one begins with."""

    def __init__(self, module: Module, imports: Mapping[str, Any]) -> None:
        self._module = module
        spawn = FuncInst(func_def_type(FuncType((I32,), (I32,))), self._spawn, host=self._spawn)
        self._imports = {**imports, THREADS: {SPAWN: exported_function(spawn)}}
        self._first: Instance | None = None
        self._lock = threading.Lock()
        self._running: dict[int, ThreadBackend] = {}
        self._last = 0
        self._over = threading.Lock()
        self._over.acquire()
        self._outcome: BaseException | None = None
        self._is_over = False

    def instance(self) -> Instance:
        """An instance for another thread. All of a program share fuel, host calls and deadline."""
        values, made = read_imports(self._module, self._imports, "WASI.run()", {})
        first = self._first
        if first is not None:
            made.share_limits(first._instance)
        instance = instance_object(values, made)
        if first is None:
            self._first = instance
        return instance

    def interrupt(self) -> bool:
        """End the program, from any thread; whether it was running."""
        with self._lock:
            runs = bool(self._running) and not self._is_over
        if runs:
            self._settle(Interrupted("interrupted"))
        return runs

    def run(self, start: Callable[[], Any]) -> int:
        """Run the program; its exit code. Raises what left it, `WASIExit` too, and what interrupts the caller."""

        def first() -> None:
            start()
            self._settle(None)

        try:
            self._begin(0, first)
            current_policy().park(self._over, -1)
        finally:
            self._settle(None)
            self._end()
        if self._outcome is not None:
            raise self._outcome
        return 0

    def _spawn(self, argument: int) -> int:
        """``thread-spawn``: the number of the new thread, or a negated errno."""
        with self._lock:
            if len(self._running) >= _MOST or self._last >= _MOST_EVER:
                return -Errno.AGAIN.value & 0xFFFFFFFF
            self._last += 1
            number = self._last

        def thread() -> None:
            self.instance().exports[ENTRY](number, argument)

        try:
            self._begin(number, thread)
        except (RuntimeError, MemoryError):  # the system has no more threads
            return -Errno.AGAIN.value & 0xFFFFFFFF
        return number

    def _begin(self, number: int, body: Callable[[], None]) -> None:
        def target() -> None:
            try:
                body()
            except WorkerTerminated:
                raise
            except BaseException as error:
                self._settle(error)
            finally:
                with self._lock:
                    self._running.pop(number, None)

        backend = ThreadBackend(Job(target, f"WASI thread {number}", True))
        backend.link.receiver = lambda frame: None
        with self._lock:
            if self._is_over:
                return
            self._running[number] = backend
        try:
            backend.start()
        except BaseException:
            with self._lock:
                self._running.pop(number, None)
            raise

    def _settle(self, outcome: BaseException | None) -> None:
        """The program is over, if it is not yet."""
        with self._lock:
            if not self._is_over:
                self._is_over, self._outcome = True, outcome
        unlock(self._over)

    def _end(self) -> None:
        with self._lock:
            left = list(self._running.values())
        for backend in left:
            backend.terminate()
        for backend in left:
            backend.join(_PATIENCE)
