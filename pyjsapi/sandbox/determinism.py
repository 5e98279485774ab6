"""Surroundings that are the same in each run."""

from __future__ import annotations

from typing import Any, Final

_START: Final = 946_684_800 * 10**9
"""The first of January 2000."""


class StandingClock:
    """A clock that stands still, but for the waits of the program: these take no time, and it goes on by them."""

    def __init__(self) -> None:
        self._now = _START

    def __call__(self, _: int) -> int:
        return self._now

    def sleep(self, nanoseconds: int) -> None:
        """Let the time pass."""
        self._now += nanoseconds


def repeatable(seed: int | None) -> dict[str, Any]:
    """``clock`` and ``random`` of a `WASI`: the system's without a seed."""
    if seed is None:
        return {}
    from random import Random  # which most sandboxes do without

    return {"clock": StandingClock(), "random": Random(seed).randbytes}
