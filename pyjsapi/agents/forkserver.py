"""A process that others are forked from: workers start in milliseconds, from a clean interpreter.

It is started afresh (never forked from the program, whose threads and locks a copy would inherit), imports what workers
need, and then forks one process for each order. It has no threads. It reports how each of its children ended, and ends
with all of them when the program closes its end of the pipe or dies.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import marshal
import os
import select
import signal
import socket
import sys
import traceback
from typing import Any, Final, NoReturn

from pyjsapi.agents.pipe import Pipe

FAILED: Final = 1
"""Exit status of a worker that could not be run."""


class Server:
    """The process's own side."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._pipe = Pipe(connected)
        self._children: dict[int, int] = {}
        """Tokens of the orders, by process."""
        self._bell, self._bell_end = os.pipe()
        for descriptor in (self._bell, self._bell_end):
            os.set_blocking(descriptor, False)

    def run(self) -> None:
        """Serve until the other side is gone."""
        signal.signal(
            signal.SIGINT, signal.SIG_IGN
        )  # what interrupts the program is not meant for its workers
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._bell_end, warn_on_full_buffer=False)
        while True:
            orders = self._socket.fileno()
            ready, _, _ = select.select([orders, self._bell], [], [])
            if self._bell in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._bell, 4096)
            self._reap()
            if orders in ready:
                packet = self._pipe.receive()
                if packet is None:
                    break
                self._obey(*packet)
        self._end_all()

    def _obey(self, data: bytes, descriptors: list[int]) -> None:
        order, token, *details = marshal.loads(data)
        if order == "start":
            if descriptors:
                self._fork(token, details[0], descriptors[0])
            else:
                self._report("ended", token, FAILED)
        elif order == "kill":
            for process, of in self._children.items():
                if of == token:
                    os.kill(process, signal.SIGKILL)

    def _fork(self, token: int, setting: dict[str, Any], descriptor: int) -> None:
        try:
            process = os.fork()
        except OSError:
            os.close(descriptor)
            self._report("ended", token, FAILED)
            return
        if process == 0:
            self._leave()
            run_child(setting, descriptor)
        os.close(descriptor)
        self._children[process] = token
        self._report("started", token, process)

    def _leave(self) -> None:
        """In a child: let go of all that is the server's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._socket.close()
        os.close(self._bell)
        os.close(self._bell_end)

    def _reap(self) -> None:
        while self._children:
            process, status = os.waitpid(-1, os.WNOHANG)
            if process == 0:
                return
            token = self._children.pop(process)
            self._report("ended", token, os.waitstatus_to_exitcode(status))

    def _report(self, event: str, token: int, value: int) -> None:
        with contextlib.suppress(OSError):
            self._pipe.send(marshal.dumps((event, token, value)))

    def _end_all(self) -> None:
        for process in self._children:
            os.kill(process, signal.SIGKILL)
        for process in self._children:
            os.waitpid(process, 0)


def run_child(setting: dict[str, Any], descriptor: int) -> NoReturn:
    """Be a worker, in a process of its own, and end with it."""
    status = FAILED
    try:
        sys.path[:] = setting["path"]
        sys.argv[:] = setting["argv"]
        os.environ.clear()
        os.environ.update(setting["environment"])
        with contextlib.suppress(OSError):
            os.chdir(setting["directory"])
        from pyjsapi.agents.process import run_process_worker

        run_process_worker(setting["job"], socket.socket(fileno=descriptor))
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else FAILED
    except BaseException:
        traceback.print_exc()
    finally:
        # Only what the worker itself registered: the server registers nothing.
        atexit._run_exitfuncs()
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status & 0xFF)


def main(descriptor: int) -> None:
    """The server, with its end of the pipe."""
    for name in ("agents.process", "agents.scope", "engines.python", "jsapi.namespace"):
        importlib.import_module(f"pyjsapi.{name}")
    from pyjsapi.blocks.processes import futex, locks, machine

    machine.library()
    locks.best_kind()
    futex.best_parking()
    gc.collect()
    gc.freeze()
    Server(socket.socket(fileno=descriptor)).run()
