"""``MessageChannel`` and ``MessagePort`` (HTML, "Channel messaging"), and what they have in common with workers.

There are three ways to take messages: a handler (``onmessage``), which runs on the event loop that ran in the thread
when the port was made or the handler set, else when the agent runs its tasks; ``async for``; and ``receive``, which
blocks. A handler takes whatever arrives; the other two take what no handler took.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Self, TypeAlias

from pyjsapi.agents.agent import Home
from pyjsapi.agents.channel import ChannelEnd, TransferablePort, entangled_ends
from pyjsapi.agents.deserialise import deserialise
from pyjsapi.agents.events import MessageEvent
from pyjsapi.agents.serialise import Message, serialise
from pyjsapi.blocks.waiting import heed_interruption

Handler: TypeAlias = Callable[[Any], Any]


class PortClosed(Exception):
    """Nothing more can arrive: the other end was closed."""


class MessageTarget:
    """Something that messages arrive at and are posted from."""

    def __init__(self, end: ChannelEnd | None) -> None:
        self._end = end
        self._home = Home()
        self._onmessage: Handler | None = None
        self._onmessageerror: Handler | None = None
        self._futures: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        if end is not None:
            end.listen(self._arrived)

    # ---- sending

    def postMessage(self, message: Any = None, transfer: Any = (), /) -> None:
        """Send a structured clone of ``message``; what ``transfer`` lists goes over and is gone here.

        Raises `DataCloneError` for what cannot be cloned, `TypeError` for a transferred buffer of a memory.
        """
        heed_interruption()
        end = self._end
        serialised = serialise(message, transfer, end)
        if end is not None:
            end.post(serialised)

    # ---- handlers

    @property
    def onmessage(self) -> Handler | None:
        """Called with a `MessageEvent` for every message; setting it starts delivery."""
        return self._onmessage

    @onmessage.setter
    def onmessage(self, handler: Handler | None) -> None:
        self._onmessage = handler
        self._home.find_loop()
        self._home.agent.expect(self, handler is not None)
        self._arrived()

    @property
    def onmessageerror(self) -> Handler | None:
        """Called with a `MessageEvent` without data for a message that cannot be made here."""
        return self._onmessageerror

    @onmessageerror.setter
    def onmessageerror(self, handler: Handler | None) -> None:
        self._onmessageerror = handler

    def _arrived(self) -> None:
        """Something is in the queue, or nothing will be any more. Called in any thread."""
        futures, self._futures = self._futures, []
        for loop, future in futures:
            with contextlib.suppress(RuntimeError):  # it is closed
                loop.call_soon_threadsafe(_settle, future)
        if self._onmessage is not None:
            self._home.post(self._dispatch)
        else:
            self._home.agent.wake()

    def _dispatch(self) -> None:
        """Give one message to the handler, and see to it that the others follow."""
        end, handler = self._end, self._onmessage
        if end is None or handler is None:
            return
        message = end.take()
        if message is None:
            return
        if end.pending():
            self._home.post(self._dispatch)
        event = self._event(message)
        if event is not None:
            call_handler(handler, event)
        self._home.agent.wake()

    def _event(self, message: Message) -> MessageEvent | None:
        """The event of a message; ``None`` when a handler was told that it cannot be made."""
        try:
            data, ports = deserialise(message)
        except Exception as error:
            if self._onmessageerror is None:
                raise
            event = MessageEvent(None, [], self)
            event.__dict__.update(type="messageerror", error=error)
            call_handler(self._onmessageerror, event)
            return None
        return MessageEvent(data, ports, self)

    # ---- taking messages without a handler

    def expects_messages(self) -> bool:
        """Whether there is a handler that may still be called."""
        end = self._end
        if self._onmessage is None or end is None:
            return False
        return (
            not end.closed or end.pending()
        )  # in this order: a message may come before the end, but not after

    def _is_over(self) -> bool:
        """Whether nothing more will arrive, or something went wrong."""
        end = self._end
        return end is None or end.closed

    def _ended(self) -> Exception:
        """Why that is so."""
        return PortClosed("the port is closed, or its other end is")

    def _take(self) -> MessageEvent | None:
        while self._end is not None:
            message = self._end.take()
            if message is None:
                break
            event = self._event(message)
            if event is not None:
                return event
        return None

    def receive_event(self, timeout: float | None = None) -> MessageEvent:
        """Wait for the next message, as an event; see `receive`."""
        found: list[MessageEvent] = []
        ended: list[Exception] = []

        def done() -> bool:
            over = (
                self._is_over()
            )  # looked at first: a message may come before the end, but not after
            event = self._take()
            if event is not None:
                found.append(event)
            elif over:
                ended.append(self._ended())
            return bool(found or ended)

        if not self._home.agent.wait_until(done, timeout):
            raise TimeoutError(f"no message arrived in {timeout} seconds")
        if found:
            return found[0]
        raise ended[0]

    def receive(self, timeout: float | None = None) -> Any:
        """Wait for the next message, for at most ``timeout`` seconds: its data. Not part of the standard.

        Raises `TimeoutError`, `PortClosed` when nothing more will arrive, and `TypeError` in an agent that must not
        block, unless a message is there.
        """
        return self.receive_event(timeout).data

    async def receive_async(self) -> Any:
        """The data of the next message. Raises `PortClosed`. Not part of the standard."""
        loop = asyncio.get_running_loop()
        while True:
            future: asyncio.Future[None] = loop.create_future()
            entry = (loop, future)
            self._futures.append(entry)
            try:
                over = self._is_over()
                event = self._take()
                if event is not None:
                    return event.data
                if over:
                    raise self._ended()
                await future
            finally:
                if entry in self._futures:
                    self._futures.remove(entry)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        """The data of the next message, until nothing more will arrive."""
        try:
            return await self.receive_async()
        except PortClosed:
            raise StopAsyncIteration from None


class MessagePort(MessageTarget, TransferablePort):
    """One end of a `MessageChannel`, or what a transferred one has become."""

    def start(self) -> None:
        """Deliver messages; setting ``onmessage`` does the same."""
        self._arrived()

    def close(self) -> None:
        """Close the channel: the other end gets what was sent, and nothing more."""
        end, self._end = self._end, None
        if end is not None:
            end.listen(None)
            end.close()
        self._arrived()

    def _leave(self) -> ChannelEnd:
        end = self._end
        if end is None:
            raise ValueError("the port has left already")
        self._end = None
        end.listen(None)
        return end

    def __repr__(self) -> str:
        return f"<MessagePort {'closed' if self._end is None else 'open'}>"


class MessageChannel:
    """Two ports: what is posted to one arrives at the other."""

    def __init__(self) -> None:
        one, other = entangled_ends()
        self.port1 = MessagePort(one)
        self.port2 = MessagePort(other)


def port_of(end: ChannelEnd) -> MessagePort:
    """A port for an end that was transferred to this agent."""
    return MessagePort(end)


def structuredClone(value: Any = None, transfer: Any = (), /) -> Any:
    """A deep copy of ``value`` by the rules of structured cloning; what ``transfer`` lists is moved, not copied.

    Raises `DataCloneError` for what cannot be cloned, `TypeError` for a transferred buffer of a memory.
    """
    return deserialise(serialise(value, transfer))[0]


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def call_handler(handler: Handler, event: Any) -> None:
    """Call a handler; one that is a coroutine runs as a task."""
    result = handler(event)
    if asyncio.iscoroutine(result):
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            asyncio.run(result)
            return
        task = loop.create_task(result)
        _TASKS.add(task)
        task.add_done_callback(_TASKS.discard)


_TASKS: set[asyncio.Task[Any]] = set()
"""Running handlers: the event loop alone would not keep them."""
