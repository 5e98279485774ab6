"""The fast scan stops at the same instructions that decoding finds, whatever stands between them."""

from __future__ import annotations

import pytest

from pyjsapi.binary.body import BinaryCode
from pyjsapi.binary.decoder import decode_module
from pyjsapi.binary.encode_instrs import encode_instr
from pyjsapi.binary.leb128 import unsigned
from pyjsapi.binary.scan import body_start, has_only, scan
from pyjsapi.syntax.errors import DecodeError
from pyjsapi.syntax.instructions import BY_MNEMONIC, OPS, Imm, Op
from pyjsapi.syntax.module import Instr
from pyjsapi.syntax.types import EXTERN, F64, FUNC, I32, ref_type
from pyjsapi.text import wat2wasm

STOPS = (
    Imm.FUNC, Imm.MEMARG, Imm.MEMARG_LANE, Imm.MEM, Imm.MEM_MEM, Imm.DATA, Imm.DATA_MEM, Imm.TYPE_DATA,
)  # fmt: skip
IMMEDIATES: dict[Imm, tuple[object, ...]] = {
    Imm.NONE: (),
    Imm.ZERO: (),
    Imm.LABELS: ((0, 300, 1), 2),
    Imm.TYPES: ((I32, F64, ref_type(False, 200)),),
    Imm.MEMARG: (3, 2, 1 << 20),
    Imm.MEMARG_LANE: (0, 0, 200, 1),
    Imm.TRY_TABLE: (None, (("catch", 1, 0), ("catch_all_ref", None, 128))),
    Imm.HEAP: (EXTERN,),
    Imm.REF: (300,),
    Imm.REF_NULL: (FUNC,),
    Imm.I32: (0xDEADBEEF,),
    Imm.I64: (0xFEDCBA9876543210,),
    Imm.F32: (0x0B0B0B0B,),
    Imm.F64: (0x0B0B0B0B0B0B0B0B,),
    Imm.V128: (0x0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B,),
    Imm.LANE: (11,),
    Imm.LANES16: (tuple(range(16)),),
    Imm.TYPE_ON: (200, ((1, 0), (300, None))),
    Imm.TYPE_TAG_ON: (200, 1, ((1, 128),)),
    Imm.CAST: (1, ref_type(True, 130), ref_type(False, 131)),
}
CLOSED_BY_END = {"block", "loop", "if", "try", "try_table"}


def instruction(op: Op) -> Instr:
    if op.imm is Imm.BLOCK:
        return (op, ref_type(True, 140))
    if op.imm in IMMEDIATES:
        return (op, *IMMEDIATES[op.imm])
    pair = ("TYPE_", "TABLE_TABLE", "ELEM_TABLE", "MEM_MEM", "DATA_MEM")
    return (op, 200, 1) if op.imm.name.startswith(pair) else (op, 200)


def code_of(instrs: list[Instr]) -> BinaryCode:
    body = unsigned(0) + b"".join(map(encode_instr, instrs))
    return BinaryCode(body, 0, len(body), data_count=True)


@pytest.mark.parametrize("op", OPS, ids=lambda op: f"{op.mnemonic}-{op.imm.name}")
def test_every_instruction_is_passed_over_or_stopped_at(op: Op) -> None:
    call = (BY_MNEMONIC["call"], 5)
    end = BY_MNEMONIC["end"].instr
    middle = instruction(op)
    if op.mnemonic in ("end", "delegate"):
        instrs = [(BY_MNEMONIC["try"], None), call, middle, call, end]
    elif op.mnemonic == "else":
        instrs = [(BY_MNEMONIC["if"], None), call, middle, call, end, end]
    else:
        instrs = [call, middle, call, *[end] * (op.mnemonic in CLOSED_BY_END), end]
    code = code_of(instrs)
    assert code.load().body == instrs
    found = list(scan(code))
    assert [stop.instr for stop in found] == [i for i in instrs if i[0].imm in STOPS]
    for stop in found:
        assert code.data[stop.pos : stop.end] == encode_instr(stop.instr)


ALL = frozenset(OPS)


def only(instrs: list[Instr], ops: frozenset[Op]) -> bool:
    code = code_of(instrs)
    return has_only(code.data, body_start(code), code.end, ops, 1000, range(300))


@pytest.mark.parametrize("op", OPS, ids=lambda op: f"{op.mnemonic}-{op.imm.name}")
def test_a_body_has_only_instructions_of_a_set(op: Op) -> None:
    end = BY_MNEMONIC["end"].instr
    const = (BY_MNEMONIC["i32.const"], 0x0B0B)
    instrs = [const, instruction(op), const, end]
    assert only(instrs, ALL)
    assert not only(instrs, ALL - {op})
    assert only([const, const, end], frozenset((const[0], end[0], op)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("d06f 1a 0b", True),  # ref.null extern
        ("d068 1a 0b", False),
        ("d08002 1a 0b", True),  # ref.null 256
        ("fb146b 1a 0b", True),  # ref.test (ref struct)
        ("fb1460 1a 0b", False),
        ("fb187f 1a 0b", False),
        ("0240 0b 0b", True),
        ("0267 0b 0b", False),
        ("02636f 0b 0b", True),
        ("026367 0b 0b", False),
        ("1c017f 0b", True),  # select t
        ("1c0167 0b", False),
        ("fb0800e707 0b", True),  # array.new_fixed 0 999
        ("fb0800e907 0b", False),
        ("d3 0b", True),
        ("f72a 0b", False),
        ("fdff7f 0b", False),
        ("4180", False),
        ("41", False),
        ("2a0200", True),
        ("d203 0b", True),  # ref.func 3
        ("d207 0b", False),
        ("2a02", False),
    ],
)
def test_types_and_counts_of_operands_are_those_that_there_are(text: str, expected: bool) -> None:
    data = bytes.fromhex(text)
    assert has_only(data, 0, len(data), ALL, 1000, {3}) is expected
    assert has_only(data + b"\x0b", 0, len(data), ALL, 1000, {3}) is expected


@pytest.mark.parametrize("name", ["global.set", "table.set", "table.copy", "nop", "struct.set"])
def test_other_instructions_are_stopped_at_on_demand(name: str) -> None:
    op = BY_MNEMONIC[name]
    found = instruction(op) if op.imm is not Imm.NONE else (op,)
    get, end = (BY_MNEMONIC["local.get"], 3), (BY_MNEMONIC["end"],)
    code = code_of([get, found, get, found, end])
    assert [stop.instr for stop in scan(code, frozenset((op,)))] == [found, found]
    assert list(scan(code)) == []


def test_loops_are_counted() -> None:
    module = decode_module(
        wat2wasm(
            "(module (func $f (call $f) (loop (call $f) (block (loop (call $f)) (call $f)))"
            " (try_table (call $f)) (if (i32.const 1) (then (loop (call $f))) (else (call $f))) (call $f)))"
        )
    )
    code = module.funcs[0].code
    assert isinstance(code, BinaryCode)
    assert [stop.loops for stop in scan(code)] == [0, 1, 2, 1, 0, 1, 0, 0]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x01",
        b"\x0b\x0b",
        b"\x10",
        b"\x41\x80",
        b"\xff\x0b",
        b"\xfd\xff\x7f\x0b",
        b"\x02\x40\x0b",
    ],
)
def test_malformed_bodies_are_refused(body: bytes) -> None:
    data = b"\0" + body
    with pytest.raises(DecodeError):
        list(scan(BinaryCode(data, 0, len(data), data_count=True)))
