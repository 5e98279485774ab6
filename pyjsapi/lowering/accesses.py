"""Loads, stores and atomic accesses: where the memory is, or from the main module by a call."""

from __future__ import annotations

from collections.abc import Sequence

from pyjsapi.lowering import sequences
from pyjsapi.lowering.layout import Layout
from pyjsapi.lowering.parts import Parts
from pyjsapi.lowering.sequences import Place
from pyjsapi.lowering.signatures import signature
from pyjsapi.rewriting.instrs import instr
from pyjsapi.rewriting.units import Locals
from pyjsapi.syntax.instructions import Imm
from pyjsapi.syntax.module import Instr, op_of
from pyjsapi.syntax.types import ValType


def is_access(original: Instr) -> bool:
    """Whether an instruction is one of those that this file is about."""
    return op_of(original).imm in (Imm.MEMARG, Imm.MEMARG_LANE)


def is_plain(place: Place) -> bool:
    """Whether accesses to a place are the instructions themselves, for memory 0."""
    return place.whole or (place.unchecked and place.base == 0)


def far_access(parts: Parts, original: Instr) -> Instr:
    """A call that does what an access to the memory of a helper does."""
    op, memory, *rest = original
    place = parts.layout.place(memory)
    type_ = signature(original, place)
    body = sequences.access(place, original, range(len(type_.params)))
    return parts.far(memory, (op, place.memory, *rest), type_, body)


def near_access(layout: Layout, original: Instr, locals_: Locals) -> list[Instr]:
    """An access in the module that holds the memory, with its operands on the stack."""
    place = layout.place(original[1])
    params = signature(original, place).params
    return at_home(place, original, () if is_plain(place) else locals_.take(params))


def scratch_access(
    layout: Layout, original: Instr, scratch: int
) -> tuple[list[Instr], list[ValType]]:
    """Likewise, and the locals that it needs from an index on."""
    place = layout.place(original[1])
    params = signature(original, place).params
    sequence = at_home(place, original, range(scratch, scratch + len(params)))
    return sequence, [] if len(sequence) == 1 else list(params)


def at_home(place: Place, original: Instr, locals_: Sequence[int]) -> list[Instr]:
    """An access in the module that holds the memory; the locals are for its operands unless it is plain."""
    if is_plain(place):
        op, _, *rest = original
        return [(op, 0, *rest)]
    sets = [instr("local.set", local) for local in reversed(locals_)]
    return [*sets, *sequences.access(place, original, locals_)]
