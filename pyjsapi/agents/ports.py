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
from pyjsapi.agents.listeners import Listeners
from pyjsapi.agents.serialise import Message, serialise
from pyjsapi.blocks.waiting import heed_interruption

Handler: TypeAlias = Callable[[Any], Any]


class PortClosed(Exception):
    """Nothing more can arrive: the other end was closed."""


class MessageTarget(Listeners):
    """Something that messages arrive at and are posted from."""

    events: tuple[str, ...] = ("message", "messageerror", "close")

    def __init__(self, end: ChannelEnd | None) -> None:
        super().__init__()
        self._end = end
        self._referenced = True
        self._told_close = False
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
        self._handlers_changed()

    @property
    def onmessageerror(self) -> Handler | None:
        """Called with a `MessageEvent` without data for a message that cannot be made here."""
        return self._onmessageerror

    @onmessageerror.setter
    def onmessageerror(self, handler: Handler | None) -> None:
        self._onmessageerror = handler

    def ref(self) -> None:
        """Let handlers that may still be called keep a script alive, as from the start. Of Node, not of HTML."""
        self._referenced = True
        self._handlers_changed()

    def unref(self) -> None:
        """Let them keep no script alive."""
        self._referenced = False
        self._handlers_changed()

    def hasRef(self) -> bool:
        """Whether handlers that may still be called keep a script alive."""
        return self._referenced

    def _listeners_changed(self, event: str) -> None:
        self._handlers_changed()

    def _handlers_changed(self) -> None:
        self._home.find_loop()
        self._home.agent.expect(self, self._is_handled())
        self._arrived()

    def _is_handled(self) -> bool:
        """Whether a handler or a listener takes what arrives."""
        return self._onmessage is not None or self.listens_to("message")

    def _call_handlers(self, event: MessageEvent) -> None:
        if self._onmessage is not None:
            call_handler(self._onmessage, event)
        self.emit_to("message", lambda listener: call_handler(listener, event.data))

    def _tell_close(self) -> None:
        """Tell listeners that nothing more will arrive, once, after what has arrived."""
        end = self._end
        if self._told_close or (end is not None and end.pending() and self._is_handled()):
            return
        self._told_close = True
        self.emit_to("close", call_handler_of_nothing)

    def _arrived(self) -> None:
        """Something is in the queue, or nothing will be any more. Called in any thread."""
        futures, self._futures = self._futures, []
        for loop, future in futures:
            with contextlib.suppress(RuntimeError):  # it is closed
                loop.call_soon_threadsafe(_settle, future)
        if self._is_handled():
            self._home.post(self._dispatch)
        else:
            self._home.agent.wake()
        if self.listens_to("close") and (self._end is None or self._end.closed):
            self._home.post(self._tell_close)

    def _dispatch(self) -> None:
        """Give one message to the handlers, and see to it that the others follow."""
        end = self._end
        if end is None or not self._is_handled():
            return
        message = end.take()
        if message is None:
            return
        if end.pending():
            self._home.post(self._dispatch)
        elif end.closed and self.listens_to("close"):
            self._home.post(self._tell_close)
        event = self._event(message)
        if event is not None:
            self._call_handlers(event)
        self._home.agent.wake()

    def _event(self, message: Message) -> MessageEvent | None:
        """The event of a message; ``None`` when a handler was told that it cannot be made."""
        try:
            data, ports = deserialise(message)
        except Exception as error:
            if self._onmessageerror is None and not self.listens_to("messageerror"):
                raise
            event = MessageEvent(None, [], self)
            event.__dict__.update(type="messageerror", error=error)
            if self._onmessageerror is not None:
                call_handler(self._onmessageerror, event)
            failure = error
            self.emit_to("messageerror", lambda listener: call_handler(listener, failure))
            return None
        return MessageEvent(data, ports, self)

    # ---- taking messages without a handler

    def expects_messages(self) -> bool:
        """Whether there is a handler that may still be called."""
        end = self._end
        if end is None or not (self._referenced and self._is_handled()):
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
    _follow(handler(event))


def call_handler_of_nothing(handler: Callable[[], Any]) -> None:
    """Call a listener of an event that says nothing."""
    _follow(handler())


def _follow(result: Any) -> None:
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
