"""What an emitter notes for `proof` beside the lines it writes. Recorded only where control flow is to be proved.

Each line has a code that says which instruction it is for: four times the position in the flat body, and

* +1: the ``else`` that an ``if`` does not have;
* +2: the clauses of a ``try_table``: its handler.

`START` and `GLUE` stand for no instruction. A local set to itself, or an operand that is in its place, needs no line:
what the lines cannot say is said here.
"""

from __future__ import annotations

from typing import Final, NamedTuple

START: Final = -4
"""Code of the lines at a function's start: its header, the zeros of its locals."""

GLUE: Final = -8
"""Code of lines that only lead on: flags and states, what tests them, jumps, ``pass``."""

MISSING_ELSE: Final = 1
"""Added to the code of an ``if`` without ``else``, where its condition does not hold."""

CLAUSES: Final = 2
"""Added to the code of a ``try_table``, in its handler."""


class Condition(NamedTuple):
    """What an instruction tests, as two Python expressions; a line has one of them between ``if`` and ``:``."""

    holds: str
    """True where the branch is taken, or the first arm of an ``if``."""
    fails: str
    """True where it is not."""

    @property
    def opposite(self) -> Condition:
        """The condition that is true where this one is not."""
        return Condition(self.fails, self.holds)


class Notes:
    """Notes about one function, by the codes of instructions."""

    __slots__ = ("conditions", "counted", "moves", "silent", "skipped")

    def __init__(self) -> None:
        self.conditions: dict[int, Condition] = {}
        """For each ``if`` and conditional branch that is written as a test."""
        self.counted: dict[int, int] = {}
        """Code of a ``loop`` written as ``for``: code of the ``br_if`` at its end, whose test ``range`` does.

        The lines that set variables behind the ``for`` have the code of the ``br_if``.
        """
        self.moves: dict[int, tuple[str, ...]] = {}
        """For each branch, ``return``, ``else`` and ``end`` with operands: their texts when it is written.

        These are the operands that the target takes, in stack order, canonical: what is assigned to the
        target's temporaries, or returned, or one of those temporaries already. Recorded too where there is nothing
        to assign. An ``if`` without ``else`` has its own at `MISSING_ELSE`. Clauses need none.
        """
        self.silent: set[int] = set()
        """``local.set`` and ``local.tee`` that set a local to itself, without a line."""
        self.skipped: dict[int, int] = {}
        """Positions (not codes) of instructions of a counted loop that ``range`` does: position of its ``br_if``."""
