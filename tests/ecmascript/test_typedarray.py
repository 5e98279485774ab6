"""Typed arrays: construction, geometry, elements, slices, and changing buffers."""

from __future__ import annotations

import math
import random
import struct
from array import array
from collections.abc import Callable
from typing import Any

import pytest

from pyjsapi.ecmascript import (
    TYPED_ARRAYS,
    ArrayBuffer,
    BigInt64Array,
    BigUint64Array,
    Float16Array,
    Float32Array,
    Float64Array,
    Int8Array,
    Int16Array,
    Int32Array,
    RangeError,
    TypedArray,
    Uint8Array,
    Uint8ClampedArray,
    Uint16Array,
    Uint32Array,
    null,
)

every_kind = pytest.mark.parametrize("kind", TYPED_ARRAYS, ids=lambda kind: kind.__name__)
NAN, INF = math.nan, math.inf


# ---- construction


@every_kind
def test_zeros_of_a_length(kind: Any) -> None:
    made = kind(3)
    assert made.tolist() == [0, 0, 0]
    assert (len(made), made.length, made.byteOffset) == (3, 3, 0)
    assert made.byteLength == made.buffer.byteLength == 3 * kind.BYTES_PER_ELEMENT
    assert kind().length == kind(None).length == kind(null).length == 0


@every_kind
def test_construction_from_elements(kind: Any) -> None:
    for source in ([1, 2, 3], (1, 2, 3), range(1, 4), iter([1, 2, 3]), {1: 0, 2: 0}.keys() | {3}):
        assert kind(source).tolist() == [1, 2, 3]
    assert kind(b"\1\2\3").tolist() == kind(bytearray(b"\1\2\3")).tolist() == [1, 2, 3]
    assert kind(array("h", [1, 2, 3])).tolist() == [1, 2, 3]
    assert kind({"length": 2, 0: 7, "1": 8}).tolist() == [7, 8]
    assert kind([]).length == 0


@every_kind
def test_construction_from_the_same_kind_copies(kind: Any) -> None:
    source = kind([1, 2, 3])
    made = kind(source)
    source[0] = 9
    assert made.tolist() == [1, 2, 3]
    assert made.buffer is not source.buffer


def test_primitives_are_lengths() -> None:
    assert Uint8Array("5").length == 5
    assert Uint8Array(2.9).length == 2
    assert Uint8Array(True).length == 1
    assert Uint8Array("x").length == 0
    for bad in (-1, 2**53, INF, 2**50):
        with pytest.raises(RangeError):
            Uint32Array(bad)


def test_other_objects_are_type_errors() -> None:
    for bad in (object(), len, 1j):
        with pytest.raises(TypeError):
            Uint8Array(bad)


def test_elements_of_another_kind_convert() -> None:
    assert Uint8Array(Int32Array([-1, 256, 300])).tolist() == [255, 0, 44]
    assert Uint8ClampedArray(Int8Array([-1, 5])).tolist() == [0, 5]
    assert Uint8ClampedArray(Float64Array([1.5, 300, NAN])).tolist() == [2, 255, 0]
    assert Int8Array(Uint8Array([255])).tolist() == [-1]
    assert Int32Array(Float64Array([1e10, NAN, -1.9])).tolist() == [1410065408, 0, -1]
    assert BigInt64Array(BigUint64Array([2**64 - 1])).tolist() == [-1]
    assert Float32Array(Float64Array([1e300])).tolist() == [INF]


def test_bigints_and_numbers_do_not_mix() -> None:
    for make in (
        lambda: BigInt64Array(Int32Array(1)),
        lambda: Float64Array(BigInt64Array(1)),
        lambda: BigUint64Array(1).set(Uint8Array(1)),
    ):
        with pytest.raises(TypeError, match="cannot mix"):
            make()


def test_of_and_from() -> None:
    assert Int16Array.of(1, "2", None).tolist() == [1, 2, 0]
    assert Int16Array.from_("123").tolist() == [1, 2, 3]
    assert Int16Array.from_([1, 2], lambda item: item * 2).tolist() == [2, 4]
    assert Int16Array.from_(Uint8Array([7])).tolist() == [7]
    with pytest.raises(TypeError, match="undefined is not iterable"):
        Int16Array.from_(None)
    with pytest.raises(TypeError):
        Int16Array.from_(5)


def test_the_abstract_base_cannot_be_constructed() -> None:
    with pytest.raises(TypeError, match="abstract"):
        TypedArray(4)


@every_kind
def test_a_view_of_a_buffer(kind: Any) -> None:
    size = kind.BYTES_PER_ELEMENT
    buffer = ArrayBuffer(size * 8)
    view = kind(buffer, size * 2, 3)
    assert (view.buffer, view.byteOffset, view.length) == (buffer, size * 2, 3)
    view[0] = 1
    assert kind(buffer)[2] == 1
    assert kind(buffer, size * 8).length == 0
    assert kind(buffer, byteOffset=size, length=1).byteLength == size


def test_view_errors() -> None:
    buffer = ArrayBuffer(10)
    for arguments in ((1,), (0,), (12,), (0, 3), (4, 2), (-4,), (0, -1), (2**53,)):
        with pytest.raises(RangeError):
            Uint32Array(buffer, *arguments)
    with pytest.raises(RangeError, match="multiple of 4"):
        Uint32Array(ArrayBuffer(8), 2, 1)


def test_the_offset_is_checked_before_detachment() -> None:
    buffer = ArrayBuffer(8)
    buffer.transfer()
    with pytest.raises(RangeError):
        Uint32Array(buffer, 1)
    with pytest.raises(TypeError, match="detached"):
        Uint32Array(buffer, 4)


# ---- elements


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        (Int8Array, 128, -128),
        (Int8Array, -129, 127),
        (Uint8Array, 256, 0),
        (Uint8Array, -1, 255),
        (Uint8Array, -1.5, 255),
        (Uint8Array, "0x1ff", 255),
        (Uint8Array, NAN, 0),
        (Uint8Array, None, 0),
        (Uint8Array, null, 0),
        (Uint8Array, True, 1),
        (Uint8ClampedArray, 256, 255),
        (Uint8ClampedArray, -1, 0),
        (Uint8ClampedArray, 0.5, 0),
        (Uint8ClampedArray, 1.5, 2),
        (Uint8ClampedArray, NAN, 0),
        (Int16Array, 0x8000, -0x8000),
        (Uint16Array, 65537.9, 1),
        (Int32Array, 2**31, -(2**31)),
        (Int32Array, INF, 0),
        (Uint32Array, -1, 2**32 - 1),
        (Uint32Array, 10**30, 10**30 % 2**32),
        (BigInt64Array, 2**63, -(2**63)),
        (BigInt64Array, "12", 12),
        (BigUint64Array, -1, 2**64 - 1),
        (Float16Array, 1e9, INF),
        (Float16Array, 1 / 3, 0.333251953125),
        (Float16Array, 2049, 2048.0),
        (Float32Array, 1.1, 1.10000002384185791015625),
        (Float32Array, -1e39, -INF),
        (Float32Array, 10**400, INF),
        (Float32Array, 16777217, 16777216.0),
        (Float64Array, 10**400, INF),
        (Float64Array, "1e3", 1000.0),
        (Float64Array, 2**53 + 1, 2.0**53),
        (Float64Array, [5], 5.0),
    ],
)
def test_stored_values_convert_in_every_way_of_storing(kind: Any, value: Any, stored: Any) -> None:
    made = kind(2)
    made[1] = value
    assert made.tolist() == [0, stored]
    assert type(made[1]) is type(stored)
    assert kind([value]).tolist() == [stored]
    assert kind(1).fill(value).tolist() == [stored]
    made = kind(1)
    made.set([value])
    assert made.tolist() == [stored]
    made = kind(3)
    made[1:2] = [value]
    assert made.tolist() == [0, stored, 0]
    assert kind(1).map(lambda _: value).tolist() == [stored]


@pytest.mark.parametrize("kind", [BigInt64Array, BigUint64Array])
@pytest.mark.parametrize("value", [1.0, None, null])
def test_bigint_arrays_refuse_other_values(kind: Any, value: Any) -> None:
    made = kind(1)
    stores: tuple[Callable[[], object], ...] = (
        lambda: made.__setitem__(0, value),
        lambda: made.set([value]),
        lambda: made.fill(value),
        lambda: kind([value]),
    )
    for store in stores:
        with pytest.raises(TypeError):
            store()


@every_kind
def test_special_floats(kind: Any) -> None:
    if kind not in (Float16Array, Float32Array, Float64Array):
        return
    made = kind([NAN, -0.0, INF, -INF])
    assert math.isnan(made[0])
    assert math.copysign(1, made[1]) == -1
    assert made[2:].tolist() == [INF, -INF]
    made[0] = None
    assert math.isnan(made[0])


@every_kind
def test_indices(kind: Any) -> None:
    made = kind([1, 2, 3])
    assert [made[0], made[2], made[-1], made[-3]] == [1, 3, 3, 1]
    made[-1] = 9
    assert made[2] == 9
    for index in (3, -4, 10**30, -(10**30)):
        with pytest.raises(IndexError, match="outside"):
            made[index]
        with pytest.raises(IndexError, match="outside"):
            made[index] = 1
    for wrong in ("0", 1.0, None):
        with pytest.raises(TypeError):
            made[wrong]
    assert made[True] == 2


def test_a_value_is_converted_before_the_index_is_checked() -> None:
    made = BigInt64Array(0)
    with pytest.raises(TypeError):
        made[5] = 1.5
    with pytest.raises(IndexError):
        made[5] = 1


def test_numpy_indices_and_values() -> None:
    numpy = pytest.importorskip("numpy")
    made = Int32Array(4)
    made[numpy.int64(1)] = numpy.float32(2.5)
    made[2] = numpy.uint32(2**32 - 1)
    assert made.tolist() == [0, 2, -1, 0]
    assert Int32Array(numpy.int16(3)).length == 3
    assert Int32Array(numpy.float32(3)).length == 3


def test_elements_are_little_endian_in_the_buffer() -> None:
    made = Uint32Array([0x01020304])
    assert Uint8Array(made.buffer).tolist() == [4, 3, 2, 1]
    assert made.tobytes() == bytes(made) == b"\4\3\2\1"
    assert Float16Array([1.0]).tobytes() == b"\x00\x3c"


def test_a_double_keeps_the_payload_of_a_nan() -> None:
    made = BigUint64Array([0x7FF8_0000_DEAD_BEEF, 0])
    doubles = Float64Array(made.buffer)
    doubles[1] = doubles[0]
    assert made[1] == 0x7FF8_0000_DEAD_BEEF
    made[1] = 0
    doubles[1:2] = doubles[0:1]
    assert made[1] == 0x7FF8_0000_DEAD_BEEF


# ---- slices


@every_kind
def test_slices_read_like_those_of_a_list(kind: Any) -> None:
    reference = [1, 2, 3, 4, 5, 6, 7]
    made = kind(reference)
    bounds = [None, 0, 1, 3, 7, 9, -1, -3, -7, -9]
    for start in bounds:
        for stop in bounds:
            for step in (None, 1, 2, 3, -1, -2):
                piece = made[start:stop:step]
                assert type(piece) is kind
                assert piece.tolist() == reference[start:stop:step]
    with pytest.raises(ValueError, match="step"):
        made[::0]


@every_kind
def test_a_slice_is_a_copy(kind: Any) -> None:
    made = kind([1, 2, 3])
    piece = made[:]
    piece[0] = 9
    assert made[0] == 1


@every_kind
def test_slices_write_like_those_of_a_list(kind: Any) -> None:
    for start, stop, step in ((1, 4, None), (None, None, 2), (5, None, -1), (3, 3, None)):
        reference = [1, 2, 3, 4, 5, 6]
        made = kind(reference)
        new = list(range(10, 10 + len(reference[start:stop:step])))
        for source in (new, tuple(new), kind(new), bytes(new), array("q", new), iter(new)):
            made[start:stop:step] = source
            reference[start:stop:step] = new
            assert made.tolist() == reference


def test_a_slice_keeps_its_length() -> None:
    made = Uint8Array(4)
    for index, source in ((slice(0, 2), b"abc"), (slice(None, None, 2), [1]), (slice(4, 9), [1])):
        with pytest.raises(RangeError, match="elements"):
            made[index] = source
    made[4:9] = b""
    made[3:1] = b""
    assert made.tolist() == [0, 0, 0, 0]


def test_bytes_are_elements_and_not_raw_memory() -> None:
    made = Uint32Array(2)
    made[:] = b"\1\2"
    assert made.tolist() == [1, 2]
    made[:] = memoryview(array("i", [-1, 3]))
    assert made.tolist() == [2**32 - 1, 3]
    made[:] = memoryview(b"\7\0\0\0\5\0\0\0").cast("I")
    assert made.tolist() == [7, 5]
    assert Uint8Array(memoryview(b"ab").cast("c")).tolist() == [97, 98]
    assert Uint16Array(memoryview(b"ab").cast("c")).tolist() == [97, 98]
    assert Uint8Array(memoryview(b"abcd")[::-2]).tolist() == [100, 98]


def test_overlapping_copies_behave_as_if_the_source_was_copied_first() -> None:
    generator = random.Random(1)
    for _ in range(50):
        reference = [generator.randrange(256) for _ in range(20)]
        made = Uint8Array(reference)
        start, target, count = (generator.randrange(10) for _ in range(3))
        made[target : target + count] = made.subarray(start, start + count)
        reference[target : target + count] = reference[start : start + count]
        assert made.tolist() == reference
    made = Uint8Array([1, 2, 3])
    made[::-1] = made
    assert made.tolist() == [3, 2, 1]


def test_overlapping_arrays_of_different_kinds() -> None:
    made = Uint8Array([1, 2, 3, 4, 0, 0, 0, 0])
    Uint16Array(made.buffer).set(made.subarray(0, 4))
    assert made.tolist() == [1, 0, 2, 0, 3, 0, 4, 0]


def test_a_mebibyte_travels_through_slices() -> None:
    content = random.Random(2).randbytes(1 << 20)
    made = Uint8Array(ArrayBuffer(1 << 21))
    made[4096 : 4096 + (1 << 20)] = content
    assert made[4096 : 4096 + (1 << 20)].tobytes() == content
    words = Uint32Array(made.buffer, 4096, 1 << 18)
    assert words[:].tobytes() == content
    assert words[7] == struct.unpack_from("<I", content, 28)[0]


# ---- resizable, shrunk and detached buffers


def test_length_tracking() -> None:
    buffer = ArrayBuffer(10, 64)
    tracking, offset = Uint32Array(buffer), Uint32Array(buffer, 4)
    fixed = Uint32Array(buffer, 4, 1)
    assert (tracking.length, offset.length, fixed.length) == (2, 1, 1)
    tracking[1] = 7
    assert offset[0] == fixed[0] == tracking[-1] == 7
    buffer.resize(33)
    assert (tracking.length, tracking.byteLength, offset.length, fixed.length) == (8, 32, 7, 1)
    assert (tracking[1], tracking[7], tracking[-1], fixed[-1]) == (7, 0, 0, 7)
    tracking[7] = 5
    assert offset[6] == 5
    buffer.resize(4)
    assert (tracking.length, offset.length, fixed.length) == (1, 0, 0)
    assert offset.byteOffset == 4
    assert fixed.byteOffset == 0
    with pytest.raises(IndexError):
        offset[0]
    buffer.resize(3)
    assert (tracking.length, offset.byteOffset) == (0, 0)
    buffer.resize(64)
    assert (tracking.length, offset.length, fixed.length, fixed[0]) == (16, 15, 1, 0)


def test_an_array_out_of_bounds_is_a_type_error_until_it_fits_again() -> None:
    buffer = ArrayBuffer(8, 8)
    made = Uint8Array(buffer, 4, 4)
    assert made[3] == 0
    buffer.resize(7)
    assert (made.length, made.byteLength, made.byteOffset) == (0, 0, 0)
    assert repr(made) == "Uint8Array(out of bounds)"
    for use in every_use(made):
        with pytest.raises(TypeError, match="out of bounds"):
            use()
    buffer.resize(8)
    assert made.tolist() == [0, 0, 0, 0]


def test_a_detached_array_is_a_type_error() -> None:
    buffer = ArrayBuffer(8)
    made = Uint8Array(buffer, 4)
    made[0] = 1
    buffer.transfer()
    assert (len(made), made.length, made.byteLength, made.byteOffset) == (0, 0, 0, 0)
    assert repr(made) == "Uint8Array(detached)"
    assert made.buffer is buffer
    for use in every_use(made):
        with pytest.raises(TypeError, match="detached"):
            use()


def every_use(made: Any) -> list[Any]:
    def store() -> None:
        made[0] = 1

    def store_slice() -> None:
        made[0:0] = b""

    return [
        store,
        store_slice,
        lambda: made[0],
        lambda: made[-1],
        lambda: made[99],
        lambda: made[0:1],
        lambda: list(made),
        lambda: list(reversed(made)),
        lambda: 1 in made,
        made.tolist,
        made.tobytes,
        lambda: made.mv,
        lambda: made.__array_interface__,
        lambda: Uint8Array(made),
        lambda: Uint8Array(4).set(made),
        made.slice,
        lambda: made.set([]),
        lambda: made.fill(0),
        lambda: made.copyWithin(0, 0),
        made.reverse,
        made.sort,
        made.toSorted,
        made.toReversed,
        lambda: made.with_(0, 0),
        lambda: made.at(0),
        lambda: made.includes(1),
        lambda: made.indexOf(1),
        lambda: made.lastIndexOf(1),
        lambda: made.find(bool),
        lambda: made.findLastIndex(bool),
        lambda: made.every(bool),
        lambda: made.forEach(print),
        lambda: made.map(abs),
        lambda: made.filter(bool),
        lambda: made.reduce(max, 0),
        lambda: made.reduceRight(max, 0),
        made.join,
        made.keys,
        made.values,
        made.entries,
    ]


def test_a_subarray_of_a_detached_array_is_a_type_error() -> None:
    buffer = ArrayBuffer(4)
    made = Uint8Array(buffer)
    buffer.transfer()
    with pytest.raises(TypeError, match="detached"):
        made.subarray(0, 0)


@pytest.mark.parametrize("kind", [Uint8Array, Int32Array, Float16Array, Float64Array])
def test_a_value_that_detaches_the_buffer_while_it_is_stored(kind: Any) -> None:
    made = kind(4)
    made[0] = 1
    buffer = made.buffer

    class Detaching:
        def __index__(self) -> int:
            if not buffer.detached:
                buffer.transfer()
            return 7

    with pytest.raises(TypeError, match="detached"):
        made[0] = Detaching()


def test_a_value_that_shrinks_the_buffer_while_it_is_stored() -> None:
    buffer = ArrayBuffer(8, 8)
    made = Uint8Array(buffer)

    class Shrinking:
        def valueOf(self) -> int:
            buffer.resize(2)
            return 7

    with pytest.raises(IndexError):
        made[5] = Shrinking()
    made.fill(Shrinking())
    assert made.tolist() == [7, 7]


def test_iteration_follows_the_buffer() -> None:
    buffer = ArrayBuffer(2, 8)
    made = Uint8Array(buffer)
    seen = []
    for element in made:
        seen.append(element)
        if len(seen) == 1:
            buffer.resize(4)
            made[3] = 9
    assert seen == [0, 0, 0, 9]
    iterator = iter(made)
    next(iterator)
    buffer.transfer()
    with pytest.raises(TypeError, match="detached"):
        next(iterator)


# ---- subarray, set


@every_kind
def test_subarray_is_a_view(kind: Any) -> None:
    made = kind([1, 2, 3, 4])
    part = made.subarray(1, 3)
    assert (type(part), part.tolist(), part.buffer) == (kind, [2, 3], made.buffer)
    assert part.byteOffset == kind.BYTES_PER_ELEMENT
    part[0] = 9
    assert made[1] == 9
    assert made.subarray(-2).tolist() == [3, 4]
    assert made.subarray(3, 1).length == 0
    assert part.subarray(1).subarray(0, 1).byteOffset == 2 * kind.BYTES_PER_ELEMENT
    assert made.subarray().tolist() == made.tolist()


def test_subarray_of_a_tracking_array_tracks_without_an_end() -> None:
    buffer = ArrayBuffer(4, 8)
    made = Uint8Array(buffer)
    tracking, fixed = made.subarray(1), made.subarray(1, 4)
    buffer.resize(8)
    assert (tracking.length, fixed.length) == (7, 3)


def test_set_at_an_offset() -> None:
    made = Uint8Array(6)
    made.set([1, 2])
    made.set(Uint8Array([3, 4]), 2)
    made.set("56", 4)
    assert made.tolist() == [1, 2, 3, 4, 5, 6]
    made.set([], 6)
    for source, offset in (([1], 6), ([1], -1), ([1, 2], 5), ([], 7), ([1], INF), ([], 2**80)):
        with pytest.raises(RangeError):
            made.set(source, offset)
    with pytest.raises(TypeError):
        made.set(None)
    assert made.tolist() == [1, 2, 3, 4, 5, 6]


def test_set_within_the_same_buffer() -> None:
    made = Uint8Array(range(8))
    made.set(made.subarray(0, 6), 2)
    assert made.tolist() == [0, 1, 0, 1, 2, 3, 4, 5]
