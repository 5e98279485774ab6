"""The two ends of a channel and the queues between them (HTML, "Channel messaging"), below `MessagePort`.

An end belongs to whoever takes the messages that arrive at it. Any thread may post to it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol


class Destination(Protocol):
    """Where messages go: the other end of a channel, or a route of a link."""

    def deliver(self, message: Any) -> None:
        """Take a message."""

    def shut(self) -> None:
        """The sender has closed its side."""


class ChannelEnd:
    """One end: a queue of what has arrived, and the destination of what is posted here."""

    __slots__ = ("__weakref__", "_closed", "_guard", "_listener", "_queue", "_relay", "peer")

    def __init__(self) -> None:
        self.peer: Destination | None = None
        self._guard = threading.RLock()
        self._queue: deque[Any] = deque()
        self._listener: Callable[[], None] | None = None
        self._relay: Destination | None = None
        self._closed = False

    def post(self, message: Any) -> None:
        """Send a message to the other end; it is lost when that is closed."""
        peer = self.peer
        if peer is not None and not self._closed:
            peer.deliver(message)

    def deliver(self, message: Any) -> None:
        """A message has arrived."""
        with self._guard:
            if self._relay is None:
                if self._closed:
                    return  # Who posts may have looked just before.
                self._queue.append(message)
                listener = self._listener
            else:
                self._relay.deliver(message)
                return
        if listener is not None:
            listener()

    def shut(self) -> None:
        """The other end was closed: nothing more will arrive."""
        with self._guard:
            if self._closed:
                return
            self._closed = True
            listener, relay = self._listener, self._relay
        if relay is not None:
            relay.shut()
        elif listener is not None:
            listener()

    def close(self) -> None:
        """Close this end, and tell the other."""
        with self._guard:
            peer, self.peer = self.peer, None
            self._queue.clear()
        self.shut()
        with self._guard:
            self._queue.clear()  # of what arrived in between
        if peer is not None:
            peer.shut()

    @property
    def closed(self) -> bool:
        """Whether no message can arrive any more."""
        return self._closed

    def take(self) -> Any | None:
        """The message that arrived first, or ``None``."""
        with self._guard:
            return self._queue.popleft() if self._queue else None

    def pending(self) -> bool:
        """Whether a message can be taken."""
        return bool(self._queue)

    def listen(self, listener: Callable[[], None] | None) -> None:
        """Call ``listener``, in any thread, whenever something has arrived or the other end was closed."""
        with self._guard:
            self._listener = listener

    def relay_to(self, destination: Destination) -> None:
        """Send on whatever has arrived and will arrive: the end now stands for one that is elsewhere."""
        with self._guard:
            self._listener = None
            while self._queue:
                destination.deliver(self._queue.popleft())
            self._relay = destination
            closed = self._closed
        if closed:
            destination.shut()


class Posting:
    """A destination that posts from an end: what arrives over a route, for the peer of the relay."""

    __slots__ = ("_end",)

    def __init__(self, end: ChannelEnd) -> None:
        self._end = end

    def deliver(self, message: Any) -> None:
        """Send it on."""
        self._end.post(message)

    def shut(self) -> None:
        """Close the relay."""
        self._end.close()


def entangled_ends() -> tuple[ChannelEnd, ChannelEnd]:
    """Two ends of a new channel."""
    one, other = ChannelEnd(), ChannelEnd()
    one.peer, other.peer = other, one
    return one, other


class TransferablePort:
    """The common base of the ports that can be transferred; `serialise` knows no more of them."""

    _end: ChannelEnd | None

    def _leave(self) -> ChannelEnd:
        """Let go of the end, for whoever gets it: this port is closed to its program."""
        raise NotImplementedError
