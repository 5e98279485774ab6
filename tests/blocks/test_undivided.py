"""Several things in one step of Python: neither another thread nor the collector comes in between."""

from __future__ import annotations

import gc
import operator
import threading
from collections.abc import Iterator

import pytest

from pyjsapi.blocks.undivided import current_frames, run_through


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


def test_every_thread_has_a_frame() -> None:
    go, stands = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: (stands.set(), go.wait()))
    thread.start()
    stands.wait()
    frames = current_frames()
    assert {threading.get_ident(), thread.ident} <= set(frames)
    del frames
    go.set()
    thread.join()
