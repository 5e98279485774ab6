"""Instructions for code that is written rather than read."""

from __future__ import annotations

from typing import Final

from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import Instr, op_of
from pyjsapi.syntax.op import AT, Imm
from pyjsapi.syntax.types import F32, F64, I32, I64, V128, AddrType, FuncType, NumType, ValType


def instr(mnemonic: str, *immediates: object) -> Instr:
    """An instruction by its mnemonic."""
    return (BY_MNEMONIC[mnemonic], *immediates)


def const(type_: NumType, value: int) -> Instr:
    """A constant of type i32 or i64, given modulo the type's width."""
    return instr(f"{type_}.const", value & ((1 << type_.bits) - 1))


def get(*locals_: int) -> list[Instr]:
    """``local.get`` of each."""
    return [instr("local.get", local) for local in locals_]


_BLOCK_TYPES: Final[dict[str, ValType]] = {t.name: t for t in (I32, I64, F32, F64, V128)}


def written(text: str) -> list[Instr]:
    """Instructions of a plain form: one a line, a mnemonic and its immediates as numbers.

    They stand in the order of `Imm`, those of an access as memory, alignment (log2) and offset; a block may have a
    number type.
    """
    found: list[Instr] = []
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        op = BY_MNEMONIC[words[0]]
        if op.imm is Imm.BLOCK:
            found.append((op, _BLOCK_TYPES[words[1]] if words[1:] else None))
        elif op.imm is Imm.I32 or op.imm is Imm.I64:
            found.append(const(I32 if op.imm is Imm.I32 else I64, int(words[1])))
        else:
            found.append((op, *map(int, words[1:])))
    return found


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
