"""The typing rules of vector instructions that name lanes (core specification, "Validation: Instructions").

The rows in the table state the types of all vector instructions; here are the checks of lane indices.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.syntax.errors import ValidationError
from pyjsapi.syntax.instructions import OPS, Imm, Op
from pyjsapi.syntax.module import Instr
from pyjsapi.validation.rules import RULES, memory_rule
from pyjsapi.validation.state import State

_VECTOR_BITS: Final = 128
_SHUFFLE_LANES: Final = 32
"""Lanes of both operands of i8x16.shuffle together."""


def _lanes(op: Op) -> int:
    """Lanes in a vector, from the memory access's width or from the shape in the mnemonic."""
    if op.width:
        return _VECTOR_BITS // op.width
    return int(op.mnemonic.partition(".")[0].partition("x")[2])


_LANES: Final = {op: _lanes(op) for op in OPS if op.imm in (Imm.LANE, Imm.MEMARG_LANE)}


def _check(lane: int, count: int) -> None:
    if lane >= count:
        raise ValidationError(f"invalid lane index {lane}, there are {count} lanes")


def _lane(state: State, instr: Instr) -> None:
    op, lane = instr
    _check(lane, _LANES[op])
    _types(state, op)


def _shuffle(state: State, instr: Instr) -> None:
    op, lanes = instr
    for lane in lanes:
        _check(lane, _SHUFFLE_LANES)
    _types(state, op)


def _types(state: State, op: Op) -> None:
    state.pop_types(op.params or ())
    state.vals += op.results or ()


def _memory_lane(state: State, instr: Instr) -> None:
    memory_rule(state, instr)
    _check(instr[4], _LANES[instr[0]])


RULES.update({op: _lane for op in OPS if op.imm is Imm.LANE})
RULES.update({op: _shuffle for op in OPS if op.imm is Imm.LANES16})
RULES.update({op: _memory_lane for op in OPS if op.imm is Imm.MEMARG_LANE})
