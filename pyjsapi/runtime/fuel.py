"""Fuel: how many instructions an instance may still execute, and how many it has.

Generated code counts down what it has in hand, in a cell that its functions share; what there is besides is fetched
from the tank. So fuel that is added while code runs is never lost. What is in hand is a float, because CPython computes
faster with those, and never so much that it would not be exact.
"""

from __future__ import annotations

from _thread import allocate_lock
from types import CellType
from typing import Final

from pyjsapi.syntax.errors import OutOfFuel

_IN_HAND: Final = 1 << 52


class FuelTank:
    """The fuel of an instance. Units are instructions; see docs/guide/limits.md for what costs how much."""

    __slots__ = ("_given", "_lock", "_reserve", "cell")

    def __init__(self, fuel: int) -> None:
        self._given = self._reserve = fuel
        self._lock = allocate_lock()
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

    def refuel(self, *costs: int) -> None:
        """`pay`, where code has paid already and has less than nothing in hand now."""
        self.cell.cell_contents += sum(costs)
        self.pay(*costs)

    def pay(self, *costs: int) -> None:
        """Pay for segments that come one after the other.

        Raises `OutOfFuel` where there is not so much; only for those before the first that is too dear was paid then.
        """
        with self._lock:
            left = int(self.cell.cell_contents) + self._reserve
            enough = True
            for cost in costs:
                enough = cost <= left
                if not enough:
                    break
                left -= cost
            in_hand = min(left, _IN_HAND)
            self._reserve = left - in_hand
            self.cell.cell_contents = float(in_hand)
        if not enough:
            raise OutOfFuel()
