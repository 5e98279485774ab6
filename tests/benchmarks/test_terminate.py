"""The stress of terminations, for a moment and with fixed seeds. `python -m benchmarks.terminate` runs all of it."""

from __future__ import annotations

import gc
import os
from typing import Any

import pytest

from benchmarks import terminate
from benchmarks.terminated import ACTIVITIES, OWN, Doing
from pyjsapi import Atomics
from pyjsapi.agents.kinds import WorkerKind

PROCESSES = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")


@pytest.mark.usefixtures("busy_switching")
@pytest.mark.parametrize("activity", ACTIVITIES)
@pytest.mark.parametrize(
    ("kind", "rounds"), [("thread", 25), pytest.param("process", 6, marks=PROCESSES)]
)
def test_of_a_worker_that_is_terminated_nothing_is_left(
    kind: WorkerKind, rounds: int, activity: str
) -> None:
    assert terminate.run(kind, activity, rounds=rounds, seed=1).rounds == rounds


def test_every_activity_does_what_it_is_called_for() -> None:
    assert all(callable(getattr(Doing, activity)) for activity in ACTIVITIES)


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        ("a waiter", "1 of those who have ended wait"),
        ("the collector", "the collector is off"),
        ("an answer", "woke 0"),
        ("a thread", "threads, files and processes"),
    ],
)
def test_what_is_left_is_found(monkeypatch: pytest.MonkeyPatch, fault: str, what: str) -> None:
    """The stress does not pass by looking away."""
    monkeypatch.setattr(terminate, "SOON", 0.2)
    if fault == "a thread":
        before = terminate._resources()
        with pytest.raises(terminate.Broken, match=what):
            # Not one less than there are: a thread of another test may end meanwhile.
            terminate._demand_nothing_left((-1, *before[1:]))
        return
    monkeypatch.setattr(terminate, "SOON", 60.0)
    ground = terminate.Ground("thread")
    kept: list[Any] = []
    try:
        ground._check("before")
        if fault == "a waiter":
            kept.append(Atomics.waitAsync(ground.cells, OWN, 0).value)
        elif fault == "the collector":
            gc.disable()
        else:
            monkeypatch.setattr(type(Atomics), "notify", lambda *_: 0)
        with pytest.raises(terminate.Broken, match=what):
            ground._check("then")
    finally:
        gc.enable()
        monkeypatch.undo()
        ground.close()
