"""The typing rule of atomic memory accesses (threads proposal, "Validation: Atomic Memory Instructions")."""

from __future__ import annotations

from pyjsapi.syntax.errors import ValidationError
from pyjsapi.syntax.instructions import Imm
from pyjsapi.syntax.instructions_atomic import ATOMIC_OPS
from pyjsapi.syntax.module import Instr
from pyjsapi.validation.rules import RULES, memory_rule
from pyjsapi.validation.state import State


def _atomic_access(state: State, instr: Instr) -> None:
    op, memidx, align, _ = instr
    natural = op.width >> 3
    if 1 << align != natural and memidx < len(state.context.mems):
        raise ValidationError(
            f"atomic alignment must be natural: 2**{align}, only {natural} is allowed"
        )
    memory_rule(state, instr)


RULES.update({op: _atomic_access for op in ATOMIC_OPS if op.imm is Imm.MEMARG})
