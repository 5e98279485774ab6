"""Typed arrays in Python's protocols and in numpy, and the element view without memoryview."""

from __future__ import annotations

import math
import struct
import sys
from typing import Any

import pytest

from pyjsapi.ecmascript import (
    TYPED_ARRAYS,
    Float16Array,
    Int8Array,
    SharedArrayBuffer,
    Uint8Array,
    Uint8ClampedArray,
    Uint32Array,
)
from pyjsapi.ecmascript.element_view import StructView

every_kind = pytest.mark.parametrize("kind", TYPED_ARRAYS, ids=lambda kind: kind.__name__)
NAN, INF = math.nan, math.inf


# ---- Python's and numpy's protocols


def test_iteration_containment_and_identity() -> None:
    made = Uint8Array([3, 1, 2])
    assert list(made) == [3, 1, 2]
    assert list(reversed(made)) == [2, 1, 3]
    assert 1 in made
    assert 9 not in made
    assert made != Uint8Array([3, 1, 2])
    assert len({made, made}) == 1
    assert sorted(made) == [1, 2, 3]
    first, *rest = made
    assert (first, rest) == (3, [1, 2])


def test_repr_is_short() -> None:
    assert repr(Int8Array([1, -2])) == "Int8Array([1, -2])"
    assert repr(Uint8Array(100)) == "Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, …], length=100)"


@every_kind
def test_mv_shares_the_bytes(kind: Any) -> None:
    made = kind([1, 2, 3])
    view = made.mv
    assert view.nbytes == made.byteLength
    assert view.itemsize == kind.BYTES_PER_ELEMENT
    made[0] = 5
    assert view.tobytes() == made.tobytes()
    assert made.subarray(1).mv.tobytes() == made[1:].tobytes()
    exported = memoryview(made) if sys.version_info >= (3, 12) else made.__buffer__(0)
    assert exported.tobytes() == made.tobytes()


@every_kind
def test_numpy_shares_the_bytes(kind: Any) -> None:
    numpy = pytest.importorskip("numpy")
    made = kind([1, 2, 3])
    shared = numpy.asarray(made.subarray(1))
    name = kind.__name__.removesuffix("Array").removeprefix("Big").lower()
    assert shared.dtype == numpy.dtype(name.replace("clamped", ""))
    shared[0] = 7
    assert made.tolist() == [1, 7, 3]
    made[2] = 8
    assert shared.tolist() == [7, 8]


@every_kind
def test_arrays_of_numpy_are_sources(kind: Any) -> None:
    numpy = pytest.importorskip("numpy")
    dtypes = ["int8", "uint16", "<i4", ">i4", "int64", "uint64"]
    dtypes += [] if kind._is_bigint else ["float16", "float32", "float64", "bool"]
    for dtype in dtypes:
        source = numpy.array([1, 0, 1], dtype)
        assert kind(source).tolist() == [1, 0, 1]
        assert kind(source[::2]).tolist() == [1, 1]
        made = kind(3)
        made[:] = source
        assert made.tolist() == [1, 0, 1]
    with pytest.raises(TypeError):
        kind(numpy.zeros((2, 2)))


def test_numpy_arrays_of_floats_wrap_and_round() -> None:
    numpy = pytest.importorskip("numpy")
    source = numpy.array([-1.5, 300.7, numpy.nan, 1e10])
    assert Uint8Array(source).tolist() == [255, 44, 0, 0]
    assert Uint8ClampedArray(source).tolist() == [0, 255, 0, 255]
    assert Float16Array(source).tolist()[3] == INF


def test_a_shared_buffer_serves_arrays_too() -> None:
    buffer = SharedArrayBuffer(8)
    Uint32Array(buffer)[1] = 1
    assert Uint8Array(buffer).tolist() == [0, 0, 0, 0, 1, 0, 0, 0]


# ---- the element view of hosts without a fitting memoryview


def test_struct_view_behaves_like_a_cast_memoryview() -> None:
    data = bytearray(struct.pack("<3h", 1, -2, 3))
    view = StructView(memoryview(data), "h")
    assert (len(view), view[0], view[-1], view.tolist()) == (3, 1, 3, [1, -2, 3])
    view[-2] = 7
    assert data == struct.pack("<3h", 1, 7, 3)
    for bad in (40000, "x", 1.5):
        with pytest.raises(ValueError):
            view[0] = bad
    for index in (3, -4):
        with pytest.raises(IndexError):
            view[index]
        with pytest.raises(IndexError):
            view[index] = 1
    view.release()
    for use in (lambda: view[0], lambda: len(view), view.tolist, lambda: view.__setitem__(0, 1)):
        with pytest.raises(ValueError, match="released"):
            use()
    data.extend(b"x")
