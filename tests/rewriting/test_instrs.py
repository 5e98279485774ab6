"""Instructions in the plain form in which added code is written."""

from __future__ import annotations

import pytest

from pyjsapi.binary.encode_instrs import encode_expr
from pyjsapi.rewriting.instrs import const, get, instr, signature_at, written
from pyjsapi.syntax.types import I32, I64, FuncType


def test_instructions_have_their_immediates_in_order() -> None:
    found = written("""
        local.get 3
        i64.load 2 3 16

        if i64
        i32.const -1
        else
          memory.copy 1 0
        end
        block
        end
    """)
    assert found == [
        instr("local.get", 3),
        instr("i64.load", 2, 3, 16),
        instr("if", I64),
        instr("i32.const", 0xFFFF_FFFF),
        instr("else"),
        instr("memory.copy", 1, 0),
        instr("end"),
        instr("block", None),
        instr("end"),
    ]
    assert encode_expr(found[:2]) == b"\x20\x03\x29\x43\x02\x10"


@pytest.mark.parametrize("wrong", ["i32.nothing", "block f16", "local.get x"])
def test_what_is_no_instruction_is_not_written(wrong: str) -> None:
    with pytest.raises((KeyError, ValueError)):
        written(wrong)


def test_constants_and_signatures() -> None:
    assert const(I64, -2) == instr("i64.const", (1 << 64) - 2)
    assert get(1, 5) == [instr("local.get", 1), instr("local.get", 5)]
    assert signature_at(instr("i32.store8", 0, 0, 0), I64) == FuncType((I64, I32), ())
    with pytest.raises(TypeError, match=r"call has no signature of its own"):
        signature_at(instr("call", 0), I32)
