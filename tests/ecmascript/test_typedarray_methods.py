"""The methods of %TypedArray%.prototype that work on elements."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pyjsapi.ecmascript import (
    ArrayBuffer,
    BigInt64Array,
    Float16Array,
    Float32Array,
    Float64Array,
    Int16Array,
    RangeError,
    Uint8Array,
    Uint32Array,
)

NAN, INF = math.nan, math.inf


def test_at_counts_from_the_end_and_gives_undefined_outside() -> None:
    made = Uint8Array([1, 2, 3])
    assert [made.at(0), made.at(-1), made.at("1"), made.at(1.9), made.at(None)] == [1, 3, 2, 2, 1]
    assert made.at(3) is made.at(-4) is made.at(INF) is made.at(-INF) is None


def test_with_copies_and_replaces() -> None:
    made = Uint8Array([1, 2, 3])
    assert made.with_(-1, 300).tolist() == [1, 2, 44]
    assert made.tolist() == [1, 2, 3]
    for index in (3, -4, INF, 10**6000):
        with pytest.raises(RangeError):
            made.with_(index, 0)


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ((), [7] * 5),
        ((2,), [0, 0, 7, 7, 7]),
        ((1, 3), [0, 7, 7, 0, 0]),
        ((-2,), [0, 0, 0, 7, 7]),
        ((3, 1), [0] * 5),
        ((-99, 99), [7] * 5),
    ],
)
def test_fill(bounds: tuple[Any, ...], expected: list[int]) -> None:
    made = Uint32Array(5)
    assert made.fill(7, *bounds) is made
    assert made.tolist() == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((0, 3), [4, 5, 3, 4, 5]),
        ((1, 0), [1, 1, 2, 3, 4]),
        ((-2, -4, -3), [1, 2, 3, 2, 5]),
        ((0, 1, 99), [2, 3, 4, 5, 5]),
        ((3, 0, 1), [1, 2, 3, 1, 5]),
        ((9, 0), [1, 2, 3, 4, 5]),
    ],
)
def test_copy_within(arguments: tuple[int, ...], expected: list[int]) -> None:
    made = Int16Array([1, 2, 3, 4, 5])
    assert made.copyWithin(*arguments) is made
    assert made.tolist() == expected


def test_reversing() -> None:
    made = Uint32Array([1, 2, 3])
    assert made.toReversed().tolist() == [3, 2, 1]
    assert made.tolist() == [1, 2, 3]
    assert made.reverse() is made
    assert made.tolist() == [3, 2, 1]


def test_sorting_is_numeric_with_nan_last_and_negative_zero_first() -> None:
    made = Float64Array([3, NAN, 0.0, -INF, -0.0, 10, 2])
    assert made.sort() is made
    assert made.join(" ") == "-Infinity 0 0 2 3 10 NaN"
    assert [math.copysign(1, element) for element in made.subarray(1, 3)] == [-1, 1]
    assert Uint8Array([10, 9, 1]).toSorted().tolist() == [1, 9, 10]
    assert BigInt64Array([5, -5, 0]).sort().tolist() == [-5, 0, 5]


def test_sorting_by_a_function() -> None:
    made = Uint8Array([1, 3, 2])
    assert made.toSorted(lambda a, b: b - a).tolist() == [3, 2, 1]
    assert made.sort(lambda a, b: None).tolist() == [1, 3, 2]
    assert made.sort(lambda a, b: a - b).tolist() == [1, 2, 3]
    for sort in (made.sort, made.toSorted):
        with pytest.raises(TypeError, match="function"):
            sort(5)


def test_a_comparison_that_detaches_the_buffer_is_harmless() -> None:
    buffer = ArrayBuffer(2)
    made = Uint8Array(buffer)
    made.set([2, 1])

    def compare(a: int, b: int) -> int:
        if not buffer.detached:
            buffer.transfer()
        return a - b

    assert made.sort(compare) is made
    assert made.length == 0


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [((), [1, 2, 3, 4]), ((1,), [2, 3, 4]), ((-2, -1), [3]), ((3, 1), []), ((0, 99), [1, 2, 3, 4])],
)
def test_slice_copies(bounds: tuple[int, ...], expected: list[int]) -> None:
    made = Float16Array([1, 2, 3, 4])
    piece = made.slice(*bounds)
    assert piece.tolist() == expected
    assert piece.buffer is not made.buffer
    assert type(piece) is Float16Array


def test_slice_of_a_buffer_that_shrinks_meanwhile() -> None:
    buffer = ArrayBuffer(4, 4)
    made = Uint8Array(buffer)
    made[:] = b"\1\2\3\4"

    class Shrinking:
        def valueOf(self) -> int:
            buffer.resize(2)
            return 4

    assert made.slice(0, Shrinking()).tolist() == [1, 2, 0, 0]


def test_searching_values() -> None:
    made = Float32Array([1, NAN, -0.0, 2, 1])
    assert made.includes(NAN)
    assert not made.includes(NAN, 2)
    assert made.indexOf(NAN) == made.lastIndexOf(NAN) == -1
    assert made.indexOf(0) == made.lastIndexOf(0.0) == 2
    assert (made.indexOf(1), made.indexOf(1, 1), made.indexOf(1, -1)) == (0, 4, 4)
    assert (made.lastIndexOf(1), made.lastIndexOf(1, 3), made.lastIndexOf(1, -2)) == (4, 0, 0)
    assert (made.lastIndexOf(2, 99), made.lastIndexOf(1, -99), made.lastIndexOf(1, INF)) == (
        3,
        -1,
        4,
    )
    assert made.indexOf(9) == made.lastIndexOf(9) == -1
    assert made.lastIndexOf(1, None) == 0  # a given undefined is 0, unlike an absent argument
    assert made.includes(2, 3)
    assert not made.includes(2, 4)
    assert Uint8Array(0).lastIndexOf(0) == Uint8Array(0).indexOf(0) == -1


def test_searching_is_strict_about_types() -> None:
    made = Uint8Array([0, 1])
    for stranger in (True, "1", None, [1]):
        assert not made.includes(stranger)
        assert made.indexOf(stranger) == made.lastIndexOf(stranger) == -1
    bigints = BigInt64Array([1])
    assert bigints.includes(1)
    assert not bigints.includes(1.0)
    assert bigints.indexOf(1.0) == -1


def test_finding_by_a_function() -> None:
    made = Uint8Array([5, 8, 3, 8])
    assert (made.find(lambda e: e > 5), made.findIndex(lambda e: e > 5)) == (8, 1)
    assert (made.findLast(lambda e, i: i < 3), made.findLastIndex(lambda e: e > 5)) == (3, 3)
    assert made.find(lambda e: e > 9) is made.findLast(lambda e: e > 9) is None
    assert made.findIndex(lambda e: e > 9) == made.findLastIndex(lambda e: e > 9) == -1


def test_callbacks_get_as_many_arguments_as_they_take() -> None:
    made = Uint8Array([4])
    calls: list[Any] = []
    made.forEach(lambda: calls.append(()))
    made.forEach(lambda e: calls.append((e,)))
    made.forEach(lambda e, i: calls.append((e, i)))
    made.forEach(lambda e, i, a: calls.append((e, i, a)))
    made.forEach(lambda *everything: calls.append(everything))
    made.forEach(calls.append)
    assert calls == [(), (4,), (4, 0), (4, 0, made), (4, 0, made), 4]
    for method in (made.forEach, made.map, made.find, made.every):
        with pytest.raises(TypeError, match="not a function"):
            method(None)


def test_every_and_some() -> None:
    made = Uint8Array([1, 2])
    assert made.every(lambda e: e > 0)
    assert not made.every(lambda e: e > 1)
    assert made.some(lambda e: e > 1)
    assert not made.some(lambda e: NAN)
    assert Uint8Array(0).every(bool)
    assert not Uint8Array(0).some(bool)


def test_map_and_filter_give_the_same_kind() -> None:
    made = Uint8Array([1, 2, 200])
    assert made.map(lambda e: e * 2).tolist() == [2, 4, 144]
    assert type(made.map(lambda e: e)) is Uint8Array
    assert made.filter(lambda e: e != 2).tolist() == [1, 200]


def test_reduce() -> None:
    made = Uint8Array([1, 2, 3])
    assert made.reduce(lambda a, e: a * 10 + e) == 123
    assert made.reduceRight(lambda a, e: a * 10 + e) == 321
    assert made.reduce(lambda a, e: a + e, 0.5) == 6.5
    assert made.reduce(lambda a, e, i: a + i, 0) == 3
    assert made.reduceRight(lambda a, e, i, t: [*a, i], []) == [2, 1, 0]
    assert Uint8Array(0).reduce(lambda a, e: a, None) is None
    for reduce in (Uint8Array(0).reduce, Uint8Array(0).reduceRight):
        with pytest.raises(TypeError, match="empty"):
            reduce(lambda a, e: a)


def test_a_callback_may_detach_the_buffer() -> None:
    buffer = ArrayBuffer(2)
    made = Uint8Array(buffer)
    made.set([1, 2])
    seen: list[Any] = []

    def callback(element: Any) -> None:
        seen.append(element)
        if not buffer.detached:
            buffer.transfer()

    made.forEach(callback)
    assert seen == [1, None]


def test_iterators() -> None:
    made = Uint8Array([5, 6])
    assert list(made.keys()) == [0, 1]
    assert list(made.values()) == [5, 6]
    assert list(made.entries()) == [(0, 5), (1, 6)]


def test_text() -> None:
    made = Float64Array([1, 0.5, NAN, -0.0, 1e21])
    assert made.toString() == made.join() == "1,0.5,NaN,0,1e+21"
    assert made.join("") == "10.5NaN01e+21"
    assert Uint8Array([1, 2]).join(0) == "102"
    assert Uint8Array(0).join() == ""
