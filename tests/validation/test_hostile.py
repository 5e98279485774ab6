"""Input made to exhaust the validator: deep nesting, huge tables of labels, very many small things."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pyjsapi.syntax.errors import ValidationError
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.instructions import BY_MNEMONIC
from pyjsapi.syntax.module import Code, Func, Instr, Module
from pyjsapi.syntax.types import I32, FuncType, RecType, SubType, ref_type
from pyjsapi.validation.context import Context
from pyjsapi.validation.limits import Limits
from pyjsapi.validation.module import validate_module

FuncTypeMaker = Callable[..., RecType]

CONST: Instr = (BY_MNEMONIC["i32.const"], 0)
END: Instr = BY_MNEMONIC["end"].instr
UNREACHABLE: Instr = BY_MNEMONIC["unreachable"].instr
DEEP = 100_000


def validate(body: list[Instr], *types: RecType) -> Context:
    module = Module(types=list(types), funcs=[Func(0, Code((), body))])
    return validate_module(module, Features(), Limits())


@pytest.mark.parametrize("mnemonic", ["block", "loop", "if"])
def test_a_hundred_thousand_nested_blocks_are_valid(functype: FuncTypeMaker, mnemonic: str) -> None:
    enter: list[Instr] = [CONST] if mnemonic == "if" else []
    enter.append((BY_MNEMONIC[mnemonic], None))
    assert validate(enter * DEEP + [END] * (DEEP + 1), functype()).funcs
    with pytest.raises(ValidationError, match="end expected: 1 block open"):
        validate(enter * DEEP + [END] * DEEP, functype())


def test_a_branch_table_may_name_every_one_of_many_labels(functype: FuncTypeMaker) -> None:
    table = (BY_MNEMONIC["br_table"], tuple(range(DEEP)) * 3, DEEP)
    blocks = [(BY_MNEMONIC["block"], None)] * DEEP
    assert validate([*blocks, CONST, table, *[END] * (DEEP + 1)], functype()).funcs
    beyond = (BY_MNEMONIC["br_table"], (*range(DEEP), DEEP + 1), 0)
    with pytest.raises(ValidationError, match=f"unknown label {DEEP + 1}"):
        validate([*blocks, CONST, beyond, *[END] * (DEEP + 1)], functype())


def test_a_branch_table_of_many_targets_with_values(functype: FuncTypeMaker) -> None:
    wide = functype("", "i32 " * 1000)
    blocks = [(BY_MNEMONIC["block"], 0)] * 1000
    table = (BY_MNEMONIC["br_table"], tuple(range(1000)) * 100, 0)
    body = [*blocks, UNREACHABLE, *[CONST] * 1001, table, *[END] * 1001]
    assert validate(body, wide).funcs


def test_many_empty_functions_are_valid(functype: FuncTypeMaker) -> None:
    func = Func(0, Code((), [END]))
    module = Module(types=[functype()], funcs=[func] * 100_000)
    assert len(validate_module(module, Features(), Limits()).funcs) == 100_000


def test_types_that_name_each_other_twice_stay_small() -> None:
    def doubling(index: int) -> RecType:
        reference = ref_type(True, max(index - 1, 0))
        return RecType((SubType(True, (), FuncType((reference, reference), ())),))

    context = validate_module(Module(types=[doubling(i) for i in range(200)]), Features(), Limits())
    assert len(context.types) == 200
    assert len(repr(context.types[-1])) < 200


def test_a_group_of_types_that_are_each_others_super_types_is_refused() -> None:
    def open_type(param: int, super_: int) -> SubType:
        return SubType(False, (super_,), FuncType((ref_type(True, param),), ()))

    base = RecType((SubType(False, (), FuncType((), ())),))
    ring = RecType((open_type(2, 0), open_type(1, 3), open_type(1, 2)))
    with pytest.raises(ValidationError, match="forward use of type 3"):
        validate_module(Module(types=[base, ring]), Features(), Limits())


def test_a_stack_of_a_million_operands_can_be_discarded(functype: FuncTypeMaker) -> None:
    assert validate([CONST] * 1_000_000 + [UNREACHABLE, END], functype()).funcs
    with pytest.raises(ValidationError, match="type mismatch: block requires") as caught:
        validate([CONST] * 100_000 + [END], functype())
    assert len(caught.value.message) < 1000


def test_a_long_list_of_parameters_is_checked_at_once(functype: FuncTypeMaker) -> None:
    wide = functype("i32 " * 1000, "i32 " * 1000)
    gets: list[Instr] = [(BY_MNEMONIC["local.get"], i) for i in range(1000)]
    calls: list[Instr] = [(BY_MNEMONIC["call"], 0)] * 2000
    assert validate([*gets, *calls, END], wide).funcs[0].func.params == (I32,) * 1000


@pytest.mark.parametrize("enter", ["call", "block"])
def test_results_that_nothing_consumes_do_not_fill_the_memory(
    functype: FuncTypeMaker, enter: str
) -> None:
    wide = functype("", "i32 " * 1000)
    body: list[Instr] = [(BY_MNEMONIC[enter], 0)]
    if enter == "block":
        body += [UNREACHABLE, END]
    with pytest.raises(ValidationError) as caught:
        validate([*body * 100_000, UNREACHABLE, END], wide)
    assert caught.value.message.startswith("too many operands on the stack: 10000")
    assert "Limits.operands" in caught.value.message
