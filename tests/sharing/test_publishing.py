"""A publisher's blocks go to all subscribers, and come back."""

from __future__ import annotations

import threading

import pytest

from pyjsapi import RangeError
from pyjsapi.sharing.block_errors import BlockError, Failure
from pyjsapi.sharing.memory_blocks import MemoryBlock
from pyjsapi.sharing.publishing import Publisher, Subscriber
from pyjsapi.sharing.state import state_of
from tests.sharing.heap_modules import guest_with_storage


@pytest.mark.parametrize("strategy", ["mmap", "segment", "copy"])
def test_o5_6_twenty_integers_for_two_subscribers(strategy: str) -> None:
    writer, *readers = (guest_with_storage() for _ in range(3))
    with Publisher(4, 4, strategy=strategy) as publisher:
        subscribers = [publisher.subscribe()]
        subscribers.append(subscribers[0].clone())
        received: list[list[int]] = [[], []]
        for number in range(20):
            block = publisher.allocate()
            with block.attach(writer.memory, write=True) as area:
                writer.call("i32.store", area.addr, number * 1000)
            assert publisher.publish(block) == 2
            for reader, subscriber, numbers in zip(readers, subscribers, received, strict=True):
                got = subscriber.receive(timeout=0)
                assert got is not None
                with got, got.attach(reader.memory, shared=True) as area:
                    assert area.valid == 4
                    numbers.append(reader.call("i32.load", area.addr))
        assert received == [[number * 1000 for number in range(20)]] * 2
    copied = [state_of(guest.instances[0]).stats.bytes_copied for guest in (writer, *readers)]
    assert (sum(copied) == 0) is (strategy != "copy")


def test_blocks_come_back_when_everybody_has_closed_them() -> None:
    with Publisher(2, 8) as publisher, publisher.subscribe() as one:
        two = publisher.subscribe()
        first = publisher.allocate()
        assert publisher.publish(first) == 2
        with pytest.raises(BlockError, match="closed or moved"):
            first.clone()
        publisher.publish(publisher.allocate())
        with pytest.raises(BlockError) as caught:
            publisher.allocate()
        assert caught.value.failure is Failure.BUSY
        for subscriber in (one, two):
            got = subscriber.receive(timeout=0)
            assert got is not None
            got.close()
        publisher.publish(publisher.allocate())
        with pytest.raises(BlockError):
            publisher.allocate()
        two.close()
        with pytest.raises(BlockError):
            publisher.allocate()
        assert one.receive(timeout=0) is not None and two.receive() is None


def test_a_block_is_published_when_it_is_detached() -> None:
    guest = guest_with_storage()
    with Publisher(1, 8) as publisher:
        block = publisher.allocate()
        area = block.attach(guest.memory, write=True)
        with pytest.raises(BlockError, match="detach it before"):
            publisher.publish(block)
        area.detach()
        with pytest.raises(BlockError, match="the publisher's have 8"):
            publisher.publish(MemoryBlock(9))
        assert publisher.publish(block) == 0
        assert publisher.allocate().valid == 8
    for use in (publisher.allocate, publisher.subscribe):
        with pytest.raises(BlockError, match="closed"):
            use()
    with pytest.raises(RangeError):
        Publisher(0, 8)


def test_subscribers_in_threads_receive_everything_in_order() -> None:
    publisher = Publisher(3, 4, strategy="segment")
    subscribers = [publisher.subscribe() for _ in range(2)]
    received: list[list[int]] = [[], []]

    def read(subscriber: Subscriber, numbers: list[int]) -> None:
        guest = guest_with_storage()
        for block in subscriber:
            with block, block.attach(guest.memory, shared=True) as area:
                numbers.append(guest.call("i32.load", area.addr))

    threads = [
        threading.Thread(target=read, args=pair) for pair in zip(subscribers, received, strict=True)
    ]
    for thread in threads:
        thread.start()
    writer = guest_with_storage()
    number = 0
    while number < 50:
        try:
            block = publisher.allocate()
        except BlockError:
            continue
        with block.attach(writer.memory, write=True) as area:
            writer.call("i32.store", area.addr, number)
        publisher.publish(block)
        number += 1
    publisher.close()
    for thread in threads:
        thread.join()
    assert received == [list(range(50))] * 2
