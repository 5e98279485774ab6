"""From text to bytes to validation: places are byte offsets in the module that the instruction stands at."""

from __future__ import annotations

import pytest

from pyjsapi.binary.decoder import decode_module
from pyjsapi.syntax.errors import ValidationError
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.text import wat2wasm
from pyjsapi.validation.context import Context
from pyjsapi.validation.limits import Limits
from pyjsapi.validation.module import validate_module


def validate(data: bytes) -> Context:
    return validate_module(decode_module(data), Features(), Limits())


INVALID = [
    ("(func (result i32) nop nop f32.const 0 i32.clz)", 0, "i32.clz", "type mismatch"),
    ("(memory 1) (func (drop (i32.load 1 (i32.const 0))))", 0, "i32.load", "unknown memory 1"),
    ("(memory 1) (memory 1) (func (memory.size 2) drop)", 0, "memory.size", "unknown memory 2"),
    ("(func (local i64) i32.const 1000000 local.set 0)", 0, "local.set", "type mismatch"),
    ("(func (block (br_table 0 7 (i32.const 0))))", 0, "br_table", "unknown label 7"),
    ('(import "m" "f" (func)) (func) (func i32.const 0)', 2, "end", "type mismatch"),
]


@pytest.mark.parametrize(("fields", "funcidx", "mnemonic", "message"), INVALID)
def test_an_error_has_the_offset_of_its_instruction(
    fields: str, funcidx: int, mnemonic: str, message: str
) -> None:
    data = wat2wasm(f"(module {fields})")
    with pytest.raises(ValidationError) as caught:
        validate(data)
    error = caught.value
    assert error.message.startswith(message)
    assert error.mnemonic == mnemonic
    assert error.offset is not None
    assert data[error.offset] == BY_MNEMONIC[mnemonic].opcode
    assert error.funcidx == funcidx


def test_the_first_of_several_errors_is_reported() -> None:
    data = wat2wasm("(module (func) (func i32.add drop) (func f32.add drop))")
    with pytest.raises(ValidationError) as caught:
        validate(data)
    assert (caught.value.funcidx, caught.value.mnemonic) == (1, "i32.add")


def test_several_memories_with_all_their_instructions() -> None:
    context = validate(
        wat2wasm(
            """(module
              (import "m" "a" (memory $a 1))
              (memory $b i64 1 2)
              (memory $c 0)
              (data $d (memory $c) (i32.const 0) "x")
              (data $p "abc")
              (func (param i32 i64)
                (i32.store $a (local.get 0) (i32.load $c offset=4 (local.get 0)))
                (i64.store8 $b offset=0x1_0000_0000 (local.get 1) (i64.load32_s $b (local.get 1)))
                (memory.copy $a $b (local.get 0) (local.get 1) (local.get 0))
                (memory.copy $b $a (local.get 1) (local.get 0) (local.get 0))
                (memory.fill $b (local.get 1) (local.get 0) (local.get 1))
                (memory.init $c $p (local.get 0) (local.get 0) (local.get 0))
                (drop (memory.grow $b (memory.size $b)))
                (drop (memory.grow $c (memory.size $a)))
                (data.drop $d))
              (export "a" (memory $a)) (export "b" (memory $b)) (export "also b" (memory $b)))"""
        )
    )
    assert [str(memory.addrtype) for memory in context.mems] == ["i32", "i64", "i32"]


def test_an_alignment_beyond_the_natural_one_is_invalid() -> None:
    data = wat2wasm("(module (memory 1) (func (drop (i32.load align=4 (i32.const 0)))))")
    assert len(validate(data).mems) == 1
    with pytest.raises(ValidationError, match="alignment must not be larger than natural"):
        validate(data.replace(b"\x28\x02\x00", b"\x28\x03\x00"))
