"""Vector constants, lanes, and the rule that tells a lane from a memory index."""

from __future__ import annotations

import struct

import pytest

from pyjsapi.binary.decoder import decode_module
from pyjsapi.syntax.errors import ParseError
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.text import parse_module, wat2wasm
from pyjsapi.text.printer import print_module


def constant(text: str) -> bytes:
    """The bytes of a vector constant."""
    body = parse_module(f"(func v128.const {text})").funcs[0].code.load().body
    bits: int = body[0][1]
    return bits.to_bytes(16, "little")


CONSTANTS = [
    ("i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", bytes(range(16))),
    ("i8x16 -128 255 -1 0x7f +1 0xF_F 0 0 0 0 0 0 0 0 0 -0", b"\x80\xff\xff\x7f\x01\xff" + bytes(10)),
    ("i16x8 -32768 65535 -1 0x7fff 1 0 0 0", struct.pack("<8H", 32768, 65535, 65535, 32767, 1, 0, 0, 0)),
    ("i32x4 -2147483648 4_294_967_295 0x1_0 -1", struct.pack("<4I", 2**31, 2**32 - 1, 16, 2**32 - 1)),
    ("i64x2 -9223372036854775808 18446744073709551615", struct.pack("<2Q", 2**63, 2**64 - 1)),
    ("f32x4 1.5 -0x1p-149 inf 3", struct.pack("<4f", 1.5, -(2.0**-149), float("inf"), 3.0)),
    ("f32x4 -nan nan:0x1 0 -0.0", struct.pack("<4I", 0xFFC00000, 0x7F800001, 0, 0x80000000)),
    ("f64x2 1e308 -inf", struct.pack("<2d", 1e308, float("-inf"))),
    ("f64x2 nan:0xf -nan", struct.pack("<2Q", 0x7FF000000000000F, 0xFFF8000000000000)),
]  # fmt: skip

MALFORMED = [
    ("v128.const i8x16 256 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0", "constant out of range"),
    ("v128.const i8x16 -129 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0", "constant out of range"),
    ("v128.const i16x8 0x10000 0 0 0 0 0 0 0", "constant out of range"),
    ("v128.const i32x4 1.0 0 0 0", "constant out of range"),
    ("v128.const i64x2 0 18446744073709551616", "constant out of range"),
    ("v128.const f32x4 1e39 0 0 0", "constant out of range"),
    ("v128.const f64x2 nan:0x0 0", "constant out of range"),
    ("v128.const i32x4 0 0 0", "wrong number of lane literals: 3 instead of 4"),
    ("v128.const i32x4 0 0 0 0 0", "wrong number of lane literals: 5 instead of 4"),
    ("v128.const i32x4", "wrong number of lane literals: 0 instead of 4"),
    ("v128.const 0 0 0 0", "unexpected token"),
    ("v128.const i8x8 0 0 0 0 0 0 0 0", "unknown operator"),
    ("v128.const i64 0 0", "unexpected token"),
    ("i8x16.extract_lane_u 256", "i8 constant out of range"),
    ("i8x16.extract_lane_u -1", "unexpected token"),
    ("i8x16.extract_lane_u", "unexpected token"),
    ("i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14", "invalid lane length: 15"),
    ("i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 256", "i8 constant out of range"),
    ("v128.load8_lane", "unexpected token"),
    ("v128.load8_lane $m", "unexpected token"),
    ("v128.load8_lane 1 2 3", "unexpected token"),
    ("v128.load8_lane offset=1", "unexpected token"),
    ("v128.load8_lane 1 align=3 0", "alignment must be a power of two"),
]  # fmt: skip

LANES = [
    ("1", (0, 0, 0, 1)),
    ("1 2", (1, 0, 0, 2)),
    ("$m 1", (0, 0, 0, 1)),
    ("$n 1", (1, 0, 0, 1)),
    ("1 offset=4 2", (1, 0, 4, 2)),
    ("offset=4 2", (0, 0, 4, 2)),
    ("1 align=1 2", (1, 0, 0, 2)),
    ("align=1 2", (0, 0, 0, 2)),
    ("0x1 offset=0x4 align=1 0x2", (1, 0, 4, 2)),
]
"""Immediates of v128.load8_lane and store8_lane, and what they mean."""


@pytest.mark.parametrize(("text", "expected"), CONSTANTS)
def test_constants_of_every_shape(text: str, expected: bytes) -> None:
    assert constant(text) == expected


@pytest.mark.parametrize(("text", "message"), MALFORMED)
def test_malformed_vector_immediates(text: str, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_module(f"(memory $m 1) (func {text})")
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize("mnemonic", ["v128.load8_lane", "v128.store8_lane"])
@pytest.mark.parametrize(("text", "immediates"), LANES)
def test_a_lane_is_told_from_a_memory(
    mnemonic: str, text: str, immediates: tuple[int, ...]
) -> None:
    operands = "(i32.const 0) (v128.const i64x2 0 0)"
    result = "(result v128)" if "load" in mnemonic else ""
    folded = f"(memory $m 1) (memory $n 1) (func {result} ({mnemonic} {text} {operands}))"
    flat = f"(memory $m 1) (memory $n 1) (func {result} {operands} {mnemonic} {text})"
    for source in (folded, flat):
        instr = parse_module(source).funcs[0].code.load().body[2]
        assert instr == (BY_MNEMONIC[mnemonic], *immediates)
    data = wat2wasm(folded, names=False)
    module = decode_module(data)
    assert module.funcs[0].code.load().body[2] == (BY_MNEMONIC[mnemonic], *immediates)
    assert wat2wasm(print_module(module), names=False) == data
