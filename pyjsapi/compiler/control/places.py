"""Where control goes: the places of a function, and what the ways out of a Python suite mean.

A *place* is a point that control can be sent to: where a label's operands are taken over, where a list of instructions
goes on to, the function's end. A *suite* is a run of Python statements with one meaning of writing nothing more, of
``break`` and of ``continue``. `Suite.way` is the one answer to how a place is reached from a suite. Whoever writes
code asks it, and so does `loops`, which chooses beforehand where a Python loop is worth its while.

A place that no statement reaches is gone to with the flag ``_b``. On the way to such a place it says which, else it is
``None``; behind each suite that is left with it there is a test. Python loops are left by ``break``, other suites by
their end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pyjsapi.compiler.facts import Facts
from pyjsapi.syntax.types import ValType

FALL: Final = "fall"
"""Writing nothing more."""
BREAK: Final = "break"
CONTINUE: Final = "continue"
RETURN: Final = "return"
STATE: Final = "state"
"""Setting ``_s`` and ``continue``."""
LEAVE: Final = "leave"
"""Setting ``_b`` and ``break``."""
FLAG: Final = "flag"
"""Setting ``_b`` and writing nothing more."""


class StructureLimit(Exception):
    """The function needs what structured Python does not have."""


class Place:
    """A point of the function. Labels whose ends are the same point share one."""

    __slots__ = ("arrived", "facts", "height", "number", "returns", "stated", "types")

    def __init__(
        self, types: tuple[ValType, ...], height: int, number: int = 0, *, returns: bool = False
    ) -> None:
        self.types = types
        """Types of the operands on arrival."""
        self.height = height
        """Operands below them: they are in the temporaries from ``s<height>`` on."""
        self.returns = returns
        """Whether it is the function's end, where operands are returned."""
        self.stated = returns and bool(types)
        """Whether going there takes a statement in any case: the end of Python's function returns ``None``."""
        self.arrived = False
        """Whether something goes there. Set by whoever writes that, never worked out from the wasm."""
        self.facts: Facts | None = None
        """What holds on every way there."""
        self.number = number
        """What ``_b`` is on the way there; mostly less than for places further in."""


_NO_STATES: Final[Mapping[Place, int]] = {}


class Suite:
    """What the ways out of the Python statements being written mean."""

    __slots__ = ("around", "breaks", "broken", "continues", "end", "loop", "pending", "states")

    def __init__(self, end: Place, around: Suite | None = None) -> None:
        self.end = end
        """Where writing nothing more leads."""
        self.around = around
        """The suite that the statement is in which this one is a part of."""
        self.loop: Suite | None = None if around is None else around.loop
        """The body of the innermost Python loop, maybe this suite itself."""
        self.pending: list[Place] = []
        """Places that this suite was left for with ``_b``."""
        # Of the body of a Python loop:
        self.breaks: Place | None = None
        """Where ``break`` leads."""
        self.continues: Place | None = None
        """Where ``continue`` leads."""
        self.states: Mapping[Place, int] = _NO_STATES
        """Where ``continue`` leads once ``_s`` is set, and to what."""
        self.broken = False
        """Whether a ``break`` was written, not counting those with ``_b``."""

    def direct(self, place: Place) -> str | None:
        """The way to a place that needs no flag."""
        if place is self.end and not place.stated:
            return FALL
        if place.returns:
            return RETURN
        loop = self.loop
        if loop is not None:
            if place is loop.breaks:
                return BREAK
            if place is loop.continues:
                return CONTINUE
            if place in loop.states:
                return STATE
        return None

    def way(self, place: Place) -> str:
        """The way to a place from the end of what is written of this suite."""
        found = self.direct(place)
        if found is not None:
            return found
        suite = self.around
        while suite is not None:
            if suite.direct(place) is not None:
                return FLAG if suite.loop is self.loop else LEAVE
            suite = suite.around
        raise StructureLimit("a place is not around the suite that goes there")


def loop_suite(around: Suite, end: Place, breaks: Place, continues: Place | None = None) -> Suite:
    """The body of a Python loop; ``end`` is its start, where writing nothing more leads."""
    suite = Suite(end, around)
    suite.loop = suite
    suite.breaks = breaks
    suite.continues = continues
    return suite
