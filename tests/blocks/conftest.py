"""What tests of blocks use."""

from __future__ import annotations

import os

import pytest

from pyjsapi.blocks.processes import futex, locks, machine


@pytest.fixture(params=["native", "fallback"])
def means(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With all that Linux and `ctypes` offer, or with what every POSIX system has."""
    if request.param == "fallback":
        monkeypatch.setattr(futex, "best_parking", lambda: futex.POLLING)
        monkeypatch.setattr(locks, "best_kind", lambda: locks.FILE)
        monkeypatch.setattr(machine, "library", lambda: None)
        monkeypatch.delattr(os, "memfd_create", raising=False)
    return str(request.param)
