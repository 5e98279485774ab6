"""Where workers run: the interface between `Worker` and what carries it.

A worker has two sides, that of whoever started it and its own, and a `Link` on each. What crosses is a `Frame`: a
message for a port, an uncaught error, or the news that a side has ended. Everything else is the same for all kinds of
workers: `worker.Worker` is the starter's side, `scope.run_worker` the worker's.

**A kind of worker** is a `Backend` with a `Link` on either side:

- `kinds.offer` makes it known.
- ``Backend(job)`` makes ``self.link``, the starter's side, and starts nothing. ``start()`` starts the worker, whose
  first act is to make its own side of the link and call ``scope.run_worker(job, link)``. ``terminate()`` ends the
  worker wherever it is and returns at once; ``join(timeout)`` waits until nothing of it is left.
- However the worker ends, also by a crash, ``link.received(Frame("ended", 0, reason))`` happens exactly once on the
  starter's side, after all that the worker sent. ``reason`` is ``None`` for an orderly end, else a text.
  `run_worker` sends no such frame: the backend does.
- Frames arrive in the order in which they were sent, in whatever thread.

**Threads** pass frames as they are (`thread.ThreadLink`). **Everything else** is a `remote.RemoteLink`: frames become
plain values and back. Plain is what `marshal` writes and JavaScript can have: ``None``, ``bool``, ``int``,
``float``, ``str``, ``bytes``, and tuples and lists of them. So ``marshal.dumps(plain)`` is a good way to put one
into a pipe. A subclass has:

- ``transmit(plain)``: queue it for the other side; any thread calls it, and it must not block for long.
- ``received_plain(plain)``: to be called with every value that arrives, by one thread at a time.
- ``attach_block(block)``: a plain record of a `blocks.shared.SharedBlock`, from which the other side can attach to
  the very same bytes, or `DataCloneError` where it cannot. It is called once for each block in a message: the bytes
  of a shared memory and those of its `SharedArrayBuffer` objects are one block.
- ``block_of(record)``: the block of such a record: the same object for the same bytes as long as somebody holds it.

**What crosses otherwise**, by `remote.RemoteLink` itself and so for every kind alike:

- A Module: its bytes and options, compiled again on the other side (from the code cache, where there is one).
- A Memory: its type and its block. The other side makes a memory of its own on the block.
- A SharedArrayBuffer: its block, with its length or growable.
- A MessagePort: a route of the link. Its end stays here as a relay, and the other side gets a port whose messages come
  over the route. Route 0 is the worker's own port.

The values of a message are records in a list (see `serialise`), also plain; what cannot be copied stands in
``Message.attachments`` and is replaced as told above.
"""

from __future__ import annotations

import errno
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeAlias

from pyjsapi.agents.channel import Destination
from pyjsapi.ecmascript.errors import DataCloneError

Plain: TypeAlias = Any
"""``None``, ``bool``, ``int``, ``float``, ``str``, ``bytes``, or a tuple or list of plain values."""


class Frame(NamedTuple):
    """What crosses a link."""

    kind: str
    """``message``: a `serialise.Message` for the port of the route. ``close``: that port's other end was closed.
    ``error``: an uncaught exception in the worker (a tuple, see `events.error_record`). ``ended``: the worker has
    ended. ``terminate`` is for backends: an order that the layer itself never sends."""
    route: int = 0
    payload: Any = None


@dataclass(frozen=True)
class Job:
    """What a worker shall do."""

    target: Any
    """A callable, ``"module:function"``, or the path of a script; only threads may have the first."""
    name: str = ""
    can_block: bool = True
    """[[CanBlock]] of the worker's agent."""

    def plain(self) -> Plain:
        """For a worker elsewhere; `DataCloneError` when the target is an object that has no importable name."""
        return (importable_name(self.target), self.name, self.can_block)


def script_of(target: Any) -> Path | None:
    """The path of the script that a target is, if it is one: a `Path`, or a string that ends in ``.py``."""
    if isinstance(target, os.PathLike) or (isinstance(target, str) and target.endswith(".py")):
        return Path(target)
    return None


def check_target(target: Any) -> None:
    """Refuse what no worker can run, without importing anything.

    Raises `TypeError` for what is no target at all, `FileNotFoundError` for a script that is not there.
    """
    script = script_of(target)
    if script is not None:
        if not script.is_file():
            raise FileNotFoundError(
                errno.ENOENT, "there is no such script for a worker", str(script)
            )
    elif isinstance(target, str):
        module, separator, name = target.partition(":")
        if not (separator and module and name):
            raise TypeError(
                f"the target {target!r} must be 'module:function' or the path of a script ending in .py"
            )
    elif not callable(target):
        raise TypeError(f"the target must be a callable, a name or a path, not {target!r}")


def importable_name(target: Any) -> str:
    """The target as a string: a function by the name of its module and its own."""
    if isinstance(target, os.PathLike) and str(target).endswith(".py"):
        return str(target)
    if isinstance(target, str):
        return target
    module = getattr(target, "__module__", None)
    name = getattr(target, "__qualname__", None)
    if not module or not name or "<" in name or module == "__main__":
        raise DataCloneError(
            f"the target {target!r} cannot be found by name in another interpreter: "
            "give a function of a module, 'module:function', or the path of a script"
        )
    return f"{module}:{name}"


class Link(ABC):
    """One side of the connection between a worker and whoever started it."""

    def __init__(self) -> None:
        self.receiver: Callable[[Frame], None] | None = None
        """Takes every frame but those of ports; set before the worker starts."""
        self._routes: dict[int, Destination] = {}
        self._early: list[Any] | None = []  # what came for a worker before it had its port
        self._guard = threading.RLock()

    @abstractmethod
    def send(self, frame: Frame) -> None:
        """Queue a frame for the other side, from any thread. Raises `DataCloneError` for what cannot cross."""

    def received(self, frame: Frame) -> None:
        """A frame has arrived."""
        if frame.kind == "message":
            with self._guard:
                route = self._routes.get(frame.route)
                if route is None and self._early is not None and frame.route == 0:
                    self._early.append(frame.payload)
            if route is not None:
                route.deliver(frame.payload)
        elif frame.kind == "close":
            self.close_route(frame.route)
        elif self.receiver is not None:
            self.receiver(frame)

    def open_route(self, number: int, destination: Destination) -> None:
        """Give what arrives over a route to ``destination``."""
        with self._guard:
            early: list[Any] = []
            if number == 0:
                early, self._early = self._early or [], None
            for message in early:
                destination.deliver(message)
            self._routes[number] = destination

    def close_route(self, number: int) -> None:
        """Nothing more will arrive over a route."""
        with self._guard:
            destination = self._routes.pop(number, None)
        if destination is not None:
            destination.shut()

    def close(self) -> None:
        """Nothing more will arrive at all."""
        for number in list(self._routes):
            self.close_route(number)


class Backend(ABC):
    """A kind of worker; see the module's text."""

    kind: ClassVar[str]
    link: Link

    def __init__(self, job: Job) -> None:
        self.job = job

    @abstractmethod
    def start(self) -> None:
        """Start the worker and return at once."""

    @abstractmethod
    def terminate(self) -> None:
        """End the worker wherever it is. Returns at once; harmless when it has ended."""

    @abstractmethod
    def join(self, timeout: float | None = None) -> bool:
        """Wait until nothing of the worker is left, for at most ``timeout`` seconds; whether that is so."""
