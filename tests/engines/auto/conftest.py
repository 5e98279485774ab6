"""Tests of moving need Wasmtime: where it is not, they are left out."""

from __future__ import annotations

import threading

import pytest

from pyjsapi import engines
from pyjsapi.engines import moving

SUSPENDS_CALLS = moving.suspends_calls


@pytest.fixture(autouse=True)
def needs_wasmtime() -> None:
    """Leave the test out where nothing can be moved."""
    try:
        engines.engine("wasmtime")
    except engines.EngineUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(autouse=True)
def own_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests have left in this process, suspended calls and threads, keeps nothing where it is."""
    as_in_a_new_process(monkeypatch)


def as_in_a_new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let instances be moved as in a process that has done nothing else."""
    before = threading.active_count()
    if moving.suspends_calls():
        monkeypatch.setattr(moving, "suspends_calls", lambda: False)
    monkeypatch.setattr(moving, "has_other_threads", lambda: threading.active_count() > before)
