"""Atomic memory accesses (threads proposal, "Atomic Memory Instructions").

Each is a call of a helper in `runtime.atomics`, which generated code knows as ``A``. It counts as an effect, so that
nothing is moved across it.
"""

from __future__ import annotations

from typing import Final

from pyjsapi.compiler.emit import accessor as emit_accessor
from pyjsapi.compiler.emit.memory import plus
from pyjsapi.compiler.emit.registry import emits
from pyjsapi.compiler.expression import ATOM, EFFECT, MASK, P_CONDITIONAL, TRAPS, Entry
from pyjsapi.compiler.frame import Frame
from pyjsapi.runtime.accessors import accessor_name
from pyjsapi.syntax.instructions import Imm
from pyjsapi.syntax.instructions_atomic import ATOMIC_OPS
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.op import Op


def _helper(op: Op) -> str:
    """``wait`` for ``atomic.wait32``, ``rmw_add`` for ``atomic.rmw8.add_u``."""
    _, *parts = op.family.removesuffix("_u").split(".")
    return "_".join(part.rstrip("0123456789") for part in parts)


_HELPERS: Final = {op: _helper(op) for op in ATOMIC_OPS if op.imm is Imm.MEMARG}


def _atomic(frame: Frame, instr: Instr) -> None:
    op, k, _, offset = instr
    helper = _HELPERS[op]
    operands = frame.pop_values(len(op.params or ()))
    address, *values = operands
    if frame.scope.memories[k].by_calls:
        arguments = [operand.at(P_CONDITIONAL) for operand in operands]
        if offset:
            arguments.append(str(offset))
        text = emit_accessor.call(frame, k, accessor_name(op), *arguments)
    else:
        text = _helper_call(instr, helper, address, values)
    deps, flags = 0, EFFECT | TRAPS
    for operand in operands:
        deps |= operand.deps
        flags |= operand.flags
    if not op.results:
        frame.emit(text, 0, True, True)
        return
    type_ = op.results[0]
    high = MASK[type_] if helper in ("wait", "notify") else (1 << op.width) - 1
    frame.push(Entry(type_, text, ATOM, 0, high, deps, flags))


def _helper_call(instr: Instr, helper: str, address: Entry, values: list[Entry]) -> str:
    op, k, _, offset = instr
    arguments = [f"M[{k}]", plus(address, offset)]
    if helper != "notify":
        arguments.append(str(op.width >> 3))
    arguments += [value.at(P_CONDITIONAL) for value in values]
    return f"A.{helper}({','.join(arguments)})"


@emits("atomic.fence", "pause")
def _fence(frame: Frame, instr: Instr) -> None:
    """The interpreter runs one instruction at a time: only pending expressions must not be moved across."""
    frame.settle(0, True, False)


emits(*dict.fromkeys(op.mnemonic for op in _HELPERS))(_atomic)
