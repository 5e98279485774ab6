"""Literals, strings and instructions read back to exactly what they were printed from."""

from __future__ import annotations

import math
import random
import struct
from typing import Any

import pytest

from pyjsapi.syntax.instructions import BY_MNEMONIC, OPS, Imm, Op
from pyjsapi.syntax.module import Code, Func, Module
from pyjsapi.syntax.types import FUNC, FUNCREF, I32, FuncType, RecType, SubType, ref_type
from pyjsapi.text import parse_module, print_module
from pyjsapi.text.lexer import Source, string_bytes
from pyjsapi.text.numbers import float_bits
from pyjsapi.text.printer_instructions import PRINTED_IMMEDIATES
from pyjsapi.text.printer_values import (
    bytes_literal,
    float_literal,
    identifier,
    laid_out,
    name_literal,
)


def bits_of(value: float, bits: int) -> int:
    return int.from_bytes(struct.pack("<d" if bits == 64 else "<f", value), "little")


@pytest.mark.parametrize("bits", [32, 64])
def test_floats_read_back_to_the_same_bits(bits: int) -> None:
    fraction = {32: 23, 64: 52}[bits]
    choose = random.Random(bits)
    exponents = [e << fraction for e in range(1 << (bits - 1 - fraction))]
    values = [e + d for e in exponents for d in (0, 1, (1 << fraction) - 1)]
    values += [choose.getrandbits(bits - 1) for _ in range(2000)]
    values += [v | 1 << (bits - 1) for v in values[::5]]
    assert [float_bits(float_literal(v, bits), bits) for v in values] == values


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"), (1.0, "1"), (-0.0, "-0"), (16777216.0, "16777216"), (1e-45, "1e-45"),
        (3.4028234663852886e38, "3.4028235e+38"), (math.inf, "inf"), (-math.inf, "-inf"),
        (2.0**-44, "5.684342e-14"), (1 / 3, "0.33333334"), (2.0**-126, "1.1754944e-38"),
    ],
)  # fmt: skip
def test_f32_are_shortest(value: float, text: str) -> None:
    assert float_literal(bits_of(value, 32), 32) == text


@pytest.mark.parametrize(
    ("bits", "value", "text"),
    [
        (32, 0x7FC00000, "nan"), (32, 0xFFC00000, "-nan"), (32, 0x7F800001, "nan:0x1"),
        (32, 0xFFFFFFFF, "-nan:0x7fffff"), (64, 0x7FF8000000000000, "nan"),
        (64, 0xFFF0000000000001, "-nan:0x1"), (64, 1, "5e-324"), (64, bits_of(0.1, 64), "0.1"),
    ],
)  # fmt: skip
def test_floats_of_bits(bits: int, value: int, text: str) -> None:
    assert float_literal(value, bits) == text


def test_powers_of_two_have_no_shorter_f32_literal() -> None:
    for exponent in range(1, 255):
        bits = exponent << 23
        text = float_literal(bits, 32)
        digits = text.partition("e")[0].replace(".", "").strip("0")
        value = struct.unpack("<f", struct.pack("<I", bits))[0]
        scale = math.floor(math.log10(value)) - len(digits) + 2
        nearest = round(value / 10.0**scale)
        shorter = [f"{nearest + d}e{scale}" for d in (-1, 0, 1)] if len(digits) > 1 else []
        assert bits not in [float_bits(s, 32) for s in shorter], text


def test_strings_of_all_bytes() -> None:
    data = bytes(range(256))
    literal = bytes_literal(data)
    assert literal.isascii()
    assert literal.isprintable()
    assert string_bytes(literal) == data


@pytest.mark.parametrize(
    ("name", "literal"),
    [
        ("plain name", '"plain name"'), ('"\\\'', r'''"\"\\'"'''), ("\t\n\r\0\x7f", r'"\t\n\r\u{0}\u{7f}"'),
        ("größe 字 😀", '"größe 字 😀"'), ("\u202e\u200b\ue000", r'"\u{202e}\u{200b}\u{e000}"'),
        ("a\u0301\xa0", '"a\u0301\\u{a0}"'),
    ],
)  # fmt: skip
def test_names_show_what_can_be_shown(name: str, literal: str) -> None:
    assert name_literal(name) == literal
    assert string_bytes(literal).decode() == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a.b::c<d>/e'", "$a.b::c<d>/e'"), ("0", "$0"), ("a b", '$"a b"'), ("a,b", '$"a,b"'),
        ("ö", '$"ö"'), ("(", '$"("'), (";)", '$";)"'), ('"', r'$"\""'),
    ],
)  # fmt: skip
def test_identifiers_are_quoted_where_they_must_be(name: str, shown: str) -> None:
    assert identifier(name) == shown
    assert Source(shown).tokens[:2] == [shown, ""]
    assert parse_module(f"(func {shown}) (start {shown})").start == 0


def test_lines_are_not_broken_inside_strings_and_short_forms() -> None:
    string = '"' + "a b " * 22 + '"'
    params = " (param $x (ref null 1))" * 12
    text = f'(import {string} "\\" c" (func{params} (result i32)))'
    lines = laid_out(text, "  ").split("\n")
    assert lines[0] == f"  (import {string}"
    assert lines[1].startswith('      "\\" c" (func (param $x (ref null 1)) (param')
    assert all(line.endswith("(ref null 1))") for line in lines[1:-1])
    assert max(map(len, lines)) <= 100
    assert " ".join(line.strip() for line in lines) == text
    assert laid_out("x" * 200, "  ") == "  " + "x" * 200
    assert laid_out("(param" + " i32" * 50 + ")", "").count("\n") == 2


# Instructions

IMMEDIATES: dict[Imm, list[tuple[Any, ...]]] = {
    Imm.NONE: [()],
    Imm.BLOCK: [(None,), (I32,), (ref_type(False, 1),), (0,), (1,)],
    Imm.LABEL: [(0,), (70000,)],
    Imm.LABELS: [((), 0), ((0, 1, 0, 9), 2)],
    Imm.FUNC: [(0,), (1,)],
    Imm.TYPE: [(1,)],
    Imm.TYPE_TABLE: [(1, 0), (0, 1)],
    Imm.TYPES: [((I32,),), ((FUNCREF, ref_type(True, 0)),)],
    Imm.LOCAL: [(0,), (300,)],
    Imm.GLOBAL: [(2,)],
    Imm.TABLE: [(0,), (3,)],
    Imm.TABLE_TABLE: [(0, 0), (0, 1), (2, 0)],
    Imm.ELEM: [(0,)],
    Imm.ELEM_TABLE: [(1, 0), (0, 1)],
    Imm.MEM: [(0,), (5,)],
    Imm.MEM_MEM: [(0, 0), (1, 0), (0, 1)],
    Imm.TAG: [(0,), (3,)],
    Imm.TRY_TABLE: [
        (None, ()),
        (I32, (("catch", 0, 0), ("catch_ref", 1, 9))),
        (0, (("catch_all", None, 0), ("catch_all_ref", None, 1))),
    ],
    Imm.DATA: [(4,)],
    Imm.DATA_MEM: [(3, 0), (0, 3)],
    Imm.HEAP: [(FUNC,), (1,)],
    Imm.I32: [(0,), (2**31,), (2**32 - 1,)],
    Imm.I64: [(0,), (2**63,), (2**64 - 1,)],
    Imm.F32: [(0,), (0xFFFFFFFF,)],
    Imm.F64: [(1 << 63,), (1,)],
    Imm.V128: [(0,), (2**128 - 1,), (0x7FC00000_00000001_80000000_12345678,)],
    Imm.LANE: [(0,), (15,)],
    Imm.LANES16: [(tuple(range(16, 32)),)],
    Imm.ZERO: [()],
    Imm.TYPE_FIELD: [(1, 7)],
    Imm.TYPE_COUNT: [(1, 10_000)],
    Imm.TYPE_DATA: [(1, 3)],
    Imm.TYPE_ELEM: [(1, 3)],
    Imm.TYPE_TYPE: [(1, 0)],
    Imm.TYPE_TAG: [(1, 3)],
    Imm.TYPE_ON: [(1, ()), (0, ((3, 0), (0, None), (3, 70000)))],
    Imm.TYPE_TAG_ON: [(1, 3, ()), (0, 0, ((3, None),))],
    Imm.REF: [(FUNC,), (1,)],
    Imm.REF_NULL: [(FUNC,), (1,)],
    Imm.CAST: [(0, FUNCREF, ref_type(False, 1)), (70000, ref_type(False, 0), ref_type(True, 1))],
}


def _immediates(op: Op) -> list[tuple[Any, ...]]:
    natural = op.width.bit_length() - 4
    memargs = [(0, natural, 0), (0, 0, 0), (1, natural, 2**64 - 1), (7, natural, 0), (0, 0, 5)]
    if op.imm is Imm.MEMARG:
        return memargs
    if op.imm is Imm.MEMARG_LANE:
        return [(*memarg, lane) for memarg in memargs for lane in (0, 1)]
    return IMMEDIATES[op.imm]


def test_every_kind_of_immediate_can_be_printed() -> None:
    assert frozenset(Imm) == PRINTED_IMMEDIATES


@pytest.mark.parametrize("op", OPS, ids=str)
def test_every_instruction_reads_back(op: Op) -> None:
    end, if_ = BY_MNEMONIC["end"], BY_MNEMONIC["if"]
    plain = [(op, *immediates) for immediates in _immediates(op)]
    if op.imm in (Imm.BLOCK, Imm.TRY_TABLE):
        body = [i for instr in plain for i in (instr, end.instr)]
    elif op.mnemonic in ("else", "end"):
        body = [(if_, None), op.instr, *([end.instr] if op.mnemonic == "else" else [])]
    elif op.mnemonic in ("catch", "catch_all", "delegate"):
        closing = [end.instr] if op.mnemonic != "delegate" else []
        opening = (BY_MNEMONIC["try"], None)
        body = [i for instr in plain for i in (opening, instr, *closing)]
    else:
        body = plain
    body = [*body, end.instr]
    types = [RecType((SubType(True, (), FuncType(params, ())),)) for params in ((), (I32,))]
    module = Module(types=types, funcs=[Func(0, Code((), body)), Func(0, Code((), [end.instr]))])
    text = print_module(module)
    again = parse_module(text)
    assert again.types == types
    assert again.funcs[0].code.load().body == body, text
