"""Several things in one step of Python: neither another thread nor the collector comes in between."""

from __future__ import annotations

import gc
import operator
import threading
import weakref
from collections.abc import Callable, Iterator

import pytest

from pyjsapi.agents.interruption import raise_in
from pyjsapi.blocks.undivided import current_frames, run_through
from pyjsapi.runtime.depth import _is_another_deep


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    was_on = gc.isenabled()
    yield
    if was_on:
        gc.enable()
    else:
        gc.disable()


@pytest.mark.parametrize("on", [True, False])
def test_the_collector_is_off_meanwhile_and_then_as_it_was(on: bool) -> None:
    (gc.enable if on else gc.disable)()
    found: list[bool] = []
    run_through(map(found.append, map(operator.call, (gc.isenabled, gc.isenabled))))
    assert found == [False, False]
    assert gc.isenabled() is on


@pytest.mark.parametrize("on", [True, False])
def test_where_a_part_fails_the_collector_is_as_it_was(on: bool) -> None:
    (gc.enable if on else gc.disable)()
    with pytest.raises(ZeroDivisionError):
        run_through(map(operator.truediv, [1], [0]))
    assert gc.isenabled() is on


def test_parts_run_one_after_the_other_and_see_what_came_before() -> None:
    found: list[int] = []
    seen: list[int] = []
    run_through(map(found.append, [1, 2, 3]), map(seen.append, map(operator.neg, found)))
    assert (found, seen) == ([1, 2, 3], [-1, -2, -3])


@pytest.fixture
def other() -> Iterator[threading.Thread]:
    """A thread that stands still."""
    go, stands = threading.Event(), threading.Event()

    def run() -> None:
        stands.set()
        go.wait()

    thread = threading.Thread(target=run)
    thread.start()
    stands.wait()
    yield thread
    go.set()
    thread.join()


def test_every_other_thread_has_a_frame(other: threading.Thread) -> None:
    frames = current_frames()
    assert other.ident in frames
    assert threading.get_ident() not in frames


class Held:
    """What a caller has."""


def is_freed_after(ask: Callable[[], object]) -> bool:
    """Whether what the caller of a function has is freed without the collector."""

    def caller(held: Held) -> None:
        ask()

    gc.disable()
    held = Held()
    freed = weakref.ref(held)
    caller(held)
    del held
    return freed() is None


@pytest.mark.parametrize("ask", [current_frames, lambda: _is_another_deep(9)])
def test_whoever_asks_for_frames_keeps_nothing(
    other: threading.Thread, ask: Callable[[], object]
) -> None:
    """Without the collector: a frame in a circle would have all that its callers have."""
    assert is_freed_after(ask)


def test_a_raised_exception_keeps_nothing_of_who_raises_it() -> None:
    class Stop(Exception):
        pass

    seen: list[type[BaseException]] = []
    stands = threading.Event()

    def work() -> None:
        try:
            stands.set()
            while True:
                pass
        except Stop as error:
            seen.append(type(error))

    def ask() -> None:
        while not raise_in(thread, Stop, True):
            pass

    thread = threading.Thread(target=work)
    thread.start()
    stands.wait()
    assert is_freed_after(ask)
    thread.join()
    assert seen == [Stop]
