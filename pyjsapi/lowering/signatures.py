"""Types of instructions that work on memories."""

from __future__ import annotations

from pyjsapi.lowering.sequences import Place
from pyjsapi.syntax.module import Instr, op_of
from pyjsapi.syntax.op import AT
from pyjsapi.syntax.types import FuncType


def signature(original: Instr, place: Place) -> FuncType:
    """Operands and results of an instruction that works on a memory."""
    op = op_of(original)
    if op.params is None or op.results is None:
        raise TypeError(f"{op} has no signature of its own")
    at = place.addrtype
    return FuncType(
        tuple([at if type_ is AT else type_ for type_ in op.params]),
        tuple([at if type_ is AT else type_ for type_ in op.results]),
    )
