"""The type section, and types of memories and tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.syntax.errors import ValidationError
from pyjsapi.syntax.features import Features
from pyjsapi.syntax.module import Module, Table
from pyjsapi.syntax.types import (
    EXTERNREF,
    FUNCREF,
    I32,
    I64,
    AddrType,
    FuncType,
    MemType,
    RecType,
    RefType,
    SubType,
    TableType,
    ValType,
    ref_type,
)
from pyjsapi.validation.context import Context
from pyjsapi.validation.limits import Limits
from pyjsapi.validation.module import validate_module

FuncTypeMaker = Callable[..., RecType]


def validate(module: Module, **limits: Any) -> Context:
    return validate_module(module, Features(), Limits(**limits))


def sub(
    params: tuple[ValType, ...] = (), *, final: bool = False, supers: tuple[int, ...] = ()
) -> SubType:
    return SubType(final, supers, FuncType(params, ()))


def test_equal_groups_give_the_same_defined_types(functype: FuncTypeMaker) -> None:
    pair = RecType((sub((ref_type(True, 1),)), sub((ref_type(True, 0),))))
    first = validate(Module(types=[pair, functype("i32")]))
    # The same group at another place in the index space.
    moved = RecType((sub((ref_type(True, 2),)), sub((ref_type(True, 1),))))
    second = validate(Module(types=[functype("i32"), moved]))
    assert first.types[0] is second.types[1]
    assert first.types[1] is second.types[2]
    assert first.types[2] is second.types[0]
    assert first.types[0] is not first.types[1]


def test_a_type_may_name_itself_and_types_before_it() -> None:
    types = [RecType((sub((ref_type(True, 0),)),)), RecType((sub((ref_type(False, 0),)),))]
    context = validate(Module(types=types))
    param = context.types[1].func.params[0]
    assert isinstance(param, RefType)
    assert param.heap is context.types[0]


@pytest.mark.parametrize(
    "types",
    [
        [RecType((sub((ref_type(True, 1),)),)), RecType((sub(),))],
        [RecType((sub((ref_type(True, 7),)),))],
        [RecType((sub(supers=(3,)),))],
    ],
)
def test_a_type_may_not_name_what_comes_after_its_group(types: list[RecType]) -> None:
    with pytest.raises(ValidationError, match="unknown type"):
        validate(Module(types=types))


def test_a_super_type_must_come_before() -> None:
    with pytest.raises(ValidationError, match="forward use of type 1 in sub type definition 0"):
        validate(Module(types=[RecType((sub(supers=(1,)), sub(supers=(0,))))]))
    with pytest.raises(ValidationError, match="forward use of type 0 in sub type definition 0"):
        validate(Module(types=[RecType((sub(supers=(0,)),))]))


def test_a_super_type_must_be_open_and_matched() -> None:
    final = RecType((sub(final=True),))
    with pytest.raises(ValidationError, match=r"sub type .* has final super type 0"):
        validate(Module(types=[final, RecType((sub(supers=(0,)),))]))
    with pytest.raises(ValidationError, match=r"sub type .* does not match super type 0"):
        validate(Module(types=[RecType((sub(),)), RecType((sub((I32,), supers=(0,)),))]))
    with pytest.raises(ValidationError, match="sub type 1 has 2 super types"):
        validate(Module(types=[RecType((sub(),)), RecType((sub(supers=(0, 0)),))]))


def test_parameters_of_a_sub_type_may_be_wider_and_results_narrower() -> None:
    base = RecType((SubType(False, (), FuncType((ref_type(False, 0),), (FUNCREF,))),))
    wider = RecType((SubType(True, (0,), FuncType((FUNCREF,), (ref_type(False, 0),))),))
    context = validate(Module(types=[base, wider]))
    assert context.types[1].is_subtype_of(context.types[0])
    narrower = RecType((SubType(False, (), FuncType((FUNCREF,), ())),))
    wrong = RecType((SubType(True, (0,), FuncType((ref_type(False, 0),), ())),))
    with pytest.raises(ValidationError, match="does not match super type"):
        validate(Module(types=[narrower, wrong]))


def test_the_depth_of_a_hierarchy_is_limited() -> None:
    def chain(depth: int) -> list[RecType]:
        first = [RecType((sub(),))]
        return first + [RecType((sub(supers=(i,)),)) for i in range(depth)]

    assert len(validate(Module(types=chain(63))).types) == 64
    with pytest.raises(ValidationError, match=r"64, the limit is 63 \(Limits\.subtype_depth\)"):
        validate(Module(types=chain(64)))


@pytest.mark.parametrize(
    ("addrtype", "minimum", "maximum"),
    [(I32, 0, None), (I32, 65536, 65536), (I32, 3, 3), (I64, 0, 2**37 - 1), (I64, 65537, None)],
)
def test_memory_types_within_bounds(addrtype: AddrType, minimum: int, maximum: int | None) -> None:
    context = validate(Module(mems=[MemType(addrtype, minimum, maximum)]))
    assert context.mems == [MemType(addrtype, minimum, maximum)]


@pytest.mark.parametrize(
    ("addrtype", "minimum", "maximum", "message"),
    [
        (I32, 65537, None, "memory size must be at most 65536 pages (4GiB)"),
        (I32, 0, 65537, "memory size must be at most 65536 pages (4GiB)"),
        (I32, 2, 1, "size minimum must not be greater than maximum"),
        (I64, 2, 1, "size minimum must not be greater than maximum"),
        (I64, 2**48 + 1, None, "memory size must be at most 2^48 pages"),
        (I64, 0, 2**37, "memory size must be at most 137438953471 pages"),
    ],
)
def test_memory_types_out_of_bounds(
    addrtype: AddrType, minimum: int, maximum: int | None, message: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        validate(Module(mems=[MemType(addrtype, minimum, maximum)]))
    assert caught.value.message.startswith(message)


def test_the_limit_of_64_bit_memories_can_be_raised_to_the_core_specification() -> None:
    module = Module(mems=[MemType(I64, 0, 2**48)])
    with pytest.raises(ValidationError, match="137438953471 pages"):
        validate(module)
    assert validate(module, memory64_pages=2**48).mems == module.mems


@pytest.mark.parametrize("addrtype", [I32, I64])
def test_shared_memories_must_have_a_maximum(addrtype: AddrType) -> None:
    """SM-1"""
    validate(Module(mems=[MemType(addrtype, 1, 2, shared=True)]))
    with pytest.raises(ValidationError, match=r"^shared memory must have maximum"):
        validate(Module(mems=[MemType(addrtype, 1, None, shared=True)]))


@pytest.mark.parametrize("addrtype", [I32, I64])
def test_pages_of_one_byte_reach_all_addresses_but_one(addrtype: AddrType) -> None:
    largest = (1 << addrtype.bits) - 1
    validate(Module(mems=[MemType(addrtype, largest, largest, page_size_log2=0)]))
    with pytest.raises(ValidationError, match=r"^memory size must be at most"):
        validate(Module(mems=[MemType(addrtype, 0, largest + 1, page_size_log2=0)]))


@pytest.mark.parametrize("log2", [1, 8, 15, 17, 64])
def test_other_page_sizes_are_invalid(log2: int) -> None:
    with pytest.raises(ValidationError, match=r"^invalid custom page size"):
        validate(Module(mems=[MemType(I32, 0, 0, page_size_log2=log2)]))


@pytest.mark.parametrize("addrtype", [I32, I64])
def test_table_types(addrtype: AddrType) -> None:
    largest = (1 << addrtype.bits) - 1

    def table(minimum: int, maximum: int | None) -> Module:
        return Module(tables=[Table(TableType(addrtype, minimum, maximum, EXTERNREF), None)])

    validate(table(largest, None))
    validate(table(0, largest))
    with pytest.raises(ValidationError, match="size minimum must not be greater than maximum"):
        validate(table(2, 1))
    with pytest.raises(ValidationError, match="table size must be at most"):
        validate(table(largest + 1, None))


def test_a_table_of_a_type_that_does_not_exist() -> None:
    table = Table(TableType(I32, 0, None, ref_type(True, 3)), None)
    with pytest.raises(ValidationError, match="unknown type 3"):
        validate(Module(tables=[table]))
