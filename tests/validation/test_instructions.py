"""Every typing rule of an instruction: what it accepts and what it rejects, with its message and place."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from pyjsapi.syntax.errors import ValidationError
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.instructions import AT, OPS, Imm, Op
from pyjsapi.syntax.instructions_atomic import ATOMIC_OPS
from pyjsapi.syntax.types import I64
from pyjsapi.validation.limits import Limits
from pyjsapi.validation.module import validate_module

Validate = Callable[..., Any]

# (parameters, results, body): see conftest.surroundings for what is there.
ACCEPTED = [
    # control
    ("", "", "nop"),
    ("", "i32", "unreachable"),
    ("", "i32 f64", "unreachable"),
    ("", "i32", "unreachable; i32.add"),
    ("", "i32", "unreachable; i32.const 0; i32.add"),
    ("", "", "unreachable; i64.const 0; drop; drop; drop"),
    ("", "i32", "block i32; i32.const 0; end"),
    ("", "i32", "block i32; i32.const 0; br 0; end"),
    ("", "i32", "block i32; block _; i32.const 0; br 1; end; i32.const 1; end"),
    ("", "i32", "i32.const 0; block 3; end"),
    ("", "i32 f64", "block 2; i32.const 0; f64.const 0; end"),
    ("", "", "loop _; br 0; end"),
    ("", "i32", "i32.const 0; loop 3; br 0; end"),
    ("", "i32", "loop i32; i32.const 1; end"),
    ("", "i32", "i32.const 1; if i32; i32.const 1; else; i32.const 2; end"),
    ("", "", "i32.const 1; if _; nop; end"),
    ("", "i32", "i32.const 5; i32.const 1; if 3; drop; i32.const 4; end"),
    ("", "i32", "i32.const 5; i32.const 1; if 3; else; end"),
    ("", "i32", "i32.const 1; if i32; unreachable; else; i32.const 2; end"),
    ("", "i32", "i32.const 3; br 0"),
    ("", "i32", "i32.const 3; return; f32.add; drop"),
    ("", "i32", "i32.const 3; i32.const 0; br_if 0"),
    ("", "i32", "block i32; i32.const 3; i32.const 0; br_table 0 1 0; end"),
    ("", "i32", "unreachable; br_table 0 0"),
    ("", "", "block i32; block f32; unreachable; i32.const 0; br_table 0 1 1; end; drop; i32.const 0; end; drop"),
    # calls
    ("", "f32", "i32.const 0; i64.const 0; call 1"),
    ("", "i32 f64", "call 2"),
    ("", "f32", "unreachable; call 1"),
    ("", "f32", "unreachable; i64.const 0; call 1"),
    ("", "f32", "i32.const 0; i64.const 0; i32.const 0; call_indirect 1 0"),
    ("", "", "i64.const 0; call_indirect 0 2"),
    ("", "", "i32.const 0; call_indirect 0 3"),
    ("", "f32", "i32.const 0; i64.const 0; return_call 1"),
    ("", "f32", "i32.const 0; i64.const 0; i32.const 0; return_call_indirect 1 0; i32.add; drop"),
    ("", "", "ref.func 0; call_ref 0"),
    ("", "", "ref.null 0; call_ref 0"),
    ("", "f32", "i32.const 0; i64.const 0; ref.func 1; call_ref 1"),
    ("", "f32", "i32.const 0; i64.const 0; ref.func 1; return_call_ref 1"),
    ("", "", "unreachable; call_ref 0"),
    # parametric
    ("i32", "", "local.get 0; drop"),
    ("", "i32", "i32.const 1; i32.const 2; i32.const 0; select"),
    ("", "i32", "unreachable; select"),
    ("", "i32", "unreachable; i32.const 0; i32.const 0; select"),
    ("", "funcref", "ref.null func; ref.func 0; i32.const 0; select funcref"),
    ("", "f64", "f64.const 0; f64.const 0; i32.const 0; select f64"),
    # variables
    ("i32 i64", "i64", "local.get 1"),
    ("i32", "i32", "i32.const 1; local.set 0; local.get 0"),
    ("i32", "i32", "i32.const 1; local.tee 0"),
    ("funcref", "funcref", "ref.func 0; local.tee 0"),
    ("", "i32", "global.get 0"),
    ("", "", "i32.const 0; global.set 1"),
    ("", "", "f64.const 0; global.set 2"),
    # tables
    ("", "funcref", "i32.const 0; table.get 0"),
    ("", "funcref", "i64.const 0; table.get 2"),
    ("", "", "i32.const 0; ref.null extern; table.set 1"),
    ("", "", "i32.const 0; ref.func 0; table.set 3"),
    ("", "i32", "table.size 0"),
    ("", "i64", "table.size 2"),
    ("", "i64", "ref.null func; i64.const 1; table.grow 2"),
    ("", "", "i64.const 1; ref.null func; i64.const 1; table.fill 2"),
    ("", "", "i32.const 0; i32.const 0; i32.const 0; table.copy 0 0"),
    ("", "", "i32.const 0; i32.const 0; i32.const 0; table.copy 0 3"),
    ("", "", "i32.const 0; i64.const 0; i32.const 0; table.copy 0 2"),
    ("", "", "i64.const 0; i32.const 0; i32.const 0; table.copy 2 0"),
    ("", "", "i64.const 0; i64.const 0; i64.const 0; table.copy 2 2"),
    ("", "", "i32.const 0; i32.const 0; i32.const 0; table.init 0 0"),
    ("", "", "i64.const 0; i32.const 0; i32.const 0; table.init 0 2"),
    ("", "", "elem.drop 1"),
    # memories
    ("", "i32", "i32.const 0; i32.load 0 2 0xffffffff"),
    ("", "i32", "i64.const 0; i32.load 1 2 0xffffffffffffffff"),
    ("", "f64", "i32.const 0; f64.load 2 3 8"),
    ("", "", "i64.const 0; f32.const 0; f32.store 1 0 0x100000000"),
    ("", "i32", "memory.size 2"),
    ("", "i64", "memory.size 1"),
    ("", "i64", "i64.const 0; memory.grow 1"),
    ("", "", "i64.const 0; i32.const 0; i64.const 0; memory.fill 1"),
    ("", "", "i64.const 0; i32.const 0; i32.const 0; memory.init 0 1"),
    ("", "", "i32.const 0; i32.const 0; i32.const 0; memory.copy 0 2"),
    ("", "", "i32.const 0; i64.const 0; i32.const 0; memory.copy 0 1"),
    ("", "", "i64.const 0; i32.const 0; i32.const 0; memory.copy 1 2"),
    ("", "", "i64.const 0; i64.const 0; i64.const 0; memory.copy 1 1"),
    ("", "", "data.drop 0"),
    # references
    ("", "externref", "ref.null extern"),
    ("", "ref_null_0", "ref.null 0"),
    ("", "i32", "ref.null func; ref.is_null"),
    ("", "i32", "unreachable; ref.is_null"),
    ("", "ref_0", "ref.func 0"),
    ("", "funcref", "ref.func 0"),
    ("ref_null_0", "ref_0", "local.get 0; ref.as_non_null"),
    ("externref", "ref_extern", "local.get 0; ref.as_non_null"),
    ("", "ref_0", "unreachable; ref.as_non_null"),
    ("ref_null_0", "ref_0", "block _; local.get 0; br_on_null 0; return; end; unreachable"),
    ("ref_null_0", "ref_0", "local.get 0; br_on_non_null 0; unreachable"),
    ("ref_null_0", "funcref", "local.get 0; br_on_non_null 0; ref.null func"),
    ("", "i32", "unreachable; br_on_null 0; drop"),
]  # fmt: skip

# (parameters, results, body, start of the message, position of the instruction)
REJECTED = [
    ("", "i32", "nop", "type mismatch: instruction requires [i32] but stack has []", 1),
    ("", "", "i32.const 0", "type mismatch: block requires [] but stack has [i32]", 1),
    ("", "i32", "i64.const 0", "type mismatch", 1),
    ("", "", "i32.const 0; i32.add", "type mismatch: instruction requires [i32 i32] but stack has [i32]", 1),
    ("", "", "i32.const 0; f32.const 0; i32.add; drop", "type mismatch: instruction requires [i32 i32] but", 2),
    ("", "", "i64.eqz; drop", "type mismatch: instruction requires [i64] but stack has []", 0),
    ("", "", "unreachable; i64.const 0; i32.add; drop", "type mismatch", 2),
    ("", "", "i32.const 0; block _; drop; end", "type mismatch", 2),
    ("", "", "i32.const 0; block _; i32.eqz; drop; end; drop", "type mismatch", 2),
    ("", "i32", "block i32; end", "type mismatch", 1),
    ("", "i32", "block i32; i32.const 0; i32.const 1; end", "type mismatch", 3),
    ("", "", "block 9; end", "unknown type 9", 0),
    ("", "", "block 3; drop; end", "type mismatch", 0),
    ("", "", "if _; end", "type mismatch", 0),
    ("", "i32", "i32.const 0; if i32; i32.const 0; end", "type mismatch", 3),
    ("", "i32", "i32.const 0; if i32; i32.const 0; else; end", "type mismatch", 4),
    ("", "", "else", "else without an open if", 0),
    ("", "", "i32.const 0; if _; else; else; end", "else without an open if", 3),
    ("", "", "end", "instructions after the end of the body", 0),
    ("", "", "block _", "end expected: 1 block open", 1),
    ("", "", "br 1", "unknown label 1", 0),
    ("", "", "i32.const 0; br_if 4294967295", "unknown label 4294967295", 1),
    ("", "i32", "br 0", "type mismatch", 0),
    ("", "i32", "i32.const 0; br_if 0; unreachable", "type mismatch", 1),
    ("", "", "i32.const 0; br_table 0 2 1", "unknown label 1", 1),
    ("", "", "i32.const 0; br_table 1 0", "unknown label 1", 1),
    ("", "i32", "block _; i32.const 0; i32.const 0; br_table 0 1; end; i32.const 0", "type mismatch: label 0", 3),
    ("", "i32", "block f32; i32.const 0; i32.const 0; br_table 0 1; end; drop; i32.const 0", "type mismatch", 3),
    ("", "", "f32.const 0; br_table 0", "type mismatch", 1),
    ("", "i32", "f32.const 0; return", "type mismatch", 1),
    ("", "", "call 5", "unknown function 5", 0),
    ("", "f32", "i64.const 0; call 1", "type mismatch: instruction requires [i32 i64] but stack has [i64]", 1),
    ("", "f32", "i32.const 0; f64.const 0; call 1", "type mismatch", 2),
    ("", "", "i32.const 0; call_indirect 0 4", "unknown table 4", 1),
    ("", "", "i32.const 0; call_indirect 9 0", "unknown type 9", 1),
    ("", "", "i32.const 0; call_indirect 0 1", "type mismatch: instruction requires table of function type", 1),
    ("", "", "i32.const 0; call_indirect 0 2", "type mismatch", 1),
    ("", "i32", "i32.const 0; i64.const 0; return_call 1", "type mismatch: current function requires", 2),
    ("", "", "return_call 7", "unknown function 7", 0),
    ("", "", "i32.const 0; return_call_indirect 2 0", "type mismatch: current function", 1),
    ("", "f32", "ref.func 1; return_call_ref 1", "type mismatch", 1),
    ("", "", "ref.func 1; return_call_ref 1", "type mismatch: current function", 1),
    ("", "", "ref.func 1; call_ref 0", "type mismatch", 1),
    ("", "", "ref.null func; call_ref 0", "type mismatch", 1),
    ("", "", "call_ref 9", "unknown type 9", 0),
    ("", "", "drop", "type mismatch", 0),
    ("", "", "i32.const 0; i64.const 0; i32.const 0; select; drop", "type mismatch", 3),
    ("", "", "ref.null func; ref.null func; i32.const 0; select; drop", "type mismatch", 3),
    ("", "", "i32.const 0; i32.const 0; i64.const 0; select; drop", "type mismatch", 3),
    ("", "", "i32.const 0; i32.const 0; i32.const 0; select i32 i32; drop", "invalid result arity", 3),
    ("", "", "i32.const 0; f32.const 0; i32.const 0; select i32; drop", "type mismatch", 3),
    ("i32", "", "local.get 1; drop", "unknown local 1", 0),
    ("i32", "", "i32.const 0; local.set 4294967295", "unknown local 4294967295", 1),
    ("i32", "", "i64.const 0; local.set 0", "type mismatch", 1),
    ("i32", "", "local.tee 0; drop", "type mismatch", 0),
    ("", "", "global.get 4; drop", "unknown global 4", 0),
    ("", "", "i32.const 0; global.set 4", "unknown global 4", 1),
    ("", "", "i32.const 0; global.set 0", "immutable global", 1),
    ("", "", "i32.const 0; global.set 2", "type mismatch", 1),
    ("", "", "i32.const 0; table.get 9; drop", "unknown table 9", 1),
    ("", "", "i32.const 0; table.get 2; drop", "type mismatch", 1),
    ("", "", "i32.const 0; ref.null func; table.set 1", "type mismatch", 2),
    ("", "", "i32.const 0; ref.null func; table.set 3", "type mismatch", 2),
    ("", "", "table.size 4; drop", "unknown table 4", 0),
    ("", "", "ref.null func; i32.const 0; table.grow 2; drop", "type mismatch", 2),
    ("", "", "i32.const 0; ref.null func; i32.const 0; table.fill 2", "type mismatch", 3),
    ("", "", "i32.const 0; i32.const 0; i32.const 0; table.copy 0 1", "type mismatch: source element type", 3),
    ("", "", "i32.const 0; i32.const 0; i32.const 0; table.copy 3 0", "type mismatch", 3),
    ("", "", "i64.const 0; i32.const 0; i64.const 0; table.copy 2 0", "type mismatch", 3),
    ("", "", "i32.const 0; i32.const 0; i32.const 0; table.init 2 0", "unknown elem segment 2", 3),
    ("", "", "i32.const 0; i32.const 0; i32.const 0; table.init 0 4", "unknown table 4", 3),
    ("", "", "i32.const 0; i32.const 0; i32.const 0; table.init 1 0", "type mismatch: element segment's type", 3),
    ("", "", "elem.drop 2", "unknown elem segment 2", 0),
    ("", "", "i32.const 0; i32.load 3 0 0; drop", "unknown memory 3", 1),
    ("", "", "i32.const 0; i32.const 0; i32.store 3 0 0", "unknown memory 3", 2),
    ("", "", "i32.const 0; i32.load 0 3 0; drop", "alignment must not be larger than natural", 1),
    ("", "", "i32.const 0; i32.load8_u 0 1 0; drop", "alignment must not be larger than natural", 1),
    ("", "", "i32.const 0; i64.const 0; i64.store32 2 3 0", "alignment must not be larger than natural", 2),
    ("", "", "i32.const 0; i32.load 0 63 0; drop", "alignment must not be larger than natural", 1),
    ("", "", "i32.const 0; i32.load 0 2 0x100000000; drop", "offset out of range", 1),
    ("", "", "i32.const 0; i32.const 0; i32.store 2 2 0x100000000", "offset out of range", 2),
    ("", "", "i64.const 0; i32.load 0 2 0; drop", "type mismatch", 1),
    ("", "", "i32.const 0; i32.load 1 2 0; drop", "type mismatch: instruction requires [i64] but stack has [i32]", 1),
    ("", "", "i32.const 0; i64.const 0; i32.store 0 2 0", "type mismatch", 2),
    ("", "", "memory.size 3; drop", "unknown memory 3", 0),
    ("", "", "i32.const 0; memory.grow 1; drop", "type mismatch", 1),
    ("", "", "i64.const 0; i32.const 0; i32.const 0; memory.fill 1", "type mismatch", 3),
    ("", "", "i32.const 0; i32.const 0; i32.const 0; memory.fill 3", "unknown memory 3", 3),
    ("", "", "i32.const 0; i32.const 0; i32.const 0; memory.init 1 0", "unknown data segment 1", 3),
    ("", "", "i32.const 0; i32.const 0; i32.const 0; memory.init 0 3", "unknown memory 3", 3),
    ("", "", "i32.const 0; i32.const 0; i32.const 0; memory.copy 0 3", "unknown memory 3", 3),
    ("", "", "i32.const 0; i32.const 0; i32.const 0; memory.copy 3 0", "unknown memory 3", 3),
    ("", "", "i64.const 0; i32.const 0; i64.const 0; memory.copy 1 0", "type mismatch", 3),
    ("", "", "i64.const 0; i64.const 0; i32.const 0; memory.copy 1 1", "type mismatch", 3),
    ("", "", "i32.const 0; i64.const 0; i32.const 0; memory.copy 1 0", "type mismatch", 3),
    ("", "", "data.drop 1", "unknown data segment 1", 0),
    ("", "", "ref.null 9; drop", "unknown type 9", 0),
    ("", "", "i32.const 0; ref.is_null; drop", "type mismatch: instruction requires reference type", 1),
    ("", "", "ref.func 5; drop", "unknown function 5", 0),
    ("", "", "ref.func 2; drop", "undeclared function reference 2", 0),
    ("", "", "i32.const 0; ref.as_non_null; drop", "type mismatch", 1),
    ("funcref", "ref_0", "local.get 0; ref.as_non_null", "type mismatch", 2),
    ("ref_null_0", "ref_0", "local.get 0", "type mismatch", 1),
    ("ref_null_0", "ref_0", "local.get 0; br_on_null 0", "type mismatch", 1),
    ("", "", "i32.const 0; br_on_null 0; drop", "type mismatch", 1),
    ("ref_null_0", "", "local.get 0; br_on_non_null 0", "type mismatch: instruction requires reference", 1),
    ("ref_null_0", "ref_1", "local.get 0; br_on_non_null 0; unreachable", "type mismatch", 1),
    ("ref_null_0", "ref_0", "local.get 0; br_on_non_null 3", "unknown label 3", 1),
]  # fmt: skip


@pytest.mark.parametrize(("params", "results", "body"), ACCEPTED)
def test_valid_bodies_are_accepted(
    validate_body: Validate, params: str, results: str, body: str
) -> None:
    context = validate_body(body, params, results)
    assert len(context.funcs) == 5


@pytest.mark.parametrize(("params", "results", "body", "message", "position"), REJECTED)
def test_invalid_bodies_are_rejected_with_message_and_place(
    validate_body: Validate, params: str, results: str, body: str, message: str, position: int
) -> None:
    with pytest.raises(ValidationError) as caught:
        validate_body(body, params, results)
    error = caught.value
    assert error.message.startswith(message)
    assert (error.funcidx, error.instruction) == (4, position)
    words = [*(part.split()[0] for part in body.split(";")), "end"]
    assert error.mnemonic == words[position]
    assert f"in function #4, at {words[position]}" in str(error)


SIGNED = [op for op in OPS if op.params is not None]


def _sides(op: Op) -> tuple[str, str, str]:
    """Operands, results and immediates that suit the row on memory 1, whose address type is i64."""
    assert op.params is not None
    assert op.results is not None
    params = " ".join(str(I64 if t is AT else t) for t in op.params)
    results = " ".join(str(I64 if t is AT else t) for t in op.results)
    natural = (op.width >> 3).bit_length() - 1 if op in ATOMIC_OPS else 0
    immediates = {
        Imm.MEMARG: f"1 {natural} 0",
        Imm.MEMARG_LANE: "1 0 0 1",
        Imm.MEM: "1",
        Imm.DATA_MEM: "0 1",
        Imm.DATA: "0",
        Imm.ELEM: "0",
        Imm.NONE: "",
        Imm.ZERO: "",
    }.get(op.imm, "0")
    return params, results, immediates


@pytest.mark.parametrize("op", SIGNED, ids=str)
def test_rows_with_a_signature_take_and_give_what_it_says(validate_body: Validate, op: Op) -> None:
    validate_body = partial(
        validate_body, features=Features(memory_control=True, acquire_release=True)
    )
    params, results, immediates = _sides(op)
    gets = "".join(f"local.get {i}; " for i in range(len(params.split())))
    call = f"{op.mnemonic} {immediates}"
    validate_body(gets + call, params, results)
    validate_body(f"unreachable; {call}", "", results)
    with pytest.raises(ValidationError, match="type mismatch"):
        validate_body(f"{gets}{call}; i32.const 0", params, results)
    for i, type_ in enumerate(params.split()):
        wrong = params.split()
        wrong[i] = "f32" if type_ != "f32" else "i64"
        with pytest.raises(ValidationError, match="type mismatch: instruction requires"):
            validate_body(gets + call, " ".join(wrong), results)
    if params:
        with pytest.raises(ValidationError, match="type mismatch: instruction requires"):
            validate_body(call, params, results)


MEMARGS = [op for op in OPS if op.imm in (Imm.MEMARG, Imm.MEMARG_LANE) and op not in ATOMIC_OPS]
ATOMIC_MEMARGS = [op for op in ATOMIC_OPS if op.imm is Imm.MEMARG]


@pytest.mark.parametrize("op", MEMARGS, ids=str)
def test_alignment_may_be_natural_but_not_larger(validate_body: Validate, op: Op) -> None:
    params, results, _ = _sides(op)
    gets = "".join(f"local.get {i}; " for i in range(len(params.split())))
    natural = {8: 0, 16: 1, 32: 2, 64: 3, 128: 4}[op.width]
    lane = " 1" if op.imm is Imm.MEMARG_LANE else ""
    validate_body(f"{gets}{op.mnemonic} 1 {natural} 0{lane}", params, results)
    with pytest.raises(ValidationError, match="alignment must not be larger than natural"):
        validate_body(f"{gets}{op.mnemonic} 1 {natural + 1} 0{lane}", params, results)


@pytest.mark.parametrize("op", ATOMIC_MEMARGS, ids=str)
def test_atomic_alignment_must_be_natural(validate_body: Validate, op: Op) -> None:
    params, results, _ = _sides(op)
    gets = "".join(f"local.get {i}; " for i in range(len(params.split())))
    for align in range(5):
        body = f"{gets}{op.mnemonic} 1 {align} 0"
        if 8 << align == op.width:
            validate_body(body, params, results)
        else:
            with pytest.raises(ValidationError, match=r"^atomic alignment must be natural"):
                validate_body(body, params, results)


@pytest.mark.parametrize("op", [op for op in OPS if op.feature], ids=str)
def test_an_instruction_of_a_feature_that_is_off_names_the_feature(
    validate_body: Validate, whole: Callable[[], Any], op: Op
) -> None:
    module = whole()
    del module.elems[:], module.globals[3:], module.tables[1:], module.mems[1:]
    module.types = module.types[:1]
    module.funcs = module.funcs[:1]
    module.funcs[0].code.body[:0] = [(op, *[0] * 3)]
    module.data_count = None
    with pytest.raises(ValidationError) as caught:
        validate_module(module, Features(**{op.feature: False}), Limits())
    assert caught.value.message.startswith(f"the instruction {op} needs the feature {op.feature}")
    assert (caught.value.funcidx, caught.value.instruction) == (0, 0)
