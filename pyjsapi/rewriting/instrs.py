"""Instructions for code that is written rather than read."""

from __future__ import annotations

from typing import Final

from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import Instr, op_of
from pyjsapi.syntax.op import AT
from pyjsapi.syntax.types import AddrType, FuncType, NumType


def instr(mnemonic: str, *immediates: object) -> Instr:
    """An instruction by its mnemonic."""
    return (BY_MNEMONIC[mnemonic], *immediates)


def const(type_: NumType, value: int) -> Instr:
    """A constant of type i32 or i64, given modulo the type's width."""
    return instr(f"{type_}.const", value & ((1 << type_.bits) - 1))


def get(*locals_: int) -> list[Instr]:
    """``local.get`` of each."""
    return [instr("local.get", local) for local in locals_]


END: Final = instr("end")
UNREACHABLE: Final = instr("unreachable")


def signature_at(original: Instr, addrtype: AddrType) -> FuncType:
    """Operands and results of an instruction that works on a memory with such addresses."""
    op = op_of(original)
    if op.params is None or op.results is None:
        raise TypeError(f"{op} has no signature of its own")
    return FuncType(
        tuple([addrtype if type_ is AT else type_ for type_ in op.params]),
        tuple([addrtype if type_ is AT else type_ for type_ in op.results]),
    )
