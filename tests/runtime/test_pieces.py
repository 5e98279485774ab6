"""Instructions in pieces do what they do whole, and what they have done when they are ended is a part of that."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.blocks.guarded import GuardedBlock
from pyjsapi.blocks.heap import HeapBlock
from pyjsapi.runtime import FuncInst, MemInst, TableInst, gc, new_table, pieces
from pyjsapi.runtime.fuel import FuelTank
from pyjsapi.runtime.memory import new_memory
from pyjsapi.runtime.pieces import Pieces
from pyjsapi.syntax.deftypes import close_group, func_def_type
from pyjsapi.syntax.errors import Interrupted, Trap
from pyjsapi.syntax.types import (
    FUNCREF,
    I32,
    I64,
    ArrayType,
    FieldType,
    FuncType,
    MemType,
    RecType,
    SubType,
    TableType,
)
from pyjsapi.validation.limits import Limits

SIZE = 200
ARRAY = close_group(RecType((SubType(True, (), ArrayType(FieldType(I64, True))),)), ())[0]
SEGMENT = bytes(random.Random(5).randbytes(SIZE))
FUNCS = [FuncInst(func_def_type(FuncType((), ())), lambda: None) for _ in range(40)]


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "BYTES", 16)
    monkeypatch.setattr(pieces, "ELEMENTS", 16)


def _plain(shared: bool = False) -> MemInst:
    made = new_memory(MemType(I32, SIZE, SIZE, shared, 0), Limits())
    made.block.write(0, bytes(range(SIZE)))
    return made


def _guarded() -> MemInst:
    """The same bytes are at 0 and at 100; those from 50 to 60 cannot be written."""
    type_ = MemType(I32, SIZE, SIZE, False, 0)
    block = GuardedBlock(HeapBlock(SIZE))
    block.write(0, bytes(range(SIZE)))
    lent = memoryview(bytearray(range(40)))
    block.put(0, lent)
    block.put(100, lent)
    block.protect(50, 60, readable=True, writable=False)
    return MemInst(type_, page_limit=SIZE, block=block)


MEMORIES: dict[str, Callable[[], MemInst]] = {
    "plain": _plain,
    "shared": lambda: _plain(True),
    "guarded": _guarded,
}


def _table() -> TableInst:
    made = new_table(TableType(I32, SIZE, None, FUNCREF), None, Limits())
    made.signature_list(func_def_type(FuncType((), ())))
    for index, func in enumerate(FUNCS):
        made.set(index * 2, func)
    return made


def _shown(made: Any) -> Any:
    if isinstance(made, MemInst):
        return made.block.read(0, SIZE)
    if isinstance(made, TableInst):
        return [*made.elems, *made.signature_list(func_def_type(FuncType((), ())))]
    return list(made.elems)


def _outcome(call: Callable[..., Any], *operands: Any) -> Any:
    try:
        return _shown(made) if (made := call(*operands)) is not None else None
    except Trap as trap:
        return trap.message


def _spans(chance: random.Random, count: int) -> list[int]:
    """Some places, and a length with which they fit, or nearly."""
    starts = [chance.randrange(SIZE) for _ in range(count)]
    return [*starts, chance.randrange(SIZE + 3 - max(starts))]


def _agree(
    whole: Callable[..., Any], parts: Callable[..., Any], both: list[Any], *rest: Any
) -> None:
    one, other = both
    assert _outcome(parts, other, *rest) == _outcome(whole, one, *rest), rest
    assert _shown(other) == _shown(one), rest


@pytest.mark.parametrize("kind", MEMORIES)
def test_memories(kind: str) -> None:
    chance, made = random.Random(kind), Pieces(FuelTank(None).pay)
    for _ in range(300):
        both = [MEMORIES[kind]() for _ in range(2)]
        address, source, count = _spans(chance, 2)
        _agree(MemInst.fill, made.memory_fill, both, address, chance.randrange(256), count)
        _agree(MemInst.init, made.memory_init, both, address, source, count, SEGMENT)
        _agree(MemInst.discard, made.memory_discard, both, address, count)
        for memory in both:
            memory.block.initialise(60, bytes(range(SIZE - 60)))
        whole, parts = both
        assert _outcome(made.memory_copy, parts, parts, address, source, count) == _outcome(
            whole.copy, whole, address, source, count
        )
        assert _shown(parts) == _shown(whole)
        _agree(MemInst.copy, made.memory_copy, both, _plain(), address, source, count)


def test_tables_and_arrays() -> None:
    chance, made = random.Random(3), Pieces(FuelTank(None).pay)
    for _ in range(300):
        tables = [_table(), _table()]
        arrays = [gc.ArrayInst(ARRAY, list(range(SIZE))) for _ in range(2)]
        index, source, count = _spans(chance, 2)
        value = chance.choice([None, *FUNCS])
        segment = [chance.choice([None, *FUNCS]) for _ in range(SIZE)]
        _agree(TableInst.fill, made.table_fill, tables, index, value, count)
        _agree(TableInst.init, made.table_init, tables, source, index, count, segment)
        _agree(TableInst.copy, made.table_copy, tables, _table(), source, index, count)
        assert _outcome(made.table_copy, tables[1], tables[1], index, source, count) == _outcome(
            TableInst.copy, tables[0], tables[0], index, source, count
        )
        assert _shown(tables[0]) == _shown(tables[1])
        _agree(gc.fill_array, made.fill_array, arrays, index, 7, count)
        datas = [bytes(SIZE * 4) + SEGMENT * 5]
        _agree(gc.init_array_data, made.init_array_data, arrays, datas, 0, index, source, count)
        assert _outcome(made.new_array_data, ARRAY, datas, 0, source, count) == _outcome(
            gc.new_array_data, ARRAY, datas, 0, source, count
        )
        _agree(
            gc.copy_array,
            made.copy_array,
            arrays,
            source,
            gc.ArrayInst(ARRAY, [5] * SIZE),
            index,
            count,
        )
        assert _outcome(made.copy_array, arrays[1], index, arrays[1], source, count) == _outcome(
            gc.copy_array, arrays[0], index, arrays[0], source, count
        )
        assert _shown(arrays[0]) == _shown(arrays[1])
    with pytest.raises(Trap, match="null array"):
        made.fill_array(None, 0, 0, 100)
    with pytest.raises(Trap, match="null array"):
        made.init_array_data(None, [SEGMENT], 0, 0, 0, 100)
    with pytest.raises(Trap, match="null array"):
        made.copy_array(None, 0, None, 0, 100)


def test_what_is_ended_in_the_middle_has_written_a_part() -> None:
    tank = FuelTank(None)
    made = Pieces(tank.pay)
    left = [3]

    def ask() -> None:
        left[0] -= 1
        if not left[0]:
            tank.stop(Interrupted)

    memory, backward, table = _plain(), _plain(), _table()
    calls: list[Callable[[], None]] = [
        lambda: made.memory_fill(memory, 0, 255, SIZE),
        lambda: made.memory_copy(backward, backward, 100, 0, 100),
        lambda: made.table_fill(table, 0, FUNCS[0], SIZE),
    ]
    for call in calls:
        left[0] = 3
        tank.ask_often(ask)
        with pytest.raises(Interrupted):
            call()
        tank.go_on()
    assert _shown(memory) == b"\xff" * 32 + bytes(range(32, SIZE))
    whole = _plain()
    whole.copy(whole, 100, 0, 100)
    # From the end, because what is copied is not to be overwritten before it is read.
    assert _shown(backward)[:180] == bytes(range(180))
    assert _shown(backward)[180:] == _shown(whole)[180:]
    assert table.elems[:32] == FUNCS[:1] * 32
    assert table.elems[33] is None


def test_nothing_is_written_where_a_part_does_not_fit() -> None:
    made, memory = Pieces(FuelTank(None).pay), _guarded()
    before = _shown(memory)
    calls: list[Callable[[], None]] = [
        lambda: made.memory_fill(memory, 40, 1, 100),
        lambda: made.memory_fill(memory, 150, 1, SIZE),
        lambda: made.memory_copy(memory, memory, 45, 70, 50),
        lambda: made.memory_init(memory, 41, 0, 60, SEGMENT),
        lambda: made.memory_discard(memory, 41, 60),
    ]
    for call in calls:
        with pytest.raises(Trap):
            call()
        assert _shown(memory) == before
