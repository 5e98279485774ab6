"""Publisher and subscribers: memory blocks from one writer to many readers (interface ``pub-sub`` of option 5)."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator

from pyjsapi.ecmascript.errors import RangeError
from pyjsapi.sharing.block_errors import BlockError, Failure
from pyjsapi.sharing.memory_blocks import MemoryBlock


class Publisher:
    """A stream of ``elements`` blocks of ``element_size`` bytes, which are used over and over.

    `allocate` one, attach and write it, `publish` it: every subscriber of that moment receives a handle of its own. A
    block can be allocated again when all of them are closed. May be used from several threads.
    """

    __slots__ = ("_closed", "_free", "_lent", "_lock", "_subscribers", "element_size")

    def __init__(self, elements: int, element_size: int, *, strategy: str = "auto") -> None:
        if elements < 1:
            raise RangeError(f"a publisher has 1 block or more, not {elements}")
        self.element_size = element_size
        """Bytes of a block."""
        self._lock = threading.Lock()
        self._free = [MemoryBlock(element_size, strategy=strategy) for _ in range(elements)]
        self._lent: list[MemoryBlock] = []
        """The publisher's own handles of what has been published."""
        self._subscribers: list[Subscriber] = []
        self._closed = False

    def allocate(self) -> MemoryBlock:
        """A block to be written. Raises `BlockError` where every one is with somebody.

        It has what was written to it before: ``valid`` says how much.
        """
        with self._lock:
            self._must_be_open()
            self._take_back()
            if not self._free:
                raise BlockError(Failure.BUSY, "all blocks of the publisher are in use")
            return self._free.pop().take()

    def publish(self, block: MemoryBlock) -> int:
        """Send a block that was allocated and is detached again; how many receive it. It is not the caller's any more.

        Raises `BlockError` where it is attached, or of another size.
        """
        with self._lock:
            self._must_be_open()
            if block.size != self.element_size:
                raise BlockError(
                    Failure.WRONG_SIZE,
                    f"a block of {block.size} bytes: the publisher's have {self.element_size}",
                )
            mine = block.take()
            for subscriber in self._subscribers:
                subscriber._receive(mine.clone())
            self._lent.append(mine)
            return len(self._subscribers)

    def subscribe(self) -> Subscriber:
        """A new subscriber, who receives what is published from now on."""
        subscriber = Subscriber(self)
        self._join(subscriber)
        return subscriber

    def close(self) -> None:
        """End the stream: subscribers receive what is published, then nothing more."""
        with self._lock:
            self._closed = True
            subscribers, self._subscribers = self._subscribers, []
            for block in (*self._free, *self._lent):
                block.close()
            self._free, self._lent = [], []
        for subscriber in subscribers:
            subscriber._end()

    def _join(self, subscriber: Subscriber) -> None:
        with self._lock:
            self._must_be_open()
            self._subscribers.append(subscriber)

    def _leave(self, subscriber: Subscriber) -> None:
        with self._lock:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)

    def _take_back(self) -> None:
        for block in list(self._lent):
            if block.handles == 1:
                self._lent.remove(block)
                self._free.insert(0, block)

    def _must_be_open(self) -> None:
        if self._closed:
            raise BlockError(Failure.INTERNAL, "the publisher is closed")

    def __enter__(self) -> Publisher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Subscriber:
    """Receives handles of the blocks that a publisher publishes, in order; close each one when it was read."""

    __slots__ = ("_arrived", "_blocks", "_ended", "_publisher")

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._arrived = threading.Condition()
        self._blocks: deque[MemoryBlock] = deque()
        self._ended = False

    def receive(self, timeout: float | None = None) -> MemoryBlock | None:
        """The next block, waited for; ``None`` at the end of the stream, or after ``timeout`` seconds."""
        with self._arrived:
            self._arrived.wait_for(lambda: self._blocks or self._ended, timeout)
            return self._blocks.popleft() if self._blocks else None

    def clone(self) -> Subscriber:
        """Another subscriber, which receives what is published from now on."""
        return self._publisher.subscribe()

    def close(self) -> None:
        """Receive nothing more, and let go of what was not received."""
        self._publisher._leave(self)
        with self._arrived:
            self._ended = True
            while self._blocks:
                self._blocks.popleft().close()
            self._arrived.notify_all()

    def _receive(self, block: MemoryBlock) -> None:
        with self._arrived:
            self._blocks.append(block)
            self._arrived.notify_all()

    def _end(self) -> None:
        with self._arrived:
            self._ended = True
            self._arrived.notify_all()

    def __iter__(self) -> Iterator[MemoryBlock]:
        while (block := self.receive()) is not None:
            yield block

    def __enter__(self) -> Subscriber:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
