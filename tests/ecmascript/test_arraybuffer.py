"""ArrayBuffer and SharedArrayBuffer: geometry, resizing, transfer, detaching, and hosts."""

from __future__ import annotations

import mmap
import sys
from typing import Any

import pytest

from pyjsapi.blocks.places import new_shared_block
from pyjsapi.blocks.shared import SharedBlock
from pyjsapi.ecmascript import (
    ArrayBuffer,
    DataView,
    Int32Array,
    RangeError,
    SharedArrayBuffer,
    Uint8Array,
    Uint32Array,
)
from pyjsapi.ecmascript.arraybuffer import MAX_BYTE_LENGTH


def test_a_new_buffer_is_fixed_and_zero() -> None:
    buffer = ArrayBuffer(5)
    assert (buffer.byteLength, buffer.maxByteLength) == (5, 5)
    assert (buffer.resizable, buffer.detached) == (False, False)
    assert bytes(buffer) == buffer.tobytes() == bytes(5)
    assert repr(buffer) == "ArrayBuffer(byteLength=5)"


@pytest.mark.parametrize("length", [None, 0, "", -0.5])
def test_lengths_that_are_zero(length: Any) -> None:
    assert ArrayBuffer(length).byteLength == 0


@pytest.mark.parametrize("length", [-1, 2**53, float("inf"), MAX_BYTE_LENGTH + 1])
def test_lengths_out_of_range(length: Any) -> None:
    with pytest.raises(RangeError):
        ArrayBuffer(length)
    with pytest.raises(RangeError):
        SharedArrayBuffer(length)


class Options:
    maxByteLength = 8


@pytest.mark.parametrize("option", [8, {"maxByteLength": 8}, Options()])
def test_the_ways_to_give_a_maximum(option: Any) -> None:
    buffer = ArrayBuffer(4, option)
    assert buffer.resizable
    assert buffer.maxByteLength == 8
    assert repr(buffer) == "ArrayBuffer(byteLength=4, maxByteLength=8)"
    assert SharedArrayBuffer(4, option).growable


def test_options_without_a_maximum_make_a_fixed_buffer() -> None:
    assert not ArrayBuffer(4, {}).resizable


def test_length_above_the_maximum_is_a_range_error() -> None:
    for kind in (ArrayBuffer, SharedArrayBuffer):
        with pytest.raises(RangeError, match="maxByteLength"):
            kind(9, 8)
        with pytest.raises(RangeError):
            kind(0, {"maxByteLength": MAX_BYTE_LENGTH + 1})


def test_resize_keeps_the_bytes_and_zeroes_new_ones() -> None:
    buffer = ArrayBuffer(4, 8)
    buffer.mv[:] = b"abcd"
    buffer.resize(8)
    assert buffer.tobytes() == b"abcd\0\0\0\0"
    buffer.resize(2)
    buffer.resize(4)
    assert buffer.tobytes() == b"ab\0\0"


def test_resize_errors() -> None:
    with pytest.raises(TypeError, match="fixed"):
        ArrayBuffer(4).resize(4)
    buffer = ArrayBuffer(4, 8)
    with pytest.raises(RangeError):
        buffer.resize(9)
    with pytest.raises(RangeError):
        buffer.resize(-1)
    buffer.transfer()
    with pytest.raises(TypeError, match="detached"):
        buffer.resize(4)


def test_resize_under_a_users_view_copies_and_leaves_the_view_its_bytes() -> None:
    buffer = ArrayBuffer(4, 1024)
    old = buffer.mv
    old[:] = b"abcd"
    buffer.resize(1024)
    assert buffer.byteLength == 1024
    assert bytes(buffer.mv[:4]) == b"abcd"
    buffer.mv[0] = 0
    assert bytes(old) == b"abcd"
    buffer_view = buffer.mv
    buffer.resize(2)
    assert (buffer.byteLength, len(buffer_view)) == (2, 1024)


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ((), b"abcdef"),
        ((2,), b"cdef"),
        ((1, 3), b"bc"),
        ((-2,), b"ef"),
        ((0, -4), b"ab"),
        ((4, 2), b""),
        ((-100, 100), b"abcdef"),
        ((float("-inf"), float("inf")), b"abcdef"),
        (("1", 2.9), b"b"),
    ],
)
def test_slice_copies_a_range(bounds: tuple[Any, ...], expected: bytes) -> None:
    for kind in (ArrayBuffer, SharedArrayBuffer):
        buffer = kind(6)
        buffer.mv[:] = b"abcdef"
        piece = buffer.slice(*bounds)
        assert type(piece) is kind
        assert piece.tobytes() == expected
        if expected:
            piece.mv[0] = 0
            assert buffer.tobytes() == b"abcdef"


def test_transfer_moves_the_bytes_and_detaches() -> None:
    buffer = ArrayBuffer(4)
    buffer.mv[:] = b"abcd"
    view = Uint8Array(buffer)
    assert view[0] == 97
    moved = buffer.transfer()
    assert moved.tobytes() == b"abcd"
    assert buffer.detached
    assert (buffer.byteLength, buffer.maxByteLength, view.length) == (0, 0, 0)
    assert repr(buffer) == "ArrayBuffer(detached)"
    with pytest.raises(TypeError, match="detached"):
        view[0]


@pytest.mark.parametrize(("length", "expected"), [(2, b"ab"), (6, b"abcd\0\0"), (0, b"")])
def test_transfer_to_another_length(length: int, expected: bytes) -> None:
    buffer = ArrayBuffer(4)
    buffer.mv[:] = b"abcd"
    assert buffer.transfer(length).tobytes() == expected


def test_transfer_keeps_resizability_and_its_fixed_form_does_not() -> None:
    assert ArrayBuffer(4, 8).transfer().maxByteLength == 8
    assert ArrayBuffer(4, 8).transfer(6).resizable
    assert not ArrayBuffer(4, 8).transferToFixedLength().resizable
    buffer = ArrayBuffer(4, 8)
    with pytest.raises(RangeError):
        buffer.transfer(9)
    assert not buffer.detached
    assert buffer.transferToFixedLength(9).byteLength == 9


def test_everything_on_a_detached_buffer_is_a_type_error() -> None:
    buffer = ArrayBuffer(4)
    buffer.transfer()
    for use in (
        buffer.slice,
        buffer.transfer,
        buffer.transferToFixedLength,
        buffer.tobytes,
        lambda: buffer.mv,
        lambda: Uint8Array(buffer),
        lambda: DataView(buffer),
    ):
        with pytest.raises(TypeError):
            use()


def test_is_view() -> None:
    buffer = ArrayBuffer(8)
    assert ArrayBuffer.isView(Uint8Array(buffer))
    assert ArrayBuffer.isView(DataView(buffer))
    assert not ArrayBuffer.isView(buffer)
    assert not ArrayBuffer.isView(memoryview(b""))
    assert not ArrayBuffer.isView(None)


def test_no_attributes_can_be_added() -> None:
    values: tuple[Any, ...] = (
        ArrayBuffer(1),
        SharedArrayBuffer(1),
        Uint8Array(1),
        DataView(ArrayBuffer(1)),
    )
    for value in values:
        with pytest.raises(AttributeError):
            value.extra = 1


# ---- buffers that stand on the bytes of a host


def test_a_host_buffer_aliases_the_bytes() -> None:
    data = bytearray(b"abcd")
    buffer = ArrayBuffer._host(data)
    view = Uint8Array(buffer)
    data[0] = 1
    view[1] = 2
    assert (view[0], data[1]) == (1, 2)
    assert buffer.byteLength == 4


@pytest.mark.parametrize("make", [lambda: mmap.mmap(-1, 4096), lambda: memoryview(bytearray(4096))])
def test_a_host_may_give_any_writable_buffer(make: Any) -> None:
    data = make()
    view = Uint32Array(ArrayBuffer._host(data))
    view[3] = 0x01020304
    assert bytes(data[12:16]) == b"\4\3\2\1"
    assert view.length == 1024


def test_a_host_buffer_of_wide_elements_counts_bytes() -> None:
    wide = memoryview(bytearray(16)).cast("I")
    assert ArrayBuffer._host(wide).byteLength == 16


def test_read_only_bytes_are_refused() -> None:
    with pytest.raises(TypeError, match="writable"):
        ArrayBuffer._host(b"abcd")


def test_only_the_key_detaches_a_host_buffer() -> None:
    buffer = ArrayBuffer._host(bytearray(4), detach_key="WebAssembly.Memory")
    for attempt in (buffer.transfer, buffer.transferToFixedLength, buffer._detach):
        with pytest.raises(TypeError):
            attempt()
    with pytest.raises(TypeError):
        buffer._detach("another key")
    assert not buffer.detached
    buffer._detach("WebAssembly.Memory")
    assert buffer.detached


def test_detach_releases_every_view_so_that_the_host_can_extend_its_bytes() -> None:
    data = bytearray(65536)
    buffer = ArrayBuffer._host(data, detach_key="key")
    views = [kind(buffer) for kind in (Uint8Array, Int32Array)] + [Uint8Array(buffer, 5, 7)]
    for view in views:
        view[0] = 1
        assert view[0] == 1
    with pytest.raises(BufferError):
        data.extend(bytes(1))
    buffer._detach("key")
    data.extend(bytes(65536))
    assert len(data) == 131072
    for view in views:
        assert (view.length, view.byteLength, view.byteOffset) == (0, 0, 0)
        with pytest.raises(TypeError, match="detached"):
            view[0]
        with pytest.raises(TypeError, match="detached"):
            view[0] = 1


def test_bulk_operations_leave_no_view_behind() -> None:
    data = bytearray(64)
    buffer = ArrayBuffer._host(data)
    view, data_view = Uint8Array(buffer), DataView(buffer)
    view[0:4] = b"abcd"
    view.set([1, 2, 3])
    view.fill(7)
    view.copyWithin(0, 8)
    assert view[3:5].tolist() == [7, 7]
    assert len(view.tobytes()) == 64
    view.slice()
    data_view.setUint32(0, 5)
    data.extend(b"x")  # BufferError if one of them held a view


def test_views_of_dead_arrays_do_not_pile_up() -> None:
    buffer = ArrayBuffer(64)
    for _ in range(1000):
        assert Uint8Array(buffer)[0] == 0
    assert len(buffer._views) <= 32


def test_release_views_lets_the_host_grow_a_resizable_buffer() -> None:
    data = bytearray(4)
    buffer = ArrayBuffer._host(data, max_byte_length=16)
    view = Uint8Array(buffer)
    view[3] = 9
    buffer._release_views()
    data.extend(bytes(4))
    assert view.length == 4
    buffer._rebind(data)
    assert (view.length, view[3], view[-1]) == (8, 9, 0)


def test_rebind_to_moved_bytes() -> None:
    buffer = ArrayBuffer._host(bytearray(b"old!"), max_byte_length=16)
    view = Uint8Array(buffer)
    assert view[0] == ord("o")
    buffer._rebind(bytearray(b"moved bytes"), 5)
    assert view.tobytes() == b"moved"
    assert view[0] == ord("m")


def test_the_host_decides_on_resizing() -> None:
    asked: list[int] = []
    data = bytearray(8)

    def resize(length: int) -> None:
        asked.append(length)
        if length < len(data) or length % 8:
            raise RangeError("not a multiple of the page size")
        buffer._release_views()
        data.extend(bytes(length - len(data)))
        buffer._rebind(data)

    buffer = ArrayBuffer._host(data, max_byte_length=32, detach_key="key", resize=resize)
    view = Uint8Array(buffer)
    view[0] = 5
    buffer.resize(24)
    assert (buffer.byteLength, view.length, view[0], view[23]) == (24, 24, 5, 0)
    for refused in (23, 8, 33):
        with pytest.raises(RangeError):
            buffer.resize(refused)
    assert asked == [24, 23, 8]
    assert buffer.byteLength == 24


def test_adopt_takes_the_bytes_without_copying() -> None:
    data = bytearray(b"abc")
    buffer = ArrayBuffer._adopt(data)
    data[0] = 0
    assert buffer.tobytes() == b"\0bc"
    assert not buffer.resizable


# ---- SharedArrayBuffer


def test_a_shared_buffer_is_never_detached() -> None:
    buffer = SharedArrayBuffer(4)
    assert (buffer.byteLength, buffer.maxByteLength, buffer.growable) == (4, 4, False)
    assert not buffer.detached
    assert not hasattr(buffer, "transfer")
    assert not hasattr(buffer, "resize")
    with pytest.raises(TypeError, match="fixed"):
        buffer.grow(4)


@pytest.mark.parametrize("maximum", [64, 1 << 20])
def test_a_growable_shared_buffer_grows_in_place(maximum: int) -> None:
    buffer = SharedArrayBuffer(4, maximum)
    users_view = buffer.mv
    tracking, fixed = Uint8Array(buffer), Uint8Array(buffer, 0, 4)
    tracking[3] = 9
    assert tracking[-1] == 9
    buffer.grow(maximum)
    assert (buffer.byteLength, tracking.length, fixed.length) == (maximum, maximum, 4)
    assert (tracking[-1], tracking[maximum - 1], fixed[-1]) == (0, 0, 9)
    users_view[0] = 3
    assert tracking[0] == fixed[0] == 3
    assert repr(buffer) == f"SharedArrayBuffer(byteLength={maximum}, maxByteLength={maximum})"


def test_grow_errors() -> None:
    buffer = SharedArrayBuffer(4, 8)
    for length in (3, 9, -1, 2**53):
        with pytest.raises(RangeError):
            buffer.grow(length)
    buffer.grow(4)
    assert buffer.byteLength == 4


def test_a_host_shared_buffer_is_frozen_and_follows_its_block() -> None:
    block = new_shared_block(8, 16)
    asked: list[int] = []
    buffer = SharedArrayBuffer._host(block, 8, max_byte_length=16, grow=asked.append)
    view = Uint8Array(buffer)
    assert (buffer.frozen, buffer.extensible) == (True, False)
    assert (SharedArrayBuffer(1).frozen, SharedArrayBuffer(1).extensible) == (False, True)
    assert (buffer.byteLength, view.length, view[7], view[-1]) == (8, 8, 0, 0)
    with block.lock:
        block.extend(16)  # another agent grew it, and nobody told this buffer
    block.reservation[15] = 5
    assert (buffer.byteLength, view.length, view[15], view[-1]) == (16, 16, 5, 5)
    buffer.grow(16)
    assert asked == [16]
    fixed = SharedArrayBuffer._host(block, 4)
    assert fixed.byteLength == 4
    assert Uint8Array(fixed).length == 4


# ---- Python's and numpy's protocols


def test_numpy_shares_the_bytes() -> None:
    numpy = pytest.importorskip("numpy")
    buffer = ArrayBuffer(4)
    array = numpy.asarray(buffer)
    array[0] = 7
    assert (array.dtype, array.shape, buffer.tobytes()) == (numpy.uint8, (4,), b"\7\0\0\0")


def test_a_numpy_array_keeps_its_bytes_when_the_buffer_is_detached() -> None:
    numpy = pytest.importorskip("numpy")
    data = bytearray(b"abcd")
    buffer = ArrayBuffer._host(data, detach_key=1)
    array = numpy.asarray(buffer)
    buffer._detach(1)
    with pytest.raises(BufferError):
        data.extend(b"more")  # the export protects the array from freed bytes
    assert array.tobytes() == b"abcd"
    del buffer, data
    assert array.tobytes() == b"abcd"


def export(value: Any) -> memoryview:
    """``memoryview(value)``; before Python 3.12 by the method of PEP 688 itself."""
    return memoryview(value) if sys.version_info >= (3, 12) else value.__buffer__(0)


def test_memoryview_of_a_buffer() -> None:
    buffer = ArrayBuffer(4)
    export(buffer)[0] = 7
    assert buffer.tobytes() == b"\7\0\0\0"
    buffer.transfer()
    with pytest.raises(TypeError):
        export(buffer)


def test_transfer_of_a_host_buffer_without_a_key_copies_what_is_visible() -> None:
    data = memoryview(bytearray(b"abcdef"))
    buffer = ArrayBuffer._host(data, length=4)
    moved = buffer.transfer(5)
    assert (moved.tobytes(), buffer.detached) == (b"abcd\0", True)
    moved.mv[0] = 0
    assert data.tobytes() == b"abcdef"


def test_a_transfer_that_fails_leaves_the_buffer_attached() -> None:
    buffer = ArrayBuffer(4)
    view = Uint8Array(buffer)
    view[0] = 7
    with pytest.raises(RangeError, match="allocation failed"):
        buffer.transfer(MAX_BYTE_LENGTH + 1)
    assert (buffer.byteLength, view[0]) == (4, 7)


def test_a_host_shared_buffer_over_another_kind_of_bytes() -> None:
    data = mmap.mmap(-1, 4096)
    buffer = SharedArrayBuffer._host(SharedBlock(memoryview(data), 4096), 16)
    Uint8Array(buffer)[15] = 7
    assert data[15] == 7
    assert repr(SharedArrayBuffer(3)) == "SharedArrayBuffer(byteLength=3)"
    assert buffer.byteLength == 16
