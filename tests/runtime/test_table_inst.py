"""`TableInst`: elements and the lists of callables for indirect calls stay in step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.runtime import FuncInst, TableInst, new_table
from pyjsapi.syntax.deftypes import func_def_type
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import FUNCREF, I32, FuncType, TableType
from pyjsapi.validation.limits import Limits

NULLARY = func_def_type(FuncType((), (I32,)))
UNARY = func_def_type(FuncType((I32,), ()))


def function(value: int) -> FuncInst:
    return FuncInst(NULLARY, lambda: value)


def table(size: int, maximum: int | None = None) -> TableInst:
    return new_table(TableType(I32, size, maximum, FUNCREF), None, Limits())


def outcome(call: Callable[..., Any]) -> Any:
    try:
        return call()
    except Trap as trap:
        return trap.message


def test_the_signature_list_follows_every_change() -> None:
    one = table(3, 6)
    calls = one.signature_list(NULLARY)
    mismatched = one.signature_list(UNARY)
    one.set(0, function(10))
    one.fill(1, function(11), 2)
    assert one.grow(function(12), 2) == 3
    one.init(3, 0, 2, [function(13), None])
    one.copy(one, 0, 1, 2)
    assert one.signature_list(NULLARY) is calls
    assert [outcome(c) for c in calls] == [11, 11, 11, 13, "uninitialized element 4"]
    assert [outcome(c) for c in mismatched][:4] == ["indirect call type mismatch"] * 4
    assert [outcome(c) for c in calls] == [outcome(c) for c in new_list(one)]


def new_list(source: TableInst) -> list[Callable[..., Any]]:
    copy = table(source.size())
    copy.copy(source, 0, 0, source.size())
    return copy.signature_list(NULLARY)


def test_equal_types_of_different_modules_are_one_type() -> None:
    assert func_def_type(FuncType((), (I32,))) is NULLARY


@pytest.mark.parametrize(("index", "count"), [(3, 1), (2, 2), (4, 0), (2**32 - 1, 1)])
def test_bulk_operations_trap_before_they_write(index: int, count: int) -> None:
    one, other = table(3), table(3)
    other.fill(0, function(1), 3)
    operations: tuple[Callable[[], None], ...] = (
        lambda: one.fill(index, function(1), count),
        lambda: one.copy(other, index, 0, count),
        lambda: one.copy(other, 0, index, count),
        lambda: one.init(index, 0, count, [function(1)] * 9),
        lambda: one.init(0, index, count, []),
    )
    for operation in operations:
        with pytest.raises(Trap, match="out of bounds table access"):
            operation()
    assert one.elems == [None] * 3


def test_growth_stops_at_the_maximum_and_the_limit() -> None:
    assert table(1, 2).grow(None, 2) == -1
    assert table(1).grow(None, 10_000_000) == -1
    with pytest.raises(MemoryError, match="limit is 10000000"):
        table(2**32 - 1)


def test_the_type_has_the_current_size() -> None:
    one = table(1, 4)
    one.grow(None, 1)
    assert (one.type.minimum, one.type.maximum) == (2, 4)
