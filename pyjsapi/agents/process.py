"""Workers in processes of their own.

They are forked from a server that is started with the first of them (see `forkserver`), and talk over a pair of
sockets. Shared bytes cross as file descriptors. When the program ends, in whatever way, its workers do.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import marshal
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any, ClassVar, Final

from pyjsapi.agents.backend import Backend, Frame, Job, Plain
from pyjsapi.agents.channel import Destination
from pyjsapi.agents.pipe import MOST_DESCRIPTORS, Pipe
from pyjsapi.agents.remote import RemoteLink
from pyjsapi.blocks.processes.block import attach, attached, forget_process, refresh_all, share
from pyjsapi.blocks.shared import SharedBlock
from pyjsapi.ecmascript.errors import DataCloneError

_CODE: Final = (
    "import sys; sys.path[:] = {path!r}; from pyjsapi.agents.forkserver import main; main({fd})"
)
_SERVER_END: Final = 5.0
"""Seconds that the server has to end with its workers."""


class ProcessLink(RemoteLink):
    """A side of the connection; a thread of its own receives."""

    def __init__(self, pipe: Pipe, *, starter: bool) -> None:
        super().__init__(starter=starter)
        self.pipe = pipe
        self._outgoing = threading.local()

    def attach_block(self, block: SharedBlock) -> Plain:
        """See `RemoteLink`: the descriptor goes with the next value that this thread transmits."""
        try:
            identity, descriptor = share(block)
        except OSError as error:
            raise DataCloneError(f"the memory cannot be shared with a process: {error}") from error
        blocks = self._outgoing.__dict__.setdefault("blocks", {})
        blocks[descriptor] = block  # which keeps it open
        if len(blocks) > MOST_DESCRIPTORS:
            blocks.clear()
            raise DataCloneError(f"a message can share at most {MOST_DESCRIPTORS} memories")
        return identity

    def transmit(self, plain: Plain) -> None:
        """See `RemoteLink`. What is sent to a side that has ended is lost."""
        blocks = self._outgoing.__dict__.pop("blocks", {})
        with contextlib.suppress(OSError):
            self.pipe.send(marshal.dumps(plain), list(blocks), blocks)

    def block_of(self, record: Plain) -> SharedBlock:
        """See `RemoteLink`."""
        block = attached(record)
        if block is None:
            raise DataCloneError(
                "the shared memory did not arrive: no file descriptor was left for it"
            )
        return block

    def receive_all(self) -> None:
        """Receive until the other side is gone."""
        while True:
            packet = self.pipe.receive()
            if packet is None:
                return
            data, descriptors = packet
            blocks = _attach_all(descriptors)
            refresh_all()
            try:
                self.received_plain(marshal.loads(data))
            except Exception:
                sys.excepthook(*sys.exc_info())
            del blocks  # only now: until here they are found by their identity


def _attach_all(descriptors: list[int]) -> list[SharedBlock]:
    blocks = []
    for descriptor in descriptors:
        with contextlib.suppress(OSError):  # `block_of` will miss it
            blocks.append(attach(descriptor))
    return blocks


class ProcessBackend(Backend):
    """The starter's side of a worker in a process."""

    kind: ClassVar[str] = "process"

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        if not hasattr(os, "fork") or not hasattr(socket, "SCM_RIGHTS"):
            raise ValueError(
                "this system cannot hand shared memories to processes: use kind='thread'"
            )
        self._plain = job.plain()
        self._pipe, self._theirs = Pipe.pair()
        self.link: ProcessLink = ProcessLink(self._pipe, starter=True)
        self._server: ForkServer | None = None
        self._token = 0
        self._terminated = False
        self._status: int | None = None
        self._number: int | None = None
        self._exited = threading.Event()
        self._gone = threading.Event()

    def start(self) -> None:
        """See `Backend`."""
        with self._theirs:
            self._server = fork_server()
            self._token = self._server.start(self._plain, self._theirs.fileno(), self._has_ended)
        threading.Thread(target=self._receive, name="pyjsapi process worker", daemon=True).start()

    @property
    def process(self) -> int | None:
        """The number of the process, once it has started."""
        return None if self._server is None else self._server.process_of(self._token)

    def _has_ended(self, process: int | None, status: int | None) -> None:
        """The process is no more; ``status`` as of `subprocess`, ``None`` where nobody knows it."""
        self._number = process
        self._status = status
        self._exited.set()
        self._pipe.drain()

    def _receive(self) -> None:
        self.link.receive_all()
        self._exited.wait()
        self._pipe.close()
        try:
            reason = self._reason()
            if reason is not None:
                self.link.received(Frame("error", 0, ("Error", reason, "", 0, reason)))
            self.link.received(Frame("ended"))
        finally:
            self._gone.set()
        if self._number is not None:
            forget_process(self._number)

    def _reason(self) -> str | None:
        if self._terminated or self._status == 0:
            return None
        if self._server is not None and self._server.closed:
            return None  # Whoever started it has come to the end, and takes it along.
        if self._status is None:
            return "the process is out of reach: the server that it was forked from has died"
        if self._status > 0:
            return f"the process ended with status {self._status}"
        try:
            name = signal.Signals(-self._status).name
        except ValueError:
            name = f"signal {-self._status}"
        return f"the process was ended by {name}"

    def terminate(self) -> None:
        """See `Backend`."""
        self._terminated = True
        if self._server is not None and not self._exited.is_set():
            self._server.kill(self._token)
            self._pipe.shut()

    def join(self, timeout: float | None = None) -> bool:
        """See `Backend`."""
        return self._gone.wait(timeout)


class _WorkerLink(ProcessLink):
    """The worker's side, which receives from when its port is there on."""

    def open_route(self, number: int, destination: Destination) -> None:
        """See `Link`."""
        super().open_route(number, destination)
        if number == 0:
            threading.Thread(target=self._receive, name="pyjsapi link", daemon=True).start()

    def _receive(self) -> None:
        try:
            self.receive_all()
        finally:
            os._exit(0)  # whoever started this worker is gone


def run_process_worker(plain: Plain, connected: socket.socket) -> None:
    """The worker's side: in the process that was forked for it."""
    from pyjsapi.agents.scope import run_worker

    pipe = Pipe(connected)
    run_worker(Job(*plain), _WorkerLink(pipe, starter=False))
    pipe.flush()


class ForkServer:
    """The program's side of `forkserver.Server`."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            code = _CODE.format(path=list(map(str, sys.path)), fd=theirs.fileno())
            flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
            self._process = subprocess.Popen(
                [sys.executable, *flags, "-c", code],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
        self._pipe = Pipe(ours)
        self._lock = threading.Lock()
        self._tokens = itertools.count(1)
        self._endings: dict[int, Callable[[int | None, int | None], None]] = {}
        self._processes: dict[int, int] = {}
        self.owner = os.getpid()
        self.alive = True
        self.closed = False
        """Whether it was ended on purpose, with its workers."""
        threading.Thread(target=self._listen, name="pyjsapi fork server", daemon=True).start()

    def start(
        self, job: Plain, descriptor: int, has_ended: Callable[[int | None, int | None], None]
    ) -> int:
        """Order a worker, which gets the descriptor; a token that stands for it.

        ``has_ended`` will be called with the number of its process and the status, where they are known.
        """
        setting: dict[str, Any] = {
            "job": job,
            "path": list(map(str, sys.path)),
            "argv": list(map(str, sys.argv)),
            "environment": dict(os.environ),
            "directory": _current_directory(),
        }
        with self._lock:
            token = next(self._tokens)
            self._endings[token] = has_ended
        try:
            self._pipe.send(marshal.dumps(("start", token, setting)), [descriptor])
        except OSError:
            self._ended(token, None)
        return token

    def kill(self, token: int) -> None:
        """End a worker, unless it has ended."""
        with contextlib.suppress(OSError):
            self._pipe.send(marshal.dumps(("kill", token)))

    def process_of(self, token: int) -> int | None:
        """The number of a worker's process, once it runs."""
        return self._processes.get(token)

    def _listen(self) -> None:
        while True:
            packet = self._pipe.receive()
            if packet is None:
                break
            event, token, value = marshal.loads(packet[0])
            if event == "started":
                self._processes[token] = value
            else:
                self._ended(token, value)
        self.alive = False
        for token in list(self._endings):
            self._ended(token, None)
        self._pipe.close()
        self._process.wait()

    def _ended(self, token: int, status: int | None) -> None:
        process = self._processes.pop(token, None)
        with self._lock:
            has_ended = self._endings.pop(token, None)
        if has_ended is not None:
            has_ended(process, status)

    def close(self) -> None:
        """End the server and all its workers."""
        self.closed = True
        self.alive = False
        if os.getpid() != self.owner:
            return
        self._pipe.shut()
        try:
            self._process.wait(_SERVER_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _current_directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return os.sep


_STARTING: Final = threading.Lock()
_server: ForkServer | None = None


def fork_server() -> ForkServer:
    """The server of this process, started now unless it runs."""
    global _server
    with _STARTING:
        if _server is None or not _server.alive or _server.owner != os.getpid():
            if _server is None:
                atexit.register(stop_fork_server)
            _server = ForkServer()
        return _server


def stop_fork_server() -> None:
    """End the server, and with it all workers that are processes; the next worker starts another."""
    global _server
    with _STARTING:
        if _server is not None:
            _server.close()
        _server = None
