"""Decoding of instruction sequences (core: "Binary Format: Instructions" and "Code Section").

Most of the time that a module takes before it runs is spent here, once per instruction. So the table of
instructions is turned, at import, into lists indexed by opcode: an instruction without immediates, or whose
immediate is one byte, is a shared tuple found by indexing.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from typing import Final, TypeAlias

from pyjsapi.binary.leb128 import read_signed, read_u32, read_unsigned
from pyjsapi.binary.reader import UNEXPECTED_END, Reader
from pyjsapi.binary.types import EMPTY, VAL_TYPE_OF, block_type, heap_type, value_type
from pyjsapi.syntax.errors import DecodeError
from pyjsapi.syntax.instructions import BY_CODE, BY_MNEMONIC, OPS, PREFIXES, Imm, Op
from pyjsapi.syntax.instructions_atomic import ACQREL, ORDERABLE, SEQCST
from pyjsapi.syntax.instructions_exceptions import CATCH_KINDS, WITH_TAG
from pyjsapi.syntax.instructions_stack import ON_LABEL, ON_SWITCH, Clause
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import ValType, ref_type

MEMARG_HAS_INDEX: Final = 0x40
"""Bit of the alignment field of a memarg that says that a memory index follows."""
MEMARG_HAS_ORDERING: Final = 0x10
"""Likewise, of an atomic access: that its ordering follows, behind the memory index."""
ACQREL_READ: Final = 0x01
"""Bit of an ordering: what is read is acquired, what is written released."""
ACQREL_WRITE: Final = 0x10
"""Likewise of what a read-modify-write access writes; both bits are set or none."""

CAST_NULLABLE: Final = 0x01
"""Bit of the flags of a cast that branches: the operand's type is nullable."""
CAST_TARGET_NULLABLE: Final = 0x02
"""Likewise: the type that it is cast to is nullable."""

_U32: Final = 0xFFFFFFFF
_U64: Final = 0xFFFFFFFFFFFFFFFF

_Read: TypeAlias = Callable[[Reader], tuple[object, ...]]


def _labels(reader: Reader) -> tuple[object, ...]:
    return tuple(reader.list(reader.u32)), reader.u32()


def _types(reader: Reader) -> tuple[object, ...]:
    return (tuple([value_type(reader) for _ in range(reader.length())]),)


def _memarg_flags(reader: Reader) -> tuple[int, int]:
    """The memory index of a memarg, and its flags but for the one of that."""
    start = reader.pos
    flags = reader.u32()
    if flags >= MEMARG_HAS_INDEX << 1:
        raise DecodeError(f"malformed memop flags: {flags:#x}", start)
    memidx = reader.u32() if flags & MEMARG_HAS_INDEX else 0
    return memidx, flags & ~MEMARG_HAS_INDEX


def _memarg(reader: Reader) -> tuple[object, ...]:
    return *_memarg_flags(reader), reader.u64()


def _memarg_lane(reader: Reader) -> tuple[object, ...]:
    return *_memarg(reader), reader.byte()


def _zero(reader: Reader) -> tuple[object, ...]:
    reader.zero()
    return ()


def _try_table(reader: Reader) -> tuple[object, ...]:
    return block_type(reader), tuple([_catch(reader) for _ in range(reader.length())])


def _catch(reader: Reader) -> tuple[str, int | None, int]:
    code = reader.byte()
    if code >= len(CATCH_KINDS):
        raise reader.error(f"malformed catch clause: {code:#04x}")
    kind = CATCH_KINDS[code]
    tagidx = reader.u32() if kind in WITH_TAG else None
    return kind, tagidx, reader.u32()


def _clauses(reader: Reader) -> tuple[Clause, ...]:
    return tuple([_clause(reader) for _ in range(reader.length())])


def _clause(reader: Reader) -> Clause:
    code = reader.byte()
    if code not in (ON_LABEL, ON_SWITCH):
        raise reader.error(f"malformed on clause: {code:#04x}")
    tagidx = reader.u32()
    return tagidx, reader.u32() if code == ON_LABEL else None


def _index(reader: Reader) -> tuple[object, ...]:
    return (reader.u32(),)


def _indices(reader: Reader) -> tuple[object, ...]:
    return reader.u32(), reader.u32()


def _heap(reader: Reader) -> tuple[object, ...]:
    return (heap_type(reader),)


def _cast(reader: Reader) -> tuple[object, ...]:
    start = reader.pos
    flags = reader.byte()
    if flags > (CAST_NULLABLE | CAST_TARGET_NULLABLE):
        raise DecodeError(f"malformed br_on_cast flags: {flags:#x}", start)
    label = reader.u32()
    source = ref_type(bool(flags & CAST_NULLABLE), heap_type(reader))
    return label, source, ref_type(bool(flags & CAST_TARGET_NULLABLE), heap_type(reader))


_READ: Final[dict[Imm, _Read]] = {
    Imm.NONE: lambda reader: (),
    Imm.BLOCK: lambda reader: (block_type(reader),),
    Imm.LABEL: _index,
    Imm.LABELS: _labels,
    Imm.FUNC: _index,
    Imm.TYPE: _index,
    Imm.TYPE_TABLE: _indices,
    Imm.TYPES: _types,
    Imm.LOCAL: _index,
    Imm.GLOBAL: _index,
    Imm.TABLE: _index,
    Imm.TABLE_TABLE: _indices,
    Imm.ELEM: _index,
    Imm.ELEM_TABLE: _indices,
    Imm.MEM: _index,
    Imm.MEM_MEM: _indices,
    Imm.MEMARG: _memarg,
    Imm.DATA: _index,
    Imm.DATA_MEM: _indices,
    Imm.TAG: _index,
    Imm.TRY_TABLE: _try_table,
    Imm.HEAP: _heap,
    Imm.I32: lambda reader: (reader.s32() & _U32,),
    Imm.I64: lambda reader: (reader.s64() & _U64,),
    Imm.F32: lambda reader: (int.from_bytes(reader.bytes(4), "little"),),
    Imm.F64: lambda reader: (int.from_bytes(reader.bytes(8), "little"),),
    Imm.V128: lambda reader: (int.from_bytes(reader.bytes(16), "little"),),
    Imm.LANE: lambda reader: (reader.byte(),),
    Imm.LANES16: lambda reader: (tuple(reader.bytes(16)),),
    Imm.MEMARG_LANE: _memarg_lane,
    Imm.ZERO: _zero,
    Imm.TYPE_FIELD: _indices,
    Imm.TYPE_COUNT: _indices,
    Imm.TYPE_DATA: _indices,
    Imm.TYPE_ELEM: _indices,
    Imm.TYPE_TYPE: _indices,
    Imm.REF: _heap,
    Imm.REF_NULL: _heap,
    Imm.CAST: _cast,
    Imm.TYPE_TAG: _indices,
    Imm.TYPE_ON: lambda reader: (reader.u32(), _clauses(reader)),
    Imm.TYPE_TAG_ON: lambda reader: (reader.u32(), reader.u32(), _clauses(reader)),
}
"""Readers of the immediates of each kind."""

_ONE_INDEX: Final = frozenset(imm for imm, read in _READ.items() if read is _index)


# How the loop in `_decode_instrs` treats an opcode byte that is in none of the lists below.
_KIND_MEMARG: Final = 0
_KIND_END: Final = 1
_KIND_BLOCK: Final = 2
_KIND_IF: Final = 3
_KIND_ELSE: Final = 4
_KIND_OTHER: Final = 5

_SIMPLE: Final[list[Instr | None]] = [None] * 256
"""Instructions that are one byte."""
_SHORTS: Final[list[list[Instr | None] | None]] = [None] * 256
"""Instructions that are an opcode and an integer, by the byte of the integer where it is one byte."""
_BLOCKS: Final[dict[int, list[Instr | None]]] = {}
"""Instructions that are an opcode and a block type, likewise."""
_KINDS: Final[list[int]] = [_KIND_OTHER] * 256
_PREFIXED: Final[dict[int, dict[int, Op]]] = {prefix: {} for prefix in PREFIXES}


_TRY_TABLE: Final = BY_MNEMONIC["try_table"]
_DELEGATE: Final = BY_MNEMONIC["delegate"]
"""Closes its ``try`` as ``end`` would, so it is not one of the instructions found by indexing."""


def _short_value(imm: Imm, byte: int) -> tuple[object, ...] | None:
    """The immediates that a byte below 0x80 stands for alone."""
    if imm in _ONE_INDEX:
        return (byte,)
    if imm is Imm.I32:
        return ((byte if byte < 0x40 else byte - 0x80) & _U32,)
    if imm is Imm.I64:
        return ((byte if byte < 0x40 else byte - 0x80) & _U64,)
    if imm is Imm.BLOCK:
        if byte < 0x40:
            return (byte,)
        if byte == EMPTY:
            return (None,)
        return (VAL_TYPE_OF[byte],) if byte in VAL_TYPE_OF else None
    return None


def _fill_tables() -> None:
    for op in OPS:
        if op.prefix:
            _PREFIXED[op.prefix][op.opcode] = BY_CODE[op.code]
            continue
        if op.imm is Imm.NONE:
            _SIMPLE[op.opcode] = op.instr
        elif op.imm is Imm.MEMARG:
            _KINDS[op.opcode] = _KIND_MEMARG
        elif op is _DELEGATE:
            continue
        elif op.imm in _ONE_INDEX or op.imm in (Imm.I32, Imm.I64, Imm.BLOCK):
            values = [_short_value(op.imm, byte) for byte in range(0x80)]
            short: list[Instr | None] = [None if v is None else (op, *v) for v in values]
            short += [None] * 0x80
            if op.imm is Imm.BLOCK:
                _BLOCKS[op.opcode] = short
                _KINDS[op.opcode] = _KIND_BLOCK
            else:
                _SHORTS[op.opcode] = short
    for mnemonic, kind in ("if", _KIND_IF), ("else", _KIND_ELSE), ("end", _KIND_END):
        opcode = BY_MNEMONIC[mnemonic].opcode
        _KINDS[opcode] = kind
        _SIMPLE[opcode] = None


_fill_tables()

_END: Final = BY_MNEMONIC["end"].instr
_ELSE: Final = BY_MNEMONIC["else"].instr
_NEEDS_DATA_COUNT: Final = frozenset(
    op for op in OPS if op.imm in (Imm.DATA, Imm.DATA_MEM, Imm.TYPE_DATA)
)
_SPECIAL: Final = _NEEDS_DATA_COUNT | ORDERABLE | {_TRY_TABLE, _DELEGATE}


class _IllegalOpcode(DecodeError):
    pass


def decode_instrs(
    data: bytes, pos: int, end: int, *, data_count: bool = True, count: int | None = None
) -> tuple[list[Instr], int]:
    """Decode a sequence of instructions up to and including the ``end`` that closes it.

    Gives the instructions and the position after them. Blocks may nest as deep as the input likes.
    ``end`` is where the section or function ends. As in the reference interpreter a sequence may run on past
    it, which the caller finds out by the position; only what is no instruction there is reported as the end.
    ``data_count`` says whether the module has a data count section, without which no instruction may name a
    data segment. ``count`` stops earlier, after so many instructions. Raises `DecodeError`.
    """
    body: list[Instr] = []
    try:
        return body, _decode_instrs(data, pos, body.append, data_count, count)
    except IndexError:
        raise DecodeError(UNEXPECTED_END, len(data)) from None
    except _IllegalOpcode as error:
        if error.offset < end:
            raise
        raise DecodeError(UNEXPECTED_END, end) from None


def _decode_instrs(
    data: bytes, pos: int, append: Callable[[Instr], None], data_count: bool, count: int | None
) -> int:
    simple = _SIMPLE
    shorts = _SHORTS
    kinds = _KINDS
    open_blocks: list[bool] = []  # for each, whether it is an `if` that may still have an `else`
    # An instruction takes a byte at least, so there are never more than the bytes that are left.
    for _ in repeat(None, len(data) - pos + 1 if count is None else count):
        byte = data[pos]
        pos += 1
        short = shorts[byte]
        if short is not None:
            instr = short[data[pos]]
            if instr is not None:
                pos += 1
            else:
                instr, pos = _long_integer(data, pos, BY_CODE[byte])
            append(instr)
            continue
        instr = simple[byte]
        if instr is not None:
            append(instr)
            continue
        kind = kinds[byte]
        if kind == _KIND_MEMARG:
            align = data[pos]
            offset = data[pos + 1]
            if align < 0x40 and offset < 0x80:
                pos += 2
                append((BY_CODE[byte], 0, align, offset))
                continue
            instr, pos = _with_reader(data, pos, BY_CODE[byte])
        elif kind == _KIND_END:
            append(_END)
            if not open_blocks:
                return pos
            open_blocks.pop()
            continue
        elif kind == _KIND_ELSE:
            if not open_blocks or not open_blocks[-1]:
                raise DecodeError("END opcode expected", pos - 1)
            open_blocks[-1] = False
            instr = _ELSE
        elif kind == _KIND_OTHER:
            start = pos - 1
            op, pos = _op(data, start)
            if op in _SPECIAL:
                if op is _TRY_TABLE:
                    open_blocks.append(False)
                elif op is _DELEGATE:
                    if not open_blocks:
                        raise DecodeError("unexpected delegate: no try is open", start)
                    open_blocks.pop()
                elif op in ORDERABLE:
                    instr, pos = _with_ordering(data, pos, op)
                    append(instr)
                    continue
                elif not data_count:
                    raise DecodeError(f"data count section required by {op}", start)
            instr, pos = _with_reader(data, pos, op)
        else:  # _KIND_BLOCK or _KIND_IF
            open_blocks.append(kind == _KIND_IF)
            instr = _BLOCKS[byte][data[pos]]
            if instr is not None:
                pos += 1
            else:
                instr, pos = _with_reader(data, pos, BY_CODE[byte])
        append(instr)
    return pos


def _op(data: bytes, pos: int) -> tuple[Op, int]:
    """The row for the opcode at ``pos``, with or without a prefix."""
    start = pos
    byte = data[pos]
    pos += 1
    row: Op | None
    if byte in _PREFIXED:
        opcode, pos = read_u32(data, pos)
        row = _PREFIXED[byte].get(opcode)
        if row is None:
            raise _IllegalOpcode(f"illegal opcode {byte:02x} {opcode:02x}", start)
    else:
        row = BY_CODE.get(byte)
        if row is None:
            raise _IllegalOpcode(f"illegal opcode {byte:02x}", start)
    return row, pos


def _long_integer(data: bytes, pos: int, op: Op) -> tuple[Instr, int]:
    if op.imm is Imm.I32:
        value, pos = read_signed(data, pos, 32)
        value &= _U32
    elif op.imm is Imm.I64:
        value, pos = read_signed(data, pos, 64)
        value &= _U64
    else:
        value, pos = read_unsigned(data, pos, 32)
    return (op, value), pos


def _with_reader(data: bytes, pos: int, op: Op) -> tuple[Instr, int]:
    if op.imm is Imm.NONE:
        return op.instr, pos
    reader = Reader(data, pos)
    immediates = _READ[op.imm](reader)
    return (op, *immediates), reader.pos


def _with_ordering(data: bytes, pos: int, op: Op) -> tuple[Instr, int]:
    """An atomic access or a fence, in the row of its ordering if it says one."""
    reader = Reader(data, pos)
    if op.imm is Imm.ZERO:
        return (ACQREL[op] if _is_acqrel(reader, op) else op).instr, reader.pos
    memidx, flags = _memarg_flags(reader)
    if flags & MEMARG_HAS_ORDERING:
        op = (ACQREL if _is_acqrel(reader, op) else SEQCST)[op]
    return (op, memidx, flags & ~MEMARG_HAS_ORDERING, reader.u64()), reader.pos


def acqrel_byte(op: Op) -> int:
    """The ordering of an acquire-release access or fence."""
    return ACQREL_READ | ACQREL_WRITE if ".rmw" in op.mnemonic else ACQREL_READ


def _is_acqrel(reader: Reader, op: Op) -> bool:
    start = reader.pos
    ordering = reader.byte()
    if ordering not in (0, acqrel_byte(op)):
        wanted = f"0x00 (seqcst) and {acqrel_byte(op):#04x} (acqrel)"
        raise DecodeError(f"malformed ordering {ordering:#04x}: of {op} there are {wanted}", start)
    return ordering != 0


def decode_locals(data: bytes, start: int) -> tuple[tuple[tuple[int, ValType], ...], int]:
    """The groups of locals before a body, and where the body begins. Raises `DecodeError`."""
    reader = Reader(data, start)
    groups = tuple([(reader.u32(), value_type(reader)) for _ in range(reader.length())])
    total = sum([count for count, _ in groups])
    if total > _U32:
        raise DecodeError(f"too many locals: {total}, at most {_U32}", start)
    return groups, reader.pos


def instr_offsets(data: bytes, pos: int, end: int, *, data_count: bool) -> list[int]:
    """Byte offsets of all instructions of the body that begins at ``pos``, the last ``end`` too."""
    found = []
    while pos < end:
        found.append(pos)
        # Parts of blocks are refused where no block is open.
        name = BY_CODE[data[pos]].mnemonic if data[pos] in BY_CODE else ""
        if name in ("else", "catch_all"):
            pos += 1
        elif name in ("catch", "delegate"):
            reader = Reader(data, pos + 1)
            reader.u32()
            pos = reader.pos
        else:
            _, pos = decode_instrs(data, pos, end, data_count=data_count, count=1)
    return found
