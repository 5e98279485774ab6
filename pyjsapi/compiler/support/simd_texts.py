"""Floating-point operations on a lane as Python text, for vectors as a whole and for vectors kept as lanes.

The operands are entries: variables or literals, so that they can be repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from pyjsapi.compiler.expression import ATOM, NAME, Entry
from pyjsapi.syntax.types import F64

_ROUNDER: Final = 1.5 * 2.0**52
"""Added to a number of less magnitude than 2**51 and subtracted again it rounds to an integer, ties to even."""
_SMALL: Final = 2.0**51


class LaneOperation(NamedTuple):
    """An operation on lanes."""

    operands: int
    text: Callable[..., str]
    """The result as a Python expression, from as many entries."""


def variable(name: str) -> Entry:
    """A lane in a variable."""
    return Entry(F64, name, ATOM, form=NAME)


def _binary(operator: str) -> LaneOperation:
    return LaneOperation(2, lambda a, b: f"{a.text}{operator}{b.text}")


def _divide(a: Entry, b: Entry) -> str:
    return f"{a.text}/{b.text} if {b.text} else fdiv({a.text},{b.text})"


def _extremum(operator: str, helper: str) -> LaneOperation:
    def text(a: Entry, b: Entry) -> str:
        x, y = a.text, b.text
        return f"{x} if {x}{operator}{y} else {y} if {y}{operator}{x} else {helper}({x},{y})"

    return LaneOperation(2, text)


def _rounding(rounded: Callable[[str], str]) -> LaneOperation:
    """Of a number that may have a fraction; others stay what they are, and a NaN becomes quiet."""

    def text(a: Entry) -> str:
        x = a.text
        return f"{rounded(x)} if {-_SMALL}<{x}<{_SMALL} else {x}*1.0"

    return LaneOperation(1, text)


_MIN: Final = _extremum("<", "fmin")
_MAX: Final = _extremum(">", "fmax")

ARITHMETIC: Final[dict[str, LaneOperation]] = {
    "add": _binary("+"),
    "sub": _binary("-"),
    "mul": _binary("*"),
    "div": LaneOperation(2, _divide),
    "min": _MIN,
    "max": _MAX,
    "relaxed_min": _MIN,
    "relaxed_max": _MAX,
    "sqrt": LaneOperation(1, lambda a: f"sqrt({a.text}) if {a.text}>=0 else fsqrt({a.text})"),
    "ceil": _rounding(lambda x: f"-(-{x}//1.0)"),
    "floor": _rounding(lambda x: f"{x}//1.0"),
    "trunc": _rounding(lambda x: f"({x}//1.0 if {x}>=0 else -(-{x}//1.0))"),
    "nearest": _rounding(lambda x: f"copysign({x}+{_ROUNDER}-{_ROUNDER},{x})"),
}
"""Operations by family."""

RELATIONS: Final = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">="}
