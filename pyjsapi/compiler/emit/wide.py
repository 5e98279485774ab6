"""Wide arithmetic: integers of 128 bits as pairs of i64, low half first.

Both halves of a result are variables. Statements with `if` that write to them are faster than masks.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.compiler.emit.registry import emits
from pyjsapi.compiler.expression import (
    CONST,
    EFFECT,
    MASK,
    P_PRODUCT,
    P_SUM,
    P_UNARY,
    P_XOR,
    TRAPS,
    Entry,
)
from pyjsapi.compiler.frame import Frame
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import I64

_MASK: Final = MASK[I64]
_HALF: Final = (_MASK >> 1) + 1


def _results(frame: Frame, line: str, operands: list[Entry]) -> tuple[Entry, Entry]:
    """The results, of which a line of the operands assigns the low one, or both."""
    height = len(frame.stack)
    low, high = frame.temp(I64, height), frame.temp(I64, height + 1)
    flags = 0
    for operand in operands:
        flags |= operand.flags
    frame.emit(line, low.deps | high.deps, bool(flags & EFFECT), bool(flags & TRAPS))
    return low, high


def _sum(frame: Frame, operator: str, outside: str, wrap: str) -> None:
    """Both halves, then the carry: a half is outside of its range by one carry at most."""
    start = len(frame.stack) - 4
    if sum(1 for entry in frame.stack[start:] if entry.flags & (EFFECT | TRAPS)) > 1:
        # The halves of one kind meet: what must keep its order is evaluated before.
        frame.spill_from(start)
    a_low, a_high, b_low, b_high = operands = frame.pop_values(4)
    height = len(frame.stack)
    low, high = f"s{height}", f"s{height + 1}"
    halves = ",".join(
        f"{a.at(P_SUM)}{operator}{b.at(P_PRODUCT)}" for a, b in ((a_low, b_low), (a_high, b_high))
    )
    results = _results(frame, f"{low},{high}={halves}", operands)
    frame.write(f"if {low}{outside}:{high}{operator}=1")
    frame.write(f"if {low}{outside}:{low}{wrap}")
    frame.write(f"if {high}{outside}:{high}{wrap}")
    frame.stack.extend(results)


@emits("i64.add128")
def _add128(frame: Frame, instr: Instr) -> None:
    _sum(frame, "+", f">{_MASK}", f"-={_MASK + 1}")


@emits("i64.sub128")
def _sub128(frame: Frame, instr: Instr) -> None:
    _sum(frame, "-", "<0", f"+={_MASK + 1}")


def _product(frame: Frame, operands: list[Entry], a: str, b: str, high_mask: str) -> None:
    height = len(frame.stack)
    low, high = f"s{height}", f"s{height + 1}"
    results = _results(frame, f"{low}={a}*{b}", operands)
    frame.write(f"{high}={low}>>64{high_mask}")
    frame.write(f"{low}&={_MASK}")
    frame.stack.extend(results)


@emits("i64.mul_wide_u")
def _mul_wide_u(frame: Frame, instr: Instr) -> None:
    a, b = operands = frame.pop_values(2)
    _product(frame, operands, a.at(P_PRODUCT), b.at(P_UNARY), "")


@emits("i64.mul_wide_s")
def _mul_wide_s(frame: Frame, instr: Instr) -> None:
    a, b = operands = frame.pop_values(2)
    _product(frame, operands, _signed(a), _signed(b), f"&{_MASK}")


def _signed(entry: Entry) -> str:
    """A factor as a signed number."""
    if entry.high < _HALF:
        return entry.at(P_UNARY)
    if entry.form is CONST:
        return f"({entry.low - _MASK - 1})"
    return f"(({entry.at(P_XOR)}^{_HALF})-{_HALF})"
