"""The queues of waiters: first come, first served; whoever leaves leaves at once, wherever he stands."""

from __future__ import annotations

import functools
import random
from typing import Any

import pytest

from pyjsapi.blocks.waiters import Waiter, WaiterQueues, wake_all


class Incomparable(Waiter):
    """A queue that looks for somebody compares him with the others."""

    def __eq__(self, other: object) -> bool:
        raise AssertionError("a queue was searched")

    def __hash__(self) -> int:
        return id(self)


def waiter(address: int = 0, gone: Any = None) -> Waiter:
    return Incomparable(address, lambda: None, gone)


def test_whoever_waited_longest_is_taken_first() -> None:
    queues = WaiterQueues()
    waiters = [waiter(8) for _ in range(5)]
    for one in waiters:
        queues.add(one)
    queues.add(other := waiter(16))
    assert (queues.count(8), queues.count(16), queues.count(), queues.count(0)) == (5, 1, 6, 0)
    assert queues.take(8, 0) == []
    assert queues.take(8, 2) == waiters[:2]
    assert queues.take(8, 99) == waiters[2:]
    assert queues.take(8, 1) == []
    assert [one.notified for one in waiters] == [True] * 5
    assert not other.notified
    assert queues.count() == 1


def test_nobody_is_compared_with_others_to_leave() -> None:
    """So to leave takes as long in a long queue as in a short one."""
    queues = WaiterQueues()
    waiters = [waiter() for _ in range(500)]
    for one in waiters:
        queues.add(one)
    leaving = random.Random(1).sample(waiters, 400)
    for one in leaving:
        assert queues.withdraw(one)
        assert not queues.withdraw(one)
    stay = [one for one in waiters if one not in set(leaving)]
    assert queues.take(0, 1000) == stay
    assert not any(map(queues.withdraw, waiters))


def test_whoever_is_gone_is_not_counted_and_not_taken() -> None:
    queues = WaiterQueues()
    gone: set[int] = set()
    waiters = [waiter(gone=lambda n=n: n in gone) for n in range(6)]
    for one in waiters:
        queues.add(one)
    gone.update({0, 2, 5})
    assert queues.count() == 3
    assert queues.take(0, 2) == [waiters[1], waiters[3]]
    assert not waiters[0].notified
    assert queues.drain() == [waiters[4]]
    assert queues.count() == 0


def test_who_waits_is_woken_also_where_waking_another_fails() -> None:
    woken: list[int] = []

    def wake(number: int) -> None:
        woken.append(number)
        if number % 2:
            raise KeyError(number)

    waiters = [Waiter(0, functools.partial(wake, n)) for n in range(4)]
    with pytest.raises(KeyError):
        wake_all(iter(waiters))
    assert woken == [0, 1, 2, 3]
