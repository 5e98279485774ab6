"""Counted loops: what `control.induction` found out and `frame` writes."""

from __future__ import annotations

from typing import Final, NamedTuple

from pyjsapi.compiler.expression import MASK
from pyjsapi.compiler.facts import Facts
from pyjsapi.syntax.types import I32

STEP_ITEMS: Final = 4
"""Items of a step: the local, the constant, the addition, the assignment."""


class Pointer(NamedTuple):
    """A local that grows by a constant once a round and is not read after that; nor is the loop's counter."""

    local: int
    step: int
    length: int
    """Number of items of the body before its step."""
    times: str
    """How many times the body runs, as an atom."""

    @property
    def after(self) -> int:
        """Number of items of the body before what follows its step."""
        return self.length + STEP_ITEMS

    def range(self, name: str, step: int) -> str:
        """Arguments of ``range`` for the values of its variable, which is stepped by ``step``."""
        if step == 1:
            return f"{name},{name}+{self.times}"
        return f"{name},{name}+{self.times}*{step},{step}"

    def never_wraps(self, facts: Facts) -> bool:
        """Whether its step stays in the type's range, by the facts where it is stepped."""
        return facts.get(self.local, (0, MASK[I32], 0))[1] + self.step <= MASK[I32]


class Range(NamedTuple):
    """A loop over a counter, ready for ``for``."""

    counter: int
    start_stop_step: str
    last: str
    """Text of the counter's value after the loop."""
    length: int
    """Number of items of the body before the counter's step."""
    step: int
    test: str
    """How the stepped counter is compared with what it is last: ``ne``, ``lt_u`` or ``lt_s``."""
    pointer: Pointer | None = None
    """What ``for`` may step instead."""
    from_zero: bool = False
    """Whether the counter may be 0 at first, and is then out of its type's range in the first round."""
    bound: int = -1
    """The local that bounds it, if that is one."""

    @property
    def locals(self) -> set[int]:
        """The locals whose variables the texts name."""
        return {self.counter, self.bound}
