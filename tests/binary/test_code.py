"""Instructions: every row of the table encodes and decodes; nesting, offsets and malformed sequences."""

from __future__ import annotations

from typing import Any

import pytest

from pyjsapi.binary.body import BinaryCode
from pyjsapi.binary.code import decode_instrs
from pyjsapi.binary.encode_instrs import encode_expr, encode_instr
from pyjsapi.binary.leb128 import signed, unsigned
from pyjsapi.syntax.errors import DecodeError
from pyjsapi.syntax.instructions import BY_CODE, BY_MNEMONIC, OPS, Imm, Op
from pyjsapi.syntax.instructions_atomic import ACQREL, ORDERABLE, ORDERINGS, PAUSE, SEQCST
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import EQ, EXTERN, F64, FUNC, FUNCREF, I32, I64, NOFUNC, V128, ref_type

END = BY_MNEMONIC["end"].instr
IF = BY_MNEMONIC["if"]
ELSE = BY_MNEMONIC["else"].instr

INDICES: list[tuple[Any, ...]] = [(0,), (1,), (127,), (128,), (16384,), (2**32 - 1,)]
PAIRS: list[tuple[Any, ...]] = [(0, 0), (1, 2), (300, 0), (0, 300), (2**32 - 1, 2**32 - 1)]

SAMPLES: dict[Imm, list[tuple[Any, ...]]] = {
    Imm.NONE: [()],
    Imm.BLOCK: [
        *[(None,), (I32,), (F64,), (V128,), (FUNCREF,), (ref_type(False, 3),)],
        *[(0,), (63,), (64,), (127,), (128,), (2**32 - 1,)],
    ],
    Imm.LABEL: INDICES,
    Imm.LABELS: [((), 0), ((0,), 1), (tuple(range(200)), 300)],
    Imm.FUNC: INDICES,
    Imm.TYPE: INDICES,
    Imm.TYPE_TABLE: PAIRS,
    Imm.TYPES: [((),), ((I32,),), ((I64, FUNCREF, ref_type(True, 7)),)],
    Imm.LOCAL: INDICES,
    Imm.GLOBAL: INDICES,
    Imm.TABLE: INDICES,
    Imm.TABLE_TABLE: PAIRS,
    Imm.ELEM: INDICES,
    Imm.ELEM_TABLE: PAIRS,
    Imm.MEM: INDICES,
    Imm.MEM_MEM: PAIRS,
    Imm.MEMARG: [(0, 0, 0), (0, 2, 127), (0, 63, 128), (1, 2, 0), (300, 3, 2**64 - 1), (2, 63, 5)],
    Imm.TAG: INDICES,
    Imm.TRY_TABLE: [
        (None, ()),
        (I32, (("catch", 300, 0), ("catch_ref", 0, 128))),
        (70, (("catch_all", None, 1), ("catch_all_ref", None, 2**32 - 1))),
    ],
    Imm.DATA: INDICES,
    Imm.DATA_MEM: PAIRS,
    Imm.HEAP: [(FUNC,), (EXTERN,), (NOFUNC,), (0,), (63,), (64,), (2**32 - 1,)],
    Imm.I32: [(v & 0xFFFFFFFF,) for v in (0, 1, -1, 63, 64, -64, -65, 2**31 - 1, -(2**31))],
    Imm.I64: [(v & (2**64 - 1),) for v in (0, 1, -1, 63, 64, -64, -65, 2**63 - 1, -(2**63))],
    Imm.F32: [(0,), (0x7FA00001,), (0xFFFFFFFF,)],
    Imm.F64: [(0,), (0x7FF4000000000001,), (2**64 - 1,)],
    Imm.V128: [(0,), (0x0F0E0D0C0B0A09080706050403020100,), (2**128 - 1,)],
    Imm.LANE: [(0,), (15,), (255,)],
    Imm.LANES16: [(tuple(range(16)),), (tuple(range(255, 239, -1)),)],
    Imm.MEMARG_LANE: [(0, 0, 0, 0), (0, 3, 128, 1), (300, 2, 2**64 - 1, 255)],
    Imm.ZERO: [()],
    Imm.TYPE_FIELD: PAIRS,
    Imm.TYPE_COUNT: PAIRS,
    Imm.TYPE_DATA: PAIRS,
    Imm.TYPE_ELEM: PAIRS,
    Imm.TYPE_TYPE: PAIRS,
    Imm.TYPE_TAG: PAIRS,
    Imm.TYPE_ON: [(0, ()), (300, ((1, 0), (300, None), (0, 2**32 - 1)))],
    Imm.TYPE_TAG_ON: [(0, 200, ()), (1, 0, ((2, None), (0, 128)))],
    Imm.REF: [(EQ,), (NOFUNC,), (0,), (2**32 - 1,)],
    Imm.REF_NULL: [(EQ,), (0,)],
    Imm.CAST: [
        (label, ref_type(a, EQ), ref_type(b, 300))
        for label in (0, 128)
        for a in (False, True)
        for b in (False, True)
    ],
}


def samples(op: Op) -> list[tuple[object, ...]]:
    """Immediates of an instruction; the flags of an atomic access have room for smaller alignments."""
    if op in ORDERABLE or op in ORDERINGS:
        return [each for each in SAMPLES[op.imm] if op.imm is Imm.ZERO or each[1] < 16]
    return SAMPLES[op.imm]


INSTRUCTIONS: list[Instr] = [
    (op, *immediates)
    for op in OPS
    if op.mnemonic not in ("else", "end", "delegate")
    for immediates in samples(op)
]


def with_ends(instr: Instr) -> list[Instr]:
    """A sequence that is well-formed with the instruction in it."""
    closes = instr[0].imm in (Imm.BLOCK, Imm.TRY_TABLE)
    return [instr, *([END] if closes else []), END]


def test_the_samples_cover_every_kind_of_immediate() -> None:
    assert set(SAMPLES) == set(Imm)


@pytest.mark.parametrize("instr", INSTRUCTIONS, ids=str)
def test_every_instruction_round_trips(instr: Instr) -> None:
    body = with_ends(instr)
    encoded = encode_expr(body)
    assert encoded.startswith(encode_instr(instr))
    assert decode_instrs(encoded, 0, len(encoded)) == (body, len(encoded))


@pytest.mark.parametrize("instr", INSTRUCTIONS, ids=str)
def test_every_instruction_cut_short_reports_the_end(instr: Instr) -> None:
    encoded = encode_expr(with_ends(instr))
    for length in range(len(encoded)):
        with pytest.raises(DecodeError, match=r"^(unexpected end|length out of bounds)"):
            decode_instrs(encoded[:length], 0, length)


@pytest.mark.parametrize("op", [op for op in OPS if op.imm is Imm.NONE], ids=str)
def test_instructions_without_immediates_are_made_once(op: Op) -> None:
    prefix = [(IF, None)] if op.mnemonic == "else" else []
    body, _ = decode_instrs(encode_expr([*prefix, op.instr, END, END]), 0, 100)
    assert any(instr is op.instr for instr in body)


def test_every_byte_is_an_opcode_of_the_table_or_illegal() -> None:
    prefixes = {op.prefix for op in OPS}
    for byte in range(256):
        data = bytes((byte,)) + bytes(12) + b"\x0b\x0b"
        if byte in BY_CODE or byte in prefixes - {0}:
            continue
        with pytest.raises(DecodeError) as caught:
            decode_instrs(data, 0, len(data))
        assert caught.value.message == f"illegal opcode {byte:02x}"


@pytest.mark.parametrize("opcode", [23, 127, 300, 2**32 - 1, 0xFC0000, 0xFC0008, 0x10000])
def test_opcodes_after_a_prefix_that_do_not_exist_are_illegal(opcode: int) -> None:
    data = b"\x01\xfc" + unsigned(opcode) + b"\x00\x00\x0b"
    with pytest.raises(DecodeError) as caught:
        decode_instrs(data, 0, len(data))
    assert caught.value.message == f"illegal opcode fc {opcode:02x}"
    assert caught.value.offset == 1


def test_opcodes_after_a_prefix_may_be_padded() -> None:
    data = bytes.fromhex("fc 8b 80 00 00 0b")
    assert decode_instrs(data, 0, len(data))[0] == [(BY_MNEMONIC["memory.fill"], 0), END]


@pytest.mark.parametrize(
    ("encoded", "message", "offset"),
    [
        ("05 0b", "END opcode expected", 0),
        ("01 18 00 0b", "unexpected delegate", 1),
        ("1f 40 01 04 00 0b 0b", "malformed catch clause: 0x04", 3),
        ("02 40 05 0b 0b", "END opcode expected", 2),
        ("04 40 05 05 0b 0b", "END opcode expected", 3),
        ("04 40 02 40 05 0b 0b 0b", "END opcode expected", 4),
        ("28 80 01 00 1a 0b", "malformed memop flags: 0x80", 1),
        ("28 ff ff ff ff 0f 00 0b", "malformed memop flags", 1),
        ("28 00 80 80 80 80 80 80 80 80 80 02 0b", "integer too large", 11),
        ("20 80 80 80 80 10 0b", "integer too large", 5),
        ("20 80 80 80 80 80 00 0b", "integer representation too long", 6),
        ("41 80 80 80 80 08 0b", "integer too large", 5),
        ("42 80 80 80 80 80 80 80 80 80 01 0b", "integer too large", 10),
        ("0e ff ff ff ff 0f 00 0b", "length out of bounds: 4294967295", 1),
        ("1c ff ff 03 7f 0b", "length out of bounds: 65535", 1),
        ("02 79 0b 0b", "malformed reference type: 0x79", 1),
        ("d0 40 0b", "malformed heap type", 1),
        ("43 00 00 00", "unexpected end of section or function", 4),
        ("04 40 0b", "unexpected end of section or function", 3),
        ("02 40 05", "END opcode expected", 2),
    ],
)
def test_malformed_instructions(encoded: str, message: str, offset: int) -> None:
    data = bytes.fromhex(encoded)
    with pytest.raises(DecodeError) as caught:
        decode_instrs(data, 0, len(data))
    assert caught.value.message.startswith(message)
    assert caught.value.offset == offset


def test_what_is_no_instruction_behind_the_end_means_that_the_end_came_too_early() -> None:
    data = b"\x01\xff"
    with pytest.raises(DecodeError, match="illegal opcode ff"):
        decode_instrs(data, 0, 2)
    with pytest.raises(DecodeError, match="unexpected end of section or function") as caught:
        decode_instrs(data, 0, 1)
    assert caught.value.offset == 1


@pytest.mark.parametrize(
    ("encoded", "memarg"),
    [
        ("28 42 01 00", (1, 2, 0)),
        ("28 42 00 00", (0, 2, 0)),
        ("28 02 00", (0, 2, 0)),
        ("28 c2 00 01 00", (1, 2, 0)),
        ("28 42 80 01 80 02", (128, 2, 256)),
        ("28 02 80 80 80 80 10", (0, 2, 2**32)),
        ("28 3f ff ff ff ff ff ff ff ff ff 01", (0, 63, 2**64 - 1)),
    ],
)
def test_the_memory_index_stands_before_the_offset(
    encoded: str, memarg: tuple[int, int, int]
) -> None:
    data = bytes.fromhex(encoded) + b"\x0b"
    body, pos = decode_instrs(data, 0, len(data))
    assert body == [(BY_MNEMONIC["i32.load"], *memarg), END]
    assert pos == len(data)


def test_memory_zero_is_encoded_without_an_index() -> None:
    assert encode_instr((BY_MNEMONIC["i32.load"], 0, 2, 0)) == bytes.fromhex("28 02 00")
    assert encode_instr((BY_MNEMONIC["i32.load"], 1, 2, 0)) == bytes.fromhex("28 42 01 00")


def test_indices_of_bulk_memory_instructions_keep_the_order_of_the_binary_format() -> None:
    assert encode_instr((BY_MNEMONIC["memory.init"], 5, 1)) == bytes.fromhex("fc 08 05 01")
    assert encode_instr((BY_MNEMONIC["memory.copy"], 2, 3)) == bytes.fromhex("fc 0a 02 03")
    assert encode_instr((BY_MNEMONIC["table.init"], 5, 1)) == bytes.fromhex("fc 0c 05 01")
    assert encode_instr((BY_MNEMONIC["call_indirect"], 5, 1)) == bytes.fromhex("11 05 01")


def test_an_alignment_beyond_the_field_cannot_be_encoded() -> None:
    with pytest.raises(ValueError, match=r"2\*\*64"):
        encode_instr((BY_MNEMONIC["i32.load"], 0, 64, 0))


@pytest.mark.parametrize("head", ["block", "loop", "if"])
def test_blocks_nest_as_deep_as_they_like(head: str) -> None:
    depth = 100_000
    instr = (BY_MNEMONIC[head], None)
    body = [instr] * depth + [END] * (depth + 1)
    data = encode_expr(body)
    assert decode_instrs(data, 0, len(data)) == (body, len(data))


def test_an_if_has_one_else_at_any_depth() -> None:
    inner: list[Instr] = [(IF, None), ELSE, END]
    body: list[Instr] = [(IF, None), *inner, ELSE, *inner, END, END]
    data = encode_expr(body)
    assert decode_instrs(data, 0, len(data)) == (body, len(data))


def code_of(locals_: str, body: bytes, *, data_count: bool = True, junk: int = 5) -> BinaryCode:
    """A function's code in the middle of other bytes."""
    content = bytes.fromhex(locals_) + body
    return BinaryCode(bytes(junk) + content + bytes(junk), junk, junk + len(content), data_count)


def test_code_is_decoded_when_it_is_asked_for_and_not_kept() -> None:
    code = code_of("02 03 7f 01 70", b"\x01\x0b")
    first = code.load()
    assert first.locals == ((3, I32), (1, FUNCREF))
    assert first.body == [BY_MNEMONIC["nop"].instr, END]
    assert code.load() == first
    assert code.load() is not first
    assert code.size == 7


def test_groups_of_locals_stay_compressed() -> None:
    code = code_of("02 fe ff ff ff 0f 7f 01 7e", b"\x0b").load()
    assert code.locals == ((2**32 - 2, I32), (1, I64))


@pytest.mark.parametrize(
    "groups", ["02 ff ff ff ff 0f 7f 01 7e", "02 80 80 80 80 08 7f 80 80 80 80 08 7e"]
)
def test_more_locals_than_an_index_can_name_are_malformed(groups: str) -> None:
    with pytest.raises(DecodeError) as caught:
        code_of(groups, b"\x0b").load()
    assert caught.value.message.startswith("too many locals: 4294967296")
    assert caught.value.offset == 5


def test_offsets_of_instructions_are_found_again() -> None:
    body: list[Instr] = [
        (BY_MNEMONIC["block"], None),
        (BY_MNEMONIC["i32.const"], 70_000),
        (BY_MNEMONIC["i32.load"], 1, 2, 300),
        (BY_MNEMONIC["memory.copy"], 0, 1),
        BY_MNEMONIC["drop"].instr,
        END,
        END,
    ]
    code = code_of("01 02 7f", encode_expr(body))
    offset = 5 + 3
    for position, instr in enumerate(body):
        assert code.offset_of(position) == offset
        offset += len(encode_instr(instr))


@pytest.mark.parametrize("body", [b"\x0b\x0b", b"\x0b\x01"])
def test_code_that_goes_on_after_its_end_is_malformed(body: bytes) -> None:
    with pytest.raises(DecodeError, match="section size mismatch"):
        code_of("00", body).load()


def test_code_that_ends_behind_its_size_is_malformed() -> None:
    data = b"\x00\x01\x01\x0b"
    with pytest.raises(DecodeError, match="section size mismatch"):
        BinaryCode(data, 0, 2, True).load()


@pytest.mark.parametrize("mnemonic", ["memory.init", "data.drop"])
def test_data_segments_may_only_be_named_with_a_data_count_section(mnemonic: str) -> None:
    op = BY_MNEMONIC[mnemonic]
    instr: Instr = (op, *([0] * (2 if op.imm is Imm.DATA_MEM else 1)))
    body = encode_expr([BY_MNEMONIC["nop"].instr, instr, END])
    assert code_of("00", body).load().body[1] == instr
    with pytest.raises(DecodeError) as caught:
        code_of("00", body, data_count=False).load()
    assert caught.value.message.startswith("data count section required")
    assert caught.value.offset == 7


def test_constants_are_held_modulo_their_width() -> None:
    data = b"\x41" + signed(-1) + b"\x42" + signed(-(2**63)) + b"\x0b"
    body, _ = decode_instrs(data, 0, len(data))
    assert [instr[1] for instr in body[:2]] == [2**32 - 1, 2**63]


ACCESS = BY_MNEMONIC["i32.atomic.load"]
ADD = BY_MNEMONIC["i64.atomic.rmw8.add_u"]
FENCE = BY_MNEMONIC["atomic.fence"]


@pytest.mark.parametrize(
    ("instr", "text"),
    [
        ((ACCESS, 0, 2, 4), "fe10 02 04"),
        ((ACQREL[ACCESS], 0, 2, 4), "fe10 12 01 04"),
        ((SEQCST[ACCESS], 0, 2, 4), "fe10 12 00 04"),
        ((ACQREL[ACCESS], 3, 2, 200), "fe10 52 03 01 c801"),
        ((ACQREL[ADD], 0, 0, 0), "fe22 10 11 00"),
        ((SEQCST[ADD], 1, 0, 0), "fe22 50 01 00 00"),
        ((FENCE,), "fe03 00"),
        ((ACQREL[FENCE],), "fe03 01"),
        ((PAUSE,), "fe04"),
    ],
    ids=str,
)
def test_orderings_stand_where_the_proposal_says(instr: Instr, text: str) -> None:
    assert encode_instr(instr) == bytes.fromhex(text)
    assert decode_instrs(bytes.fromhex(text), 0, 10, count=1)[0] == [instr]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fe10 12 02 04", "malformed ordering 0x02: of i32.atomic.load there are 0x00 (seqcst) and 0x01 (acqrel)"),
        ("fe10 12 11 04", "malformed ordering 0x11: of i32.atomic.load there are 0x00 (seqcst) and 0x01 (acqrel)"),
        ("fe1f 10 01 00", "malformed ordering 0x01: of i64.atomic.rmw.add there are 0x00 (seqcst) and 0x11 (acqrel)"),
        ("fe03 10", "malformed ordering 0x10: of atomic.fence there are 0x00 (seqcst) and 0x01 (acqrel)"),
        ("fe10 8201 01 04", "malformed memop flags: 0x82"),
    ],
)  # fmt: skip
def test_other_orderings_are_malformed(text: str, message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_instrs(bytes.fromhex(text), 0, 10, count=1)
    assert caught.value.message == message


def test_an_alignment_that_would_be_an_ordering_cannot_be_encoded() -> None:
    with pytest.raises(ValueError, match=r"2\*\*16 cannot be encoded"):
        encode_instr((ACCESS, 0, 16, 0))
