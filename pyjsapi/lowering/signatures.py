"""Types of instructions that work on memories."""

from __future__ import annotations

from pyjsapi.lowering.sequences import Place
from pyjsapi.rewriting.instrs import signature_at
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import FuncType


def signature(original: Instr, place: Place) -> FuncType:
    """Operands and results of an instruction that works on the memory of a place."""
    return signature_at(original, place.addrtype)
