"""What a proof that fails says."""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """A decision on the way to a difference."""

    position: int
    """Of the instruction that decides, or that throws."""
    outcome: str
    """``taken``, ``not taken``, ``thrown``, or the selector of a table."""

    def __str__(self) -> str:
        return f"#{self.position} {self.outcome}"


class Finding(NamedTuple):
    """The first difference between a body and the Python written for it."""

    position: int
    """Of the instruction, in the body that was translated."""
    instruction: str
    """Mnemonic with the immediates that are numbers, for people."""
    text: str
    """What differs."""
    line: int
    """Line of the generated function, from 1."""
    way: tuple[Step, ...] = ()
    """How control comes there, from the function's start."""

    def __str__(self) -> str:
        return f"at {self.instruction}: {self.text} (line {self.line})"


class Differs(Exception):
    """The two graphs differ here; the message says how."""


class UnprovedWarning(RuntimeWarning):
    """The control flow of a function's translation was not proved to be that of its body. A fault of pyjsapi."""
