"""Instances of structures and arrays in the store, and how chains of them are freed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pyjsapi.runtime.gc import (
    MAX_ELEMENTS,
    ArrayInst,
    HostNumber,
    StructInst,
    copy_array,
    externalize,
    fill_array,
    freed_in_turn,
    init_array_data,
    init_array_elem,
    internalize,
    new_array,
    new_array_data,
    new_array_elem,
    pack,
)
from pyjsapi.syntax.deftypes import DefType, close_group
from pyjsapi.syntax.errors import Trap
from pyjsapi.syntax.types import (
    F32,
    F64,
    FUNCREF,
    I8,
    I16,
    I32,
    I64,
    V128,
    ArrayType,
    FieldType,
    RecType,
    StorageType,
    StructType,
    SubType,
)


def array_type(storage: StorageType) -> DefType:
    """A type of mutable arrays."""
    sub = SubType(True, (), ArrayType(FieldType(storage, True)))
    return close_group(RecType((sub,)), ())[0]


DATA = bytes(range(1, 33))


@pytest.mark.parametrize(
    ("storage", "expected"),
    [
        (I8, [2, 3]),
        (I16, [0x0302, 0x0504]),
        (I32, [0x05040302, 0x09080706]),
        (I64, [0x0908070605040302, 0x11100F0E0D0C0B0A]),
        (V128, None),
    ],
    ids=str,
)
def test_segments_are_read_in_the_width_of_the_element(
    storage: StorageType, expected: list[int] | None
) -> None:
    type_ = array_type(storage)
    if expected is None:
        with pytest.raises(Trap, match="out of bounds memory access"):
            new_array_data(type_, [DATA], 0, 1, 2)
        expected = [int.from_bytes(DATA[:16], "little"), int.from_bytes(DATA[16:], "little")]
        assert new_array_data(type_, [DATA], 0, 0, 2).elems == expected
        return
    assert new_array_data(type_, [DATA], 0, 1, 2).elems == expected
    array = new_array(type_, 0, 4)
    init_array_data(array, [b"", DATA], 1, 1, 1, 2)
    assert array.elems == [0, *expected, 0]


def test_floats_of_segments_are_floats() -> None:
    assert new_array_data(array_type(F32), [b"\0\0\x80\x3f"], 0, 0, 1).elems == [1.0]
    assert new_array_data(array_type(F64), [b"\0\0\0\0\0\0\xf0\xbf"], 0, 0, 1).elems == [-1.0]


def test_nothing_is_written_before_a_trap() -> None:
    array = new_array(array_type(I32), 1, 4)
    other = new_array(array_type(I32), 2, 4)
    writes: list[Callable[[], None]] = [
        lambda: fill_array(array, 2, 9, 3),
        lambda: copy_array(array, 0, other, 2, 3),
        lambda: copy_array(array, 3, other, 0, 2),
        lambda: init_array_data(array, [b"1234"], 0, 3, 0, 2),
        lambda: init_array_elem(array, [[5]], 0, 4, 0, 1),
    ]
    for write in writes:
        with pytest.raises(Trap, match=r"^out of bounds array access$"):
            write()
    with pytest.raises(Trap, match=r"^out of bounds memory access$"):
        init_array_data(array, [b"1234"], 0, 0, 1, 1)
    with pytest.raises(Trap, match=r"^out of bounds table access$"):
        init_array_elem(array, [[5]], 0, 0, 1, 1)
    with pytest.raises(Trap, match=r"^out of bounds table access$"):
        new_array_elem(array_type(FUNCREF), [[None]], 0, 0, 2)
    assert array.elems == [1, 1, 1, 1]


def test_the_ends_are_in_bounds() -> None:
    array = new_array(array_type(I32), 1, 4)
    fill_array(array, 4, 9, 0)
    copy_array(array, 4, array, 4, 0)
    copy_array(array, 1, ArrayInst(array.type, [7, 8, 9]), 0, 3)
    assert array.elems == [1, 7, 8, 9]
    copy_array(array, 0, array, 1, 3)
    copy_array(array, 1, array, 0, 3)
    assert array.elems == [7, 7, 8, 9]


def test_null_arrays_trap() -> None:
    array = new_array(array_type(I32), 1, 1)
    actions: list[Callable[[], None]] = [
        lambda: fill_array(None, 0, 0, 0),
        lambda: copy_array(None, 0, array, 0, 0),
        lambda: copy_array(array, 0, None, 0, 0),
        lambda: init_array_data(None, [b""], 0, 0, 0, 0),
        lambda: init_array_elem(None, [[]], 0, 0, 0, 0),
    ]
    for action in actions:
        with pytest.raises(Trap, match=r"^null array reference$"):
            action()


def test_an_array_may_be_too_large() -> None:
    with pytest.raises(Trap, match="allocation failed"):
        new_array(array_type(I8), 0, MAX_ELEMENTS + 1)


def test_values_are_packed() -> None:
    assert pack(0x1FF, I8) == 0xFF
    assert pack(0x1FFFF, I16) == 0xFFFF
    assert pack(0xFFFF_FFFF, I32) == 0xFFFF_FFFF
    assert pack(None, FUNCREF) is None


def test_numbers_of_the_host_keep_their_value() -> None:
    assert internalize(-1) == 0x7FFFFFFF
    assert internalize(2**30) == HostNumber(2**30)
    assert internalize(-0.0) == 0
    for value in (0, -1, 2**30 - 1, 2**30, -(2**40), 2.5, "text"):
        assert externalize(internalize(value)) == value
    assert internalize(True) is True
    infinity = float("inf")
    assert internalize(infinity) is infinity


def test_chains_are_freed_one_after_the_other() -> None:
    freed: list[int] = []

    class Link(StructInst):
        __slots__ = ("number",)

        number: int
        _release = freed_in_turn("fields")

        def __del__(self) -> None:
            depth.append(None)
            deepest[0] = max(deepest[0], len(depth))
            self._release()
            freed.append(self.number)
            depth.pop()

    depth: list[None] = []
    deepest = [0]
    type_ = close_group(RecType((SubType(True, (), StructType(())),)), ())[0]
    chain: Link | None = None
    for number in range(5000):
        link = Link(type_, [chain])
        link.number = number
        chain = link
    del link
    chain = None
    assert sorted(freed) == list(range(5000))
    assert deepest[0] <= 2
