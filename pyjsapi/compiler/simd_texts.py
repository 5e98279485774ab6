"""Floating-point operations on a lane as Python text, for vectors as a whole and for vectors kept as lanes.

``a{i}``, ``b{i}`` are lane i of the operands.
"""

from __future__ import annotations

from typing import Final

_ROUNDER: Final = 1.5 * 2.0**52
"""Added to a number of less magnitude than 2**51 and subtracted again it rounds to an integer, ties to even."""
_SMALL: Final = f"{{}} if {-(2.0**51)}<a{{{{i}}}}<{2.0**51} else a{{{{i}}}}*1.0"
"""Rounding of a number that may have a fraction; others stay what they are, and a NaN becomes quiet."""

_MIN: Final = "a{i} if a{i}<b{i} else b{i} if b{i}<a{i} else fmin(a{i},b{i})"
_MAX: Final = "a{i} if a{i}>b{i} else b{i} if b{i}>a{i} else fmax(a{i},b{i})"

ARITHMETIC: Final[dict[str, tuple[int, str]]] = {
    "add": (2, "a{i}+b{i}"),
    "sub": (2, "a{i}-b{i}"),
    "mul": (2, "a{i}*b{i}"),
    "div": (2, "a{i}/b{i} if b{i} else fdiv(a{i},b{i})"),
    "min": (2, _MIN),
    "max": (2, _MAX),
    "relaxed_min": (2, _MIN),
    "relaxed_max": (2, _MAX),
    "sqrt": (1, "sqrt(a{i}) if a{i}>=0 else fsqrt(a{i})"),
    "ceil": (1, _SMALL.format("-(-a{i}//1.0)")),
    "floor": (1, _SMALL.format("a{i}//1.0")),
    "trunc": (1, _SMALL.format("(a{i}//1.0 if a{i}>=0 else -(-a{i}//1.0))")),
    "nearest": (1, _SMALL.format(f"copysign(a{{i}}+{_ROUNDER}-{_ROUNDER},a{{i}})")),
}
"""Number of operands and text of a lane, by family."""

RELATIONS: Final = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">="}
