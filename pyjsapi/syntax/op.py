"""What a row of the instruction table says, and the kinds of immediates.

The rows themselves stand in :mod:`pyjsapi.syntax.instructions`.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from pyjsapi.syntax.types import BOT, F32, F64, I32, I64, V128, ValType


class Imm(Enum):
    """Kinds of immediates, with the form that they take in an instruction tuple after the `Op`."""

    NONE = auto()
    """nothing"""
    BLOCK = auto()
    """block type: ``None`` (empty), a value type, or a type index (`int`)"""
    LABEL = auto()
    """label index"""
    LABELS = auto()
    """tuple of label indices, default label index"""
    FUNC = auto()
    """function index"""
    TYPE = auto()
    """type index"""
    TYPE_TABLE = auto()
    """type index, table index (in this order in the binary; table first in the text)"""
    TYPES = auto()
    """tuple of value types"""
    LOCAL = auto()
    """local index"""
    GLOBAL = auto()
    """global index"""
    TABLE = auto()
    """table index"""
    TABLE_TABLE = auto()
    """destination table index, source table index"""
    ELEM = auto()
    """element segment index"""
    ELEM_TABLE = auto()
    """element segment index, table index (in this order in the binary; table first in the text)"""
    MEM = auto()
    """memory index"""
    MEM_MEM = auto()
    """destination memory index, source memory index"""
    MEMARG = auto()
    """memory index, log2 of the alignment, offset in bytes"""
    DATA = auto()
    """data segment index"""
    DATA_MEM = auto()
    """data segment index, memory index (in this order in the binary; memory first in the text)"""
    TAG = auto()
    """tag index"""
    TRY_TABLE = auto()
    """block type, tuple of catch clauses: (kind of `CATCH_KINDS`, tag index or ``None``, label index), with labels
    relative to the instruction's surroundings"""
    HEAP = auto()
    """heap type"""
    I32 = auto()
    """u32: the value modulo 2**32"""
    I64 = auto()
    """u64: the value modulo 2**64"""
    F32 = auto()
    """u32: the bits"""
    F64 = auto()
    """u64: the bits"""
    V128 = auto()
    """u128: the bits, lane 0 lowest"""
    LANE = auto()
    """lane index"""
    LANES16 = auto()
    """tuple of 16 lane indices"""
    MEMARG_LANE = auto()
    """memory index, log2 of the alignment, offset in bytes, lane index"""
    ZERO = auto()
    """nothing; a zero byte in the binary"""
    TYPE_FIELD = auto()
    """type index, field index"""
    TYPE_COUNT = auto()
    """type index, number of operands"""
    TYPE_DATA = auto()
    """type index, data segment index"""
    TYPE_ELEM = auto()
    """type index, element segment index"""
    TYPE_TYPE = auto()
    """destination type index, source type index"""
    REF = auto()
    """heap type, of a reference type that is not nullable (as which the text writes it)"""
    REF_NULL = auto()
    """heap type, of a reference type that is nullable"""
    CAST = auto()
    """label index, reference type of the operand, reference type that it is cast to"""
    TYPE_TAG = auto()
    """type index, tag index"""
    TYPE_ON = auto()
    """type index, tuple of handler clauses: (tag index, label index, or ``None`` for ``switch``)"""
    TYPE_TAG_ON = auto()
    """type index, tag index, tuple of handler clauses"""


AT: Final = BOT
"""Stands in a row's signature for the address type of the memory that the instruction names."""

_SIG_TYPES: Final[dict[str, ValType]] = {
    "i32": I32,
    "i64": I64,
    "f32": F32,
    "f64": F64,
    "v128": V128,
    "at": AT,
}


class Op:
    """A row of the table. Compare with ``is``."""

    __slots__ = (
        "code", "family", "feature", "imm", "instr", "mnemonic", "opcode", "params", "prefix", "results", "width",
    )  # fmt: skip

    def __init__(
        self,
        prefix: int,
        opcode: int,
        mnemonic: str,
        imm: Imm,
        sig: str | None,
        width: int,
        feature: str,
    ) -> None:
        self.mnemonic = mnemonic
        self.family = mnemonic.split(".", 1)[-1]
        """The mnemonic without its type: what the compiler dispatches on, e.g. "add" or "atomic.load8_u"."""
        self.prefix = prefix
        """Prefix byte, 0 for none."""
        self.opcode = opcode
        """Opcode byte, or the LEB128 opcode after a prefix."""
        self.code = prefix << 16 | opcode
        """Key in `BY_CODE`."""
        self.imm = imm
        self.width = width
        """Bits of memory that the instruction reads or writes, 0 for none."""
        self.feature = feature
        """Field of `Features` that the instruction needs, "" for WebAssembly 1.0."""
        self.params: tuple[ValType, ...] | None = None
        """Operand types; ``None`` when they depend on more than the memory's address type (`AT`)."""
        self.results: tuple[ValType, ...] | None = None
        """Result types, likewise."""
        if sig is not None:
            params, results = sig.split("->")
            self.params = tuple(_SIG_TYPES[t] for t in params.split())
            self.results = tuple(_SIG_TYPES[t] for t in results.split())
        self.instr: tuple[Op] = (self,)
        """The instruction itself where it has no immediates, made once."""

    def __repr__(self) -> str:
        return self.mnemonic


def row(
    opcode: int,
    mnemonic: str,
    imm: Imm = Imm.NONE,
    *,
    prefix: int = 0,
    sig: str | None = None,
    width: int = 0,
    feature: str = "",
) -> Op:
    """A row as the table writes it: ``sig`` is "operands -> results", ``None`` where they depend on more."""
    return Op(prefix, opcode, mnemonic, imm, sig, width, feature)
