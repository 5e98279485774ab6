"""``MessageChannel`` and ``MessagePort`` within one agent and between threads."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from pyjsapi import Agent, ArrayBuffer, DataCloneError, MessageChannel, MessagePort, Worker
from pyjsapi.agents.agent import Home
from pyjsapi.agents.channel import ChannelEnd
from pyjsapi.agents.ports import PortClosed
from pyjsapi.agents.serialise import serialise


def test_messages_arrive_in_order_as_copies() -> None:
    channel = MessageChannel()
    sent = {"a": [1]}
    channel.port1.postMessage(sent)
    sent["a"].append(2)
    channel.port1.postMessage(sent)
    assert [channel.port2.receive(5), channel.port2.receive(5)] == [{"a": [1]}, {"a": [1, 2]}]
    channel.port2.postMessage("back")
    assert channel.port1.receive(5) == "back"


def test_a_time_without_messages_ends() -> None:
    with pytest.raises(TimeoutError):
        MessageChannel().port1.receive(0)
    with pytest.raises(TimeoutError, match=r"0\.001"):
        MessageChannel().port1.receive(0.001)


def test_a_handler_runs_as_a_task_of_the_agent() -> None:
    channel = MessageChannel()
    got: list[Any] = []
    channel.port1.postMessage("before")
    channel.port2.onmessage = lambda event: got.append((event.data, event.type, event.target))
    channel.port1.postMessage("after")
    assert got == []
    Agent.current().run_tasks()
    assert got == [(text, "message", channel.port2) for text in ("before", "after")]
    channel.port2.onmessage = None
    channel.port1.postMessage("kept")
    assert channel.port2.receive(5) == "kept"


def test_what_a_handler_raises_reaches_whoever_runs_it_and_the_rest_is_delivered() -> None:
    channel = MessageChannel()
    got: list[Any] = []

    def handle(event: Any) -> None:
        got.append(event.data)
        if event.data == 1:
            raise ValueError("of a handler")

    channel.port2.onmessage = handle
    for number in range(3):
        channel.port1.postMessage(number)
    with pytest.raises(ValueError, match="of a handler"):
        Agent.current().run_tasks()
    Agent.current().run_tasks()
    assert got == [0, 1, 2]


def test_a_closed_channel_delivers_what_was_sent_and_nothing_more() -> None:
    channel = MessageChannel()
    channel.port1.postMessage(1)
    channel.port1.close()
    channel.port1.close()
    channel.port1.postMessage(2)
    channel.port2.postMessage(3)
    assert channel.port2.receive(5) == 1
    for port in (channel.port1, channel.port2):
        with pytest.raises(PortClosed):
            port.receive(5)


def test_a_message_is_not_missed_that_comes_while_the_queue_is_looked_at_and_is_the_last() -> None:
    class Late(ChannelEnd):
        def take(self) -> Any:
            message = super().take()
            if message is None and not self.closed:
                self.deliver(serialise("last"))
                self.shut()
            return message

    assert MessagePort(Late()).receive(5) == "last"

    async def receive() -> Any:
        return await MessagePort(Late()).receive_async()

    assert asyncio.run(receive()) == "last"


def test_a_port_is_transferred_with_what_is_in_its_queue() -> None:
    channel, carrier = MessageChannel(), MessageChannel()
    channel.port1.postMessage("early")
    carrier.port1.postMessage({"port": channel.port2}, [channel.port2])
    channel.port1.postMessage("late")
    with pytest.raises(DataCloneError):
        carrier.port1.postMessage(1, [channel.port2])
    event = carrier.port2.receive_event(5)
    port = event.data["port"]
    assert event.ports == [port]
    assert isinstance(port, MessagePort)
    assert [port.receive(5), port.receive(5)] == ["early", "late"]
    port.postMessage("back")
    assert channel.port1.receive(5) == "back"
    with pytest.raises(PortClosed):
        channel.port2.receive(5)


def test_a_port_crosses_only_in_the_transfer_list_and_never_through_itself() -> None:
    channel = MessageChannel()
    with pytest.raises(DataCloneError, match="transfer list"):
        channel.port1.postMessage(MessageChannel().port1)
    with pytest.raises(DataCloneError, match="itself"):
        channel.port1.postMessage(1, [channel.port1])


def test_a_message_that_fails_moves_nothing() -> None:
    channel, buffer = MessageChannel(), ArrayBuffer(4)
    with pytest.raises(DataCloneError):
        channel.port1.postMessage([buffer, object()], [buffer])
    assert not buffer.detached


def test_event_loops() -> None:
    async def main() -> None:
        channel = MessageChannel()
        got: list[Any] = []
        channel.port2.onmessage = lambda event: got.append(event.data)
        channel.port1.postMessage(1)
        await asyncio.sleep(0)
        assert got == [1]
        told = asyncio.Event()

        async def handle(event: Any) -> None:
            await asyncio.sleep(0)
            got.append(event.data)
            told.set()

        channel.port2.onmessage = handle
        channel.port1.postMessage(2)
        await told.wait()
        assert got == [1, 2]

        thread = threading.Thread(target=channel.port2.postMessage, args=("from a thread",))
        receiving = asyncio.ensure_future(channel.port1.receive_async())
        await asyncio.sleep(0)
        thread.start()
        assert await receiving == "from a thread"
        thread.join()
        for number in range(3):
            channel.port2.postMessage(number)
        channel.port2.close()
        assert [data async for data in channel.port1] == [0, 1, 2]

    asyncio.run(main())


def test_what_cannot_be_made_is_told() -> None:
    channel = MessageChannel()
    errors: list[Any] = []
    channel.port2.onmessageerror = errors.append
    channel.port2.onmessage = errors.append
    channel.port1.postMessage([1])
    end = channel.port2._end
    assert end is not None
    end._queue[0].records[0] = ("unknown",)
    Agent.current().run_tasks()
    assert [(event.type, event.data) for event in errors] == [("messageerror", None)]
    assert isinstance(errors[0].error, KeyError)


def test_a_port_is_used_by_its_own_agent() -> None:
    port = MessageChannel().port1
    raised: list[BaseException] = []

    def run() -> None:
        try:
            port.receive(0)
        except RuntimeError as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert "agent" in str(raised[0])


def test_two_workers_talk_over_a_channel() -> None:
    def ping(scope: Any) -> None:
        port = scope.receive()
        for number in range(20):
            port.postMessage(number)
            assert port.receive() == number * 2
        scope.postMessage("done")

    def double(scope: Any) -> None:
        port = scope.receive()
        try:
            while True:
                port.postMessage(port.receive() * 2)
        except PortClosed:
            scope.postMessage("closed")

    channel = MessageChannel()
    with Worker(ping) as one, Worker(double) as other:
        one.postMessage(channel.port1, [channel.port1])
        other.postMessage(channel.port2, [channel.port2])
        assert one.receive(60) == "done"


@pytest.mark.parametrize("closed_before", [False, True])
def test_what_a_closed_loop_has_not_run_is_run_by_the_agent(closed_before: bool) -> None:
    """Between the last round of an event loop and its end it takes callbacks that it never runs."""

    async def home() -> Home:
        return Home()

    ran: list[int] = []
    loop = asyncio.new_event_loop()
    there = loop.run_until_complete(home())
    there.post(lambda: ran.append(1))
    loop.run_until_complete(asyncio.sleep(0))
    if closed_before:
        loop.close()
    there.post(lambda: ran.append(2))
    there.post(lambda: ran.append(3))
    loop.close()
    there.post(lambda: ran.append(4))
    assert ran == [1]
    Agent.current().run_tasks()
    assert ran == [1, 2, 3, 4]
