"""Fuel: how many instructions an instance may still execute, and how many it has.

Generated code counts down what it has in hand, in a cell that its functions share; what there is besides is fetched
from the tank. So fuel that is added while code runs is never lost. What is in hand is a float, because CPython computes
faster with those, and never so much that it would not be exact.
"""

from __future__ import annotations

from _thread import RLock
from collections.abc import Callable
from types import CellType
from typing import Final

from pyjsapi.syntax.errors import OutOfFuel, Trap

_IN_HAND: Final = 1 << 52
_FEW: Final = 50_000
_ENDLESS: Final = 1 << 200


class FuelTank:
    """The fuel of an instance. Units are instructions; see docs/guide/limits.md for what costs how much."""

    __slots__ = ("_ask", "_given", "_lock", "_portion", "_reserve", "_stopped", "cell", "limited")

    def __init__(self, fuel: int | None) -> None:
        self.limited = fuel is not None
        """Whether there is an end of it."""
        self._given = self._reserve = _ENDLESS if fuel is None else fuel
        self._lock = RLock()
        self._portion = _IN_HAND
        self._stopped: type[Trap] | None = None
        self._ask: Callable[[], object] | None = None
        self.cell = CellType(0.0)
        """What generated code has in hand."""

    @property
    def left(self) -> int:
        """What is left."""
        return int(self.cell.cell_contents) + self._reserve

    @property
    def used(self) -> int:
        """What was used since the instance was made."""
        return self._given - self.left

    def add(self, fuel: int) -> None:
        """Add to what is left, from any thread, also while code runs."""
        with self._lock:
            self._given += fuel
            self._reserve += fuel

    def refill(self, fuel: int) -> None:
        """Have so much left, neither more nor less; no code of the instance runs."""
        with self._lock:
            self._take_back(0)
            self._given += fuel - self._reserve
            self._reserve = fuel

    def stop(self, kind: type[Trap]) -> None:
        """Let whatever pays from now on raise a trap of this kind, until `go_on`; nothing is paid then."""
        with self._lock:
            self._stopped = kind
            self._take_back(-1)

    def ask_often(self, ask: Callable[[], object]) -> None:
        """Have ``ask`` called every few thousand instructions, until `go_on`; it may call `stop`."""
        with self._lock:
            self._ask = ask
            self._portion = _FEW
            self._take_back(-1)

    def go_on(self) -> None:
        """Undo `stop` and `ask_often`."""
        with self._lock:
            self._stopped = self._ask = None
            self._portion = _IN_HAND
            self._take_back(0)

    def _take_back(self, rest: int) -> None:
        had = self.cell.cell_contents
        self._reserve += int(had) - rest
        self._change(rest - had)

    def _change(self, change: float) -> None:
        # In one step, as code does that other threads run (see `depth`): what they paid meanwhile is not lost.
        self.cell.cell_contents += change

    def refuel(self, *costs: int) -> None:
        """`pay`, where code has paid already and has less than nothing in hand now."""
        self._change(sum(costs))
        self.pay(*costs)

    def pay(self, *costs: int) -> None:
        """Pay for segments that come one after the other.

        Raises what it was stopped with, and `OutOfFuel` where there is not so much; only for those before the first
        that is too dear was paid then.
        """
        with self._lock:
            if self._ask is not None:
                self._ask()
            if self._stopped is not None:
                self._take_back(-1)
                raise self._stopped()
            if self._ask is not None and not costs:
                return  # It asks again where it looks again.
            had = self.cell.cell_contents
            left = int(had) + self._reserve
            enough = True
            for cost in costs:
                enough = cost <= left
                if not enough:
                    break
                left -= cost
            in_hand = min(left, self._portion)
            self._reserve = left - in_hand
            self._change(in_hand - had)
        if not enough:
            raise OutOfFuel()
